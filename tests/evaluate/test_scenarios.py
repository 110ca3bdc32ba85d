"""Versions of an implant: what is drawn has the published spread, and nothing moves where nothing may happen."""

import numpy as np
import pytest

from seeds_in_needles import AT, two_needles
from trocar.catalogue.nuclides import load_nuclide
from trocar.catalogue.placement import PlacementErrors, Spread, load_placement, read_placement, shipped_placement
from trocar.errors import CatalogueError, EvaluateError
from trocar.evaluate.scenarios import (
    Mishaps,
    Oedema,
    SeedErrors,
    draw,
    entry_tip_correlation,
    moved_needles,
    swollen_moments,
)
from trocar.evaluate.sensitivity import variance_shares
from trocar.plan.needles import Needle
from trocar.plan.seeds import Seed, Strength

FIVE_SIGMA = 5.0
"""A Monte Carlo mean farther from the truth than this many standard errors is wrong."""


def lengths_and_angles(errors: PlacementErrors, *, length_mm: float, count: int = 40_000) -> dict[str, np.ndarray]:
    ends = np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, length_mm]]])
    moved = moved_needles(ends, errors, count=count, rng=np.random.default_rng(7))[:, 0]
    way = moved[:, 1] - moved[:, 0]
    return {
        "entry": np.linalg.norm(moved[:, 0], axis=1),
        "tip": np.linalg.norm((moved[:, 1] - ends[0, 1])[:, :2], axis=1),
        "depth": moved[:, 1, 2] - length_mm,
        "slope": np.linalg.norm(moved[:, 1, :2] - moved[:, 0, :2], axis=1) / length_mm,
        "angle": np.degrees(np.arctan2(np.linalg.norm(way[:, :2], axis=1), way[:, 2])),
    }


def close_to(values: np.ndarray, truth: float) -> bool:
    squares = values**2
    return abs(squares.mean() - truth**2) < FIVE_SIGMA * squares.std() / np.sqrt(len(values))


def test_drawn_needles_have_the_published_errors_of_entry_tip_depth_and_angle() -> None:
    errors = load_placement("thorax_3d_template")
    got = lengths_and_angles(errors, length_mm=110.0)
    assert errors.angle_deg is not None
    assert errors.depth_mm is not None
    assert close_to(got["entry"], errors.entry_mm.rms)
    assert close_to(got["tip"], errors.tip_mm.rms)
    assert close_to(got["depth"], errors.depth_mm.rms)
    assert close_to(got["slope"], np.tan(np.radians(errors.angle_deg.rms)))


def test_without_a_published_depth_the_tip_error_is_one_in_space() -> None:
    errors = load_placement("retroperitoneum_3d_template")
    ends = np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 150.0]]])
    moved = moved_needles(ends, errors, count=40_000, rng=np.random.default_rng(7))[:, 0]
    assert close_to(np.linalg.norm(moved[:, 1] - ends[0, 1], axis=1), errors.tip_mm.rms)


def test_an_angle_that_entry_and_tip_cannot_give_is_met_as_nearly_as_they_can() -> None:
    errors = load_placement("thorax_3d_template")
    assert entry_tip_correlation(errors, np.array([1.0]))[0] == 1.0
    assert entry_tip_correlation(errors, np.array([1000.0]))[0] == -1.0


def test_nothing_moves_where_nothing_may_happen() -> None:
    needles, seeds = two_needles()
    draws = draw(needles, seeds, Mishaps(), count=4, rng=np.random.default_rng(1))
    planned = np.array([seed.position_lps_mm for seed in seeds])
    assert np.abs(draws.positions_lps_mm - planned).max() < 1e-12
    assert draws.present.all()
    assert not draws.volume_increase.any()


def test_seeds_keep_their_distance_from_the_tip_of_a_moved_needle() -> None:
    needles, seeds = two_needles()
    mishaps = Mishaps(needles=load_placement("thorax_3d_template"))
    draws = draw(needles, seeds, mishaps, count=50, rng=np.random.default_rng(1))
    gaps = np.linalg.norm(draws.positions_lps_mm[:, 1] - draws.positions_lps_mm[:, 0], axis=1)
    assert np.allclose(gaps, 10.0, atol=1e-9)
    apart = np.linalg.norm(draws.positions_lps_mm[:, 2] - draws.positions_lps_mm[:, 0], axis=1)
    assert apart.std() > 1.0


