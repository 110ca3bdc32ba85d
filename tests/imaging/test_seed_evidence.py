"""Confidence of found seeds: what a known number does, what distance does, what speaks against a seed."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trocar.imaging.seed_evidence import MOST_BY_COUNT, Evidence, confidences, log_odds, log_odds_of_place
from trocar.imaging.seed_ways import common_way

A_SEED = Evidence(log_mass=0.0, left=0.02, beside=0.0, log_length=0.0, wider=0.0, thing_left=0.03, crowding=0.0)


def test_whatever_a_seed_is_not_lowers_the_odds() -> None:
    other = {
        "log_mass": 0.6,
        "left": 0.3,
        "beside": 0.2,
        "log_length": 0.7,
        "wider": 0.1,
        "thing_left": 0.4,
        "crowding": 0.6,
    }
    for name, value in other.items():
        assert log_odds(replace(A_SEED, **{name: value})) < log_odds(A_SEED)


def test_a_plain_seed_is_sure_and_a_long_wide_thing_is_none() -> None:
    assert confidences(np.array([log_odds(A_SEED)]), None)[0] > 0.95
    assert confidences(np.array([log_odds(replace(A_SEED, log_length=0.6, wider=0.08))]), None)[0] < 0.01


@given(st.lists(st.floats(-6.0, 6.0), min_size=1, max_size=30), st.integers(0, 40))
def test_a_known_number_keeps_the_order_and_moves_no_odds_far(odds: list[float], expected: int) -> None:
    alone, told = confidences(np.array(odds), None), confidences(np.array(odds), expected)
    assert np.all(np.diff(told[np.argsort(alone)]) >= -1e-12)
    moved = np.log(told / (1.0 - told)) - np.array(odds)
    assert np.all(np.abs(moved) <= MOST_BY_COUNT + 1e-6)


def test_a_known_number_is_met_where_it_can_be() -> None:
    odds = np.array([4.0, 4.0, 1.0, -0.5, -1.0, -1.0])
    assert abs(confidences(odds, 4).sum() - 4.0) < 1e-3


def test_distance_from_the_plan_counts_and_no_distance_forbids() -> None:
    near, far, very_far = log_odds_of_place(np.array([1.0, 30.0, 300.0]))
    assert near > far
    assert far - very_far < 0.1
    assert confidences(np.array([log_odds(A_SEED) + very_far]), None)[0] > 0.5


def test_the_needles_direction_stands_out_only_where_there_is_one() -> None:
    rng = np.random.default_rng(4)
    starts = rng.uniform(-20, 20, (8, 3))
    way = np.array([0.2, 0.9, 0.4]) / np.linalg.norm([0.2, 0.9, 0.4])
    along = np.concatenate([start + np.arange(5)[:, None] * 9.0 * way + rng.normal(0, 0.3, (5, 3)) for start in starts])
    found = common_way(along, 2.5)
    assert found is not None
    assert abs(found @ way) > 0.99
    assert common_way(rng.uniform(-25, 25, (40, 3)), 2.5) is None
