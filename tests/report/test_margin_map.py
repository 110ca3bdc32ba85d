"""The six sides of the margin map show the side that they name, the right way round."""

import numpy as np
import pytest

from trocar.geometry.smooth_body import ellipsoid_body
from trocar.report.margin_map import VIEWS, unrolled
from trocar.results.ablation_margin import AblationMargin

TOWARDS = {"R": (-1, 0, 0), "L": (1, 0, 0), "A": (0, -1, 0), "P": (0, 1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
"""LPS."""


@pytest.mark.parametrize("view", VIEWS, ids=lambda each: each.name)
def test_a_view_looks_from_the_side_that_it_names_and_letters_its_edges_rightly(view) -> None:
    right, up = np.array(view.right), np.array(view.up)
    assert np.cross(right, up).tolist() == list(TOWARDS[view.name])
    assert [TOWARDS[each] for each in view.letters] == [tuple(way) for way in (-right, right, up, -up)]


def test_every_side_is_seen_once() -> None:
    assert sorted(view.name for view in VIEWS) == sorted(TOWARDS)


def test_the_unrolled_map_has_the_head_above_and_the_left_of_the_patient_right_of_the_front() -> None:
    body = ellipsoid_body(np.zeros(3), 10.0 * np.eye(3))
    points = np.asarray(body.mesh.vertices_lps_mm)
    margin = object.__new__(AblationMargin)
    for name, value in (("surface", body.mesh), ("asked_mm", points[:, 2]), ("area_mm2", np.ones(len(points)))):
        object.__setattr__(margin, name, value)
    _, latitude, heights = unrolled(margin)
    assert heights[latitude > 60].min() > 0 > heights[latitude < -60].max()
    object.__setattr__(margin, "asked_mm", points[:, 0])
    longitude, _, lefts = unrolled(margin)
    middle = lefts[len(lefts) // 2]
    assert middle[np.argmin(abs(longitude - 90))] > 9.0
    assert middle[np.argmin(abs(longitude + 90))] < -9.0
