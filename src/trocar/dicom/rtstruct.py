"""RT Structure Sets to `StructureSet`: every curve, polygon and point as drawn, in one frame of reference.

How polygons of a slice combine (holes, keyholes, several parts) is not decided here: `trocar.geometry.region` does it.
"""

from pathlib import Path

from trocar.dicom.attributes import Attributes
from trocar.dicom.contours import read_contours
from trocar.dicom.contours_on_image import note_contours_off_image
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset
from trocar.dicom.heading import read_label
from trocar.dicom.identity import require_class
from trocar.dicom.patient import read_patient
from trocar.dicom.references import modality_of_class
from trocar.dicom.rtstruct_writing import CARRIED_OVER, STRUCTURE_SET_CLASS_UID, write_structures
from trocar.errors import ChoiceNeeded, RefusedObject
from trocar.geometry.contours import Contour
from trocar.plan.patient import Image, ImageReference
from trocar.plan.structures import Structure, StructureSet
from trocar.results.findings import Reading

__all__ = ["STRUCTURE_SET_CLASS_UID", "read_structures", "write_structures"]


def read_structures(path: Path, *, frame_uid: str | None = None, image: Image | None = None) -> Reading[StructureSet]:
    """Return the structures of an RT Structure Set.

    Parameters
    ----------
    path
        The file.
    frame_uid
        Frame of reference to read, where the set holds several, or the frame it lies in, where it states none.
    image
        Images it is said to be drawn on: patient, frame, slices and extent are then compared.

    Returns
    -------
    Reading[StructureSet]
        Structures in the order of the file, empty ones included, with every deviation met.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    RefusedObject
        Not a structure set; a contour whose coordinates are incomplete, not numbers or far from any plane; or a set
        of another patient, another frame or another place than ``image``.
    ChoiceNeeded
        Structures lie in several frames of reference and ``frame_uid`` is not given.
    """
    noted = Deviations()
    path = Path(path)
    attributes = Attributes.of(read_dataset(path, noted=noted), where=path.name, noted=noted)
    require_class(attributes, STRUCTURE_SET_CLASS_UID, wanted="RT Structure Set")
    contours = _contours_by_number(attributes)
    rois = attributes.items("StructureSetROISequence")
    frame, is_only = _frame(attributes, rois, contours, asked=frame_uid)
    structures = _structures(attributes, rois, contours, frame_uid=frame, is_only=is_only)
    read = StructureSet(
        label=read_label(attributes.text_or("StructureSetLabel", ""), attributes.text_or("StructureSetName", "")),
        patient=read_patient(attributes),
        frame_uid=frame,
        structures=structures,
        image=_image_reference(attributes, structures, frame_uid=frame),
    )
    if image is not None:
        note_contours_off_image(read, image, noted=noted)
    return Reading(value=read, deviations=noted.found)


def _contours_by_number(attributes: Attributes) -> dict[int, tuple[Attributes, tuple[Contour, ...]]]:
    """Return, by ROI number, the display item and all contours; two items of one number are put together."""
    names = {
        roi.integer_or_none("ROINumber"): roi.text_or("ROIName", "")
        for roi in attributes.items("StructureSetROISequence")
    }
    found: dict[int, tuple[Attributes, tuple[Contour, ...]]] = {}
    for item in attributes.items("ROIContourSequence"):
        number = item.integer("ReferencedROINumber")
        if number not in names:
            attributes.noted.note(
                "rtstruct.contours-of-no-structure",
                "contours are listed for structure number {number}, which the set does not define; they were left out",
                where=attributes.file,
                number=number,
            )
            continue
        drawn = read_contours(item, name=names[number] or f"number {number}")
        if number in found:
            attributes.noted.note(
                "rtstruct.contours-in-parts",
                "the contours of structure {name} stand in several places of the file; they were put together",
                where=attributes.file,
                name=names[number],
            )
            drawn = found[number][1] + drawn
        found[number] = (found[number][0] if number in found else item, drawn)
    return found


def _frame(
    attributes: Attributes,
    rois: tuple[Attributes, ...],
    contours: dict[int, tuple[Attributes, tuple[Contour, ...]]],
    *,
    asked: str | None,
) -> tuple[str, bool]:
    """Return the frame of reference to read, and whether it is the only one that structures can lie in."""
    drawn: dict[str, list[str]] = {}
    for roi in rois:
        if contours.get(roi.integer("ROINumber"), (roi, ()))[1]:
            uid = roi.uid_or("ReferencedFrameOfReferenceUID", "")
            drawn.setdefault(uid, []).append(roi.text_or("ROIName", ""))
    stated = {each.uid_or("FrameOfReferenceUID", "") for each in attributes.items("ReferencedFrameOfReferenceSequence")}
    stated |= {attributes.uid_or("FrameOfReferenceUID", "")}
    frames = (set(drawn) - {""}) or (stated - {""})
    if asked is not None and (asked in frames or not frames):
        return asked, len(frames) < 2
    if len(frames) == 1 and asked is None:
        if "" in drawn:
            _note_frame_assumed(attributes, drawn[""])
        return next(iter(frames)), True
    if not frames:
        raise RefusedObject(
            "rt.frame-missing",
            "{file} does not say in which frame of reference its positions lie; "
            "if you know that it belongs to your images, give their frame_uid",
            file=attributes.file,
        )
    listed = "; ".join(f"{uid}: {', '.join(drawn.get(uid, []))}" for uid in sorted(frames))
    raise ChoiceNeeded(
        "rtstruct.several-frames",
        "{file} holds structures in these frames of reference: {frames}; positions in different frames cannot be "
        "put together: say which to read by frame_uid",
        file=attributes.file,
        frames=listed,
    )


