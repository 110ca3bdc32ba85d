"""Stored samples to the measured values of a volume: scale, field of view, memory."""

from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from trocar.dicom.deviations import Deviations
from trocar.dicom.files import parser_warnings
from trocar.dicom.lattice import Lattice
from trocar.dicom.pixels import bytes_needed, stored_frames
from trocar.dicom.slices import Slice, Source
from trocar.dicom.tolerance import Tolerance
from trocar.errors import RefusedObject
from trocar.geometry.volume import Quantity
from trocar.results.findings import Deviation

QUANTITIES = {"CT": Quantity.HOUNSFIELD, "MR": Quantity.MR_SIGNAL}
AIR_HU = -1024
"""Value given to samples outside the field of view whose padding value would otherwise pass for tissue."""
EMPTIEST_HU = -900
"""Padding below this passes for air and is left as it is."""
SOFTEST_AIR_HU = -200.0
"""Some voxel of every scan of a patient is emptier than this; if none is, the scale is not Hounsfield's."""
THREADS = 2
LARGEST_WHOLE = 2.0**30
"""Slopes and intercepts up to here keep 32-bit samples within 64-bit whole numbers."""


def quantity_of(slices: Sequence[Slice], tolerated: Set[Tolerance], noted: Deviations) -> Quantity:
    """Return what the values measure.

    Raises
    ------
    RefusedObject
        A CT states a unit other than HU, and that was not allowed.
    """
    quantity = QUANTITIES[slices[0].source.modality]
    units = sorted({each.scale.unit for each in slices})
    if quantity is not Quantity.HOUNSFIELD or set(units) <= {"", "HU"}:
        return quantity
    if Tolerance.UNIT_TAKEN_AS_HU not in tolerated:
        raise RefusedObject(
            "dicom.not-hounsfield",
            "{where}: the values of this CT are stated to be in {units}, not HU (image type {kind}); choose the series "
            "of original slices, or allow them to be taken as HU",
            where=slices[0].name,
            units=", ".join(unit or "-" for unit in units),
            kind="\\".join(slices[0].image_type),
        )
    noted.note(
        "dicom.unit-taken-as-hu",
        "the values are stated to be in {units}; they were taken as HU",
        where=slices[0].name,
        units=", ".join(unit or "-" for unit in units),
    )
    return quantity


def values_on(slices: Sequence[Slice], lattice: Lattice, *, budget_bytes: int, noted: Deviations) -> np.ndarray:
    """Return the voxels, read file by file in threads; float64 only where no smaller type holds them exactly.

    Raises
    ------
    RefusedObject
        They need more memory than allowed.
    UnreadableFile
        A file is damaged.
    """
    sources = {each.source.path: each.source for each in slices}
    _require_memory(sources.values(), lattice, budget_bytes)
    wanted: dict[Path, list[int]] = {}
    for index in sorted({index for plane in lattice.planes for index in (plane.first, plane.second)}):
        wanted.setdefault(slices[index].source.path, []).append(index)
    whole = all(_is_whole(number) for each in slices for number in (each.scale.slope, each.scale.intercept))
    measured: dict[int, np.ndarray] = {}
    with parser_warnings(), ThreadPoolExecutor(THREADS) as pool:

        def job(path: Path) -> tuple[dict[int, np.ndarray], tuple[Deviation, ...]]:
            return _measured(sources[path], slices, wanted[path], whole)

        # a deflated file is parsed again, which only the thread that holds the parser may do
        inflated = {path: job(path) for path in wanted if sources[path].pixels_at is None}
        jobs = {path: pool.submit(job, path) for path in wanted if path not in inflated}
        for path in wanted:
            planes, deviations = inflated[path] if path in inflated else jobs[path].result()
            measured.update(planes)
            noted.extend(deviations)
    return _stacked(measured, lattice, whole)


def _is_whole(number: float) -> bool:
    return number.is_integer() and abs(number) < LARGEST_WHOLE


