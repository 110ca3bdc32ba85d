"""DICOM Segmentation to values: binary, fractional and label map, on its own planes or on an image's grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trocar.dicom.attributes import Attributes
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import MEMORY_BUDGET_BYTES, read_header
from trocar.dicom.lattice import SAME_PLANE_WITHIN_MM, whole_steps
from trocar.dicom.pixels import bytes_needed, stored_frames
from trocar.dicom.segmentation import Algorithm, Code, Segment, Segmentation, Share, block_of
from trocar.dicom.slices import Source, in_plane_spacing, plane_axes, source_of
from trocar.dicom.uids import derived_uid
from trocar.errors import RefusedObject
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume, require_same_frame
from trocar.results.findings import Reading

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.7"

ON_VOXEL_WITHIN = 0.01
"""Distance, in voxels, within which a plane counts as lying on the voxels of a grid."""
UNKNOWN = Code(value="261665006", scheme="SCT", meaning="Unknown")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Frame:
    """Place of one frame, and the segment it shows (0 in a label map)."""

    position_lps_mm: np.ndarray
    axes: np.ndarray
    spacing_ij_mm: tuple[float, float]
    spacing_mm: float | None
    thickness_mm: float | None
    segment: int


def read_seg(
    path: Path, *, on: Grid | Volume | None = None, budget_bytes: int = MEMORY_BUDGET_BYTES
) -> Reading[Segmentation]:
    """Return the segments of a DICOM Segmentation.

    Parameters
    ----------
    path
        The file.
    on
        Where to lay the segments: the grid of the image they were drawn on, or its volume, whose frame of reference
        must then be theirs; each frame must lie on its voxels. None to use the frames' own planes, from the first to
        the last that holds anything.
    budget_bytes
        Largest memory the frames may take.

    Raises
    ------
    RefusedObject
        It is no segmentation, its frames lie on no even planes, or not on the voxels of the grid.
    GeometryError
        It lies in another frame of reference than the volume.
    UnreadableFile
        It is damaged.
    """
    noted = Deviations()
    header = read_header(path, noted=noted, budget_bytes=budget_bytes)
    attributes = Attributes.of(header.dataset, where=Path(path).name, noted=noted)
    if attributes.uid("SOPClassUID") not in (SEGMENTATION, LABEL_MAP_SEGMENTATION):
        attributes.refuse("SOPClassUID", attributes.uid("SOPClassUID"), "a DICOM Segmentation")
    source = source_of(Path(path), header, attributes, modality="SEG", bits_allocated=(1, 8, 16))
    _require_memory(source, source.frames, budget_bytes)
    frames = _frames(source, attributes)
    frame_uid = _frame_uid(source, attributes)
    if isinstance(on, Volume):
        require_same_frame(frame_uid, on.frame_uid, first=source.name, second="the image")
    grid = on.grid if isinstance(on, Volume) else on
    whole = _own_grid(source, frames, noted) if grid is None else grid
    _require_memory(source, whole.shape_kji[0], budget_bytes)
    starts = [_start(frame, whole, source) for frame in frames]
    segmentation = Segmentation(
        label=attributes.text_or("ContentDescription", "").strip() or attributes.text_or("ContentLabel", "").strip(),
        patient=source.patient,
        study_uid=source.study_uid,
        frame_uid=frame_uid,
        grid=whole,
        share=_share(attributes),
        segments=_segments(source, attributes, frames, starts, noted),
    )
    return Reading(value=segmentation, deviations=noted.found)


def _require_memory(source: Source, planes: int, budget_bytes: int) -> None:
    voxels = source.layout.rows * source.layout.columns * planes
    if 4 * voxels + bytes_needed(source) > budget_bytes:
        raise RefusedObject(
            "dicom.image-too-large",
            "{n} slices of {rows} × {columns} need {needed_mib:.0f} MiB, more than the {budget_mib:.0f} MiB allowed; "
            "allow more if they are genuine",
            n=planes,
            rows=source.layout.rows,
            columns=source.layout.columns,
            needed_mib=4 * voxels / 2**20,
            budget_mib=budget_bytes / 2**20,
        )


def _share(attributes: Attributes) -> Share:
    """Return what a voxel's number says."""
    kind = attributes.text("SegmentationType").strip().upper()
    if kind in ("BINARY", "LABELMAP"):
        return Share.WHOLE
    if kind != "FRACTIONAL":
        attributes.refuse("SegmentationType", kind, "BINARY, FRACTIONAL, LABELMAP")
    choices = {each.name: each for each in (Share.PROBABILITY, Share.OCCUPANCY)}
    return attributes.choice("SegmentationFractionalType", choices)


def _frame_uid(source: Source, attributes: Attributes) -> str:
    stated = attributes.uid_or("FrameOfReferenceUID", "")
    if not stated:
        attributes.noted.note(
            "dicom.frame-absent",
            "no frame of reference is stated; the series was given one of its own, which no other object shares",
            where=source.name,
        )
    return stated or derived_uid("frame of reference", source.series_uid)


# --- where the frames are ---------------------------------------------------------------------------------------------


