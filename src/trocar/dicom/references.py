"""How objects point at one another: an instance, an image series, the modality behind a class."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from trocar.dicom.attributes import Attributes
from trocar.geometry.value import Value
from trocar.plan.patient import ImageReference

STUDY_CLASS_UID = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, the class by which RT Structure Sets go on quoting a study (PS3.3 C.8.8.5)."""

_MODALITY_OF_CLASS = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.4.3": "MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "MR",
    "1.2.840.10008.5.1.4.1.1.3.1": "US",
    "1.2.840.10008.5.1.4.1.1.6.1": "US",
    "1.2.840.10008.5.1.4.1.1.6.2": "US",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.130": "PT",
    "1.2.840.10008.5.1.4.1.1.20": "NM",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectReference(Value):
    """What names one written object, for others to quote.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid
        Its kind and its name.
    series_uid, study_uid
        Where it is filed.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    study_uid: str


def modality_of_class(sop_class_uid: str) -> str:
    """Return the modality whose images have a class; empty where it is no image Trocar knows.

    Examples
    --------
    >>> modality_of_class("1.2.840.10008.5.1.4.1.1.2"), modality_of_class("1.2.3")
    ('CT', '')
    """
    return _MODALITY_OF_CLASS.get(sop_class_uid, "")


def instance_item(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    """Return the item by which a sequence quotes an instance."""
    item = Dataset()
    item.ReferencedSOPClassUID = UID(sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(sop_instance_uid)
    return item


def instance_items(sop_class_uid: str, sop_instance_uids: Iterable[str]) -> Sequence:
    """Return the items by which a sequence quotes instances of one class."""
    return Sequence([instance_item(sop_class_uid, uid) for uid in sop_instance_uids])


def write_series_reference(dataset: Dataset, image: ImageReference, *, beside: Iterable[ObjectReference]) -> None:
    """Quote images and further objects in an object filed in the images' own study (PS3.3 C.12.2 and C.12.4)."""
    dataset.ReferencedImageSequence = instance_items(image.sop_class_uid, image.instance_uids)
    quoted = [_series_item(image.series_uid, image.sop_class_uid, image.instance_uids)]
    quoted += [
        _series_item(each.series_uid, each.sop_class_uid, (each.sop_instance_uid,))
        for each in beside
        if each.study_uid == image.study_uid
    ]
    dataset.ReferencedSeriesSequence = Sequence(quoted)


def _series_item(series_uid: str, sop_class_uid: str, instance_uids: Iterable[str]) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = UID(series_uid)
    series.ReferencedInstanceSequence = instance_items(sop_class_uid, instance_uids)
    return series


def read_series_reference(attributes: Attributes, *, frame_uid: str) -> ImageReference | None:
    """Return the image series an object quotes in its Common Instance Reference module, None where it quotes none."""
    found = [(attributes, series) for series in attributes.items("ReferencedSeriesSequence")]
    for study in attributes.items("StudiesContainingOtherReferencedInstancesSequence"):
        found += [(study, series) for series in study.items("ReferencedSeriesSequence")]
    for study, series in found:
        instances = series.items("ReferencedInstanceSequence")
        classes = {each.uid_or("ReferencedSOPClassUID", "") for each in instances}
        if len(classes) == 1 and modality_of_class(class_uid := next(iter(classes))):
            return ImageReference(
                study_uid=study.uid_or("StudyInstanceUID", ""),
                series_uid=series.uid("SeriesInstanceUID"),
                frame_uid=frame_uid,
                sop_class_uid=class_uid,
                instance_uids=tuple(each.uid("ReferencedSOPInstanceUID") for each in instances),
                modality=modality_of_class(class_uid),
            )
    return None
