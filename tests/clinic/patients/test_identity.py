"""Identity numbers that cannot exist are refused, each for its own reason."""

from datetime import date

import pytest

from trocar_clinic.patients.identity import ResidentNumber, check_character, judge_agreement, judge_resident_number

TODAY = date(2026, 11, 28)
VALID = "11010519491231002X"  # the example printed in GB 11643-1999


def test_the_example_of_the_standard_is_accepted() -> None:
    assert judge_resident_number(VALID, today=TODAY).allowed


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1101051949123100", "patients.identity-form"),
        ("11010519491231002x", "patients.identity-form"),
        ("１１０１０５１９４９１２３１００２X", "patients.identity-form"),
        ("110105194902310021", "patients.identity-date"),
        ("110105204912310021", "patients.identity-date"),
        ("990105194912310021", "patients.identity-province"),
        ("110105194912310020", "patients.identity-checksum"),
        ("110105194912130020", "patients.identity-checksum"),
    ],
)
def test_an_impossible_number_is_refused(number: str, code: str) -> None:
    assert code in [each.code for each in judge_resident_number(number, today=TODAY).reasons]


def test_every_single_digit_error_is_caught() -> None:
    for place in range(17):
        for digit in "0123456789":
            changed = VALID[:place] + digit + VALID[place + 1 :]
            assert changed == VALID or check_character(changed[:17]) != VALID[17]


def test_birth_date_and_sex_must_agree() -> None:
    number = ResidentNumber(text=VALID)
    assert judge_agreement(number, birth_date=date(1949, 12, 31), is_male=False).allowed
    codes = [each.code for each in judge_agreement(number, birth_date=date(1949, 12, 30), is_male=True).reasons]
    assert codes == ["patients.identity-birth-date", "patients.identity-sex"]
