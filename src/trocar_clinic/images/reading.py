"""Reading a kept series through the library; for worker processes, which may load it."""

from pathlib import Path

from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.plan.patient import Image
from trocar.plan.structures import StructureSet
from trocar_clinic.images.actions import folder_of
from trocar_clinic.images.models import ImageSeries


def image_of(series: int) -> Image:
    """Return a series of images, read."""
    row = ImageSeries.objects.select_related("source").get(pk=series)
    return read_image(paths_of(row), series_uid=row.series_uid).value


def structures_of(series: int, image: Image | None) -> StructureSet:
    """Return a structure set, read."""
    row = ImageSeries.objects.select_related("source").get(pk=series)
    return read_structures(paths_of(row)[0], image=image).value


def paths_of(row: ImageSeries) -> list[Path]:
    """Return the files of a series."""
    return [folder_of(row.source.folder) / name for name in row.files]
