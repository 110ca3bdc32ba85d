"""Opening one DICOM file: every foreign exception is translated, every oddity of the encoding has a name."""

import io
import logging
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.uid import DeflatedExplicitVRLittleEndian

from trocar.dicom.deviations import Deviations
from trocar.errors import UnreadableFile

MEMORY_BUDGET_BYTES = 4 * 2**30
"""Largest file, and largest set of decoded voxels, that is read in one piece unless the caller allows more."""

Stop = Callable[[int, str | None, int], bool]

ELEMENTS_AT_MOST = 50_000
"""More elements at the top of a data set than any real object has; sequences count as one."""
UNDEFINED_LENGTH = 0xFFFFFFFF
_PREAMBLE_AND_PREFIX = 132
_PARSER = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the pixel data of a file, and where they begin.

    Parameters
    ----------
    dataset
        Everything before the pixel data.
    pixels_at
        Offset of the pixel data element in the file; None if the file is deflated, so that no offset means anything.
    """

    dataset: FileDataset
    pixels_at: int | None


def read_dataset(
    path: Path, *, noted: Deviations, pixels: bool = True, budget_bytes: int = MEMORY_BUDGET_BYTES
) -> Dataset:
    """Return what one DICOM file holds.

    Parameters
    ----------
    path
        The file.
    noted
        Takes the deviations met: no file meta information, no transfer syntax, other VR encoding than stated.
    pixels
        False to stop before the pixel data.
    budget_bytes
        Largest file, and largest inflated dataset, accepted.

    Raises
    ------
    UnreadableFile
        Not there, not DICOM, truncated, damaged, nested too deeply or too large.
    """
    return _opened(path, noted=noted, stop=None if pixels else _at_pixels, budget_bytes=budget_bytes).dataset


def read_header(path: Path, *, noted: Deviations, budget_bytes: int = MEMORY_BUDGET_BYTES) -> Header:
    """Return what stands before the pixel data, and where they begin; errors as `read_dataset`."""
    return _opened(path, noted=noted, stop=_at_pixels, budget_bytes=budget_bytes)


def read_title(path: Path, *, noted: Deviations, budget_bytes: int = MEMORY_BUDGET_BYTES) -> Dataset:
    """Return what says whose an object is and what it is, without contours, dwells or pixels."""
    return _opened(path, noted=noted, stop=_after_title, budget_bytes=budget_bytes).dataset


def _at_pixels(tag: int, vr: str | None, length: int) -> bool:
    return tag in (0x7FE00008, 0x7FE00009, 0x7FE00010)


def _after_title(tag: int, vr: str | None, length: int) -> bool:
    """Stop at the first sequence of a structure set or plan, at functional groups and at pixels."""
    return 0x30060010 <= tag < 0x300A0000 or tag >= 0x300A0010


def _counting(stop: Stop | None) -> Stop:
    """Return a stop rule that also gives up on what has more elements than any object: a file filled with zeros."""
    counted = 0

    def rule(tag: int, vr: str | None, length: int) -> bool:
        nonlocal counted
        counted += 1
        if counted > ELEMENTS_AT_MOST:
            raise ValueError(f"more than {ELEMENTS_AT_MOST} elements")
        return stop is not None and stop(tag, vr, length)

    return rule


def _opened(path: Path, *, noted: Deviations, stop: Stop | None, budget_bytes: int) -> Header:
    path = Path(path)
    try:
        with path.open("rb") as handle, _WithinFile(handle) as source:
            dataset = _parsed(source, path, noted=noted, stop=stop, budget_bytes=budget_bytes)
            is_deflated = meta_uid(dataset, "TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
            header = Header(dataset=dataset, pixels_at=None if is_deflated else source.tell())
    except OSError as error:
        raise UnreadableFile(
            "dicom.cannot-open",
            "{file} cannot be opened: {reason}; check that it exists and may be read",
            file=path.name,
            reason=error.strerror or str(error),
        ) from error
    require_whole(dataset, path.name)
    return header


def _parsed(
    source: "_WithinFile", path: Path, *, noted: Deviations, stop: Stop | None, budget_bytes: int
) -> FileDataset:
    head = source.read(_PREAMBLE_AND_PREFIX)
    has_prefix = head[128:] == b"DICM"
    if not has_prefix and not _starts_like_a_dataset(head):
        raise UnreadableFile(
            "dicom.not-dicom",
            "{file} is not a DICOM file: it has neither the DICM prefix nor a data set at its beginning",
            file=path.name,
        )
    if stop is None and source.size_bytes > budget_bytes:
        _refuse_too_large(path.name, source.size_bytes, budget_bytes)
    _refuse_deflate_bomb(source, path.name, budget_bytes)
    source.seek(0)
    try:
        with parser_warnings() as heard:
            dataset = read_partial(source, stop_when=_counting(stop), force=True)
            syntax = meta_uid(dataset, "TransferSyntaxUID")
    except Exception as error:
        raise translated(error, path.name) from error
    _report_encoding(dataset, path.name, heard=heard, has_prefix=has_prefix, syntax=syntax, noted=noted)
    dataset.filename = str(path)
    dataset.buffer = None
    return dataset


def meta_uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID of the file meta information without padding, empty where absent."""
    meta = getattr(dataset, "file_meta", None)
    element: Any = None if meta is None else meta.get_item(keyword, keep_deferred=True)
    value = None if element is None else element.value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")


