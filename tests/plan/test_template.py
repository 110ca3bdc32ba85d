"""Grid templates: rigid poses, hole names, hole places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import PlanError
from trocar.plan.template import GridTemplate, HoleNames, template_towards


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_neighbouring_holes_are_a_pitch_apart_in_the_plane_across_the_needles(x: float, y: float, z: float) -> None:
    way = np.array([x, y, z + 2.0])
    template = template_towards(
        way, centre_lps_mm=np.array([1.0, 2.0, 3.0]), up_lps=np.array([0.0, -1.0, 0.0]), pitch_mm=5.0, columns=4, rows=3
    )
    holes = template.holes_lps_mm.reshape(3, 4, 3)
    np.testing.assert_allclose(np.linalg.norm(np.diff(holes, axis=1), axis=2), 5.0)
    np.testing.assert_allclose(np.linalg.norm(np.diff(holes, axis=0), axis=2), 5.0)
    np.testing.assert_allclose((holes - holes[0, 0]) @ (way / np.linalg.norm(way)), 0.0, atol=1e-9)
    np.testing.assert_allclose(holes.reshape(-1, 3).mean(axis=0), [1.0, 2.0, 3.0], atol=1e-9)


def test_a_perineal_template_has_row_one_at_the_back_and_column_a_on_the_patients_right() -> None:
    template = template_towards(
        np.array([0.0, 0.0, 1.0]),
        centre_lps_mm=np.zeros(3),
        up_lps=np.array([0.0, -1.0, 0.0]),
        pitch_mm=5.0,
        columns=13,
        rows=13,
        names=HoleNames.HALF_STEPS,
    )
    holes = dict(zip(template.hole_names, template.holes_lps_mm, strict=True))
    assert holes["A1.0"][0] < holes["G1.0"][0]
    assert holes["A1.0"][1] > holes["A7.0"][1]
    np.testing.assert_allclose(holes["D4.0"], 0.0, atol=1e-9)


def test_hole_names_are_unique() -> None:
    fine = GridTemplate(lps_from_template=np.eye(4), pitch_mm=5.0, columns=25, rows=25, names=HoleNames.HALF_STEPS)
    assert len(set(fine.hole_names)) == 625


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lps_from_template": np.diag([1.0, 1.0, -1.0, 1.0])}, "not a rotation"),
        ({"lps_from_template": np.diag([2.0, 1.0, 1.0, 1.0])}, "not a rotation"),
        ({"pitch_mm": 0.0}, "positive pitch"),
        ({"columns": 27}, "1 to 26 columns"),
        ({"rows": 0}, "at least 1 row"),
    ],
)
def test_impossible_templates_are_refused(changes: dict[str, object], words: str) -> None:
    good: dict[str, object] = {"lps_from_template": np.eye(4), "pitch_mm": 5.0, "columns": 3, "rows": 3}
    with pytest.raises(PlanError, match=words):
        GridTemplate(**(good | changes))  # type: ignore[arg-type]


def test_needles_along_up_are_refused() -> None:
    with pytest.raises(PlanError, match="runs along its needles"):
        template_towards(
            np.array([0.0, 0.0, 1.0]),
            centre_lps_mm=np.zeros(3),
            up_lps=np.array([0.0, 0.0, 1.0]),
            pitch_mm=5.0,
            columns=3,
            rows=3,
        )
