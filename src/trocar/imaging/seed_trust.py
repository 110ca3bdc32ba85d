"""Whether a scan shows seeds at all: small pieces of bone look like a seed here and there on every scan.

Two things tell. A line of a seed's brightness, blurred as the scan blurs, has a peak that follows from both; pieces of
bone are as bright in sum but flatter. And nothing but thick metal outshines seeds, so that of the brightest things
most are seeds or groups of them.
"""

from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.imaging.kernels import add_line
from trocar.imaging.seed_fit import ClusterFit, Patch, Picture

BRIGHTEST, AS_BRIGHT = 30, 0.7
"""So many of the brightest things are looked at, none of less than this share of a lone seed's contrast."""

LONGEST = 8
"""Longer things than so many seeds end to end are left out: they are no train that is quickly read."""

PLAIN_LEFT, PLAIN_EXPLAINED, PLAIN_MASS = 0.2, 0.85, (0.6, 1.5)
"""A thing plainly is seeds if its lines leave no more of it, and each explains as much and is as bright as a seed."""

LEAST_PLAIN, ENOUGH_PLAIN = 0.33, 0.75
"""With a smaller share of plain things a scan shows no seeds; from the larger on it surely does."""

METAL_HU = 2000.0
"""Contrast of a lone seed that no bone has: cortical bone of scans without metal stays under 1,850 HU above its bed."""

FLAT, SHARP = 0.85, 0.95
"""Peak of what was taken for lone seeds, relative to that of lines as bright: below the first none is a seed, from the
second on all may be. On scans with seeds it is 0.98 and more, on scans without any 0.2 to 0.92."""

SCALE_END_HU = 3000.0
"""A 12-bit scale shows no higher peak."""

NEAR_PLAN_MM = 20.0
"""Things so near a planned place are judged by themselves."""


class Trust(Enum):
    """What the brightest things of a scan say."""

    SEEDS = "these are seeds"
    DOUBT = "these may be seeds or bone"
    NONE = "no seed is seen"


def trust_in(
    patches: Sequence[Patch],
    picture: Picture,
    fits: Callable[[Patch], list[ClusterFit]],
    *,
    planned_mm: Float[np.ndarray, "n 3"] | None,
) -> Trust:
    """Return whether the bright things of a scan are seeds.

    Parameters
    ----------
    patches
        All bright things.
    picture
        How the scan shows what was taken for lone seeds.
    fits
        Returns readings of a thing, the best first.
    planned_mm
        Where seeds were planned, in the scan's own axes: what is bright there decides first. None where not known.
    """
    sharp = sharpness(picture)
    if sharp < FLAT:
        return Trust.NONE
    able = [
        each
        for each in sorted(patches, key=lambda each: -each.contrast_hu)
        if each.contrast_hu > AS_BRIGHT * picture.contrast_hu and each.count_by_length(picture) <= LONGEST
    ]
    near = [] if planned_mm is None else near_plan(able, planned_mm)
    if sharp >= SHARP and _plain_share(near, picture, fits) >= LEAST_PLAIN:
        return Trust.SEEDS
    share = _plain_share(able, picture, fits)
    if share < LEAST_PLAIN:
        return Trust.NONE
    is_sure = sharp >= SHARP and (share >= ENOUGH_PLAIN or picture.contrast_hu > METAL_HU)
    return Trust.SEEDS if is_sure else Trust.DOUBT


def sharpness(picture: Picture) -> float:
    """Return the peak of what was taken for lone seeds, relative to the peak of lines as bright."""
    peaks = []
    for way in ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)):
        value = np.zeros(1)
        row = np.array([0.0, 0.0, 0.0, *way, picture.mass_hu_mm3, 1.0])
        add_line(np.zeros((1, 3)), row, picture.half_mm, picture.sigma, value, 1.0)
        peaks.append(float(value[0]))
    return picture.contrast_hu / min(*peaks, SCALE_END_HU)


def near_plan(patches: Sequence[Patch], planned_mm: Float[np.ndarray, "n 3"]) -> list[Patch]:
    """Return the things near a planned place."""
    return [
        each
        for each in patches
        if np.linalg.norm(planned_mm - each.points_mm[each.bright].mean(axis=0), axis=1).min() < NEAR_PLAN_MM
    ]


def _plain_share(patches: Sequence[Patch], picture: Picture, fits: Callable[[Patch], list[ClusterFit]]) -> float:
    """Return the share of the brightest things that plainly are seeds; 0 without any thing."""
    looked_at = [fits(each) for each in patches[:BRIGHTEST]]
    return float(np.mean([bool(each) and _is_plain(each[0], picture) for each in looked_at])) if looked_at else 0.0


def _is_plain(fit: ClusterFit, picture: Picture) -> bool:
    mass = fit.rows[:, 6] / picture.mass_hu_mm3
    alike = (mass > PLAIN_MASS[0]) & (mass < PLAIN_MASS[1]) & (fit.explained > PLAIN_EXPLAINED)
    return bool(fit.share_left < PLAIN_LEFT and alike.all())
