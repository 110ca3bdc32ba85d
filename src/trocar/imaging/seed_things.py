"""Bright things of a scan that may be seeds: connected voxels above a level, with the voxels around them.

A thing too thick or too large for seeds is looked at again above a higher level: seeds beside bone stand out of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, label, maximum

from trocar.imaging.seed_fit import Patch

DIMMEST_HU = 600.0
"""Nothing darker than this at its brightest voxel is looked at: seeds show thousands even in 5 mm slices."""

SHARE_OF_PEAK = 0.4
"""Voxels above this share of the typical peak belong to a bright thing: parts neighbours, keeps both ends of a seed."""

DIM_HU, DIM_SHARE_OF_PEAK = 500.0, 0.25
"""The same for the second look, at what the first left: seeds along rays through other metal show so little."""

PEAKS_RANKED = 15
"""The typical peak is the median of this many brightest things."""

THICK_MM, LARGE_MM3 = 4.0, 1500.0
"""Depth below its own surface, and volume, that no seed or train of seeds reaches."""

HIGHER, HIGHEST_SHARE = 1.35, 0.95
"""By what factor the level rises within such a thing, and the share of the typical peak at which it is left."""

CONNECTED = np.ones((3, 3, 3))


@dataclass(frozen=True, slots=True)
class Thing:
    """Connected bright voxels: their box in the scan (with a margin), which voxels of the box, above which level."""

    box: tuple[slice, ...]
    inside: Bool[np.ndarray, "k j i"]
    level_hu: float


def typical_peak(values: Float[np.ndarray, "k j i"] | Int[np.ndarray, "k j i"], allowed: np.ndarray | None) -> float:
    """Return the median peak of the brightest things: seeds outshine bone, and outnumber prostheses."""
    bright = values > 1.5 * DIMMEST_HU
    if allowed is not None:
        bright &= allowed
    names, count = label(bright, structure=CONNECTED)
    if count == 0:
        return 0.0
    peaks = np.sort(maximum(values, names, np.arange(1, count + 1)))[::-1]
    return float(np.median(peaks[:PEAKS_RANKED]))


def things_above(
    values: np.ndarray, bright: Bool[np.ndarray, "k j i"], level_hu: float, highest_hu: float, spacing_kji: np.ndarray
) -> Iterator[Thing]:
    """Yield every connected group of bright voxels that is no thicker and no larger than seeds can be."""
    pad = np.maximum(np.ceil(3.0 / spacing_kji).astype(int), 1)
    names, _ = label(bright, structure=CONNECTED)
    for number, box in enumerate(find_objects(names), start=1):
        wide = tuple(
            slice(max(part.start - p, 0), min(part.stop + p, size))
            for part, p, size in zip(box, pad, values.shape, strict=True)
        )
        thing = Thing(wide, names[wide] == number, level_hu)
        if not _is_too_much(thing.inside, spacing_kji):
            yield thing
        else:
            yield from brighter_parts(values, thing, highest_hu, spacing_kji)


def brighter_parts(values: np.ndarray, thing: Thing, highest_hu: float, spacing_kji: np.ndarray) -> Iterator[Thing]:
    """Yield what stands out of a thing above a higher level."""
    level = HIGHER * thing.level_hu
    if level > highest_hu:
        return
    inner = thing.inside & (values[thing.box] > level)
    for part in things_above(values[thing.box], inner, level, highest_hu, spacing_kji):
        moved = tuple(
            slice(own.start + outer.start, own.stop + outer.start)
            for own, outer in zip(part.box, thing.box, strict=True)
        )
        yield Thing(moved, part.inside, part.level_hu)


def patch_of(values: np.ndarray, bright: np.ndarray, thing: Thing, spacing_kji: np.ndarray) -> Patch | None:
    """Return a thing with the voxels around it that no other bright thing owns; None where too few are left."""
    inside = thing.inside
    own = values[thing.box]
    others = bright[thing.box] & ~inside
    around = binary_dilation(inside, structure=CONNECTED, iterations=_voxels(2.0, spacing_kji[1]))
    clear = ~binary_dilation(others, structure=CONNECTED)
    ring = around & ~binary_dilation(inside, structure=CONNECTED) & ~others
    if ring.sum() < 8:
        clear = np.ones_like(inside)
        ring = around & ~inside
        if ring.sum() < 8:
            return None
    kept = (around & clear) | inside
    index_kji = np.argwhere(kept) + np.array([part.start for part in thing.box])
    return Patch(
        points_mm=(index_kji * spacing_kji)[:, ::-1].astype(np.float64),
        observed_hu=own[kept].astype(np.float64),
        bright=inside[kept],
        background_hu=float(np.median(own[ring])),
        voxel_mm3=float(np.prod(spacing_kji)),
    )


def _is_too_much(inside: np.ndarray, spacing_kji: np.ndarray) -> bool:
    """Say whether a thing is thicker or larger than any seeds however they bloom: a prosthesis, a tooth, bone."""
    volume = inside.sum() * float(np.prod(spacing_kji))
    if volume < THICK_MM**3:
        return False
    if volume > LARGE_MM3:
        return True
    depth = distance_transform_edt(np.pad(inside, 1), sampling=np.minimum(spacing_kji, THICK_MM))
    return bool(depth.max() > THICK_MM)


def _voxels(length_mm: float, spacing_mm: float) -> int:
    return max(int(np.ceil(length_mm / spacing_mm)), 1)
