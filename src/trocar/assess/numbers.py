"""Numbers as reports write them: digits of any width, 二百零三, 百分之八十一."""

import re
from typing import Final

_DIGITS: Final = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_TENS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_WIDE: Final[dict[int, int]] = {0xFF01 + offset: 0x21 + offset for offset in range(94) if chr(0x21 + offset).isalnum()}
_WIDE.update({ord(wide): ord(narrow) for wide, narrow in zip("％．／〜～", "%./~~", strict=True)})

NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千万]+)"
"""A number as a pattern, without a group."""


_THIN: Final = re.compile(r"(?<=(?<!\d)\d) (?=\d{3}\s*[颗粒枚例])|(?<=(?<!\d)\d\d) (?=\d{3}\s*[颗粒枚例])")
"""A blank that parts thousands in a count."""


def narrowed(text: str) -> str:
    """Return a text with full-width digits, letters, percent signs and strokes narrowed, letter by letter.

    Examples
    --------
    >>> narrowed("２０３例，８１％，4 152颗")
    '203例，81%，4,152颗'
    """
    return _THIN.sub(",", text.translate(_WIDE))


def number_of(text: str) -> float | None:
    """Return the number of digits or Chinese numerals; None where it is none.

    Examples
    --------
    >>> number_of("二百零三"), number_of("1,203"), number_of("十二"), number_of("两"), number_of("万一")
    (203.0, 1203.0, 12.0, 2.0, None)
    """
    if re.fullmatch(r"[\d,]+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    if all(letter in _DIGITS for letter in text) and len(text) > 1:
        return float("".join(str(_DIGITS[letter]) for letter in text)) if text[0] not in "两" else None
    total, part, digit = 0, 0, None
    for letter in text:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter == "万":
            if not (total + part + (digit or 0)):
                return None
            total, part, digit = (total + part + (digit or 0)) * 10000, 0, None
        elif letter in _TENS:
            part += (1 if digit is None else digit) * _TENS[letter]
            digit = None
        else:
            return None
    return float(total + part + (digit or 0)) if text else None


_PERCENT = re.compile(rf"(?P<digits>\d+(?:\.\d+)?)\s*%|百分之(?P<words>{NUMBER})")


def percents_in(text: str) -> list[tuple[float, int, int]]:
    """Return each percentage of a narrowed text with where it begins and ends.

    Examples
    --------
    >>> percents_in("验证率百分之八十一，随访率92.5%")
    [(81.0, 3, 9), (92.5, 13, 18)]
    """
    found = []
    for match in _PERCENT.finditer(text):
        value = float(match["digits"]) if match["digits"] else number_of(match["words"])
        if value is not None:
            found.append((value, match.start(), match.end()))
    return found
