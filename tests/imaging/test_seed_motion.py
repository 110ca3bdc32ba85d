"""Seeds between two scans, on clouds whose motion is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.imaging.seed_motion import seed_motion

CLOUD = np.random.default_rng(3).uniform(-20.0, 20.0, size=(400, 3))
SEEDS = CLOUD[[n for n in range(400) if all(np.linalg.norm(CLOUD[:n] - CLOUD[n], axis=1) > 8.0)]]
"""Seeds that keep 8 mm from each other."""


@given(scale=st.floats(0.85, 1.05), angle_deg=st.floats(-4.0, 4.0), shift_mm=st.floats(-4.0, 4.0))
def test_a_cloud_that_turns_moves_and_shrinks_is_told_so(scale: float, angle_deg: float, shift_mm: float) -> None:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    motion = seed_motion(SEEDS, scale * SEEDS @ turn.T + shift_mm)
    assert [pair.earlier for pair in motion.pairs] == [pair.later for pair in motion.pairs]
    assert motion.scale == pytest.approx(scale, abs=1e-9)
    assert motion.own_median_mm == pytest.approx(0.0, abs=1e-9)
    assert motion.lost == motion.new == ()


def test_noise_leaves_the_scale_within_its_stated_spread() -> None:
    departures = []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(0.0, 0.7, SEEDS.shape)
        motion = seed_motion(SEEDS, 0.93 * SEEDS + noise)
        departures.append((motion.scale - 0.93) / motion.scale_sd)
    assert 0.7 < np.std(departures) < 1.3


def test_a_seed_gone_one_come_and_one_astray_are_each_named() -> None:
    later = np.vstack([0.95 * SEEDS[1:], [[45.0, 45.0, 0.0]]])
    later[4] += [0.0, 0.0, 9.0]
    motion = seed_motion(SEEDS, later)
    assert motion.lost == (0,)
    assert motion.new == (len(later) - 1,)
    (astray,) = [pair for pair in motion.pairs if pair.own_mm > 5.0]
    assert astray.later == 4
    assert astray.own_mm == pytest.approx(9.0, abs=0.5)
    assert motion.scale == pytest.approx(0.95, abs=0.01)


def test_few_seeds_tell_no_size() -> None:
    motion = seed_motion(SEEDS[:3], SEEDS[:3] + 1.0)
    assert np.isnan(motion.scale)
    assert len(motion.pairs) == 3
    assert motion.shift_lps_mm == pytest.approx(np.ones(3))


def test_no_seed_at_all_is_no_motion() -> None:
    motion = seed_motion(SEEDS, np.empty((0, 3)))
    assert motion.pairs == ()
    assert len(motion.lost) == len(SEEDS)
