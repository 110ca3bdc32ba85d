"""Metal in a scan that no seed can be: prostheses, teeth, screws. The search for seeds passes over such things."""

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, label

from trocar.geometry.volume import Volume
from trocar.results.metal import MetalBody

METAL_HU = 2200.0
"""Brighter than the densest bone; titanium, steel and cobalt-chrome fill the scale of a 12-bit scanner."""

THICK_MM = 4.0
"""Depth below its own surface that no seed and no train of seeds reaches, however it blooms."""

MOST_BODIES = 5


def thick_metal(scan: Volume) -> tuple[MetalBody, ...]:
    """Return the metal bodies of a scan that are thicker than any seed, the largest first.

    Parameters
    ----------
    scan
        CT, HU.
    """
    names, _ = label(scan.values_kji > METAL_HU, structure=np.ones((3, 3, 3)))
    spacing_kji = np.array(scan.grid.spacing_ijk_mm[::-1])
    bodies = []
    for number, box in enumerate(find_objects(names), start=1):
        inside = names[box] == number
        if inside.sum() * float(np.prod(spacing_kji)) < THICK_MM**3 or not _is_thick(inside, spacing_kji):
            continue
        index = np.argwhere(inside) + np.array([part.start for part in box])
        points = index[:, ::-1] @ scan.grid.steps_lps_mm + scan.grid.origin_lps_mm
        half = 0.5 * np.array(scan.grid.spacing_ijk_mm)
        bodies.append(
            MetalBody(
                volume_cc=float(inside.sum()) * float(np.prod(spacing_kji)) / 1e3,
                centre_lps_mm=points.mean(axis=0),
                low_lps_mm=points.min(axis=0) - half,
                high_lps_mm=points.max(axis=0) + half,
            )
        )
    return tuple(sorted(bodies, key=lambda body: -body.volume_cc)[:MOST_BODIES])


def _is_thick(inside: np.ndarray, spacing_kji: np.ndarray) -> bool:
    depth = distance_transform_edt(np.pad(inside, 1), sampling=np.minimum(spacing_kji, THICK_MM))
    return bool(depth.max() > THICK_MM)