def test_seeds_slide_fall_and_leave_as_often_and_as_far_as_told() -> None:
    needles, seeds = two_needles()
    told = SeedErrors(slide_sd_mm=1.5, across_sd_mm=0.5, drop_probability=0.3, drop_mean_mm=4.0, loss_probability=0.2)
    draws = draw(needles, seeds, Mishaps(seeds=told), count=20_000, rng=np.random.default_rng(3))
    shift = draws.positions_lps_mm - np.array([seed.position_lps_mm for seed in seeds])
    along = shift[..., 2].ravel()
    assert along.mean() == pytest.approx(-0.3 * 4.0, abs=FIVE_SIGMA * along.std() / np.sqrt(len(along)))
    variance = 1.5**2 + 0.3 * 2 * 4.0**2 - (0.3 * 4.0) ** 2
    assert along.var() == pytest.approx(variance, rel=0.05)
    assert shift[..., 0].std() == pytest.approx(0.5, rel=0.02)
    assert draws.present.mean() == pytest.approx(0.8, abs=FIVE_SIGMA * 0.4 / np.sqrt(draws.present.size))


def test_a_seed_without_a_needle_is_refused() -> None:
    lone = Seed(
        position_lps_mm=np.zeros(3),
        axis_lps=np.array([0.0, 0.0, 1.0]),
        source_model="I125_6711",
        strength=Strength(s_k_u=0.5, reference_at=AT),
    )
    needle = Needle(number=1, entry_lps_mm=np.zeros(3), tip_lps_mm=np.array([0.0, 0.0, 50.0]))
    with pytest.raises(EvaluateError, match="no needle"):
        draw((needle,), (lone,), Mishaps(), count=2, rng=np.random.default_rng(1))


def test_impossible_errors_are_refused() -> None:
    with pytest.raises(EvaluateError, match="between 0 and 1"):
        SeedErrors(loss_probability=1.2)
    with pytest.raises(EvaluateError, match="above 0"):
        Oedema(volume_increase=Spread(mean=0.2, sd=0.1), half_life_d=0.0)
    with pytest.raises(CatalogueError, match="0 or more"):
        Spread(mean=-1.0, sd=0.0)
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_placement("[x]\ntip_mm = { mean = 1, sd = 1 }", name="own.toml")
    with pytest.raises(CatalogueError, match="no placement errors"):
        load_placement("nowhere")


@pytest.mark.parametrize("half_life_d", [4.0, 10.0, 34.0, 59.40, 200.0])
@pytest.mark.parametrize("nuclide", ["I-125", "Cs-131"])
def test_the_swollen_moments_integrate_an_inverse_square_law(half_life_d: float, nuclide: str) -> None:
    of = load_nuclide(nuclide)
    oedema = Oedema(volume_increase=Spread(mean=0.5, sd=0.0), half_life_d=half_life_d)
    stretch, share = swollen_moments(0.5, oedema, of)
    decay, settle = np.log(2) / of.half_life_d, np.log(2) / half_life_d
    slow = min(decay, settle)
    t = np.linspace(0.0, 40.0 / slow, 400_001)
    rate = decay * np.exp(-decay * t) * np.cbrt(1.0 + 0.5 * np.exp(-settle * t)) ** -2
    truth = float(np.trapezoid(rate, t))
    assert float(share @ stretch**-2) == pytest.approx(truth, rel=2e-4)


def test_swelling_that_never_goes_stretches_for_ever_and_none_leaves_all_as_it_is() -> None:
    iodine = load_nuclide("I-125")
    lasting = Oedema(volume_increase=Spread(mean=0.3, sd=0.0), half_life_d=1e6)
    stretch, share = swollen_moments(0.3, lasting, iodine)
    assert float(share @ stretch) == pytest.approx(np.cbrt(1.3), rel=3e-4)
    assert swollen_moments(0.0, lasting, iodine)[0].tolist() == [1.0]


def test_variance_shares_of_a_sum_with_a_product_are_the_exact_ones() -> None:
    """f = 2 a + b + a b with standard normal a, b: V_a = 4, V_b = 1, V_ab = 1."""
    rng = np.random.default_rng(5)
    one, other = rng.standard_normal((2, 2, 100_000))

    def f(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return 2 * a + b + a * b

    shares = variance_shares(f(*one), f(*other), np.array([f(other[0], one[1]), f(one[0], other[1])]))
    assert shares.first == pytest.approx([4 / 6, 1 / 6], abs=0.03)
    assert shares.total == pytest.approx([5 / 6, 2 / 6], abs=0.03)
    assert (np.abs(shares.total - [5 / 6, 2 / 6]) < FIVE_SIGMA * shares.total_error).all()


def test_a_result_that_never_varies_has_no_shares() -> None:
    shares = variance_shares(np.full(10, 3.0), np.full(10, 3.0), np.full((2, 10), 3.0))
    assert not shares.total.any()


def test_every_shipped_error_says_where_it_comes_from() -> None:
    assert all(each.source and each.name_zh and each.confidence for each in shipped_placement().values())