def _frames(source: Source, attributes: Attributes) -> tuple[_Frame, ...]:
    shared = attributes.first_item_or_none("SharedFunctionalGroupsSequence")
    described = attributes.items("PerFrameFunctionalGroupsSequence")
    if len(described) != source.frames:
        raise RefusedObject(
            "dicom.frames-undescribed",
            "{where} holds {frames} frames but describes {described}; without position and orientation of each they "
            "make no volume",
            where=attributes.where,
            frames=source.frames,
            described=len(described),
        )
    is_label_map = attributes.text("SegmentationType").strip().upper() == "LABELMAP"
    return tuple(_frame(each, shared, is_label_map=is_label_map) for each in described)


def _frame(own: Attributes, shared: Attributes | None, *, is_label_map: bool) -> _Frame:
    def group(keyword: str) -> Attributes:
        found = own.first_item_or_none(keyword)
        if found is None and shared is not None:
            found = shared.first_item_or_none(keyword)
        return own.required_items(keyword)[0] if found is None else found

    measures = group("PixelMeasuresSequence")
    return _Frame(
        position_lps_mm=group("PlanePositionSequence").numbers("ImagePositionPatient", 3),
        axes=np.stack(plane_axes(group("PlaneOrientationSequence"))),
        spacing_ij_mm=in_plane_spacing(measures),
        spacing_mm=measures.number_or_none("SpacingBetweenSlices"),
        thickness_mm=measures.number_or_none("SliceThickness"),
        segment=0 if is_label_map else group("SegmentIdentificationSequence").integer("ReferencedSegmentNumber"),
    )


def _own_grid(source: Source, frames: Sequence[_Frame], noted: Deviations) -> Grid:
    """Return the grid of the frames' own planes; those without anything in them are not stored, so gaps are normal."""
    first = frames[0]
    _require_one_plane_direction(frames, source)
    normal = np.cross(*first.axes)
    normal /= np.linalg.norm(normal)
    positions = _planes(frames, normal)
    stated_mm = abs(first.spacing_mm or first.thickness_mm or 0.0)
    count, step = 1, normal * (stated_mm or 1.0)
    if len(positions) > 1:
        steps = _even_steps(positions, normal, stated_mm, source)
        count, step = int(steps[-1]) + 1, (positions[-1] - positions[0]) / steps[-1]
    elif not stated_mm:
        noted.note(
            "dicom.seg-thickness-absent",
            "the segments lie on one plane whose thickness is not stated; 1 mm was taken",
            where=source.name,
        )
    steps_lps_mm = np.stack([*(first.axes * np.array(first.spacing_ij_mm)[:, None]), step])
    return Grid(
        shape_kji=(count, source.layout.rows, source.layout.columns),
        lps_from_ijk=affine_from_axes(origin_lps_mm=positions[0], steps_lps_mm=steps_lps_mm),
    )


def _require_one_plane_direction(frames: Sequence[_Frame], source: Source) -> None:
    first = frames[0]
    for frame in frames:
        if np.abs(frame.axes - first.axes).max() > 1e-3 or not np.allclose(frame.spacing_ij_mm, first.spacing_ij_mm):
            raise RefusedObject(
                "dicom.seg-planes-differ",
                "{file}: frames differ in orientation or spacing, so they make no volume",
                file=source.name,
            )


def _planes(frames: Sequence[_Frame], normal: np.ndarray) -> np.ndarray:
    """Return the position of each plane once, sorted along the normal."""
    positions = np.stack([frame.position_lps_mm for frame in frames])
    positions = positions[np.argsort(positions @ normal, kind="stable")]
    is_new = np.diff(positions @ normal, prepend=-np.inf) > SAME_PLANE_WITHIN_MM
    return np.asarray(positions[is_new])


def _even_steps(positions: np.ndarray, normal: np.ndarray, stated_mm: float, source: Source) -> np.ndarray:
    gaps = np.diff(positions @ normal)
    steps = whole_steps(positions, normal, base_mm=stated_mm)
    if steps is None:
        raise RefusedObject(
            "dicom.seg-planes-uneven",
            "{file}: frames do not lie on even planes in line (distances from {least_mm:.3f} to {greatest_mm:.3f} mm)",
            file=source.name,
            least_mm=float(gaps.min()),
            greatest_mm=float(gaps.max()),
        )
    return steps


def _start(frame: _Frame, grid: Grid, source: Source) -> tuple[int, int, int]:
    """Return the voxel (k, j, i) of a grid on which the first sample of a frame lies.

    Raises
    ------
    RefusedObject
        The frame does not lie on the voxels of the grid, or reaches beyond it.
    """
    shape = np.array([source.layout.columns, source.layout.rows, 1])
    ends = np.array([(0, 0), (shape[0] - 1, 0), (0, shape[1] - 1)])
    steps = frame.axes * np.array(frame.spacing_ij_mm)[:, None]
    corners = grid.index_ijk(frame.position_lps_mm + ends @ steps)
    start = np.rint(corners[0])
    expected = start + np.hstack([ends, np.zeros((3, 1))])
    beyond = (start < 0).any() or (start + shape > np.array(grid.shape_kji[::-1])).any()
    if beyond or np.abs(corners - expected).max() > ON_VOXEL_WITHIN:
        raise RefusedObject(
            "dicom.seg-off-grid",
            "{file}: a frame at {position} mm does not lie on the voxels of the image; give the image it was drawn on, "
            "or read the segments on their own planes",
            file=source.name,
            position=[round(float(each), 3) for each in frame.position_lps_mm],
        )
    i, j, k = (int(each) for each in start)
    return k, j, i


