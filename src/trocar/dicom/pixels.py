"""Samples of a file: unpacked, decompressed, freed of bits that are not theirs."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Integer
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from trocar.dicom.codestream import require_size
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import UNDEFINED_LENGTH, read_dataset, translated
from trocar.dicom.slices import PixelLayout, Source
from trocar.errors import DicomError, RefusedObject, UnreadableFile

DECODERS: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.10008.1.2.5": "pydicom",  # RLE
        "1.2.840.10008.1.2.4.50": "gdcm",  # JPEG baseline
        "1.2.840.10008.1.2.4.51": "gdcm",  # JPEG extended, of 8 bits only
        "1.2.840.10008.1.2.4.57": "gdcm",  # JPEG lossless
        "1.2.840.10008.1.2.4.70": "gdcm",  # JPEG lossless, first-order prediction
        "1.2.840.10008.1.2.4.80": "gdcm",  # JPEG-LS; pyjpegls is twice as fast, but a damaged bit can hold it for 20 s
        "1.2.840.10008.1.2.4.81": "gdcm",  # JPEG-LS near-lossless
        "1.2.840.10008.1.2.4.90": "pylibjpeg",  # JPEG 2000 reversible
        "1.2.840.10008.1.2.4.91": "pylibjpeg",  # JPEG 2000
        "1.2.840.10008.1.2.4.201": "pylibjpeg",  # High-throughput JPEG 2000
        "1.2.840.10008.1.2.4.202": "pylibjpeg",
        "1.2.840.10008.1.2.4.203": "pylibjpeg",
    }
)
"""Which codec reads which compressed transfer syntax; one each, so that the same bytes always give the same numbers."""

UNCOMPRESSED = frozenset(("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"))
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_EXPLICIT_HEADER, _IMPLICIT_HEADER = 12, 8


def stored_frames(source: Source, *, noted: Deviations) -> Iterator[Integer[np.ndarray, "rows columns"]]:
    """Yield the stored samples of each frame of a file.

    Raises
    ------
    RefusedObject
        The transfer syntax is none that is read.
    UnreadableFile
        The pixel data are missing, cut short or damaged.
    """
    is_twelve_bit_jpeg = source.syntax == "1.2.840.10008.1.2.4.51" and source.layout.bits_stored > 8
    if is_twelve_bit_jpeg or (source.syntax not in UNCOMPRESSED and source.syntax not in DECODERS):
        raise RefusedObject(
            "dicom.syntax-unknown",
            "{file} is encoded in transfer syntax {syntax}, which is not read; export it uncompressed",
            file=source.name,
            syntax=source.syntax,
        )
    value = _pixel_value(source)
    frames = _native(source, value, noted) if source.syntax in UNCOMPRESSED else _decoded(source, value)
    for frame in frames:
        yield _own_bits(frame, source, noted)


def bytes_needed(source: Source) -> int:
    """Return the memory that the samples of all frames of a file take."""
    layout = source.layout
    return (layout.rows * layout.columns * source.frames * layout.bits_allocated + 7) // 8


def _pixel_value(source: Source) -> bytes:
    """Return the value of the pixel data element, read from where the header ended."""
    if source.pixels_at is None:
        dataset = read_dataset(source.path, noted=Deviations())
        element: Any = dataset.get_item(0x7FE00010, keep_deferred=True)
        value = None if element is None else element.value
        return value if isinstance(value, bytes) else _no_pixels(source)
    try:
        with source.path.open("rb") as handle:
            handle.seek(source.pixels_at)
            head = handle.read(_IMPLICIT_HEADER if source.is_implicit else _EXPLICIT_HEADER)
            length = _stated_length(source, head)
            if length == UNDEFINED_LENGTH:
                return _fragments(source, handle.read())
            return _read_whole(source, handle.read(), length)
    except OSError as error:
        raise translated(error, source.name) from error


def _stated_length(source: Source, head: bytes) -> int:
    order = "little" if source.is_little_endian else "big"
    tag = b"\xe0\x7f\x10\x00" if source.is_little_endian else b"\x7f\xe0\x00\x10"
    if len(head) < _IMPLICIT_HEADER or head[:4] != tag:
        _no_pixels(source)
    return int.from_bytes(head[4:8] if source.is_implicit else head[8:12], order)  # type: ignore[arg-type]


def _read_whole(source: Source, rest: bytes, length: int) -> bytes:
    if len(rest) < length:
        raise UnreadableFile(
            "dicom.pixels-truncated",
            "{file} is cut short: its pixel data should have {expected} bytes and have {present}; have it sent again",
            file=source.name,
            expected=length,
            present=len(rest),
        )
    return rest[:length]


def _fragments(source: Source, rest: bytes) -> bytes:
    """Return encapsulated pixel data up to their delimiter, each fragment whole (PS3.5 A.4)."""
    at = 0
    while rest[at : at + 4] == _ITEM:
        at += 8 + int.from_bytes(rest[at + 4 : at + 8], "little")
    if rest[at : at + 4] != _SEQUENCE_END or len(rest) < at + 8:
        raise UnreadableFile(
            "dicom.fragments-truncated",
            "{file} is cut short or damaged: its compressed pixel data do not come to their end; have it sent again",
            file=source.name,
        )
    return rest[:at]


def _no_pixels(source: Source) -> bytes:
    raise UnreadableFile(
        "dicom.no-pixels",
        "{file} has no pixel data where they should begin; have it sent again",
        file=source.name,
    )


def _native(source: Source, value: bytes, noted: Deviations) -> Iterator[np.ndarray]:
    layout, needed = source.layout, bytes_needed(source)
    if len(value) < needed:
        raise UnreadableFile(
            "dicom.pixels-too-few",
            "{file} holds {present} bytes of pixels, but {frames} frames of {rows} × {columns} samples need {needed}",
            file=source.name,
            present=len(value),
            frames=source.frames,
            rows=layout.rows,
            columns=layout.columns,
            needed=needed,
        )
    if len(value) > needed + needed % 2:
        noted.note(
            "dicom.pixels-surplus",
            "{surplus} bytes follow the last frame; they were left out",
            where=source.name,
            surplus=len(value) - needed,
        )
    count = source.frames * layout.rows * layout.columns
    if layout.bits_allocated == 1:
        samples = np.unpackbits(np.frombuffer(value, dtype=np.uint8), count=count, bitorder="little")
    else:
        order = "<" if source.is_little_endian else ">"
        samples = np.frombuffer(value, dtype=f"{order}u{layout.bits_allocated // 8}", count=count)
    yield from samples.reshape(source.frames, layout.rows, layout.columns)


def _decoded(source: Source, value: bytes) -> Iterator[np.ndarray]:
    """Decompress frame by frame; codecs written in C say what is wrong in exceptions of any kind."""
    layout = source.layout
    decoder = get_decoder(UID(source.syntax))
    frames = 0
    try:
        for codestream in generate_frames(value, number_of_frames=source.frames):
            require_size(codestream, rows=layout.rows, columns=layout.columns, file=source.name)
        for frame, _ in decoder.iter_array(
            value,
            raw=True,
            decoding_plugin=DECODERS[source.syntax],
            rows=layout.rows,
            columns=layout.columns,
            number_of_frames=source.frames,
            samples_per_pixel=1,
            photometric_interpretation=layout.photometric,
            bits_allocated=layout.bits_allocated,
            bits_stored=layout.bits_stored,
            pixel_representation=int(layout.is_signed),
            pixel_keyword="PixelData",
        ):
            frames += 1
            yield frame
    except DicomError:
        raise
    except Exception as error:
        raise translated(error, source.name) from error
    if frames != source.frames:
        raise UnreadableFile(
            "dicom.frames-missing",
            "{file} should hold {expected} frames and holds {present}; have it sent again",
            file=source.name,
            expected=source.frames,
            present=frames,
        )


def _own_bits(frame: np.ndarray, source: Source, noted: Deviations) -> np.ndarray:
    """Return samples with the sign they should have, bits beyond those stored left out."""
    layout = source.layout
    if layout.bits_allocated == 1:
        return frame
    unsigned = frame.astype(f"u{layout.bits_allocated // 8}", copy=False)
    below, spare = layout.high_bit + 1 - layout.bits_stored, layout.bits_allocated - layout.bits_stored
    if spare == 0:
        return unsigned.view(_signed_type(layout)) if layout.is_signed else unsigned
    own = (unsigned >> below) << spare
    samples = own.view(_signed_type(layout)) >> spare if layout.is_signed else own >> spare
    extended, cleared = samples.view(unsigned.dtype), own >> spare
    foreign = below == 0 and not (np.array_equal(unsigned, extended) or np.array_equal(unsigned, cleared))
    if foreign:
        noted.note(
            "dicom.bits-above-stored",
            "samples have bits set above the {bits} that are stored; those bits were left out",
            where=source.name,
            bits=layout.bits_stored,
        )
    return samples


def _signed_type(layout: PixelLayout) -> str:
    return f"i{layout.bits_allocated // 8}"
