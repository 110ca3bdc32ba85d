"""Identity numbers: the checksum, birth date and sex that a resident identity number carries (GB 11643)."""

import re
from dataclasses import dataclass
from datetime import date

from trocar_clinic.errors import ALLOWED, Verdict, refusal, refuse_if

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
PROVINCES = frozenset(
    [
        11,
        12,
        13,
        14,
        15,
        21,
        22,
        23,
        31,
        32,
        33,
        34,
        35,
        36,
        37,
        41,
        42,
        43,
        44,
        45,
        46,
        50,
        51,
        52,
        53,
        54,
        61,
        62,
        63,
        64,
        65,
        71,
        81,
        82,
        83,
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentNumber:
    """A resident identity number that can exist.

    Parameters
    ----------
    text
        Eighteen characters, the last a digit or ``X``.
    """

    text: str

    @property
    def birth_date(self) -> date:
        """Day of birth in the number."""
        return date(int(self.text[6:10]), int(self.text[10:12]), int(self.text[12:14]))

    @property
    def is_male(self) -> bool:
        """Whether the sequence digit is odd, as it is for men."""
        return int(self.text[16]) % 2 == 1


def check_character(first_seventeen: str) -> str:
    """Return the last character that belongs to seventeen digits (ISO 7064 MOD 11-2).

    Examples
    --------
    >>> check_character("11010519491231002")
    'X'
    """
    return CHECK_CHARACTERS[
        sum(int(digit) * weight for digit, weight in zip(first_seventeen, WEIGHTS, strict=True)) % 11
    ]


def judge_resident_number(text: str, *, today: date) -> Verdict:
    """Say whether a resident identity number can exist."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return refusal(
            "patients.identity-form",
            en="A resident identity number has 17 digits and a last digit or X; {n} characters were given",
            zh="居民身份证号应为 17 位数字加 1 位校验码（数字或 X）；所填为 {n} 个字符",
            n=len(text),
        )
    try:
        born = ResidentNumber(text=text).birth_date
    except ValueError:
        born = None
    verdict = refuse_if(
        born is None or born > today or born.year < 1880,
        "patients.identity-date",
        en="Characters 7 to 14 of the identity number are no possible birth date: {given}",
        zh="身份证号第 7–14 位不是可能的出生日期：{given}",
        given=text[6:14],
    )
    verdict &= refuse_if(
        int(text[:2]) not in PROVINCES,
        "patients.identity-province",
        en="The identity number begins with {given}, which is no province",
        zh="身份证号前两位 {given} 不是省级代码",
        given=text[:2],
    )
    return verdict & refuse_if(
        text[17] != check_character(text[:17]),
        "patients.identity-checksum",
        en="The last character of the identity number does not fit the others: one of them is mistyped",
        zh="身份证号校验码不符：有数字录入错误",
    )


def judge_agreement(number: ResidentNumber, *, birth_date: date, is_male: bool | None) -> Verdict:
    """Say whether a number agrees with the birth date and sex that were entered."""
    verdict = refuse_if(
        number.birth_date != birth_date,
        "patients.identity-birth-date",
        en="The identity number says born {number}, the form {entered}",
        zh="身份证号出生日期为 {number}，所填为 {entered}",
        number=number.birth_date,
        entered=birth_date,
    )
    return verdict & (
        ALLOWED
        if is_male is None
        else refuse_if(
            number.is_male != is_male,
            "patients.identity-sex",
            en="The identity number belongs to the other sex than entered",
            zh="身份证号性别位与所填性别不符",
        )
    )
