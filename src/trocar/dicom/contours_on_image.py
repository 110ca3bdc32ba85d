"""Whether structures lie on the images they are said to be drawn on."""

import numpy as np

from trocar.dicom.deviations import Deviations
from trocar.errors import RefusedObject
from trocar.geometry.grid import Grid
from trocar.geometry.volume import require_same_frame
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet

ON_SLICE_WITHIN = 0.05
"""Distance from a slice, in slice spacings, up to which a contour counts as drawn on it."""


def note_contours_off_image(structures: StructureSet, image: Image, *, noted: Deviations) -> None:
    """Compare a structure set with images: refuse what cannot belong to them, note what is odd.

    Parameters
    ----------
    structures
        As read.
    image
        The images it is said to be drawn on.
    noted
        Takes contours partly beyond the images, between slices, or quoting slices of another series.

    Raises
    ------
    RefusedObject
        Another patient's, or a structure that lies wholly beyond the images.
    GeometryError
        Another frame of reference.
    """
    if structures.patient.identifier != image.patient.identifier:
        raise RefusedObject(
            "rtstruct.other-patient",
            "the structure set belongs to patient {structures_id}, the images to patient {image_id}; "
            "give objects of one patient",
            structures_id=structures.patient.identifier or "-",
            image_id=image.patient.identifier or "-",
        )
    require_same_frame(
        structures.frame_uid, image.volume.frame_uid, first=f"structure set {structures.label}", second="the images"
    )
    known = set(image.reference.instance_uids)
    strangers = {contour.image_uid for each in structures for contour in each.contours} - known - {""}
    if strangers:
        noted.note(
            "rtstruct.drawn-on-other-slices",
            "contours quote {n} slices that are not among the images given; positions were taken as they stand",
            n=len(strangers),
        )
    for structure in structures:
        _note_structure(structure, image.volume.grid, noted)


def _note_structure(structure: Structure, grid: Grid, noted: Deviations) -> None:
    inside = [grid.contains(contour.points_lps_mm) for contour in structure.contours]
    if inside and not any(each.any() for each in inside):
        raise RefusedObject(
            "rtstruct.structure-off-image",
            "structure {name} lies wholly beyond the images; the structure set and the images do not belong together, "
            "or one of them was moved: check both in the system that wrote them",
            name=structure.name,
        )
    beyond = sum(not each.all() for each in inside)
    if beyond:
        noted.note(
            "rtstruct.contour-beyond-image",
            "{n} of {total} contours of structure {name} reach beyond the images",
            n=beyond,
            total=len(inside),
            name=structure.name,
        )
    between = [contour for contour in structure.closed_contours if _off_slice(contour.points_lps_mm, grid)]
    if between:
        noted.note(
            "rtstruct.contour-between-slices",
            "{n} of {total} contours of structure {name} do not lie on a slice of the images",
            n=len(between),
            total=len(structure.closed_contours),
            name=structure.name,
        )


def _off_slice(points_lps_mm: np.ndarray, grid: Grid) -> bool:
    slices = grid.index_ijk(points_lps_mm)[:, 2]
    return bool(np.abs(slices - slices.round()).max() > ON_SLICE_WITHIN)
