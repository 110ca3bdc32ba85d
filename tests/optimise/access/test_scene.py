"""Distance fields are exact at their nodes, whatever the shape and the pose of the outlines."""

import numpy as np
import pytest

from access_scenes import BODY, body_of, densely_sampled_clearance_mm, drawn, rules_with
from trocar.errors import OptimiseError
from trocar.geometry.grid import Grid
from trocar.optimise.access.scene import build_scene, distance_field, region_of
from trocar.phantom.solids import Ellipsoid, carve, rotation
from trocar.phantom.sweeps import curved_tube
from trocar.plan.needles import Needle

GRID = Grid.axial(origin_lps_mm=(-30.0, -30.0, -30.0), spacing_ijk_mm=(2.0, 2.0, 2.0), shape_kji=(31, 31, 31))
RING = carve(Ellipsoid((0.0, 0.0, 0.0), (16.0, 14.0, 12.0)), Ellipsoid((0.0, 0.0, 0.0), (9.0, 8.0, 40.0)))
VESSEL = curved_tube([(-15, -10, -20), (0, 8, 0), (12, -4, 18)], [2.0, 2.5, 1.5])


@pytest.mark.parametrize("solid", [RING, VESSEL, Ellipsoid((3.0, 1.0, 2.0), (8.0, 5.0, 11.0))])
def test_the_field_is_the_distance_to_the_drawn_outlines(solid: object) -> None:
    structure = drawn("thing", solid)  # type: ignore[arg-type]
    field = distance_field(region_of(structure), GRID, reach_mm=12.0)
    rng = np.random.default_rng(1)
    for k, j, i in rng.integers(0, 31, size=(120, 3)):
        node = GRID.lps_from_ijk[:3, :3] @ (i, j, k) + GRID.origin_lps_mm
        point = Needle(number=1, entry_lps_mm=node, tip_lps_mm=node + 1e-3)
        exact = densely_sampled_clearance_mm(point, structure, radius_mm=0.0)
        assert field[k, j, i] == pytest.approx(min(exact, 12.0), abs=2e-3)


def test_oblique_outlines_give_the_same_field_as_the_turned_scene() -> None:
    upright = drawn("thing", Ellipsoid((0.0, 0.0, 0.0), (9.0, 7.0, 8.0)))
    turn = rotation(about_x_deg=30, about_y_deg=10)
    from dataclasses import replace

    turned = replace(
        upright,
        contours=tuple(replace(each, points_lps_mm=each.points_lps_mm @ turn.T) for each in upright.contours),
    )
    field = distance_field(region_of(turned), GRID, reach_mm=15.0)
    for k, j, i in np.random.default_rng(2).integers(0, 31, size=(60, 3)):
        node = (GRID.lps_from_ijk[:3, :3] @ (i, j, k) + GRID.origin_lps_mm) @ turn
        point = Needle(number=1, entry_lps_mm=node, tip_lps_mm=node + 1e-3)
        exact = densely_sampled_clearance_mm(point, upright, radius_mm=0.0)
        assert field[k, j, i] == pytest.approx(min(exact, 15.0), abs=5e-3)


def test_a_target_outside_the_body_is_refused() -> None:
    far = drawn("CTV", Ellipsoid((900.0, 0.0, 0.0), (10.0, 10.0, 10.0)))
    with pytest.raises(OptimiseError, match="does not lie in the body"):
        build_scene(far, body_of(BODY), rules_with())
