"""Where the voxels of an RT Dose lie: both forms of the Grid Frame Offset Vector (PS3.3 C.8.8.3.2), any pose."""

import numpy as np
from jaxtyping import Float

from trocar.dicom.attributes import Attributes
from trocar.dicom.private import read_private
from trocar.errors import RefusedObject
from trocar.geometry.affine import affine_from_axes
from trocar.geometry.grid import ORTHOGONAL_WITHIN, Grid

EVEN_WITHIN_MM = 0.002
"""Departure of a frame from equal spacing that is rounding: offsets are often written to 0.001 mm."""

EVEN_AT_ALL_MM = 0.05
"""Departure from equal spacing up to which frames are placed evenly, and the departure is noted."""

_UNIT_WITHIN = 1e-3
_OFFSET_WITHIN_MM = 1e-3


def read_dose_grid(attributes: Attributes) -> Grid:
    """Return the grid of an RT Dose.

    Raises
    ------
    RefusedObject
        No grid, axes not at right angles, or frames at unequal distances.
    """
    if not attributes.has("Rows") or "PixelData" not in attributes.dataset:
        raise RefusedObject(
            "rtdose.no-grid",
            "{file} holds no dose grid (histograms or points only); export the dose distribution",
            file=attributes.file,
        )
    rows, columns = attributes.integer("Rows"), attributes.integer("Columns")
    frames = attributes.integer_or_none("NumberOfFrames") or 1
    if min(rows, columns, frames) < 1:
        attributes.refuse("NumberOfFrames, Rows, Columns", f"{frames}, {rows}, {columns}", "1 or more")
    spacing = attributes.numbers("PixelSpacing", 2)
    if spacing.min() <= 0:
        attributes.refuse("PixelSpacing", str(spacing.tolist()), "distances above 0 mm")
    along_row, along_column = _axes(attributes)
    steps = np.stack(
        [
            along_row * spacing[1],
            along_column * spacing[0],
            _frame_step(attributes, np.cross(along_row, along_column), frames),
        ]
    )
    origin = attributes.numbers("ImagePositionPatient", 3)
    return Grid(
        shape_kji=(frames, rows, columns), lps_from_ijk=affine_from_axes(origin_lps_mm=origin, steps_lps_mm=steps)
    )


def _axes(attributes: Attributes) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
    cosines = attributes.numbers("ImageOrientationPatient", 6).reshape(2, 3)
    lengths = np.linalg.norm(cosines, axis=1)
    if np.abs(lengths - 1).max() > _UNIT_WITHIN:
        attributes.refuse("ImageOrientationPatient", str(cosines.ravel().tolist()), "two vectors of length 1")
    along_row, along_column = cosines / lengths[:, None]
    if abs(along_row @ along_column) > ORTHOGONAL_WITHIN:
        attributes.refuse("ImageOrientationPatient", str(cosines.ravel().tolist()), "two vectors at right angles")
    return along_row, along_column


def _frame_step(attributes: Attributes, normal_lps: Float[np.ndarray, " 3"], frames: int) -> Float[np.ndarray, " 3"]:
    """Return the vector from one frame to the next."""
    offsets = attributes.numbers_or_none("GridFrameOffsetVector")
    if frames == 1:
        return normal_lps * _thickness(attributes)
    if offsets is None or offsets.size != frames:
        raise RefusedObject(
            "rtdose.offsets-missing",
            "{file} has {frames} frames but states the place of {given}; export the dose again",
            file=attributes.file,
            frames=frames,
            given=0 if offsets is None else offsets.size,
        )
    direction = _offset_direction(attributes, normal_lps, offsets)
    return direction * _even_step(attributes, offsets)


def _offset_direction(
    attributes: Attributes, normal_lps: Float[np.ndarray, " 3"], offsets: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " 3"]:
    """Return along what the offsets count: the normal if they start at 0, patient z if they start at the first's z."""
    first_z = float(attributes.numbers("ImagePositionPatient", 3)[2])
    is_transverse = abs(abs(normal_lps[2]) - 1) < ORTHOGONAL_WITHIN**2
    starts_at_z = is_transverse and abs(offsets[0] - first_z) <= _OFFSET_WITHIN_MM
    if abs(offsets[0]) <= _OFFSET_WITHIN_MM:
        if starts_at_z and normal_lps[2] < 0 and not read_private(attributes):
            attributes.noted.note(
                "rtdose.offsets-ambiguous",
                "the first frame lies at z = 0 and the frames' normal points to the feet, so that the frame offsets "
                "can be read in two ways; they were read as offsets along the normal, as the standard puts first",
                where=attributes.file,
            )
        return normal_lps
    if starts_at_z:
        return np.array([0.0, 0.0, 1.0])
    raise RefusedObject(
        "rtdose.offsets-unclear",
        "{file}: the frame offsets start at {first} mm; they must start at 0 or, for transverse frames, at the z of "
        "the first frame, {first_z} mm",
        file=attributes.file,
        first=float(offsets[0]),
        first_z=first_z,
    )


def _even_step(attributes: Attributes, offsets: Float[np.ndarray, " n"]) -> float:
    step_mm = float(offsets[-1] - offsets[0]) / (offsets.size - 1)
    uneven_mm = float(np.abs(offsets - offsets[0] - step_mm * np.arange(offsets.size)).max())
    if abs(step_mm) < EVEN_AT_ALL_MM or uneven_mm > EVEN_AT_ALL_MM:
        raise RefusedObject(
            "rtdose.frames-uneven",
            "{file}: the frames lie at unequal distances (up to {uneven_mm:.3f} mm off an even {step_mm:.3f} mm); "
            "export the dose on an evenly spaced grid",
            file=attributes.file,
            uneven_mm=uneven_mm,
            step_mm=step_mm,
        )
    if uneven_mm > EVEN_WITHIN_MM:
        attributes.noted.note(
            "rtdose.frames-slightly-uneven",
            "the frames lie up to {uneven_mm:.3f} mm off an even spacing of {step_mm:.4f} mm; they were placed evenly",
            where=attributes.file,
            uneven_mm=uneven_mm,
            step_mm=step_mm,
        )
    return step_mm


def _thickness(attributes: Attributes) -> float:
    thickness_mm = attributes.number_or_none("SliceThickness")
    if thickness_mm is None or thickness_mm <= 0:
        raise RefusedObject(
            "rtdose.plane-without-thickness",
            "{file} holds a single plane of dose without a thickness; export the dose on a grid of several planes",
            file=attributes.file,
        )
    return thickness_mm
