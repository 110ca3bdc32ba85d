"""The desk: each list of changes leads to the same plan and dose as computed afresh, and what cannot be is refused."""

import numpy as np
import pytest

from trocar.cli.edit import OpenedPlan, read_changes
from trocar.dose.base import source_terms
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.errors import UsageError
from trocar.workflow.edit_views import Plane, cut_grid, cut_points
from trocar_workspace import told
from trocar_workspace.desk import DOSE_SPACING_MM, ISODOSE_PERCENT, Desk
from trocar_workspace.edit_words import as_toml, edit_of, edits_of

DROP = {"do": "drop", "needle": 1, "seed": 1}


MIDDLE_OF_MASS = (0.0, -30.0, 0.0)


def test_the_state_of_changes_does_not_depend_on_the_way_there(desk: Desk, opened: OpenedPlan) -> None:
    second = {"do": "drop", "needle": opened.plan.needles[-1].number, "seed": 1}
    desk.stand([DROP])
    there = desk.stand([DROP, second]).on_bench
    afresh = Desk(opened.request, opened.plan).stand([DROP, second]).on_bench
    assert there.plan == afresh.plan
    np.testing.assert_allclose(there.dose_gy, afresh.dose_gy, rtol=1e-6, atol=1e-5)
    assert len(there.plan.seeds) == len(opened.plan.seeds) - 2


@pytest.mark.parametrize("plane", list(Plane))
def test_isodose_lines_lie_where_the_dose_is_theirs_after_changes_too(
    desk: Desk, opened: OpenedPlan, plane: Plane
) -> None:
    at = MIDDLE_OF_MASS[plane.value]
    desk.isodoses(opened.plan, plane, at)
    plan = desk.stand([DROP]).on_bench.plan
    groups = desk.isodoses(plan, plane, at)
    assert len(groups) == len(ISODOSE_PERCENT)
    first, second = plane.axes
    for percent, lines in zip(ISODOSE_PERCENT[:2], groups[:2], strict=True):
        line = max(lines, key=len)
        points = np.full((len(line), 3), at)
        points[:, first], points[:, second] = line.T

        def dose(shift: np.ndarray, points: np.ndarray = points) -> np.ndarray:
            return dose_at_points(source_terms(plan), points + shift, formalism=Formalism.LINE_2D)

        wanted = 0.01 * percent * opened.request.prescription_gy
        steps = 0.05 * np.eye(3)[[first, second]]
        slope = np.hypot(*((dose(step) - dose(-step)) / 0.1 for step in steps))
        error = np.abs(dose(np.zeros(3)) - wanted)
        assert (error / wanted).max() < 0.05
        assert (error / slope).max() < 0.25, "mm from where the dose is that of the line"


def test_outlines_lie_on_the_structure(desk: Desk) -> None:
    lines = desk.structure_outlines(Plane.TRANSVERSE, 0.0)
    (outline,) = lines["mass"]
    on = ((outline - [0.0, -30.0]) / [15.0, 12.0]) ** 2  # the ellipsoid of the scene, cut through its middle
    assert np.abs(np.sqrt(on.sum(axis=1)) - 1.0).max() < 0.08
    assert set(lines) == {"mass", "cord", "bar"}


def test_a_cut_covers_its_box(desk: Desk) -> None:
    points = cut_points(cut_grid(desk.box_lps_mm, Plane.CORONAL, at_mm=-30.0, spacing_mm=DOSE_SPACING_MM))
    assert np.ptp(points[:, 1]) == 0
    for axis in (0, 2):
        low, high = desk.box_lps_mm[:, axis]
        assert points[:, axis].min() == pytest.approx(low)
        assert high - DOSE_SPACING_MM < points[:, axis].max() <= high


def test_the_picture_is_the_ct(desk: Desk) -> None:
    index = round(float(0.0 - desk.box_lps_mm[0][2]))
    hu = desk.slice_hu(Plane.TRANSVERSE, index)
    row, column = (round(float(at - desk.box_lps_mm[0][axis])) for at, axis in ((-30.0, 1), (0.0, 0)))
    assert hu[row, column] == pytest.approx(30, abs=2)
    with pytest.raises(IndexError):
        desk.slice_hu(Plane.TRANSVERSE, len(desk.picture.values_kji))


def test_a_refused_change_is_told_in_both_languages_and_what_was_before_stands(desk: Desk) -> None:
    answer = told.state(desk, [DROP, {"do": "slide", "needle": 2, "seed": 1, "by_mm": 500.0}], [], risks=False)
    assert answer["made"] == 1
    assert answer["refused"]["code"] == "workflow.edit-refused"
    assert "拒绝" in answer["refused"]["zh"]
    assert answer["seeds"] == told.state(desk, [DROP], [], risks=False)["seeds"]


def test_the_state_tells_goals_histograms_and_risks(desk: Desk, opened: OpenedPlan) -> None:
    answer = told.state(desk, [], [(Plane.TRANSVERSE, 0.0)], risks=True)
    goals = {(goal["structure"], goal["metric"]): goal for goal in answer["goals"]}
    falling = answer["histograms"]["mass"]
    assert falling == sorted(falling, reverse=True)
    d90 = goals["mass", "D90"]
    at_90 = float(np.interp(0.9, np.linspace(0, 1, len(falling)), falling))
    in_gy = d90["value"] if d90["unit"] == "Gy" else 0.01 * d90["value"] * opened.request.prescription_gy
    assert at_90 == pytest.approx(in_gy, rel=0.02)
    assert all(risk["clearance_mm"]["cord"] >= 3.0 for risk in answer["risks"].values())
    assert sum(answer["used"]) == answer["seeds"] == len(opened.plan.seeds)


@pytest.mark.parametrize(
    "wrong",
    [
        "drop",
        [1],
        [{"do": "fly"}],
        [{"do": "drop", "needle": 1}],
        [{"do": "drop", "needle": 1, "seed": 1, "by": 2}],
        [{"do": "drop", "needle": 1.5, "seed": 1}],
        [{"do": "drop", "needle": True, "seed": 1}],
        [{"do": "slide", "needle": 1, "seed": 1, "by_mm": "2 mm"}],
        [{"do": "slide", "needle": 1, "seed": 1, "by_mm": float("nan")}],
        [{"do": "shift-needle", "needle": 1, "by_lps_mm": [1, 2]}],
        [DROP] * 2001,
    ],
)
def test_words_that_are_no_changes_are_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        edits_of(wrong)


def test_saved_changes_are_those_that_the_command_line_reads(tmp_path: object) -> None:
    words = [
        DROP,
        {"do": "slide", "needle": 2, "seed": 1, "by_mm": -1.5},
        {"do": "shift-needle", "needle": 2, "by_lps_mm": [1.0, 0.0, -0.5]},
        {"do": "add-needle", "entry_lps_mm": [0.0, -80.0, 1.0], "tip_lps_mm": [0.0, -30.0, 1.0]},
    ]
    path = tmp_path / "changes.toml"  # type: ignore[operator]
    path.write_text(as_toml(words), encoding="utf-8")
    assert read_changes(path) == tuple(edit_of(each) for each in words)