def translated(error: Exception, where: str) -> UnreadableFile:
    """Return the error of ours that says what an exception of the parser means."""
    if isinstance(error, RecursionError):
        return UnreadableFile(
            "dicom.nested-too-deep",
            "{file} nests sequences in sequences more deeply than any real object does; it is damaged or forged",
            file=where,
        )
    if isinstance(error, MemoryError):
        return UnreadableFile("dicom.out-of-memory", "{file} asks for more memory than there is", file=where)
    return UnreadableFile(
        "dicom.damaged",
        "{file} is damaged and cannot be decoded ({kind}: {reason}); have it sent again",
        file=where,
        kind=type(error).__name__,
        reason=str(error)[:200],
    )


@contextmanager
def parser_warnings() -> Iterator[list[str]]:
    """Collect what pydicom warns of instead of printing it; one thread at a time, since filters are global."""
    said: list[str] = []
    logger = logging.getLogger("pydicom")
    with _PARSER, warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        before, logger.disabled = logger.disabled, True
        try:
            yield said
        finally:
            logger.disabled = before
            said.extend(str(each.message) for each in heard)


def require_whole(dataset: Dataset, where: str) -> None:
    """Raise if the last element that could be read is shorter than it says.

    Raises
    ------
    UnreadableFile
        The file was cut short.
    """
    try:
        elements = tuple(dataset.elements())
    except Exception as error:  # pydicom converts what it calls deferred, and a damaged header may make it so
        raise translated(error, where) from error
    for element in elements:
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        present = len(element.value or b"")
        if present != element.length:
            raise UnreadableFile(
                "dicom.truncated",
                "{file} is cut short: {attribute} should have {expected} bytes and has {present}; have it sent again",
                file=where,
                attribute=str(element.tag),
                expected=element.length,
                present=present,
            )


def _report_encoding(
    dataset: FileDataset, name: str, *, heard: list[str], has_prefix: bool, syntax: str, noted: Deviations
) -> None:
    if not has_prefix:
        noted.note("dicom.no-file-meta", "the file has no meta information header; read as a bare data set", where=name)
    elif not syntax:
        noted.note(
            "dicom.no-transfer-syntax",
            "the transfer syntax is not stated; {assumed} was recognised from the bytes",
            where=name,
            assumed=_encoding_name(dataset),
        )
    for warning in heard:
        if warning.startswith(("Expected explicit VR", "Expected implicit VR")):
            noted.note(
                "dicom.vr-encoding-differs",
                "the data set is not encoded as its transfer syntax says; {assumed} was read",
                where=name,
                assumed=_encoding_name(dataset),
            )
        elif "End of file" in warning or "EOF" in warning:
            raise UnreadableFile(
                "dicom.truncated-sequence",
                "{file} is cut short: it ends within a sequence; have it sent again",
                file=name,
            )
        else:
            noted.note("dicom.parser-said", "the parser warned: {warning}", where=name, warning=warning[:200])


def _encoding_name(dataset: FileDataset) -> str:
    implicit, little = dataset.original_encoding
    return f"{'implicit' if implicit else 'explicit'} VR {'little' if little else 'big'} endian"


def _starts_like_a_dataset(head: bytes) -> bool:
    """Say whether the first bytes are an element of group 2 or 8 in one of the encodings, without the prefix."""
    return len(head) >= 8 and head[:4] in _FIRST_TAGS


_FIRST_TAGS = frozenset(
    group.to_bytes(2, order) + element.to_bytes(2, order)
    for order in ("little", "big")
    for group, element in ((2, 0), (2, 1), (8, 0), (8, 1), (8, 5), (8, 8), (8, 0x12), (8, 0x16), (8, 0x18))
)


def _refuse_too_large(name: str, size_bytes: int, budget_bytes: int) -> None:
    raise UnreadableFile(
        "dicom.too-large",
        "{file} needs {size_mib:.0f} MiB, more than the {budget_mib:.0f} MiB allowed; allow more if it is genuine",
        file=name,
        size_mib=size_bytes / 2**20,
        budget_mib=budget_bytes / 2**20,
    )


def _refuse_deflate_bomb(source: "_WithinFile", name: str, budget_bytes: int) -> None:
    """Inflate a deflated data set once into nothing, to learn its size before memory is given to it."""
    source.seek(_PREAMBLE_AND_PREFIX)
    meta = source.read(2048)
    if DeflatedExplicitVRLittleEndian.encode() not in meta or meta[:4] != b"\x02\0\0\0":
        return
    source.seek(_PREAMBLE_AND_PREFIX + 12 + int.from_bytes(meta[8:12], "little"))
    inflater, size_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while not inflater.eof and (chunk := inflater.unconsumed_tail or source.read(2**16)):
            size_bytes += len(inflater.decompress(chunk, 2**20))
            if size_bytes > budget_bytes:
                _refuse_too_large(name, size_bytes, budget_bytes)
    except zlib.error as error:
        raise translated(error, name) from error


class _WithinFile(io.BufferedReader):
    """A file whose reads never ask for more than is left, whatever a damaged length says."""

    def __init__(self, handle: io.BufferedReader) -> None:
        super().__init__(handle.raw)
        self.size_bytes = handle.seek(0, io.SEEK_END)
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(self.size_bytes - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))
