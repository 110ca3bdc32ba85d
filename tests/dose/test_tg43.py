"""The direct formula: definition, limits, symmetries, and what happens at the edges of the tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.catalogue.sources import Source, load_source, source_keys
from trocar.dose.tg43 import (
    Formalism,
    anisotropy_function,
    capsule_size_cm,
    dose_rate_cgy_per_h_per_u,
    geometry_function,
    linear_function,
    outside_capsule,
    point_source_g,
    radial_function,
)

SIX_FIGURES = 1e-6
HALF_PI = 0.5 * np.pi
KEYS = source_keys()


def rate(source: Source, r_cm: float, theta: float, formalism: Formalism = Formalism.LINE_2D) -> float:
    return float(dose_rate_cgy_per_h_per_u(source, np.array(r_cm), np.array(theta), formalism))


@pytest.mark.parametrize("key", [key for key in KEYS if key != "Cs131_CS-1_Rev2_CLRPv2"])
def test_the_rate_at_the_reference_point_is_the_dose_rate_constant(key: str) -> None:
    source = load_source(key)
    assert rate(source, 1.0, HALF_PI) == pytest.approx(source.dose_rate_constant_cgy_per_h_per_u, rel=1e-12)


def test_a_value_worked_by_hand_is_met() -> None:
    # 6711 at r = 2 cm, theta = 30 deg: beta = atan2(0.3 * 1.0, 4 - 0.0225) = 0.07528172 rad.
    # G = 0.07528172 / 0.3 = 0.25093908; G_0 = 2 atan(0.15) / 0.3 = 0.99259965; g = 0.814; F = 0.842.
    by_hand = 0.965 * 0.25093908 / 0.99259965 * 0.814 * 0.842
    assert rate(load_source("I125_6711"), 2.0, np.deg2rad(30.0)) == pytest.approx(by_hand, rel=SIX_FIGURES)


@given(r=st.floats(0.4, 12.0), theta=st.floats(0.0, np.pi), L=st.floats(0.05, 0.7), n=st.just(4001))
def test_the_geometry_function_is_the_mean_of_the_inverse_square_over_the_line(
    r: float, theta: float, L: float, n: int
) -> None:
    s = (np.arange(n) + 0.5) / n * L - 0.5 * L
    z, rho = r * np.cos(theta), r * np.sin(theta)
    numeric = np.mean(1.0 / (rho**2 + (z - s) ** 2))
    assert float(geometry_function(np.array(r), np.array(theta), L)) == pytest.approx(numeric, rel=1e-4)


def test_the_geometry_function_is_smooth_onto_the_axis() -> None:
    theta = np.array([0.0, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3])
    G = geometry_function(np.full(6, 1.0), theta, 0.3)
    assert G[0] == pytest.approx(1.0 / (1.0 - 0.0225), rel=1e-15)
    assert G[1:4] == pytest.approx(np.full(3, G[0]), rel=1e-9)
    assert G[4:] == pytest.approx(np.full(2, G[0]), rel=1e-6)


def test_the_geometry_function_is_infinite_on_the_line_itself() -> None:
    assert np.isinf(geometry_function(np.array([0.0, 0.1]), np.array([0.0, 0.0]), 0.3)).all()


def test_the_geometry_function_of_a_short_line_is_that_of_a_point() -> None:
    r = np.linspace(0.5, 5.0, 10)
    assert geometry_function(r, np.full(10, 0.4), 1e-4) == pytest.approx(1.0 / r**2, rel=1e-7)


def test_the_radial_function_is_log_linear_between_nodes() -> None:
    g = load_source("I125_6711").g_L
    between = radial_function(g, np.array([0.625, 1.75]))
    assert between == pytest.approx(np.sqrt([1.071 * 1.042, 0.908 * 0.814]), rel=1e-12)


def test_the_radial_function_is_nearest_below_and_exponential_beyond_the_table() -> None:
    g = load_source("I125_6711").g_L
    assert radial_function(g, np.array([0.02, 0.1])).tolist() == pytest.approx([1.055, 1.055])
    beyond = radial_function(g, np.array([10.0, 11.0, 12.0]))
    step = 0.0803 / 0.109
    assert beyond == pytest.approx([0.0803, 0.0803 * step, 0.0803 * step**2], rel=1e-12)


def test_phi_an_is_linear_inside_and_nearest_outside_its_table() -> None:
    phi_an = load_source("I125_6711").phi_an
    values = linear_function(phi_an, np.array([0.1, 0.75, 1.5, 9.0]))
    assert values == pytest.approx([0.973, (0.973 + 0.944) / 2, (0.944 + 0.941) / 2, 0.944])


def test_the_anisotropy_is_bilinear_inside_and_nearest_outside_its_table() -> None:
    F = load_source("I125_6711").F
    degrees = np.array([2.5, 15.0, 5.0, 5.0])
    values = anisotropy_function(F, np.array([1.5, 0.75, 0.1, 20.0]), np.deg2rad(degrees))
    expected = [(0.370 + 0.442 + 0.429 + 0.497) / 4, (0.519 + 0.537 + 0.716 + 0.705) / 4, 0.4, 0.587]
    assert values == pytest.approx(expected)


@pytest.mark.parametrize("key", KEYS)
def test_a_symmetric_source_gives_the_same_to_both_ends_and_another_does_not(key: str) -> None:
    source = load_source(key)
    one, other = rate(source, 3.0, 0.3), rate(source, 3.0, np.pi - 0.3)
    assert (one == pytest.approx(other, rel=1e-12)) is source.F.is_symmetric


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("formalism", Formalism)
def test_every_source_gives_a_finite_positive_rate_everywhere(key: str, formalism: Formalism) -> None:
    r, theta = np.meshgrid(np.concatenate([[0.0], np.geomspace(1e-3, 60.0, 200)]), np.linspace(0.0, np.pi, 181))
    values = dose_rate_cgy_per_h_per_u(load_source(key), r, theta, formalism)
    assert np.isfinite(values).all()
    assert (values > 0).all()


@pytest.mark.parametrize("key", KEYS)
def test_the_one_dimensional_forms_agree_at_the_nodes_of_g(key: str) -> None:
    source = load_source(key)
    r = source.g_L.radius_cm[source.g_L.radius_cm > 0.06]
    line = dose_rate_cgy_per_h_per_u(source, r, np.zeros_like(r), Formalism.LINE_1D)
    point = dose_rate_cgy_per_h_per_u(source, r, np.ones_like(r), Formalism.POINT_1D)
    assert line == pytest.approx(point, rel=1e-12)


def test_the_point_source_radial_function_is_that_of_the_publication() -> None:
    # TG-43U1 lists g_P of the 2301 seed: 0.579, 0.725, 0.878, 0.991 at 0.1, 0.15, 0.25, 0.5 cm.
    g_P = point_source_g(load_source("I125_2301"))
    assert g_P.values[:4] == pytest.approx([0.579, 0.725, 0.878, 0.991], abs=6e-4)


def test_the_mean_over_all_directions_is_the_one_dimensional_rate() -> None:
    source = load_source("I125_AgX100")  # phi_an computed from this very F
    theta = (np.arange(2000) + 0.5) * np.pi / 2000
    mean = np.average(
        dose_rate_cgy_per_h_per_u(source, np.full(2000, 2.0), theta, Formalism.LINE_2D), weights=np.sin(theta)
    )
    assert mean == pytest.approx(rate(source, 2.0, 0.0, Formalism.LINE_1D), rel=1e-4)


def test_far_away_the_rate_falls_as_exponential_over_distance_squared() -> None:
    source = load_source("I125_6711")
    near, far = rate(source, 20.0, HALF_PI), rate(source, 21.0, HALF_PI)
    assert far / near == pytest.approx((20 / 21) ** 2 * 0.0803 / 0.109, rel=1e-4)


@pytest.mark.parametrize("key", KEYS)
def test_inside_the_capsule_counts_the_nearest_point_of_its_surface(key: str) -> None:
    source = load_source(key)
    length, diameter = capsule_size_cm(source)
    side = rate(source, 0.25 * diameter, HALF_PI), rate(source, 0.5 * diameter, HALF_PI)
    end = rate(source, 0.5 * length - 1e-4, 0.0), rate(source, 0.5 * length, 0.0)
    assert side[0] == pytest.approx(side[1], rel=1e-12)
    assert end[0] == pytest.approx(end[1], rel=1e-12)


def test_outside_the_capsule_nothing_is_moved() -> None:
    source = load_source("I125_6711")
    r, theta = np.array([0.0401, 0.23, 0.235, 1.0]), np.array([HALF_PI, 0.0, 0.17, 1.0])
    moved = outside_capsule(source, r, theta)
    assert moved[0].tolist() == r.tolist()
    assert moved[1].tolist() == theta.tolist()
