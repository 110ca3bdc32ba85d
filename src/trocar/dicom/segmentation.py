"""Segments on a grid: what a DICOM Segmentation holds, as values."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float, Shaped

from trocar.errors import GeometryError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Patient


class Share(Enum):
    """What the number in a voxel says."""

    WHOLE = "inside or outside"
    PROBABILITY = "probability of being inside"
    OCCUPANCY = "share of the voxel that is inside"


class Algorithm(Enum):
    """Who drew a segment (PS3.3 C.8.20.4)."""

    MANUAL = "MANUAL"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    AUTOMATIC = "AUTOMATIC"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Code(Value):
    """A term of a coding scheme, as ``T-62000`` of ``SRT``: Liver."""

    value: str
    scheme: str
    meaning: str


TISSUE = Code(value="85756007", scheme="SCT", meaning="Tissue")
ORGAN = Code(value="113343008", scheme="SCT", meaning="Organ")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment(Value):
    """One segment, kept as the block of voxels that holds it.

    Parameters
    ----------
    number
        From 1, unique in its segmentation.
    label
        As people call it.
    category, kind
        Coded: the broad class (tissue, organ, ...) and what exactly it is.
    start_kji
        Index of the first voxel of the block.
    block
        Bool where voxels are inside or outside, float32 from 0 to 1 where they are shared.
    algorithm, algorithm_name
        Who drew it.
    description
        Free text.
    colour_lab
        Recommended display colour as DICOM's scaled CIELab; None where not stated.
    tracking_id, tracking_uid
        Name under which it is followed from scan to scan; empty where not.
    """

    number: int
    label: str
    category: Code
    kind: Code
    start_kji: tuple[int, int, int]
    block: Shaped[np.ndarray, "k j i"]
    algorithm: Algorithm = Algorithm.MANUAL
    algorithm_name: str = ""
    description: str = ""
    colour_lab: tuple[int, int, int] | None = None
    tracking_id: str = ""
    tracking_uid: str = ""

    def __post_init__(self) -> None:
        dtype = np.bool_ if self.block.dtype == np.bool_ else np.float32
        object.__setattr__(self, "block", frozen_array(self.block, dtype))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation(Value):
    """Segments drawn on one grid; they may overlap.

    Raises
    ------
    GeometryError
        A segment does not lie within the grid, or two have one number.
    """

    label: str
    patient: Patient
    study_uid: str
    frame_uid: str
    grid: Grid
    share: Share
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        numbers = [segment.number for segment in self.segments]
        outside = [segment.label for segment in self.segments if not _fits(segment, self.grid.shape_kji)]
        if outside or len(set(numbers)) < len(numbers) or min(numbers, default=1) < 1:
            raise GeometryError(
                "dicom.segments-inconsistent",
                "segments {outside} reach beyond the grid, or numbers {numbers} are not one for each, from 1",
                outside=outside,
                numbers=numbers,
            )

    def numbered(self, number: int) -> Segment:
        """Return the segment of a number.

        Raises
        ------
        GeometryError
            There is none.
        """
        found = next((segment for segment in self.segments if segment.number == number), None)
        if found is None:
            raise GeometryError(
                "dicom.no-such-segment",
                "there is no segment {given}; there are: {numbers}",
                given=number,
                numbers=[segment.number for segment in self.segments],
            )
        return found

    def values(self, number: int) -> Shaped[np.ndarray, "k j i"]:
        """Return a segment on the whole grid: bool, or float32 shares."""
        segment = self.numbered(number)
        values = np.zeros(self.grid.shape_kji, dtype=segment.block.dtype)
        values[block_slices(segment)] = segment.block
        return values

    def mask(self, number: int) -> Bool[np.ndarray, "k j i"]:
        """Return the voxels of a segment; of a shared one those that are inside for at least one half."""
        return self.values(number) >= 0.5 if self.share is not Share.WHOLE else self.values(number)

    def fraction(self, number: int) -> Float[np.ndarray, "k j i"]:
        """Return a segment as shares from 0 to 1."""
        return self.values(number).astype(np.float32)

    @property
    def overlaps(self) -> bool:
        """Whether a voxel belongs to two segments."""
        count = np.zeros(self.grid.shape_kji, dtype=np.uint16)
        for segment in self.segments:
            count[block_slices(segment)] += segment.block > 0
        return bool(count.max(initial=0) > 1)

    def labels(self) -> Volume:
        """Return one volume of segment numbers, 0 outside.

        Raises
        ------
        GeometryError
            Segments overlap, so one number a voxel cannot say it.
        """
        if self.overlaps:
            raise GeometryError(
                "dicom.segments-overlap",
                "the segments overlap, so one label a voxel cannot hold them; use the mask of each",
            )
        labels = np.zeros(self.grid.shape_kji, dtype=np.uint16)
        for segment in self.segments:
            labels[block_slices(segment)][segment.block > 0] = segment.number
        return Volume.owning(grid=self.grid, values_kji=labels, quantity=Quantity.LABEL, frame_uid=self.frame_uid)


def segment_of(
    values_kji: Shaped[np.ndarray, "k j i"],
    *,
    number: int,
    label: str,
    category: Code = TISSUE,
    kind: Code = TISSUE,
    algorithm: Algorithm = Algorithm.MANUAL,
    algorithm_name: str = "",
) -> Segment:
    """Return the segment of a mask, or of shares, on the whole grid; only the block that holds it is kept.

    Parameters
    ----------
    values_kji
        Bool, or shares from 0 to 1.
    number, label, category, kind, algorithm, algorithm_name
        As in `Segment`.
    """
    start, block = block_of(values_kji)
    return Segment(
        number=number,
        label=label,
        category=category,
        kind=kind,
        start_kji=start,
        block=block,
        algorithm=algorithm,
        algorithm_name=algorithm_name,
    )


def block_of(values_kji: Shaped[np.ndarray, "k j i"]) -> tuple[tuple[int, int, int], np.ndarray]:
    """Return the first index and the smallest block that holds all that is not zero; one voxel where all is."""
    within = [np.flatnonzero(values_kji.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if within[0].size == 0:
        return (0, 0, 0), values_kji[:1, :1, :1]
    block = values_kji[tuple(slice(int(found[0]), int(found[-1]) + 1) for found in within)]
    return (int(within[0][0]), int(within[1][0]), int(within[2][0])), block


def block_slices(segment: Segment) -> tuple[slice, slice, slice]:
    """Return where in the whole grid the block of a segment lies."""
    k, j, i = segment.start_kji
    nk, nj, ni = segment.block.shape
    return slice(k, k + nk), slice(j, j + nj), slice(i, i + ni)


def _fits(segment: Segment, shape_kji: tuple[int, int, int]) -> bool:
    return all(
        start >= 0 and start + size <= whole
        for start, size, whole in zip(segment.start_kji, segment.block.shape, shape_kji, strict=True)
    )
