"""What all reports about a patient begin with."""

from datetime import date, datetime

import numpy as np

from trocar.messages import Language
from trocar.plan.patient import Patient
from trocar.report.document import Tone, in_language, say
from trocar.report.page_head import identity_rows, moment_words, place_words, running_head, tone_of
from trocar.report.pictures import Paper
from trocar.results.findings import Finding, Severity

CHINESE, ENGLISH = (Paper(language=language) for language in (Language.CHINESE, Language.ENGLISH))
PATIENT = Patient(identifier="D-1", name="Demo^Patient A=示例患者甲", birth_date=date(1960, 5, 4), sex="M")


def finding(severity: Severity) -> Finding:
    return Finding(severity=severity, message=say("report.not-stated", "not stated"))


def test_a_loose_sheet_says_whose_it_is_in_the_readers_language() -> None:
    assert running_head(PATIENT, "plan 1", paper=CHINESE) == ("D-1", "示例患者甲", "plan 1")
    assert running_head(PATIENT, "plan 1", paper=ENGLISH) == ("D-1", "Demo, Patient A", "plan 1")


def test_identity_states_sex_and_birth_and_leaves_no_cell_empty() -> None:
    told = [in_language(value, Language.CHINESE) for _, value in identity_rows(PATIENT, paper=CHINESE)]
    assert told == ["D-1", "示例患者甲", "男，1960-05-04"]
    nobody = identity_rows(Patient(identifier="", name=""), paper=ENGLISH)
    assert [in_language(value, Language.ENGLISH) for _, value in nobody] == ["—", "—", "—, —"]


def test_a_time_that_was_not_stated_is_said_to_be_so() -> None:
    assert moment_words(datetime(2026, 3, 2, 9, 5)) == "2026-03-02 09:05"
    assert in_language(moment_words(None), Language.CHINESE) == "未注明"


def test_a_verdict_has_the_tone_of_its_severest_finding() -> None:
    assert tone_of(()) is Tone.GOOD
    assert tone_of((finding(Severity.NOTE),)) is Tone.GOOD
    assert tone_of((finding(Severity.NOTE), finding(Severity.ATTENTION))) is Tone.ATTENTION
    assert tone_of((finding(Severity.ATTENTION), finding(Severity.ACTION))) is Tone.ACTION


def test_a_place_is_told_to_a_tenth_of_a_millimetre() -> None:
    assert place_words(np.array([1.0, -2.26, 3.0])) == "1.0, -2.3, 3.0"