def _stacked(measured: dict[int, np.ndarray], lattice: Lattice, whole: bool) -> np.ndarray:
    """Lay slices on their planes; a plane between two is mixed from them, whole numbers staying whole."""
    dtype = np.result_type(*{plane.dtype for plane in measured.values()})
    values = np.empty(lattice.grid.shape_kji, dtype=dtype)
    for k, plane in enumerate(lattice.planes):
        values[k] = measured[plane.first]
        if plane.share > 0.0:
            mixed = (1.0 - plane.share) * measured[plane.first] + plane.share * measured[plane.second].astype(float)
            values[k] = np.rint(mixed) if whole else mixed
    return values


def _require_memory(sources: Iterable[Source], lattice: Lattice, budget_bytes: int) -> None:
    layout = next(iter(sources)).layout
    voxels = lattice.grid.shape_kji[0] * layout.rows * layout.columns
    needed = 2 * voxels * (layout.bits_allocated // 8) + max(map(bytes_needed, sources))
    if needed > budget_bytes:
        raise RefusedObject(
            "dicom.image-too-large",
            "{n} slices of {rows} × {columns} need {needed_mib:.0f} MiB, more than the {budget_mib:.0f} MiB allowed; "
            "allow more if they are genuine",
            n=lattice.grid.shape_kji[0],
            rows=layout.rows,
            columns=layout.columns,
            needed_mib=needed / 2**20,
            budget_mib=budget_bytes / 2**20,
        )


def _measured(
    source: Source, slices: Sequence[Slice], indices: Sequence[int], whole: bool
) -> tuple[dict[int, np.ndarray], tuple[Deviation, ...]]:
    """Return the measured values of the wanted slices of one file."""
    noted = Deviations()
    wanted = {slices[index].frame: index for index in indices}
    planes = {}
    for frame, stored in enumerate(stored_frames(source, noted=noted)):
        if frame in wanted:
            planes[wanted[frame]] = _scaled(stored, slices[wanted[frame]], whole, noted)
    return planes, noted.found


def _scaled(stored: np.ndarray, one: Slice, whole: bool, noted: Deviations) -> np.ndarray:
    scale = one.scale
    if whole:
        ends = [int(end) * int(scale.slope) + int(scale.intercept) for end in (stored.min(), stored.max())]
        kind = next(each for each in (np.int16, np.int32, np.int64) if _holds(each, ends))
        values = (stored.astype(np.int64) * int(scale.slope) + int(scale.intercept)).astype(kind)
    else:
        exact = stored * scale.slope + scale.intercept
        single = exact.astype(np.float32)
        values = single if np.array_equal(single, exact) else exact
        if not np.isfinite(values).all():
            raise RefusedObject(
                "dicom.scale-overflows",
                "{where}: rescale slope {slope:g} and intercept {intercept:g} give values beyond any number",
                where=one.name,
                slope=scale.slope,
                intercept=scale.intercept,
            )
    if one.padding is not None and one.source.modality == "CT":
        _mark_padding(stored, values, one, noted)
    return values


def _holds(kind: type[np.signedinteger], ends: list[int]) -> bool:
    limits = np.iinfo(kind)
    return bool(limits.min <= min(ends) and max(ends) <= limits.max)


def _mark_padding(stored: np.ndarray, values: np.ndarray, one: Slice, noted: Deviations) -> None:
    """Make samples outside the field of view air where their padding value would pass for tissue."""
    low, high = one.padding or (0, 0)
    if not np.issubdtype(stored.dtype, np.signedinteger) and low < 0:
        low, high = (each % 2**one.source.layout.bits_allocated for each in (low, high))
    outside = (stored >= low) & (stored <= high)
    if not outside.any() or values[outside].max() < EMPTIEST_HU:
        return
    values[outside] = AIR_HU
    noted.note(
        "dicom.padding-made-air",
        "samples outside the field of view hold a padding value that reads as tissue; they were set to {air_hu} HU",
        where=one.source.name,
        air_hu=AIR_HU,
    )


def note_implausible_scale(values: np.ndarray, noted: Deviations) -> None:
    """Note a CT in which nothing is as empty as air."""
    if float(values.min()) > SOFTEST_AIR_HU:
        noted.note(
            "dicom.no-air",
            "no voxel is below {limit_hu:g} HU (the lowest is {least_hu:g}): there is no air, or the scale is not HU",
            limit_hu=SOFTEST_AIR_HU,
            least_hu=float(values.min()),
        )
