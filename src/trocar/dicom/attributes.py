"""Typed access to attributes: a value of the wanted kind, or an error that says where, what and what to do.

Values are parsed from the bytes of the file, not through pydicom's lazy conversion: that raises what it likes,
decodes ISO 2022 IR 58 wrongly and is slow for contours of a hundred thousand numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from trocar.dicom.clock import date_from_text, time_from_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import MEMORY_BUDGET_BYTES, parser_warnings, read_dataset, require_whole, translated
from trocar.dicom.text import CharacterSet, believed, character_set, decode_text
from trocar.errors import RefusedObject

Choice = TypeVar("Choice", bound=Enum)

_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "UV": "u8", "SV": "i8", "FL": "f4", "FD": "f8"}
_BINARY |= {"OW": "u2", "OB": "u1", "OL": "u4", "OF": "f4", "OD": "f8"}
_TRANSLATED_TEXT = frozenset(("PN", "LO", "SH", "LT", "ST", "UT", "UC"))
_NAMES_AT_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """A data set or sequence item, seen through typed questions.

    Parameters
    ----------
    dataset
        The pydicom data set.
    where
        File and path of sequences, for messages.
    noted
        Takes the deviations met.
    charset
        Character set in force; an item inherits it.
    """

    dataset: Dataset
    where: str
    noted: Deviations
    charset: CharacterSet

    @classmethod
    def of(cls, dataset: Dataset, *, where: str, noted: Deviations) -> "Attributes":
        """Return the view of a whole data set."""
        view = cls(dataset=dataset, where=where, noted=noted, charset=CharacterSet())
        charset = believed(view._own_charset(), view._raw_texts(), noted=noted, where=view.file)
        return replace(view, charset=charset)

    @property
    def file(self) -> str:
        """Name of the file, without the path of sequences."""
        return self.where.split(" › ")[0]

    def has(self, keyword: str) -> bool:
        """Say whether an attribute is present with a value."""
        value = self._stored(keyword)[1]
        return value is not None and len(value) > 0

    # --- text -------------------------------------------------------------------------------------------------------

    def text(self, keyword: str) -> str:
        """Return a text that must be there, without padding."""
        return self.text_or(keyword, "") or self._missing(keyword)

    def text_or(self, keyword: str, default: str) -> str:
        """Return a text, or the default where absent or empty; several values stay separated by backslashes."""
        vr, value = self._stored(keyword)
        if value is None:
            return default
        if not isinstance(value, bytes):
            return "\\".join(str(each) for each in value) or default
        if vr in _BINARY and len(value) % np.dtype(_BINARY[vr]).itemsize == 0 and vr not in ("OB", "UN"):
            return "\\".join(f"{each:g}" for each in self._binary(keyword, vr, value)) or default
        return self._decoded(vr, value).rstrip(" \0") or default

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return the values of a text, each without padding; none where absent."""
        text = self.text_or(keyword, "")
        return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()

    def uid(self, keyword: str) -> str:
        """Return a UID that must be there."""
        return self.uid_or(keyword, "") or self._missing(keyword)

    def uid_or(self, keyword: str, default: str) -> str:
        """Return a UID, or the default where absent; one that de-identification made of letters is noted.

        Raises
        ------
        RefusedObject
            It is longer than 64 characters or not printable.
        """
        uid = self.text_or(keyword, "").strip(" \0")
        if len(uid) > _NAMES_AT_MOST or not uid.isprintable():
            self.refuse(keyword, repr(uid), "digits and dots, at most 64 of them")
        if not set(uid) <= set("0123456789."):
            self.noted.note(
                "dicom.uid-malformed",
                "{attribute} is {given}, not digits and dots; it was taken as it stands",
                where=self.file,
                attribute=keyword,
                given=uid,
            )
        return uid or default

    def choice(self, keyword: str, allowed: Mapping[str, Choice]) -> Choice:
        """Return the meaning of a coded text that must be one of those allowed."""
        text = self.text(keyword).strip().upper()
        if text not in allowed:
            self.refuse(keyword, text, ", ".join(allowed))
        return allowed[text]

    # --- numbers ----------------------------------------------------------------------------------------------------

    def numbers_or_none(self, keyword: str, count: int | None = None) -> Float[np.ndarray, " n"] | None:
        """Return the finite numbers of an attribute, None where absent or empty.

        Raises
        ------
        RefusedObject
            Something is not a finite number, or their count is not the one asked for.
        """
        vr, value = self._stored(keyword)
        if value is None or len(value) == 0:
            return None
        numbers = self._binary(keyword, vr, value) if vr in _BINARY else self._decimal(keyword, value)
        if numbers.size == 0:
            return None
        if not np.isfinite(numbers).all():
            self.refuse(keyword, "an infinite or undefined number", "finite numbers")
        if count is not None and numbers.size != count:
            self.refuse(keyword, f"{numbers.size} values", f"{count} values")
        return numbers

    def numbers(self, keyword: str, count: int | None = None) -> Float[np.ndarray, " n"]:
        """Return numbers that must be there."""
        numbers = self.numbers_or_none(keyword, count)
        return self._missing(keyword) if numbers is None else numbers

    def number_or_none(self, keyword: str) -> float | None:
        """Return one number, None where absent."""
        numbers = self.numbers_or_none(keyword, 1)
        return None if numbers is None else float(numbers[0])

    def number(self, keyword: str) -> float:
        """Return one number that must be there."""
        return float(self.numbers(keyword, 1)[0])

    def integer_or_none(self, keyword: str) -> int | None:
        """Return one whole number, None where absent."""
        number = self.number_or_none(keyword)
        if number is not None and number != int(number):
            self.refuse(keyword, f"{number}", "a whole number")
        return None if number is None else int(number)

    def integer(self, keyword: str) -> int:
        """Return one whole number that must be there."""
        integer = self.integer_or_none(keyword)
        return self._missing(keyword) if integer is None else integer

    # --- time -------------------------------------------------------------------------------------------------------

    def date_or_none(self, keyword: str) -> date | None:
        """Return a date; None where absent, or, with a deviation noted, where it is no date."""
        text = self.text_or(keyword, "").strip()
        found = date_from_text(text)
        if text and found is None:
            self._note_unreadable_time(keyword, text)
        return found

    def time_or_none(self, keyword: str) -> time | None:
        """Return a time of day; None where absent, or, with a deviation noted, where it is none."""
        text = self.text_or(keyword, "").strip()
        found = time_from_text(text)
        if text and found is None:
            self._note_unreadable_time(keyword, text)
        return found

    def moment_or_none(self, date_keyword: str, time_keyword: str) -> datetime | None:
        """Return date and time of day of a pair of attributes, midnight where only the date is stated."""
        day = self.date_or_none(date_keyword)
        return None if day is None else datetime.combine(day, self.time_or_none(time_keyword) or time())

    def moment(self, date_keyword: str, time_keyword: str) -> datetime:
        """Return date and time of day that must be stated; midnight where only the date is."""
        found = self.moment_or_none(date_keyword, time_keyword)
        if found is None and self.has(date_keyword):
            self.refuse(date_keyword, self.text(date_keyword), "a date YYYYMMDD")
        return self._missing(date_keyword) if found is None else found

    # --- sequences --------------------------------------------------------------------------------------------------

    def items(self, keyword: str) -> tuple["Attributes", ...]:
        """Return the items of a sequence; none where absent or empty.

        Raises
        ------
        UnreadableFile
            The sequence is damaged, or ends before its last item does.
        """
        if keyword_tag(keyword) not in self.dataset:
            return ()
        try:
            with parser_warnings():
                sequence = self.dataset[keyword_tag(keyword)].value
        except Exception as error:
            raise translated(error, f"{self.where} › {keyword}") from error
        if not isinstance(sequence, Sequence):
            self.refuse(keyword, type(sequence).__name__, "a sequence")
        return tuple(self._item(keyword, index, each) for index, each in enumerate(sequence, start=1))

    def required_items(self, keyword: str) -> tuple["Attributes", ...]:
        """Return the items of a sequence that must have at least one."""
        return self.items(keyword) or self._missing(keyword)

    def first_item_or_none(self, keyword: str) -> "Attributes | None":
        """Return the first item of a sequence, None where there is none."""
        return next(iter(self.items(keyword)), None)

    def walk(self, *keywords: str) -> Iterator["Attributes"]:
        """Yield the items reached by following sequences one into the other."""
        if not keywords:
            yield self
            return
        for item in self.items(keywords[0]):
            yield from item.walk(*keywords[1:])

    # --- refusing ---------------------------------------------------------------------------------------------------

    def refuse(self, keyword: str, given: str, allowed: str) -> None:
        """Raise for a value that cannot be used."""
        raise RefusedObject(
            "dicom.attribute-invalid",
            "{where}: {attribute} is {given}; allowed: {allowed}",
            where=self.where,
            attribute=keyword,
            given=given[:80],
            allowed=allowed,
        )

    def _missing(self, keyword: str) -> Any:
        raise RefusedObject(
            "dicom.attribute-missing",
            "{where}: {attribute} is missing or empty, but is needed; export the object again with it",
            where=self.where,
            attribute=keyword,
        )

    def _note_unreadable_time(self, keyword: str, text: str) -> None:
        self.noted.note(
            "dicom.date-unreadable",
            "{attribute} is {given}, which is no date or time; it was taken as not stated",
            where=self.where,
            attribute=keyword,
            given=text[:40],
        )

    # --- bytes ------------------------------------------------------------------------------------------------------

    def _stored(self, keyword: str) -> tuple[str, Any]:
        """Return VR and bytes as stored, or the values of an element already converted; None where absent."""
        tag = keyword_tag(keyword)
        element: Any = self.dataset.get_item(tag, keep_deferred=True)
        if element is None:
            return "", None
        if isinstance(element, RawDataElement):
            return self._vr(keyword, element.VR), element.value
        value = element.value
        if isinstance(value, bytes) or value is None or value == "":
            return str(element.VR), value or None
        return str(element.VR), list(value) if isinstance(value, MultiValue | list | tuple) else [value]

    def _vr(self, keyword: str, stated: str | None) -> str:
        """Return the VR to read by: the stated one unless there is none, or it is no VR, or UN."""
        known = _known_vr(keyword)
        if stated is None or stated == "UN" or (stated not in _BINARY and known in _BINARY):
            return known
        return stated

    def _decoded(self, vr: str, value: bytes) -> str:
        if vr in _TRANSLATED_TEXT:
            return decode_text(value, self.charset, noted=self.noted, where=self.file, is_name=vr == "PN")
        return value.decode("ascii", errors="replace")

    def _binary(self, keyword: str, vr: str, value: Any) -> np.ndarray:
        if not isinstance(value, bytes):
            return self._decimal(keyword, value)
        dtype = np.dtype(_BINARY[vr]).newbyteorder("<" if self._is_little_endian else ">")
        if len(value) % dtype.itemsize:
            self.refuse(keyword, f"{len(value)} bytes", f"a multiple of {dtype.itemsize}")
        return np.frombuffer(value, dtype=dtype).astype(np.float64)

    def _decimal(self, keyword: str, value: Any) -> np.ndarray:
        """Return the numbers of a decimal or integer string."""
        parts = value.strip(b" \0\\").split(b"\\") if isinstance(value, bytes) else value
        try:
            if parts == [b""]:
                return np.empty(0)
            return np.array(parts, dtype=f"S{max(map(len, parts))}" if isinstance(value, bytes) else None).astype(float)
        except (ValueError, TypeError, OverflowError):
            shown = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
            self.refuse(keyword, shown, "numbers")
            raise AssertionError("unreachable") from None

    @property
    def _is_little_endian(self) -> bool:
        return self.dataset.original_encoding[1] is not False

    def _own_charset(self) -> CharacterSet:
        element: Any = self.dataset.get_item(0x00080005, keep_deferred=True)
        value: Any = None if element is None else element.value
        if value is None or len(value) == 0:
            return self.charset
        if isinstance(value, bytes):
            stated = value.decode("ascii", "replace")
        else:
            stated = value if isinstance(value, str) else "\\".join(str(each) for each in value)
        return character_set(stated, noted=self.noted, where=self.file)

    def _raw_texts(self) -> Iterator[bytes]:
        for element in self.dataset.elements():
            if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
                vr = element.VR or _implicit_vr(element.tag)
                if vr in _TRANSLATED_TEXT:
                    yield element.value

    def _item(self, keyword: str, index: int, dataset: Dataset) -> "Attributes":
        where = f"{self.where} › {keyword}[{index}]"
        require_whole(dataset, where)
        item = Attributes(dataset=dataset, where=where, noted=self.noted, charset=self.charset)
        return replace(item, charset=item._own_charset())


@lru_cache(maxsize=1024)
def keyword_tag(keyword: str) -> int:
    """Return the tag of a keyword of the data dictionary."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return int(tag)


@lru_cache(maxsize=1024)
def _known_vr(keyword: str) -> str:
    return dictionary_VR(keyword_tag(keyword)).split(" or ", maxsplit=1)[0]


@lru_cache(maxsize=4096)
def _implicit_vr(tag: int) -> str:
    return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"


def read_attributes(
    path: Path, *, noted: Deviations, pixels: bool = True, budget_bytes: int = MEMORY_BUDGET_BYTES
) -> Attributes:
    """Return the typed view of one DICOM file; see `trocar.dicom.files.read_dataset`."""
    dataset = read_dataset(path, noted=noted, pixels=pixels, budget_bytes=budget_bytes)
    return Attributes.of(dataset, where=Path(path).name, noted=noted)
