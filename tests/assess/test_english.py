import pytest

from trocar.assess.check import assess_document


def _found(text: str) -> set[str]:
    return {each.check for each in assess_document(text.encode(), name="x.txt").contradictions}


def test_a_report_in_english_is_told_to_be_judged_by_fewer_checks() -> None:
    assessed = assess_document(b"The dose of all patients was verified.", name="x.txt")
    assert "assess.english" in {each.code for each in assessed.remarks}
    assert [each.check for each in assessed.contradictions] == ["universal-without-record"]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("We have over six years of experience with 90 implants. In 2024 we did 90 implants.", "one-count-two-periods"),
        ("The dose verification rate was 84%.", "rate-without-counts"),
        ("Dose was verified in 40 of 60 patients (75%).", "rate-differs-from-counts"),
        ("Every implant was verified. Verification was done in 50 of 60 patients (83.3%).", "universal-against-rate"),
        ("The follow-up rate was 100%, 4 patients were lost.", "universal-against-rate"),
        ("No complications were seen. Bleeding occurred in 3 patients.", "none-but-some"),
        ("One physician is authorised to implant seeds.", "staff-below-threshold"),
        ("Two physicians are qualified for ablation.", "staff-without-names"),
        ("Medical physicists are available.", "role-without-number"),
        ("The Radiation Safety Licence is valid.", "licence-incomplete"),
        ("Rooms shall comply with the norm.", "requirement-words"),
        ("The tumours shrank in most patients.", "outcome-without-measurement"),
        ("We follow the 2009 edition of the norm in 2024.", "repealed-norm"),
        ("The PACU has 6 beds.", "recovery-room-incomplete"),
        ("Guidance is by CT and ultrasound. CT and MRI are connected to the PACS.", "device-lists-differ"),
    ],
)
def test_english_words_for_each_fault_are_known(text: str, check: str) -> None:
    assert check in _found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dose was verified in 50 of 60 patients (83.3%); ten are listed in annex 2.",
        "| Dose verification | 50 | 60 | 83.3% |",
        "In 2023 we did 60 implants, in 2024 we did 60 implants.",
        "No severe complications occurred. Pneumothorax: 3/60.",
        "Two physicians: Physician A (certificate AB-01) and Physician B (certificate AB-02) perform ablation.",
        "The Radiation Safety Licence No. 00217 is valid until 19 May 2027.",
        "Patients should avoid close contact with children for six months.",
        "Mean diameter fell from 38 mm to 24 mm (RECIST: PR), the tumours shrank.",
        "The 2017 edition was repealed in 2022.",
        "We will follow all patients next year.",
    ],
)
def test_what_is_shown_or_only_promised_is_no_fault(text: str) -> None:
    assert _found(text) == set()
