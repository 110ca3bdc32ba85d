"""Characters: what the bytes of names and descriptions say, and whether the stated character set was true.

Hospitals in China write GBK bytes under the label ISO_IR 100, or under none. The label is believed where its bytes
allow; where they cannot be what it says, the text is read as what it is, and the deviation is reported by name.

References
----------
DICOM PS3.5 section 6.1.2, annexes H to K; PS3.3 section C.12.1.1.2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from trocar.dicom.deviations import Deviations


class WrittenCharset(Enum):
    """Character set of the files Trocar writes."""

    GB18030 = "GB18030"
    UTF8 = "ISO_IR 192"


CODECS = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "iso8859_11",
    "ISO_IR 203": "iso8859_15",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gb18030",
}
"""Python codec of each defined term without code extensions (PS3.3 tables C.12-2 and C.12-5)."""

ESCAPES = {
    b"\x1b(B": "ascii",
    b"\x1b(J": "shift_jis",
    b"\x1b)I": "shift_jis",
    b"\x1b-A": "latin_1",
    b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3",
    b"\x1b-D": "iso8859_4",
    b"\x1b-F": "iso8859_7",
    b"\x1b-G": "iso8859_6",
    b"\x1b-H": "iso8859_8",
    b"\x1b-L": "iso8859_5",
    b"\x1b-M": "iso8859_9",
    b"\x1b-T": "iso8859_11",
    b"\x1b-b": "iso8859_15",
    b"\x1b$B": "iso2022_jp",
    b"\x1b$(D": "iso2022_jp_2",
    b"\x1b$)C": "euc_kr",
    b"\x1b$)A": "gb2312",
}
"""Python codec each escape sequence switches to (PS3.3 tables C.12-3 and C.12-4)."""

_KEEPS_ESCAPE = frozenset(("iso2022_jp", "iso2022_jp_2"))
_TERM_OF = {"utf_8": "ISO_IR 192", "gb18030": "GB18030", "latin_1": "ISO_IR 100"}
_GUESSED_LABELS = frozenset(("", "ISO_IR 6", "ISO_IR 100"))
_UNIVERSAL_LABELS = frozenset(("ISO_IR 192", "GB18030", "GBK"))
_FRAGMENT = re.compile(rb"\x1b(?:\$[()][A-D]|[$()-][A-Za-z])[^\x1b]*|[^\x1b]+|\x1b")
_NAME_RESETS = re.compile(rb"[\\^=\r\n\f\t]")
_TEXT_RESETS = re.compile(rb"[\\\r\n\f\t]")
_WORD = re.compile(r"[A-Za-z\x80-\xff]+")
_MISPELLINGS = {"UTF-8": "ISO_IR 192", "UTF8": "ISO_IR 192", "GB2312": "GB18030", "GB 18030": "GB18030"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterSet:
    """What (0008,0005) states, by the standard's own terms.

    Parameters
    ----------
    terms
        First the set in force at the beginning of a value, then those that escape sequences may switch to.
    """

    terms: tuple[str, ...] = ("",)

    @property
    def initial_codec(self) -> str:
        """Python codec at the beginning of a value."""
        return CODECS[self.terms[0]]


def character_set(stated: str, *, noted: Deviations, where: str) -> CharacterSet:
    """Return the character set an attribute states.

    Parameters
    ----------
    stated
        Value of Specific Character Set, its values separated by backslashes.
    noted
        Takes misspelt and unknown terms.
    where
        File.
    """
    terms = []
    for raw in stated.split("\\"):
        term = _term(raw)
        if term is None:
            noted.note(
                "dicom.charset-unknown",
                "the character set {stated} is not one of DICOM's; texts were read as what their bytes allow",
                where=where,
                stated=raw.strip(),
            )
            term = ""
        elif term != raw.strip(" \0").replace("ISO 2022 IR ", "ISO_IR "):
            noted.note(
                "dicom.charset-misspelt",
                "the character set {stated} was read as {used}",
                where=where,
                stated=raw.strip(),
                used=term,
            )
        terms.append(term)
    return CharacterSet(terms=tuple(terms))


def _term(raw: str) -> str | None:
    """Return the term without code extensions that a stated one means, None if it means nothing."""
    plain = raw.strip(" \0").upper()
    plain = _MISPELLINGS.get(plain, plain)
    plain = re.sub(r"^ISO[ _-]?2022[ _-]?(IR[ _-])?", "ISO_IR ", plain)
    plain = re.sub(r"^ISO[ _-]?IR[ _-]?", "ISO_IR ", plain)
    if plain in ("ISO_IR 58", "ISO_IR 87", "ISO_IR 149", "ISO_IR 159"):
        return plain
    plain = {"ISO_IR GBK": "GBK"}.get(plain, plain)
    return plain if plain in CODECS else None


CODECS |= {"ISO_IR 58": "gb2312", "ISO_IR 87": "iso2022_jp", "ISO_IR 149": "euc_kr", "ISO_IR 159": "iso2022_jp_2"}


def decode_text(raw: bytes, charset: CharacterSet, *, noted: Deviations, where: str, is_name: bool = False) -> str:
    """Return the text of a value.

    Parameters
    ----------
    raw
        Bytes of the value as they stand in the file.
    charset
        What the object states.
    noted
        Takes the deviation if the bytes are not what the character set says.
    where
        File.
    is_name
        Whether ``^`` and ``=`` separate components, which reset code extensions.
    """
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    used = _recognised(raw, charset)
    if used is None:
        try:
            return _as_stated(raw, charset, resets=_NAME_RESETS if is_name else _TEXT_RESETS)
        except (UnicodeError, LookupError):
            used = _first_that_decodes(raw)
    noted.note(
        "dicom.charset-mislabelled",
        "texts are stated to be in {stated} but are not; they were read as {used}",
        where=where,
        stated="\\".join(charset.terms) or "ASCII",
        used=_TERM_OF[used],
    )
    return raw.decode(used, errors="replace")


def believed(charset: CharacterSet, texts: Iterable[bytes], *, noted: Deviations, where: str) -> CharacterSet:
    """Return the character set that the texts of one object are really in: one label is wrong for all of them.

    Parameters
    ----------
    charset
        What the object states.
    texts
        Bytes of its texts.
    noted, where
        As in `decode_text`.
    """
    for raw in texts:
        used = None if raw.isascii() else _recognised(raw, charset)
        if used:
            decode_text(raw, charset, noted=noted, where=where)
            return CharacterSet(terms=(_TERM_OF[used],))
    return charset


def _as_stated(raw: bytes, charset: CharacterSet, *, resets: re.Pattern[bytes]) -> str:
    """Decode strictly, with code extensions unless the set is one that has none."""
    if charset.terms[0] in _UNIVERSAL_LABELS or b"\x1b" not in raw:
        return raw.decode(charset.initial_codec)
    return "".join(_fragment(piece, charset.initial_codec, resets) for piece in _FRAGMENT.findall(raw))


def _fragment(piece: bytes, initial: str, resets: re.Pattern[bytes]) -> str:
    """Decode what follows one escape sequence; a delimiter goes back to the initial set (PS3.5 6.1.2.5.3)."""
    escape = next((each for each in ESCAPES if piece.startswith(each)), None)
    if escape is None:
        return piece.decode(initial)
    codec, body = ESCAPES[escape], piece[len(escape) :]
    delimiter = resets.search(body) if codec not in _KEEPS_ESCAPE else None
    end = delimiter.start() if delimiter else len(body)
    switched = (escape if codec in _KEEPS_ESCAPE else b"") + body[:end]
    return switched.decode(codec) + body[end:].decode(initial)


def _recognised(raw: bytes, charset: CharacterSet) -> str | None:
    """Return the codec of bytes that carry a wrong label; None where the label may be true."""
    label = charset.terms[0]
    if b"\x1b" in raw:
        return None
    if label in _GUESSED_LABELS:
        if _decodes(raw, "utf_8"):
            return "utf_8"
        return "gb18030" if not _looks_latin(raw) and _decodes_to_chinese(raw, "gb18030") else None
    return "utf_8" if label in ("GB18030", "GBK") and _decodes_to_chinese(raw, "utf_8") else None


def _looks_latin(raw: bytes) -> bool:
    """Say whether accented letters stand among at least as many plain ones, word by word, as in Jérôme."""
    for word in _WORD.findall(raw.decode("latin_1")):
        accented = [letter for letter in word if letter >= "\x80"]
        if accented and (len(accented) * 2 > len(word) or any(not letter.isalpha() for letter in accented)):
            return False
    return True


def _decodes_to_chinese(raw: bytes, codec: str) -> bool:
    if not _decodes(raw, codec):
        return False
    return all(_is_chinese(letter) for letter in raw.decode(codec) if letter >= "\x80")


def _is_chinese(letter: str) -> bool:
    """Say whether a letter is an ideograph, or punctuation, a sign or a full-width form used with them."""
    code = ord(letter)
    return any(low <= code <= high for low, high in _CHINESE_RANGES)


_CHINESE_RANGES = (
    (0x00B0, 0x00B7),
    (0x2010, 0x203B),
    (0x2103, 0x22FF),
    (0x2460, 0x2500),
    (0x3000, 0x303F),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
)


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeError:
        return False
    return True


def _first_that_decodes(raw: bytes) -> str:
    """Return UTF-8, GB18030 or Latin-1, the last of which takes any byte."""
    return next(codec for codec in ("utf_8", "gb18030", "latin_1") if _decodes(raw, codec))
