"""CT and MR series to one `Image`: found, sorted, asked about where there is a choice, laid on a grid."""

from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np

from trocar.dicom.contradictions import report_contradictions
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import MEMORY_BUDGET_BYTES
from trocar.dicom.lattice import Lattice, lattice_of
from trocar.dicom.selection import select_stack
from trocar.dicom.slices import SINGLE_FRAME, Slice
from trocar.dicom.tolerance import Tolerance
from trocar.dicom.uids import derived_uid
from trocar.dicom.voxels import note_implausible_scale, quantity_of, values_on
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference
from trocar.results.findings import Reading


def read_image(
    source: Path | Sequence[Path],
    *,
    series_uid: str | None = None,
    stack: int | None = None,
    tolerated: Set[Tolerance] = frozenset(),
    budget_bytes: int = MEMORY_BUDGET_BYTES,
) -> Reading[Image]:
    """Return the one image that a folder or files hold.

    Parameters
    ----------
    source
        A folder, read with all folders in it; a file; or files, of which each must be readable.
    series_uid
        Which series, where there are several.
    stack
        Which stack of the series, from 1 as the error of a first call lists them, where it holds several: other
        orientations, contrasts, acquisitions.
    tolerated
        Faults of the series that the caller answers for.
    budget_bytes
        Largest memory the voxels may take.

    Returns
    -------
    Reading[Image]
        Slices in the order of their positions along the normal (rows × columns), CT in HU. Whole numbers stay whole.

    Raises
    ------
    ChoiceNeeded
        There are several series or stacks; the message lists them.
    RefusedObject
        Slices are missing, double, uneven, of several patients, without scale or orientation.
    UnreadableFile
        A file is damaged, or there is no image.
    """
    noted = Deviations()
    chosen = select_stack(source, series_uid=series_uid, stack=stack, budget_bytes=budget_bytes, noted=noted)
    lattice = lattice_of(chosen.slices, tolerated=tolerated, noted=noted)
    report_contradictions(chosen.slices, lattice, tolerated=tolerated, noted=noted)
    quantity = quantity_of(chosen.slices, tolerated, noted)
    values = values_on(chosen.slices, lattice, budget_bytes=budget_bytes, noted=noted)
    if quantity is Quantity.HOUNSFIELD:
        note_implausible_scale(values, noted)
    return Reading(value=_image(chosen.slices, lattice, values, quantity), deviations=noted.found)


def _image(slices: Sequence[Slice], lattice: Lattice, values: np.ndarray, quantity: Quantity) -> Image:
    ordered = [slices[plane.nearest] for plane in lattice.planes]
    source = ordered[0].source
    frame_uid = ordered[0].frame_uid or derived_uid("frame of reference", source.series_uid)
    instances = tuple(each.source.instance_uid for each in ordered)
    reference = ImageReference(
        study_uid=source.study_uid,
        series_uid=source.series_uid,
        frame_uid=frame_uid,
        sop_class_uid=source.sop_class_uid,
        instance_uids=instances if source.sop_class_uid in SINGLE_FRAME else tuple(dict.fromkeys(instances)),
        modality=source.modality,
    )
    volume = Volume.owning(grid=lattice.grid, values_kji=values, quantity=quantity, frame_uid=frame_uid)
    return Image(
        volume=volume,
        patient=source.patient,
        reference=reference,
        acquired_at=min((each.source.acquired_at for each in ordered if each.source.acquired_at), default=None),
        description=source.series_description,
        study_description=source.study_description,
    )
