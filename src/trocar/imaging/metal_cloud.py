"""Metal on a CT as a cloud of points: what is bright and thin, and what is bright, dim or not, and passes the skin."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt, find_objects, label, maximum_filter, minimum_filter, white_tophat

from trocar.geometry.affine import apply_affine
from trocar.geometry.resample import Interpolation, resample
from trocar.geometry.volume import Volume
from trocar.imaging.rod_fit import slices_of
from trocar.imaging.track_fit import Cloud, local_middles

SQUEEZED_TO_MM, THICK_SLICE_MM = 2.5, 3.5
"""Thicker slices are brought the first near together for the search; beyond the second, tracks look like stairs."""


THICK_MM = 4.0
"""Metal deeper than this below its own surface is no needle, however much it blooms."""


MOST_POINTS = 60_000
"""Sixty needles of 150 mm are fewer; noise and dense bone can be more, and would take minutes."""

THIN_MM, BESIDE_SKIN_MM, JOINED_MM = 6.0, 8.0, 3.0
"""What is narrower than the first within its slice stands out from its surroundings; a piece passes the skin if some of
it lies so deep in the body and some so far outside; at the skin itself little stands out, and pieces are joined."""


def squeeze_of(scan: Volume) -> Float[np.ndarray, "3 3"]:
    """Return the matrix that brings thick slices nearer together: straight stays straight, and steps become small."""
    normal, slice_mm = slices_of(scan.grid)
    share = min(1.0, SQUEEZED_TO_MM / slice_mm)
    return np.asarray(np.eye(3) + (share - 1.0) * np.outer(normal, normal))


def metal_cloud(
    scan: Volume, metal_hu: float, squeeze: Float[np.ndarray, "3 3"], *, from_outside: Volume | None = None
) -> Cloud:
    """Return the metal voxels as weighted points, each with the piece of metal it belongs to.

    Tracks are looked for from everywhere, or from outside a body. Of very many bright voxels the brightest are taken.
    """
    bright = scan.values_kji[scan.values_kji > metal_hu]
    if len(bright) > MOST_POINTS:
        metal_hu = float(np.partition(bright, -MOST_POINTS)[-MOST_POINTS])
    pieces, _ = label(_thin(scan.values_kji > metal_hu, scan.grid.spacing_ijk_mm[::-1]), np.ones((3, 3, 3), bool))
    kji = np.argwhere(pieces > 0)
    piece = pieces[tuple(kji.T)]
    places = apply_affine(scan.grid.lps_from_ijk, kji[:, ::-1].astype(np.float64))
    points = places @ squeeze
    weight = scan.values_kji[tuple(kji.T)].astype(np.float64) - metal_hu
    voxel_mm = min(max(scan.grid.spacing_ijk_mm), max(SQUEEZED_TO_MM, *scan.grid.spacing_ijk_mm[:2]))
    return Cloud(
        points_lps_mm=points,
        weight=weight + 1.0,
        piece=piece.astype(np.int64),
        voxel_mm=voxel_mm,
        thick_slices=bool(np.linalg.det(squeeze) * THICK_SLICE_MM < SQUEEZED_TO_MM),
        normal_lps=slices_of(scan.grid)[0],
        may_start=np.ones(len(kji), bool) if from_outside is None else from_outside.sample(places, outside=1.0) < 0.5,
        middles_lps_mm=local_middles(points, weight + 1.0, piece.astype(np.int64)),
    )


def through_skin(scan: Volume, body: Volume, least_hu: float) -> Volume:
    """Return by how much thin things are brighter than their surroundings, where they pass the skin; 0 elsewhere.

    Parameters
    ----------
    scan
        CT in HU.
    body
        Share of each voxel inside the body.
    least_hu
        What is less bright is not seen.
    """

    def wide(mm: float) -> tuple[int, int, int]:
        """Return a window of a slice that reaches so far to all sides."""
        return (1, *(2 * max(round(mm / each), 1) + 1 for each in reversed(scan.grid.spacing_ijk_mm[:2])))

    above = white_tophat(scan.values_kji.astype(np.float32), size=wide(0.5 * THIN_MM))
    bright = above > least_hu
    inside = (_on(scan, body) > 0.5).astype(np.uint8)
    beside = wide(BESIDE_SKIN_MM)
    deep, far = minimum_filter(inside, size=beside) > 0, maximum_filter(inside, size=beside) == 0
    pieces, _ = label(maximum_filter(bright, size=wide(JOINED_MM)), np.ones((3, 3, 3), bool))
    passing = np.intersect1d(pieces[bright & deep], pieces[bright & far])
    above[~np.isin(pieces, passing) | ~bright] = 0.0
    return Volume.owning(grid=scan.grid, values_kji=above, quantity=scan.quantity, frame_uid=scan.frame_uid)


def _on(scan: Volume, body: Volume) -> np.ndarray:
    """Return the body on the voxels of the scan."""
    if body.grid == scan.grid:
        return body.values_kji
    return resample(body, scan.grid, interpolation=Interpolation.LINEAR, outside=0.0).values_kji


def _thin(metal: Bool[np.ndarray, "k j i"], spacing_kji_mm: tuple[float, float, float]) -> Bool[np.ndarray, "k j i"]:
    """Return metal without its thick parts: prostheses and dense bone, which only cost time."""
    (box,) = find_objects(metal.astype(np.int8)) or (None,)
    if box is None:
        return metal
    inside = metal[box]
    core = distance_transform_edt(np.pad(inside, 1), sampling=spacing_kji_mm)[1:-1, 1:-1, 1:-1] > THICK_MM
    result = metal.copy()
    if core.any():
        result[box] &= distance_transform_edt(~core, sampling=spacing_kji_mm) > 1.6 * THICK_MM
    return result
