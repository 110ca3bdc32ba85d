"""The frame in which a guide is looked at: from outside, along the mean needle, head up."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from trocar.errors import GuideError
from trocar.geometry.affine import invert_affine
from trocar.plan.needles import Needle

HEAD_LPS = np.array([0.0, 0.0, 1.0])
FRONT_LPS = np.array([0.0, -1.0, 0.0])
STEEPEST_SPREAD = 0.34
"""Least cosine between a needle and the mean needle (70°): beyond it one plate cannot carry both."""


def lps_from_guide(needles: Sequence[Needle]) -> Float[np.ndarray, "4 4"]:
    """Return the guide's frame: x to the viewer's right, y up (to the head), z from the skin to the viewer.

    Where the needles run along the body (a perineal template), up is the front of the patient.

    Raises
    ------
    GuideError
        No needle, or needles that point in opposite directions.
    """
    if not needles:
        raise GuideError("guide.no-needles", "no needle was given; a guide needs at least one")
    directions = np.array([needle.direction_lps for needle in needles])
    mean = directions.mean(axis=0)
    length = float(np.linalg.norm(mean))
    outward = -mean / length if length > 1e-6 else HEAD_LPS
    if length < 1e-6 or (directions @ -outward).min() < STEEPEST_SPREAD:
        worst = needles[int((directions @ -outward).argmin())].number
        raise GuideError(
            "guide.needles-diverge",
            "needle {number} runs more than 70° away from the mean of the {n} needles; "
            "make one guide for each direction of approach",
            number=worst,
            n=len(needles),
        )
    up = HEAD_LPS if abs(outward @ HEAD_LPS) < 0.8 else FRONT_LPS
    up = up - (up @ outward) * outward
    up /= np.linalg.norm(up)
    frame = np.eye(4)
    frame[:3, 0] = np.cross(up, outward)
    frame[:3, 1] = up
    frame[:3, 2] = outward
    frame[:3, 3] = np.mean([needle.entry_lps_mm for needle in needles], axis=0)
    return frame


def guide_from_lps(needles: Sequence[Needle]) -> Float[np.ndarray, "4 4"]:
    """Return the inverse of `lps_from_guide`."""
    return invert_affine(lps_from_guide(needles))
