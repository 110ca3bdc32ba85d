"""Insertions keep their distance: what clashes in the planner, and what is told of a plan that somebody else made."""

import numpy as np
import pytest

from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Control, PowerStep, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.workflow.ablation_findings import same_place_findings
from trocar.workflow.ablation_places import Places, clashes

NEEDLES = (
    ((0.0, -100.0, 0.0), (0.0, 0.0, 0.0)),
    ((3.0, -100.0, 0.0), (3.0, -20.0, 0.0)),  # beside the first all along: one hole
    ((60.0, -80.0, 0.0), (-40.0, 2.0, 0.0)),  # crosses the first half way, its tip far off
    ((40.0, -100.0, 0.0), (40.0, 0.0, 0.0)),  # far from the first
)


def _clash(*, at_once: bool, spacing_mm: float = 5.0) -> np.ndarray:
    needles = [
        Needle(number=n, entry_lps_mm=np.array(entry), tip_lps_mm=np.array(tip))
        for n, (entry, tip) in enumerate(NEEDLES, start=1)
    ]
    tips = np.array([tip for _, tip in NEEDLES])
    axes = np.array([each.direction_lps for each in needles])
    places = Places(line=np.arange(4), back_mm=np.zeros(4), tips=tips, axes=axes)

    return clashes(needles, places, spacing_mm=spacing_mm, at_once=at_once)


def test_in_turn_only_one_hole_or_one_place_clashes() -> None:
    found = _clash(at_once=False)
    assert {tuple(map(int, pair)) for pair in np.argwhere(found)} == {(0, 1), (1, 0)}
    assert not _clash(at_once=False, spacing_mm=2.0).any()


def test_together_a_crossing_clashes_too() -> None:
    found = _clash(at_once=True)
    assert found[0, 1]
    assert found[0, 2]
    assert not found[0, 3]
    assert (found == found.T).all()


def test_places_of_one_line_never_clash() -> None:
    assert not np.diag(_clash(at_once=True)).any()


def _plan(second_start_s: float) -> AblationPlan:
    step = PowerStep(control=Control.POWER, duration_s=300.0, power_w=60.0)
    crossing = (0, 2)
    return AblationPlan(
        label="two",
        patient=Patient(identifier="DEMO-A", name="Demo Patient A"),
        frame_uid="2.25.7",
        applicators=tuple(
            Applicator(
                needle=Needle(number=n, entry_lps_mm=np.array(NEEDLES[row][0]), tip_lps_mm=np.array(NEEDLES[row][1])),
                model="microwave/PME_2450",
            )
            for n, row in enumerate(crossing, start=1)
        ),
        activations=tuple(
            Activation(applicator=n, start_s=start, schedule=Schedule(steps=(step,)))
            for n, start in ((1, 0.0), (2, second_start_s))
        ),
        target=AblationTarget(lesion="lesion", margin_mm=5.0),
    )


@pytest.mark.parametrize(("start_s", "told"), [(0.0, True), (299.0, True), (300.0, False)])
def test_applicators_that_meet_are_told_if_both_are_in(start_s: float, told: bool) -> None:
    codes = {each.message.code for each in same_place_findings(_plan(start_s))}
    assert codes == ({"ablation.applicators-meet"} if told else set())
