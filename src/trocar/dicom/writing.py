"""Writing files whole or not at all: beside the target under another name, to the disk, then renamed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from trocar import __version__
from trocar.dicom.clock import date_text, time_text
from trocar.dicom.files import parser_warnings
from trocar.dicom.text import WrittenCharset
from trocar.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from trocar.errors import DicomError


def new_object(*, sop_class_uid: str, sop_instance_uid: str, at: datetime, charset: WrittenCharset) -> Dataset:
    """Return a data set that says who made it, when, and in which characters; everything else is to be added.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid
        What it is and its name.
    at
        When it was made, local time.
    charset
        Of all its texts.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = charset.value
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date_text(at), time_text(at)
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID(sop_class_uid), UID(sop_instance_uid)
    dataset.Manufacturer, dataset.ManufacturerModelName = "Trocar", "Trocar"
    dataset.SoftwareVersions, dataset.DeviceSerialNumber = __version__, "1"
    return dataset


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set as a DICOM file, explicit VR little endian unless its file meta information says otherwise.

    Raises
    ------
    DicomError
        A value is not allowed in its attribute, or the file cannot be written; no part of it is left.
    """
    meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    meta.TransferSyntaxUID = meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
    dataset.file_meta = meta
    with replacing_file(path) as unfinished:
        try:
            with parser_warnings() as heard:
                dataset.save_as(unfinished, enforce_file_format=True)
        except OSError:
            raise
        except Exception as error:
            raise _not_writable(path, str(error)) from error
        if heard:
            raise _not_writable(path, heard[0])


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file beside ``path``, which takes its place if all goes well.

    Raises
    ------
    DicomError
        The file cannot be written there; an older file of the name stands as it was.
    """
    path = Path(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(descriptor)
    except OSError as error:
        raise _no_room(path, error) from error
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o666 & ~_umask())
        _to_disk(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise _no_room(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``, which becomes it if all goes well.

    Raises
    ------
    DicomError
        The folder exists and is not empty, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DicomError(
            "dicom.folder-not-empty",
            "{folder} exists and is not empty; give a new folder, so that nothing is mixed or overwritten",
            folder=folder.name,
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise _no_room(folder, error) from error
    try:
        yield unfinished
        unfinished.chmod(0o777 & ~_umask())
        if folder.exists():
            folder.rmdir()
        unfinished.replace(folder)
    except OSError as error:
        raise _no_room(folder, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


LONGEST_DECIMAL = 16
"""Characters of a DICOM decimal string."""


def decimal(value: float) -> str:
    """Return a number as a decimal string of at most 16 characters, as exact as that allows.

    Examples
    --------
    >>> decimal(0.1), decimal(-1.0 / 3.0), decimal(2.0)
    ('0.1', '-0.3333333333333', '2')
    """
    text = format_number_as_ds(float(value) + 0.0)
    if len(text) > LONGEST_DECIMAL:  # a number just below a power of ten gains a digit when it is rounded
        text = format_number_as_ds(float(text))
    return text[:-2] if text.endswith(".0") else text


def decimals(values: object) -> list[str]:
    """Return numbers as decimal strings, in C order of the array."""
    return [decimal(value) for value in np.asarray(values, dtype=np.float64).ravel()]


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _to_disk(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _no_room(path: Path, error: OSError) -> DicomError:
    return DicomError(
        "dicom.cannot-write",
        "{file} cannot be written: {reason}; nothing was left there",
        file=path.name,
        reason=error.strerror or str(error),
    )


def _not_writable(path: Path, reason: str) -> DicomError:
    return DicomError(
        "dicom.value-not-writable",
        "{file} was not written: a value is not allowed in its attribute ({reason})",
        file=path.name,
        reason=reason[:300],
    )
