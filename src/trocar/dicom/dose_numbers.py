"""The numbers of an RT Dose: 16 or 32 bits, signed or not, compressed or not, times the dose grid scaling."""

import math

import numpy as np
from jaxtyping import Float32
from pydicom.pixels.utils import pixel_array

from trocar.dicom.attributes import Attributes
from trocar.dicom.files import parser_warnings, translated
from trocar.dicom.pixels import DECODERS, UNCOMPRESSED
from trocar.errors import RefusedObject, UnreadableFile

_BITS = (8, 16, 32)


def read_dose_numbers(
    attributes: Attributes, shape_kji: tuple[int, int, int], *, budget_bytes: int
) -> Float32[np.ndarray, "k j i"]:
    """Return stored values times the scaling.

    Raises
    ------
    UnreadableFile
        Fewer numbers than voxels, pixel data that cannot be decoded, or more than the memory allowed.
    RefusedObject
        The scaling is missing or not above 0, or the bits are arranged as no dose is.
    """
    scaling = attributes.number("DoseGridScaling")
    if scaling <= 0:
        raise RefusedObject(
            "rtdose.scaling-invalid",
            "{file}: the dose grid scaling is {scaling}; it must be above 0, else all dose is lost: export again",
            file=attributes.file,
            scaling=scaling,
        )
    needed = math.prod(shape_kji) * np.dtype(np.float32).itemsize
    if needed > budget_bytes:
        raise UnreadableFile(
            "dicom.too-large",
            "{file} needs {size_mib:.0f} MiB, more than the {budget_mib:.0f} MiB allowed; allow more if it is genuine",
            file=attributes.file,
            size_mib=needed / 2**20,
            budget_mib=budget_bytes / 2**20,
        )
    stored = _stored(attributes, shape_kji)
    dose = np.empty(shape_kji, dtype=np.float32)
    for frame, numbers in zip(dose, stored, strict=True):
        np.multiply(numbers, scaling, out=frame, dtype=np.float64, casting="same_kind")
    return dose


def _stored(attributes: Attributes, shape_kji: tuple[int, int, int]) -> np.ndarray:
    dtype = _stored_type(attributes)
    syntax = _syntax(attributes)
    try:
        with parser_warnings():
            if syntax in DECODERS:
                decoded = pixel_array(attributes.dataset, raw=True, decoding_plugin=DECODERS[syntax])
                return np.asarray(decoded).reshape(shape_kji)
            raw = attributes.dataset["PixelData"].value
    except Exception as error:
        raise translated(error, attributes.file) from error
    little = attributes.dataset.original_encoding[1] is not False
    expected = math.prod(shape_kji) * dtype.itemsize
    if not isinstance(raw, bytes) or len(raw) < expected:
        raise UnreadableFile(
            "dicom.truncated",
            "{file} is cut short: {attribute} should have {expected} bytes and has {present}; have it sent again",
            file=attributes.file,
            attribute="PixelData",
            expected=expected,
            present=len(raw or b""),
        )
    if len(raw) > expected + expected % 2:
        attributes.noted.note(
            "rtdose.surplus-bytes",
            "the pixel data are {n} bytes longer than the grid needs; the surplus was ignored",
            where=attributes.file,
            n=len(raw) - expected,
        )
    return np.frombuffer(raw, dtype=dtype.newbyteorder("<" if little else ">"), count=math.prod(shape_kji)).reshape(
        shape_kji
    )


def _syntax(attributes: Attributes) -> str:
    """Return the transfer syntax if it is one that is read, empty where the file states none."""
    meta = getattr(attributes.dataset, "file_meta", {})
    try:
        with parser_warnings():
            syntax = str(meta.get("TransferSyntaxUID", ""))
    except Exception as error:
        raise translated(error, attributes.file) from error
    if syntax and syntax not in UNCOMPRESSED and syntax not in DECODERS:
        raise RefusedObject(
            "dicom.syntax-unknown",
            "{file} is encoded in transfer syntax {syntax}, which is not read; export it uncompressed",
            file=attributes.file,
            syntax=syntax,
        )
    return syntax


def _stored_type(attributes: Attributes) -> np.dtype[np.generic]:
    allocated, stored = attributes.integer("BitsAllocated"), attributes.integer_or_none("BitsStored")
    if allocated not in _BITS or stored not in (None, allocated):
        attributes.refuse("BitsAllocated, BitsStored", f"{allocated}, {stored}", "16, 16 or 32, 32")
    if (attributes.integer_or_none("SamplesPerPixel") or 1) != 1:
        attributes.refuse("SamplesPerPixel", "more than 1", "1")
    signed = attributes.integer_or_none("PixelRepresentation") == 1
    if signed:
        attributes.noted.note(
            "rtdose.signed",
            "the numbers are signed, which the standard keeps for maps of errors; they were read as they stand",
            where=attributes.file,
        )
    return np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
