"""Lattices that are fine where something begins."""

import numpy as np
import pytest

from trocar.heat.ring_edges import graded_edges

STOPS = [(0.0, 0.2), (3.0, 0.05), (3.5, 0.05), (60.0, 2.0)]


def test_every_stop_is_an_edge_and_edges_ascend() -> None:
    edges = graded_edges(STOPS, slope=0.1, coarsest_mm=2.0)
    assert all(place in edges for place, _ in STOPS)
    assert (np.diff(edges) > 0).all()


def test_rings_are_fine_at_stops_and_grow_slowly_away_from_them() -> None:
    edges = graded_edges(STOPS, slope=0.1, coarsest_mm=2.0)
    widths = np.diff(edges)
    assert widths[edges[:-1] == 3.5] == pytest.approx(0.05, rel=0.15)
    assert widths.max() <= 2.0
    assert (widths[1:] / widths[:-1]).max() < 1.25


def test_all_three_widths_scaled_scale_the_number_of_rings() -> None:
    coarse = graded_edges(STOPS, slope=0.1, coarsest_mm=2.0)
    fine = graded_edges([(at, 0.5 * width) for at, width in STOPS], slope=0.05, coarsest_mm=1.0)
    assert (len(fine) - 1) / (len(coarse) - 1) == pytest.approx(2.0, rel=0.05)