def _note_frame_assumed(attributes: Attributes, names: list[str]) -> None:
    attributes.noted.note(
        "rtstruct.frame-assumed",
        "structures {names} do not state their frame of reference; the only one of the set was taken",
        where=attributes.file,
        names=", ".join(names),
    )


def _structures(
    attributes: Attributes,
    rois: tuple[Attributes, ...],
    contours: dict[int, tuple[Attributes, tuple[Contour, ...]]],
    *,
    frame_uid: str,
    is_only: bool,
) -> tuple[Structure, ...]:
    types = _interpreted_types(attributes)
    kept: dict[int, Structure] = {}
    for roi in rois:
        number, name = roi.integer("ROINumber"), roi.text_or("ROIName", "").strip()
        display, drawn = contours.get(number, (roi, ()))
        if number in kept:
            raise RefusedObject(
                "rtstruct.number-twice",
                "{file} gives number {number} to two structures, {first} and {second}; their contours cannot be told "
                "apart: export the set again",
                file=attributes.file,
                number=number,
                first=kept[number].name,
                second=name,
            )
        if drawn and roi.uid_or("ReferencedFrameOfReferenceUID", frame_uid if is_only else "") != frame_uid:
            attributes.noted.note(
                "rtstruct.structure-in-other-frame",
                "structure {name} does not lie in the frame of reference asked for and was left out",
                where=attributes.file,
                name=name,
            )
            continue
        kept[number] = Structure(
            number=number,
            name=name,
            contours=drawn,
            interpreted_type=types.get(number, ""),
            colour_rgb=_colour(display, name),
            carried=roi.text_or("ROIGenerationDescription", "") == CARRIED_OVER,
        )
    return tuple(kept.values())


def _interpreted_types(attributes: Attributes) -> dict[int, str]:
    types: dict[int, str] = {}
    for observation in attributes.items("RTROIObservationsSequence"):
        number = observation.integer_or_none("ReferencedROINumber")
        stated = observation.text_or("RTROIInterpretedType", "").strip()
        if number is None or not stated:
            continue
        if types.setdefault(number, stated) != stated:
            attributes.noted.note(
                "rtstruct.types-differ",
                "structure number {number} is called both {first} and {second}; the first was taken",
                where=attributes.file,
                number=number,
                first=types[number],
                second=stated,
            )
    return types


def _colour(display: Attributes, name: str) -> tuple[int, int, int] | None:
    stated = display.numbers_or_none("ROIDisplayColor")
    if stated is None:
        return None
    if stated.size != 3 or not ((stated >= 0) & (stated <= 255) & (stated == stated.round())).all():
        display.noted.note(
            "rtstruct.colour-invalid",
            "the display colour of structure {name} is {given}, not three whole numbers from 0 to 255; it was ignored",
            where=display.file,
            name=name,
            given=stated.tolist(),
        )
        return None
    return int(stated[0]), int(stated[1]), int(stated[2])


def _image_reference(
    attributes: Attributes, structures: tuple[Structure, ...], *, frame_uid: str
) -> ImageReference | None:
    """Return the image series the structures were drawn on: of several, the one whose slices the contours quote."""
    quoted = {contour.image_uid for structure in structures for contour in structure.contours} - {""}
    found = _listed_series(attributes, frame_uid)
    if not found:
        attributes.noted.note(
            "rtstruct.images-not-named",
            "the set does not name the images it was drawn on; frame of reference and patient alone tie it to them",
            where=attributes.file,
        )
        return None
    chosen = max(found, key=lambda each: len(quoted.intersection(each.instance_uids)))
    if len(found) > 1:
        attributes.noted.note(
            "rtstruct.several-series",
            "the set names {n} image series in its frame of reference; {series_uid} was taken as the one drawn on",
            where=attributes.file,
            n=len(found),
            series_uid=chosen.series_uid,
        )
    strangers = quoted.difference(chosen.instance_uids)
    if strangers:
        attributes.noted.note(
            "rtstruct.slice-not-listed",
            "contours quote {n} slices that the set does not list among its images",
            where=attributes.file,
            n=len(strangers),
        )
    return chosen


def _listed_series(attributes: Attributes, frame_uid: str) -> list[ImageReference]:
    found = []
    for frame in attributes.items("ReferencedFrameOfReferenceSequence"):
        if frame.uid_or("FrameOfReferenceUID", frame_uid) != frame_uid:
            continue
        for study in frame.items("RTReferencedStudySequence"):
            for series in study.items("RTReferencedSeriesSequence"):
                slices = series.items("ContourImageSequence")
                if not slices:
                    continue
                class_uid = slices[0].uid_or("ReferencedSOPClassUID", "")
                found.append(
                    ImageReference(
                        study_uid=study.uid_or("ReferencedSOPInstanceUID", ""),
                        series_uid=series.uid("SeriesInstanceUID"),
                        frame_uid=frame_uid,
                        sop_class_uid=class_uid,
                        instance_uids=tuple(each.uid("ReferencedSOPInstanceUID") for each in slices),
                        modality=modality_of_class(class_uid),
                    )
                )
    return found
