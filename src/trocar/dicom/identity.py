"""What an object is and which frame of reference it lies in: asked of every radiotherapy object before it is read."""

from trocar.dicom.attributes import Attributes
from trocar.errors import RefusedObject


def require_class(attributes: Attributes, sop_class_uid: str, *, wanted: str) -> None:
    """Raise unless an object is of a class.

    Raises
    ------
    RefusedObject
        It is something else.
    """
    found = attributes.uid_or("SOPClassUID", "")
    if found != sop_class_uid:
        raise RefusedObject(
            "rt.other-object",
            "{file} is no {wanted}: its class is {found}, its modality {modality}; give the right file",
            file=attributes.file,
            wanted=wanted,
            found=found or "-",
            modality=attributes.text_or("Modality", "") or "-",
        )


def read_frame(attributes: Attributes, *, asked: str | None) -> str:
    """Return the frame of reference an object lies in, or the one asked for where it states none.

    Raises
    ------
    RefusedObject
        It states none and none was asked for, or it states another one.
    """
    stated = attributes.uid_or("FrameOfReferenceUID", "")
    if stated and asked is not None and asked != stated:
        raise RefusedObject(
            "rt.frame-differs",
            "{file} lies in frame of reference {stated}, not in {asked}; give the file that belongs to your images",
            file=attributes.file,
            stated=stated,
            asked=asked,
        )
    if stated or asked:
        return stated or str(asked)
    raise RefusedObject(
        "rt.frame-missing",
        "{file} does not say in which frame of reference its positions lie; "
        "if you know that it belongs to your images, give their frame_uid",
        file=attributes.file,
    )
