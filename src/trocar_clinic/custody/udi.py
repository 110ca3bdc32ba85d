"""Bar codes of devices: GS1 element strings as scanners give them, with brackets or with separators.

The application identifiers read are those of UDI carriers: 01 product, 10 lot, 11 made on, 17 use by, 21 serial
(GS1 General Specifications, section 3).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from trocar_clinic.errors import Refused, reason

SEPARATOR = "\x1d"
FIXED = {"01": 14, "11": 6, "17": 6}
OPEN_ENDED = {"10": 20, "21": 20, "240": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Udi:
    """What a bar code says."""

    product: str
    lot: str = ""
    serial: str = ""
    made_on: date | None = None
    use_by: date | None = None


def parse_udi(text: str) -> Udi:
    """Return what a scanned bar code says.

    Raises
    ------
    Refused
        It is no GS1 bar code of a device, or its check digit is wrong.

    Examples
    --------
    >>> parse_udi("(01)06901234567892(17)270131(10)A12(21)0007").lot
    'A12'
    """
    found = _bracketed(text) if text.strip().startswith("(") else _plain(text.strip().removeprefix("]d2"))
    product = found.get("01", "")
    if not re.fullmatch(r"\d{14}", product) or _check_digit(product[:13]) != product[13]:
        raise Refused(
            reason(
                "custody.udi-unreadable",
                en="“{text}” is no device bar code (01, 14 digits, right check digit); scan again or type the parts",
                zh="「{text}」不是有效的器械条码（01 + 14 位数字且校验位正确）；请重新扫描或手工填写",
                text=text[:80],
            )
        )
    return Udi(
        product=product,
        lot=found.get("10", ""),
        serial=found.get("21", ""),
        made_on=_day(found.get("11")),
        use_by=_day(found.get("17")),
    )


def _bracketed(text: str) -> dict[str, str]:
    return dict(re.findall(r"\((\d{2,4})\)([^(]+)", text.strip()))


def _plain(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    while text:
        key = next((each for each in (*FIXED, *OPEN_ENDED) if text.startswith(each)), None)
        if key is None:
            break
        text = text[len(key) :]
        if key in FIXED:
            found[key], text = text[: FIXED[key]], text[FIXED[key] :]
        else:
            found[key], _, text = text.partition(SEPARATOR)
        text = text.removeprefix(SEPARATOR)
    return found


def _check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _day(text: str | None) -> date | None:
    """Return a YYMMDD date; day 00 means the last of the month."""
    if not text or not re.fullmatch(r"\d{6}", text):
        return None
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    if not 1 <= month <= 12 or day > monthrange(year, month)[1]:
        return None
    return date(year, month, day or monthrange(year, month)[1])