# --- what the frames hold ---------------------------------------------------------------------------------------------


def _segments(
    source: Source,
    attributes: Attributes,
    frames: Sequence[_Frame],
    starts: Sequence[tuple[int, int, int]],
    noted: Deviations,
) -> tuple[Segment, ...]:
    described = {each.integer("SegmentNumber"): each for each in attributes.required_items("SegmentSequence")}
    kind = attributes.text("SegmentationType").strip().upper()
    greatest = attributes.number("MaximumFractionalValue") if kind == "FRACTIONAL" else 1.0
    if greatest <= 0.0:
        attributes.refuse("MaximumFractionalValue", f"{greatest:g}", "a positive number")
    planes: dict[int, dict[tuple[int, int, int], np.ndarray]] = {number: {} for number in described if number > 0}
    for frame, start, stored in zip(frames, starts, stored_frames(source, noted=noted), strict=True):
        shown = planes if kind == "LABELMAP" else {frame.segment: planes.get(frame.segment)}
        for number, own in shown.items():
            if own is None or start in own:
                raise RefusedObject(
                    "dicom.seg-frame-unclear",
                    "{file}: segment {number} is not described, or has two frames at one place",
                    file=source.name,
                    number=number,
                )
            inside = stored == number if kind == "LABELMAP" else stored
            if inside.any():
                own[start] = _share_of(inside, kind, greatest, source)
    return tuple(_segment(described[number], number, own, kind) for number, own in sorted(planes.items()))


def _share_of(stored: np.ndarray, kind: str, greatest: float, source: Source) -> np.ndarray:
    if kind != "FRACTIONAL":
        return stored > 0
    if stored.max() > greatest:
        raise RefusedObject(
            "dicom.seg-fraction-too-large",
            "{file}: a voxel holds {given}, more than the stated maximum of {greatest:g}",
            file=source.name,
            given=int(stored.max()),
            greatest=greatest,
        )
    return np.asarray(stored / np.float32(greatest), dtype=np.float32)


def _segment(attributes: Attributes, number: int, planes: dict[tuple[int, int, int], np.ndarray], kind: str) -> Segment:
    start, block = _joined(planes, np.dtype(np.float32 if kind == "FRACTIONAL" else np.bool_))
    lab = attributes.numbers_or_none("RecommendedDisplayCIELabValue", 3)
    algorithms = {each.value: each for each in Algorithm}
    return Segment(
        number=number,
        label=attributes.text_or("SegmentLabel", "").strip(),
        category=_code(attributes, "SegmentedPropertyCategoryCodeSequence"),
        kind=_code(attributes, "SegmentedPropertyTypeCodeSequence"),
        start_kji=start,
        block=block,
        algorithm=attributes.choice("SegmentAlgorithmType", algorithms),
        algorithm_name=attributes.text_or("SegmentAlgorithmName", "").strip(),
        description=attributes.text_or("SegmentDescription", "").strip(),
        colour_lab=None if lab is None else (int(lab[0]), int(lab[1]), int(lab[2])),
        tracking_id=attributes.text_or("TrackingID", ""),
        tracking_uid=attributes.uid_or("TrackingUID", ""),
    )


def _joined(
    planes: dict[tuple[int, int, int], np.ndarray], dtype: np.dtype[np.generic]
) -> tuple[tuple[int, int, int], np.ndarray]:
    """Return the block that holds all planes of a segment, from planes that hold something each."""
    if not planes:
        return (0, 0, 0), np.zeros((1, 1, 1), dtype=dtype)
    corners = np.array(list(planes))
    low = corners.min(axis=0)
    high = (corners + [(1, *plane.shape) for plane in planes.values()]).max(axis=0)
    whole = np.zeros(tuple(high - low), dtype=dtype)
    for (k, j, i), plane in planes.items():
        rows, columns = plane.shape
        whole[k - low[0], j - low[1] : j - low[1] + rows, i - low[2] : i - low[2] + columns] = plane
    start, block = block_of(whole)
    return (int(low[0]) + start[0], int(low[1]) + start[1], int(low[2]) + start[2]), block


def _code(attributes: Attributes, keyword: str) -> Code:
    item = attributes.first_item_or_none(keyword)
    if item is None:
        attributes.noted.note(
            "dicom.seg-code-absent",
            "{attribute} is not stated; what the segment is follows from its label only",
            where=attributes.file,
            attribute=keyword,
        )
        return UNKNOWN
    return Code(
        value=item.text_or("CodeValue", "").strip() or item.text_or("LongCodeValue", "").strip(),
        scheme=item.text_or("CodingSchemeDesignator", "").strip(),
        meaning=item.text_or("CodeMeaning", "").strip(),
    )
