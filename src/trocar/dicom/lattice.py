"""Slices to a lattice: their order, the step between them, and by name what is missing, double or uneven.

Nothing is averaged away. Planes that do not lie evenly on one straight line are refused, with their positions; what
may be allowed is in `trocar.dicom.tolerance`. The step may be oblique to the slices: a tilted gantry gives a sheared
grid.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from trocar.dicom.deviations import Deviations
from trocar.dicom.slices import Slice
from trocar.dicom.tolerance import Tolerance
from trocar.errors import RefusedObject
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.grid import Grid

SAME_PLANE_WITHIN_MM = 0.01
"""Slices closer along their normal are at one place; scanners do not reconstruct finer than 0.1 mm."""
EVEN_WITHIN_MM = 0.01
"""Distance from even planes that rounding of positions to hundredths explains."""
ROUNDED_WITHIN_MM = 0.1
"""Distance from even planes that rounding of positions to tenths explains: accepted, and reported."""
ROUNDED_SHARE = 0.1
"""... but at most this share of the spacing."""
LISTED_AT_MOST = 20
PLANES_AT_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """What one plane of the volume is made of: one slice, or two, the second with a share."""

    first: int
    second: int
    share: float = 0.0

    @property
    def nearest(self) -> int:
        """The slice that contributes most."""
        return self.second if self.share > 0.5 else self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """Where the voxels are, and which slice each plane comes from (index into the slices given)."""

    grid: Grid
    planes: tuple[Plane, ...]


def lattice_of(slices: Sequence[Slice], *, tolerated: Set[Tolerance], noted: Deviations) -> Lattice:
    """Return the even lattice on which slices of one orientation and spacing lie, ordered along their normal.

    Parameters
    ----------
    slices
        All of one orientation, in-plane spacing and size.
    tolerated
        Faults allowed.
    noted
        Takes what was tolerated.

    Raises
    ------
    RefusedObject
        Slices are double, missing, unevenly spaced or not in line, and that was not allowed.
    """
    order = _without_doubles(slices, order_along_normal(slices), tolerated=tolerated, noted=noted)
    positions = np.stack([slices[index].position_lps_mm for index in order])
    if len(order) == 1:
        return _single(slices, order[0], noted)
    steps = whole_steps(positions, slices[order[0]].normal)
    if steps is None or steps[-1] + 1 != len(order):
        return _interpolated(slices, order, positions, steps, tolerated=tolerated, noted=noted)
    step = (positions[-1] - positions[0]) / (len(order) - 1)
    _note_rounding(positions, positions[0] + np.arange(len(order))[:, None] * step, slices[order[0]], noted)
    grid = _grid(slices[order[0]], origin=positions[0], step=step, count=len(order))
    return Lattice(grid=grid, planes=tuple(Plane(first=index, second=index) for index in order))


def order_along_normal(slices: Sequence[Slice]) -> list[int]:
    """Return indices sorted along the normal of the first slice, and by instance number where at one place."""
    distance = distances_mm(slices)
    return sorted(range(len(slices)), key=lambda index: (distance[index], slices[index].number or 0))


def distances_mm(slices: Sequence[Slice]) -> Float[np.ndarray, " n"]:
    """Return the positions along the normal of the first slice; those at one place are made equal."""
    normal = slices[0].normal
    along = np.stack([each.position_lps_mm for each in slices]) @ normal
    order = np.argsort(along, kind="stable")
    equal = np.array(along)
    for before, here in pairwise(order):
        if along[here] - along[before] < SAME_PLANE_WITHIN_MM:
            equal[here] = equal[before]
    return equal


def has_doubles(slices: Sequence[Slice]) -> bool:
    """Say whether two slices lie at one place."""
    return len(set(distances_mm(slices).tolist())) < len(slices)


def is_even(slices: Sequence[Slice]) -> bool:
    """Say whether slices make a lattice with none missing or double."""
    if len(slices) == 1:
        return True
    if has_doubles(slices):
        return False
    positions = np.stack([slices[index].position_lps_mm for index in order_along_normal(slices)])
    steps = whole_steps(positions, slices[0].normal)
    return steps is not None and bool(steps[-1] + 1 == len(slices))


def place(one: Slice) -> str:
    """Return the position of a slice along the patient axis it crosses most, as ``z = -12.50``."""
    axis = int(np.argmax(np.abs(one.normal)))
    return f"{'xyz'[axis]} = {one.position_lps_mm[axis]:.2f}"


def places(texts: Sequence[str]) -> str:
    """Return a list for a message, cut when long."""
    shown = "; ".join(texts[:LISTED_AT_MOST])
    return shown if len(texts) <= LISTED_AT_MOST else f"{shown}; … ({len(texts)})"


def _without_doubles(
    slices: Sequence[Slice], order: list[int], *, tolerated: Set[Tolerance], noted: Deviations
) -> list[int]:
    distance = distances_mm(slices)
    kept: list[int] = []
    double: list[str] = []
    for index in order:
        if kept and distance[index] == distance[kept[-1]]:
            double.append(f"{place(slices[index])} ({slices[kept[-1]].name}, {slices[index].name})")
        else:
            kept.append(index)
    if double and Tolerance.DUPLICATES_FIRST_KEPT not in tolerated:
        raise RefusedObject(
            "dicom.slices-double",
            "{n} slices lie where another one does: {places}; remove what does not belong, or allow the one of the "
            "lowest instance number to be kept",
            n=len(double),
            places=places(double),
        )
    if double:
        noted.note(
            "dicom.double-slices-dropped",
            "{n} slices lay where another one did and were left out: {places}",
            n=len(double),
            places=places(double),
        )
    return kept


def whole_steps(positions: np.ndarray, normal: np.ndarray, *, base_mm: float | None = None) -> np.ndarray | None:
    """Return how many even steps each position is from the first, None if they are not on even planes in line.

    Parameters
    ----------
    positions
        Sorted along the normal, no two at one place.
    normal
        Unit vector.
    base_mm
        Distance of planes to try first; then the median and the least distance of neighbours are tried.
    """
    gaps = np.diff(positions @ normal)
    for base in (base_mm or float(np.median(gaps)), float(np.median(gaps)), float(gaps.min())):
        count = np.rint(gaps / base)
        if count.min() < 1 or count.sum() > PLANES_AT_MOST:
            continue
        steps = np.concatenate([[0.0], np.cumsum(count)])
        even = positions[0] + steps[:, None] / steps[-1] * (positions[-1] - positions[0])
        off_mm = float(np.linalg.norm(positions - even, axis=1).max())
        if off_mm <= _allowed_off_mm(float(gaps.sum() / steps[-1])):
            return steps.astype(int)
    return None


def _allowed_off_mm(spacing_mm: float) -> float:
    return max(EVEN_WITHIN_MM, min(ROUNDED_WITHIN_MM, ROUNDED_SHARE * spacing_mm))


def _note_rounding(positions: np.ndarray, even: np.ndarray, one: Slice, noted: Deviations) -> None:
    off_mm = float(np.linalg.norm(positions - even, axis=1).max())
    if off_mm > EVEN_WITHIN_MM:
        noted.note(
            "dicom.positions-rounded",
            "slice positions are up to {off_mm:.3f} mm off even planes, as if rounded; they were placed evenly",
            where=one.source.name,
            off_mm=off_mm,
        )


def _interpolated(
    slices: Sequence[Slice],
    order: list[int],
    positions: np.ndarray,
    steps: np.ndarray | None,
    *,
    tolerated: Set[Tolerance],
    noted: Deviations,
) -> Lattice:
    """Lay even planes over a gap, or over uneven slices, if that is allowed."""
    first, normal = slices[order[0]], slices[order[0]].normal
    along = (positions - positions[0]) @ normal
    line = (positions[-1] - positions[0]) / along[-1]
    off_mm = float(np.linalg.norm(positions - positions[0] - along[:, None] * line, axis=1).max())
    if off_mm > ROUNDED_WITHIN_MM:
        raise RefusedObject(
            "dicom.slices-not-in-line",
            "the first samples of the slices lie up to {off_mm:.2f} mm off one straight line; they belong to different "
            "scans or were moved one by one",
            off_mm=off_mm,
        )
    if steps is not None:
        planes_at = np.arange(steps[-1] + 1) * (along[-1] / steps[-1])
        absent = np.setdiff1d(np.arange(steps[-1] + 1), steps)
        _name_gaps(first, positions[0] + planes_at[absent, None] * line, tolerated=tolerated, noted=noted)
    else:
        count = round(float(along[-1] / np.diff(along).min()))
        starts = [(slices[order[index]], float(np.diff(along)[index])) for index in _changes(np.diff(along))]
        _name_uneven(starts, count, tolerated=tolerated, noted=noted)
        planes_at = np.arange(count + 1) * (along[-1] / count)
    grid = _grid(first, origin=positions[0], step=line * (planes_at[1] - planes_at[0]), count=len(planes_at))
    return Lattice(grid=grid, planes=tuple(_plane_at(float(at), along, order) for at in planes_at))


def _plane_at(at: float, along: np.ndarray, order: list[int]) -> Plane:
    above = int(np.clip(np.searchsorted(along, at), 1, len(along) - 1))
    share = float(np.clip((at - along[above - 1]) / (along[above] - along[above - 1]), 0.0, 1.0))
    if min(share, 1.0 - share) * (along[above] - along[above - 1]) < EVEN_WITHIN_MM:
        index = order[above if share > 0.5 else above - 1]
        return Plane(first=index, second=index)
    return Plane(first=order[above - 1], second=order[above], share=share)


def _name_gaps(first: Slice, absent_lps_mm: np.ndarray, *, tolerated: Set[Tolerance], noted: Deviations) -> None:
    axis = int(np.argmax(np.abs(first.normal)))
    missing = places([f"{'xyz'[axis]} = {position[axis]:.2f}" for position in absent_lps_mm])
    if Tolerance.GAPS_INTERPOLATED not in tolerated:
        raise RefusedObject(
            "dicom.slices-missing",
            "{n} slices are missing, at {places} mm; send the whole series again (only the Python library interpolates "
            "them, where that is allowed by name)",
            n=len(absent_lps_mm),
            places=missing,
        )
    noted.note(
        "dicom.slices-interpolated",
        "{n} slices were missing and were interpolated between their neighbours: {places} mm",
        n=len(absent_lps_mm),
        places=missing,
    )


def _name_uneven(
    starts: Sequence[tuple[Slice, float]], count: int, *, tolerated: Set[Tolerance], noted: Deviations
) -> None:
    """Name the runs of equal spacing, each by its first slice and its spacing in mm."""
    runs = places([f"{place(one)} … +{gap_mm:.3f}" for one, gap_mm in starts])
    if count > PLANES_AT_MOST or Tolerance.GAPS_INTERPOLATED not in tolerated:
        raise RefusedObject(
            "dicom.slices-uneven",
            "the distance between slices changes, from {least_mm:.3f} to {greatest_mm:.3f} mm: {places} mm; give the "
            "slices of one spacing only (only the Python library interpolates onto even planes, where that is allowed "
            "by name)",
            least_mm=min(gap_mm for _, gap_mm in starts),
            greatest_mm=max(gap_mm for _, gap_mm in starts),
            places=runs,
        )
    noted.note(
        "dicom.spacing-interpolated",
        "the distance between slices changes ({places} mm); they were interpolated onto even planes",
        places=runs,
    )


def _changes(gaps: np.ndarray) -> list[int]:
    """Return where a run of equal gaps begins."""
    return [index for index in range(len(gaps)) if index == 0 or abs(gaps[index] - gaps[index - 1]) > EVEN_WITHIN_MM]


def _single(slices: Sequence[Slice], index: int, noted: Deviations) -> Lattice:
    one = slices[index]
    thickness = one.thickness_mm or one.spacing_mm
    if thickness is None:
        raise RefusedObject(
            "dicom.single-slice-without-thickness",
            "{where} is a single slice and states no thickness, so its voxels have no volume; give the whole series",
            where=one.name,
        )
    noted.note(
        "dicom.single-slice",
        "there is only one slice; its thickness of {thickness_mm:g} mm was taken as the distance to its neighbours",
        where=one.name,
        thickness_mm=thickness,
    )
    grid = _grid(one, origin=one.position_lps_mm, step=one.normal * thickness, count=1)
    return Lattice(grid=grid, planes=(Plane(first=index, second=index),))


def _grid(one: Slice, *, origin: np.ndarray, step: np.ndarray, count: int) -> Grid:
    steps = np.stack([one.axis_i * one.spacing_ij_mm[0], one.axis_j * one.spacing_ij_mm[1], step])
    layout = one.source.layout
    return Grid(
        shape_kji=(count, layout.rows, layout.columns),
        lps_from_ijk=affine_from_axes(origin_lps_mm=np.array(origin), steps_lps_mm=steps),
    )
