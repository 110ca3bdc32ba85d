import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checked_cases import as_planned, grid, implant, stored_by
from trocar.workflow.compare import compare, in_capsules, pair_doses, spread, stored_step_gy, thinned
from trocar.workflow.suppose import model_terms

MODEL = as_planned(implant())
TERMS = model_terms(MODEL)


def paired(stored, recomputed=None, *, threshold_gy=5.0, nearest_mm=1.0):
    values = stored.volume.values_kji if recomputed is None else recomputed
    return pair_doses(stored.volume, values, terms=TERMS, threshold_gy=threshold_gy, nearest_mm=nearest_mm)


def test_every_stored_point_is_either_compared_or_left_out_for_a_named_reason():
    region = paired(stored_by(MODEL)).region
    assert region.stored == np.prod(grid().shape_kji)
    assert region.compared + region.in_capsule + region.below_threshold + region.saturated == region.stored
    assert region.in_capsule > 0
    assert region.below_threshold > 0


def test_points_in_a_capsule_and_near_its_axis_are_left_out():
    term = TERMS[0]
    centre, axis = term.positions_lps_mm[0], term.axes_lps[0]
    across = np.cross(axis, [0.0, 1.0, 0.0])
    points = np.array([centre + 2.0 * axis, centre + 0.9 * across, centre + 1.1 * across, centre + 3.4 * axis])
    distance = np.linalg.norm(points - centre, axis=1)
    assert in_capsules(points, distance, TERMS, nearest_mm=1.0).tolist() == [True, True, False, False]


def test_a_source_of_unknown_direction_takes_the_sphere_it_could_sweep():
    from dataclasses import replace

    term = replace(TERMS[0], axes_lps=np.full_like(TERMS[0].axes_lps, np.nan))
    centre = term.positions_lps_mm[0]
    points = centre + np.array([[2.0, 0.0, 0.0], [2.6, 0.0, 0.0]])
    assert in_capsules(points, np.array([2.0, 2.6]), (term,), nearest_mm=1.0).tolist() == [True, False]


def test_the_largest_number_a_file_can_hold_is_not_compared():
    stored = stored_by(MODEL)
    capped = np.minimum(stored.volume.values_kji, 60.0)
    from dataclasses import replace

    limited = replace(stored, volume=replace(stored.volume, values_kji=capped))
    assert paired(limited, stored.volume.values_kji).region.saturated > 10


def test_a_factor_shows_as_the_same_local_difference_everywhere():
    stored = stored_by(MODEL)
    comparison = compare(paired(stored, stored.volume.values_kji / 1.1), reference_gy=100.0, tolerance_percent=5.0)
    assert comparison.overall.median_percent == pytest.approx(10.0, abs=1e-3)
    assert comparison.overall.p95_percent - comparison.overall.p05_percent == pytest.approx(0.0, abs=1e-3)
    assert comparison.overall.within_share == 0.0


def test_bands_hold_every_compared_point_once():
    stored = stored_by(MODEL)
    comparison = compare(paired(stored, threshold_gy=10.0), reference_gy=100.0, tolerance_percent=5.0)
    assert sum(band.spread.points for band in comparison.bands) == comparison.overall.points


@pytest.mark.parametrize("step_gy", [0.004, 0.05, 1.44])
def test_the_step_of_stored_numbers_is_found_in_single_precision(step_gy):
    stored = stored_by(MODEL, step_gy=step_gy).volume.values_kji.ravel().astype(np.float64)
    assert stored_step_gy(stored) == pytest.approx(step_gy, rel=1e-4)


def test_unrounded_numbers_have_no_step():
    assert stored_step_gy(np.random.default_rng(1).lognormal(3.0, 1.0, 20_000)) == 0.0
    assert stored_step_gy(np.array([1.0, 2.0])) == 0.0


@given(st.integers(0, 5000), st.integers(1, 3000))
def test_thinning_keeps_at_most_so_many_different_indices(count, most):
    chosen = thinned(count, most)
    assert len(chosen) == min(count, most)
    assert len(np.unique(chosen)) == len(chosen)


def test_no_points_have_no_spread():
    nothing = spread(np.array([]), tolerance_percent=5.0)
    assert nothing.points == 0
    assert np.isnan(nothing.median_percent)
