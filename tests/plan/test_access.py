"""Access rules and entry regions."""

import numpy as np
import pytest

from trocar.errors import PlanError
from trocar.plan.access import AccessRules, Couch, Obstacle, SkinEntries
from trocar.plan.structures import Structure

ORGAN = Structure(number=1, name="Liver", contours=())
ENTRIES = SkinEntries(
    points_lps_mm=np.array([[0.0, -100.0, 0.0], [0.0, 100.0, 0.0], [150.0, 0.0, 20.0]]),
    normals_lps=np.array([[0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
)


def test_negative_margins_and_lengths_are_refused() -> None:
    with pytest.raises(PlanError, match="margin_mm"):
        Obstacle(structure=ORGAN, margin_mm=-1.0)
    with pytest.raises(PlanError, match="most_depth_mm"):
        AccessRules(
            obstacles=(),
            needle_length_mm=200.0,
            needle_radius_mm=0.6,
            most_depth_mm=float("nan"),
            beyond_target_mm=0.0,
            least_in_target_mm=5.0,
        )


def test_a_structure_has_one_margin_only() -> None:
    twice = (Obstacle(structure=ORGAN, margin_mm=1.0), Obstacle(structure=ORGAN, margin_mm=2.0))
    with pytest.raises(PlanError, match="Liver"):
        AccessRules(
            obstacles=twice,
            needle_length_mm=200.0,
            needle_radius_mm=0.6,
            most_depth_mm=100.0,
            beyond_target_mm=0.0,
            least_in_target_mm=5.0,
        )


def test_entry_regions_narrow_the_skin() -> None:
    front = ENTRIES.facing(np.array([0.0, -1.0, 0.0]), within_deg=60.0)
    assert front.points_lps_mm.tolist() == [[0.0, -100.0, 0.0]]
    couch = Couch(point_lps_mm=np.array([0.0, 101.0, 0.0]), normal_lps=np.array([0.0, -2.0, 0.0]))
    assert len(ENTRIES.above(couch, by_mm=30.0)) == 2
    assert len(ENTRIES.near(np.array([[140.0, 0.0, 20.0]]), within_mm=15.0)) == 1
    assert len(ENTRIES.where(ENTRIES.points_lps_mm[:, 2] > 10)) == 1
