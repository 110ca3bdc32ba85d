"""Pairing of planned and seen seeds."""

import numpy as np

from trocar.imaging.seed_match import MIGRATED_BEYOND_MM, PAIRED_WITHIN_MM, match_seeds

LATTICE = np.stack(np.meshgrid(*[np.arange(3) * 10.0] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


def test_every_seed_in_its_place_is_paired_with_itself() -> None:
    order = np.random.default_rng(1).permutation(len(LATTICE))
    comparison = match_seeds(LATTICE, LATTICE[order])
    assert [order[pair.seen] for pair in comparison.pairs] == list(range(len(LATTICE)))
    assert comparison.largest_mm == 0.0


def test_an_implant_that_moved_as_a_whole_is_still_paired_seed_by_seed() -> None:
    shift = np.array([6.0, -5.0, 4.0])
    noise = np.random.default_rng(2).normal(0.0, 1.0, LATTICE.shape)
    comparison = match_seeds(LATTICE, LATTICE + shift + noise)
    assert sum(pair.planned == pair.seen for pair in comparison.pairs) == len(LATTICE)
    np.testing.assert_allclose(comparison.shift_lps_mm, shift, atol=0.8)


def test_a_seed_in_the_lung_has_migrated_and_its_place_is_missing() -> None:
    seen = LATTICE.copy()
    seen[4] += [0.0, 0.0, MIGRATED_BEYOND_MM + 30.0]
    comparison = match_seeds(LATTICE, seen)
    assert comparison.migrated == (4,)
    assert comparison.missing == (4,)
    assert comparison.extra == ()


def test_one_more_seed_nearby_is_extra() -> None:
    comparison = match_seeds(LATTICE, np.vstack([LATTICE, [[5.0, 5.0, 4.0]]]))
    assert comparison.extra == (len(LATTICE),)
    assert comparison.missing == ()


def test_pairs_are_never_further_apart_than_allowed_after_the_common_shift() -> None:
    rng = np.random.default_rng(3)
    planned, seen = rng.uniform(0, 60, (20, 3)), rng.uniform(0, 60, (25, 3))
    comparison = match_seeds(planned, seen)
    off = [np.linalg.norm(pair.displacement_lps_mm - comparison.shift_lps_mm) for pair in comparison.pairs]
    assert max(off) < PAIRED_WITHIN_MM + np.linalg.norm(comparison.shift_lps_mm)


def test_without_any_seed_all_are_missing() -> None:
    comparison = match_seeds(LATTICE, np.empty((0, 3)))
    assert comparison.missing == tuple(range(len(LATTICE)))
    assert np.isnan(comparison.median_mm)
