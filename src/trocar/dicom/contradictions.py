"""What an image series says twice, and differently: named, and refused where left and right are at stake."""

from collections.abc import Sequence, Set
from types import MappingProxyType

import numpy as np

from trocar.dicom.deviations import Deviations
from trocar.dicom.lattice import Lattice
from trocar.dicom.slices import HARMLESS_AXIS_ERROR, Slice
from trocar.dicom.tolerance import Tolerance
from trocar.errors import RefusedObject
from trocar.geometry.grid import Grid

AXES_BY_POSITION = MappingProxyType(
    {
        "HFS": ("L", "P"),
        "HFP": ("R", "A"),
        "HFDL": ("A", "L"),
        "HFDR": ("P", "R"),
        "FFS": ("R", "P"),
        "FFP": ("L", "A"),
        "FFDL": ("P", "L"),
        "FFDR": ("A", "R"),
    }
)
"""Where rows and columns of an image as the gantry sees it point, by Patient Position (PS3.3 C.7.3.1.1.2)."""

TURNED_AXES_BY_POSITION = MappingProxyType(
    {"FFS": ("L", "P"), "FFP": ("R", "A"), "FFDL": ("A", "L"), "FFDR": ("P", "R")}
)
"""The same after the scanner has turned images of patients lying feet first, to be looked at from the feet as usual."""

LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""Letter of the positive and the negative direction of x, y and z."""

SPACING_AGREES_WITHIN = 0.02
"""Relative difference between stated and actual distance of slices that rounding explains."""


def direction_letter(vector_lps: np.ndarray) -> str:
    """Return the letter of the patient axis a vector points along most: L, R, P, A, H or F."""
    axis = int(np.argmax(np.abs(vector_lps)))
    return LETTERS[axis][0 if vector_lps[axis] > 0 else 1]


def orientation_letters(grid: Grid) -> tuple[str, str, str]:
    """Return where i, j and k point: ``("L", "P", "H")`` for an axial scan stored from feet to head."""
    return (
        direction_letter(grid.steps_lps_mm[0]),
        direction_letter(grid.steps_lps_mm[1]),
        direction_letter(grid.steps_lps_mm[2]),
    )


def report_contradictions(
    slices: Sequence[Slice], lattice: Lattice, *, tolerated: Set[Tolerance], noted: Deviations
) -> None:
    """Note, or refuse, what the headers of a stack say against its geometry.

    Raises
    ------
    RefusedObject
        Patient Orientation letters contradict Image Orientation and that was not allowed.
    """
    _letters(slices, tolerated, noted)
    _drift(slices, noted)
    _patient_position(slices, lattice, noted)
    _numbering(slices, lattice, noted)
    _spacing(slices, lattice, noted)
    _tilt(slices, lattice, noted)
    _frame(slices, noted)
    _scales(slices, noted)


def _letters(slices: Sequence[Slice], tolerated: Set[Tolerance], noted: Deviations) -> None:
    """Compare the letters with the cosines: the first letter of each must be the main direction or its neighbour."""
    for each in slices:
        for stated, axis in ((each.row_letters, each.axis_i), (each.column_letters, each.axis_j)):
            if not stated or not _contradicts(stated, axis):
                continue
            if Tolerance.ORIENTATION_LETTERS_IGNORED not in tolerated:
                raise RefusedObject(
                    "dicom.orientation-contradicts",
                    "{where}: Patient Orientation says an axis points to {stated}, Image Orientation to {found}; left "
                    "and right, or front and back, may be swapped: check the patient's side before allowing this",
                    where=each.name,
                    stated=stated,
                    found=direction_letter(axis),
                )
            noted.note(
                "dicom.orientation-letters-ignored",
                "Patient Orientation says {stated} where Image Orientation says {found}; the latter was believed",
                where=each.name,
                stated=stated,
                found=direction_letter(axis),
            )


def _drift(slices: Sequence[Slice], noted: Deviations) -> None:
    """Note slices turned against one another by more than rounding, though by too little to be another stack."""
    first = slices[0]
    off = max(
        float(np.abs(np.stack([each.axis_i - first.axis_i, each.axis_j - first.axis_j])).max()) for each in slices
    )
    if off > HARMLESS_AXIS_ERROR:
        noted.note(
            "dicom.orientation-varies",
            "the orientation of the slices varies by up to {degree:.3f} degrees; that of {file} was taken for all",
            degree=float(np.degrees(off)),
            file=first.name,
        )


def _contradicts(stated: str, axis: np.ndarray) -> bool:
    """Say whether the vector points away from any stated direction."""
    sign = {
        letter: (axis_index, 1.0 - 2.0 * side)
        for axis_index, pair in enumerate(LETTERS)
        for side, letter in enumerate(pair)
    }
    components = [float(axis[sign[letter][0]]) * sign[letter][1] for letter in stated.upper() if letter in sign]
    return bool(components) and (min(components) < -0.1 or components[0] <= 0.0)


def _patient_position(slices: Sequence[Slice], lattice: Lattice, noted: Deviations) -> None:
    first = slices[0]
    stated = sorted({each.source.patient_position for each in slices})
    if len(stated) > 1:
        noted.note(
            "dicom.patient-position-varies",
            "Patient Position varies between slices: {stated}; positions follow Image Orientation",
            stated=", ".join(position or "-" for position in stated),
        )
    elif not stated[0]:
        noted.note(
            "dicom.patient-position-absent",
            "Patient Position is not stated; how the patient lay follows from Image Orientation only",
            where=first.source.name,
        )
    elif first.source.modality == "CT" and stated[0] in AXES_BY_POSITION and "AXIAL" in first.image_type:
        found = orientation_letters(lattice.grid)[:2]
        if found not in (AXES_BY_POSITION[stated[0]], TURNED_AXES_BY_POSITION.get(stated[0])):
            noted.note(
                "dicom.patient-position-unusual",
                "a patient lying {stated} has image rows to {usual_row} and columns to {usual_column} as scanned; here "
                "they point to {row} and {column}, as after turning the images or after a wrong entry at the scanner",
                where=first.source.name,
                stated=stated[0],
                usual_row=AXES_BY_POSITION[stated[0]][0],
                usual_column=AXES_BY_POSITION[stated[0]][1],
                row=found[0],
                column=found[1],
            )


def _numbering(slices: Sequence[Slice], lattice: Lattice, noted: Deviations) -> None:
    numbers = [slices[plane.nearest].number for plane in lattice.planes if plane.share == 0.0]
    known = [number for number in numbers if number is not None]
    if known not in (sorted(known), sorted(known, reverse=True)):
        noted.note(
            "dicom.instance-numbers-out-of-order",
            "instance numbers do not follow the positions of the slices; positions were believed",
            where=slices[0].source.name,
        )


def _spacing(slices: Sequence[Slice], lattice: Lattice, noted: Deviations) -> None:
    stated = slices[0].spacing_mm
    if stated is None or len(lattice.planes) < 2:
        return
    step = lattice.grid.steps_lps_mm[2]
    actual = float(np.linalg.norm(step)), float(abs(step @ slices[0].normal))
    if min(abs(abs(stated) - each) for each in actual) > SPACING_AGREES_WITHIN * actual[1]:
        noted.note(
            "dicom.spacing-contradicts",
            "Spacing Between Slices says {stated_mm:g} mm, their positions say {actual_mm:g} mm; positions were "
            "believed: make sure no slices are missing",
            where=slices[0].source.name,
            stated_mm=stated,
            actual_mm=round(actual[1], 4),
        )


def _tilt(slices: Sequence[Slice], lattice: Lattice, noted: Deviations) -> None:
    if len(lattice.planes) < 2 or lattice.grid.is_orthogonal:
        return
    step = lattice.grid.steps_lps_mm[2]
    cosine = float(abs(step @ slices[0].normal) / np.linalg.norm(step))
    stated = slices[0].tilt_degree
    found = float(np.degrees(np.arccos(min(cosine, 1.0))))
    if stated is None or abs(abs(stated) - found) > 0.5:
        noted.note(
            "dicom.tilt-unstated",
            "the slices are displaced against their normal by {found_degree:.1f} degrees, but the gantry tilt is "
            "stated as {stated}; the volume is sheared as the positions say",
            where=slices[0].source.name,
            found_degree=found,
            stated="-" if stated is None else f"{stated:g}",
        )


def _frame(slices: Sequence[Slice], noted: Deviations) -> None:
    if not slices[0].frame_uid:
        noted.note(
            "dicom.frame-absent",
            "no frame of reference is stated; the series was given one of its own, which no other object shares",
            where=slices[0].source.name,
        )


def _scales(slices: Sequence[Slice], noted: Deviations) -> None:
    scales = {(each.scale.slope, each.scale.intercept) for each in slices}
    if len(scales) > 1 and slices[0].source.modality == "CT":
        noted.note(
            "dicom.rescale-varies",
            "{n} different rescale slopes or intercepts stand in one series; each was applied to its own slice",
            n=len(scales),
        )
    methods = sorted({each.source.lossy for each in slices} - {""})
    if methods:
        noted.note(
            "dicom.lossy",
            "the pixels were compressed with loss ({methods}); values are not those the scanner measured",
            where=slices[0].source.name,
            methods=", ".join(methods),
        )
    inverted = [each for each in slices if each.source.layout.photometric == "MONOCHROME1"]
    if inverted:
        noted.note(
            "dicom.monochrome1",
            "the images are meant to be shown inverted (MONOCHROME1); their values were not changed",
            where=inverted[0].source.name,
        )
