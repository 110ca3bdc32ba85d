"""Ablation plans: what cannot be is refused, and equal plans have equal hashes."""

from dataclasses import replace

import numpy as np
import pytest

from trocar.errors import PlanError
from trocar.plan.ablation import (
    AblationPlan,
    AblationTarget,
    Activation,
    Applicator,
    Control,
    PowerStep,
    Schedule,
)
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient


def _needle(number: int = 1) -> Needle:
    return Needle(number=number, entry_lps_mm=np.array([0.0, -100.0, 0.0]), tip_lps_mm=np.zeros(3))


def _schedule(duration_s: float = 300.0) -> Schedule:
    return Schedule(steps=(PowerStep(control=Control.POWER, duration_s=duration_s, power_w=80.0),))


def _plan(**changes: object) -> AblationPlan:
    made = AblationPlan(
        label="demo",
        patient=Patient(identifier="P1", name="Demo Patient A"),
        frame_uid="1.2.3",
        applicators=(Applicator(needle=_needle(), model="microwave/PME_2450"),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=_schedule()),),
        target=AblationTarget(lesion="lesion", margin_mm=5.0, organ="liver"),
    )
    return replace(made, **changes)


def test_equal_plans_have_equal_hashes_and_a_changed_time_another() -> None:
    longer = _plan(activations=(Activation(applicator=1, start_s=0.0, schedule=_schedule(301.0)),))
    assert _plan().content_hash == _plan().content_hash
    assert longer.content_hash != _plan().content_hash


def test_a_pulled_back_tip_lies_behind_on_the_needle() -> None:
    tip = _plan().applicator(1).tip_lps_mm(pulled_back_mm=20.0)
    assert tip == pytest.approx([0.0, -20.0, 0.0])


def test_energy_and_time_are_those_of_the_steps() -> None:
    schedule = Schedule(
        steps=(
            PowerStep(control=Control.POWER, duration_s=120.0, power_w=50.0),
            PowerStep(control=Control.PAUSE, duration_s=30.0),
            PowerStep(control=Control.POWER, duration_s=60.0, power_w=100.0),
        )
    )
    assert (schedule.duration_s, schedule.active_s, schedule.energy_j) == (210.0, 180.0, 12000.0)


def test_the_energy_of_an_impedance_controlled_schedule_is_unknown() -> None:
    schedule = Schedule(steps=(PowerStep(control=Control.IMPEDANCE, duration_s=720.0, power_w=200.0),))
    assert schedule.energy_j is None


@pytest.mark.parametrize(
    "step",
    [
        {"control": Control.POWER, "duration_s": 60.0},
        {"control": Control.POWER, "duration_s": 60.0, "power_w": -1.0},
        {"control": Control.POWER, "duration_s": 0.0, "power_w": 50.0},
        {"control": Control.TEMPERATURE, "duration_s": 60.0},
        {"control": Control.FREEZE, "duration_s": 60.0, "flow_percent": 101.0},
        {"control": Control.FREEZE, "duration_s": 60.0},
        {"control": Control.THAW, "duration_s": 60.0, "temperature_k": 300.0},
        {"control": Control.POWER, "duration_s": float("nan"), "power_w": 50.0},
    ],
)
def test_a_step_that_cannot_be_is_refused(step: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        PowerStep(**step)
    assert caught.value.code == "plan.power-step-invalid"


def test_an_applicator_may_act_again_only_after_it_ended() -> None:
    twice = (
        Activation(applicator=1, start_s=0.0, schedule=_schedule()),
        Activation(applicator=1, start_s=299.0, schedule=_schedule(), pulled_back_mm=20.0),
    )
    with pytest.raises(PlanError) as caught:
        _plan(activations=twice)
    assert caught.value.code == "plan.activations-overlap"
    later = (twice[0], replace(twice[1], start_s=300.0))
    assert _plan(activations=later).duration_s == 600.0


@pytest.mark.parametrize(
    "changes",
    [
        {"applicators": ()},
        {"activations": ()},
        {"activations": (Activation(applicator=7, start_s=0.0, schedule=_schedule()),)},
        {
            "applicators": (
                Applicator(needle=_needle(1), model="microwave/PME_2450"),
                Applicator(needle=_needle(1), model="microwave/PME_2450"),
            )
        },
    ],
)
def test_an_incomplete_plan_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        _plan(**changes)
    assert caught.value.code == "plan.ablation-incomplete"


def test_a_margin_below_zero_an_empty_schedule_and_a_negative_start_are_refused() -> None:
    with pytest.raises(PlanError, match="margin of -1"):
        AblationTarget(lesion="lesion", margin_mm=-1.0)
    with pytest.raises(PlanError, match="without steps"):
        Schedule(steps=())
    with pytest.raises(PlanError, match="0 or more"):
        Activation(applicator=1, start_s=-1.0, schedule=_schedule())
