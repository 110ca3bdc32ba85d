"""How seeds moved between two scans: together, towards each other, and each by itself. Equation (V6)."""

import numpy as np
from jaxtyping import Float

from trocar.imaging.seed_match import match_seeds
from trocar.results.two_scans import SeedJourney, SeedMotion

LEAST_PAIRS = 4
"""With fewer pairs the size of the cloud says nothing."""

LEFT_OUT_MM, LEFT_OUT_TIMES = 3.0, 3.0
"""A pair that departs by more than this, and by more than so many medians, does not decide the common motion."""


def seed_motion(earlier_lps_mm: Float[np.ndarray, "n 3"], later_lps_mm: Float[np.ndarray, "m 3"]) -> SeedMotion:
    """Return how the seeds of an earlier scan moved to their places on a later one.

    The common motion is the similarity (turn, shift and one scale) of least squares over the pairs; pairing and
    similarity are found in turn, so that a cloud that drew together is paired as it lies after having done so.

    Parameters
    ----------
    earlier_lps_mm, later_lps_mm
        Places of seeds in one frame.

    Examples
    --------
    >>> import numpy as np
    >>> cube = np.stack(np.meshgrid([0.0, 10], [0.0, 10], [0.0, 10]), axis=-1).reshape(-1, 3)
    >>> round(seed_motion(cube, 0.9 * cube).scale, 6)
    0.9
    """
    pairs = _paired(earlier_lps_mm, later_lps_mm)
    common = np.eye(4)
    scale, scale_sd = float("nan"), float("nan")
    for _ in range(2 if len(pairs) >= LEAST_PAIRS else 0):
        common, scale, scale_sd = _common(earlier_lps_mm, later_lps_mm, pairs)
        carried = earlier_lps_mm @ common[:3, :3].T + common[:3, 3]
        pairs = _paired(carried, later_lps_mm)
        if len(pairs) < LEAST_PAIRS:
            break
    if len(pairs) >= LEAST_PAIRS:
        common, scale, scale_sd = _common(earlier_lps_mm, later_lps_mm, pairs)
    moved = np.array([later_lps_mm[b] - earlier_lps_mm[a] for a, b in pairs]).reshape(-1, 3)
    carried = earlier_lps_mm @ common[:3, :3].T + common[:3, 3]
    return SeedMotion(
        pairs=tuple(
            SeedJourney(
                earlier=a,
                later=b,
                displacement_lps_mm=later_lps_mm[b] - earlier_lps_mm[a],
                own_lps_mm=later_lps_mm[b] - carried[a],
            )
            for a, b in pairs
        ),
        lost=tuple(sorted(set(range(len(earlier_lps_mm))) - {a for a, _ in pairs})),
        new=tuple(sorted(set(range(len(later_lps_mm))) - {b for _, b in pairs})),
        shift_lps_mm=np.median(moved, axis=0) if len(moved) else np.zeros(3),
        scale=scale,
        scale_sd=scale_sd,
    )


def _paired(earlier: np.ndarray, later: np.ndarray) -> list[tuple[int, int]]:
    return [(pair.planned, pair.seen) for pair in match_seeds(earlier, later).pairs]


def _common(
    earlier: np.ndarray, later: np.ndarray, pairs: list[tuple[int, int]]
) -> tuple[Float[np.ndarray, "4 4"], float, float]:
    """Return the similarity later-from-earlier, its scale and the scale's standard deviation."""
    a, b = earlier[[n for n, _ in pairs]], later[[n for _, n in pairs]]
    matrix, scale, scale_sd = _similarity(a, b)
    rest = np.linalg.norm(a @ matrix[:3, :3].T + matrix[:3, 3] - b, axis=1)
    good = rest <= max(LEFT_OUT_MM, LEFT_OUT_TIMES * float(np.median(rest)))
    if good.all() or good.sum() < LEAST_PAIRS:
        return matrix, scale, scale_sd
    return _similarity(a[good], b[good])


def _similarity(
    earlier: Float[np.ndarray, "n 3"], later: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "4 4"], float, float]:
    """Return the similarity of least squares (Umeyama 1991, equations 40 to 43), its scale and the scale's spread."""
    a, b = earlier - earlier.mean(axis=0), later - later.mean(axis=0)
    u, singular, vt = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(signs) @ vt
    spread = float((a**2).sum())
    scale = float((singular * signs).sum()) / spread
    rest = b - scale * a @ turn.T
    freedom = max(3 * len(a) - 7, 1)
    matrix = np.eye(4)
    matrix[:3, :3] = scale * turn
    matrix[:3, 3] = later.mean(axis=0) - scale * turn @ earlier.mean(axis=0)
    return matrix, scale, float(np.sqrt((rest**2).sum() / freedom / spread))
