"""All checks over one report."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

from trocar.assess import (
    check_cases,
    check_claims,
    check_completeness,
    check_equipment,
    check_figures,
    check_licences,
    check_norms,
    check_people,
    check_wording,
)
from trocar.assess.english import ENGLISH_CHECKS, english_script
from trocar.assess.faults import said
from trocar.assess.reading import read_document
from trocar.assess.script import Script, script_of
from trocar.department.contradictions import Assessed, Contradiction
from trocar.messages import Message
from trocar.results.findings import Severity

Check = Callable[[Script], Iterable[Contradiction]]

CHECKS: tuple[Check, ...] = (
    check_figures.one_count_two_periods,
    check_figures.part_larger_than_whole,
    check_figures.two_counts_one_period,
    check_figures.parts_exceed_whole,
    check_figures.listed_parts_exceed_whole,
    check_figures.seeds_out_of_balance,
    check_figures.rate_without_counts,
    check_figures.rate_differs_from_counts,
    check_claims.universal_against_rate,
    check_claims.full_rate_with_exceptions,
    check_claims.all_claimed_but_fewer_counted,
    check_claims.all_claimed_but_some_not,
    check_claims.fewer_papers_than_cases,
    check_claims.early_death_denied,
    check_figures.average_differs_from_count,
    check_claims.none_but_some,
    check_figures.several_periods,
    check_people.staff_below_threshold,
    check_people.plural_about_one,
    check_people.staff_without_names,
    check_people.role_without_number,
    check_norms.outdated_names,
    check_norms.older_edition,
    check_equipment.device_lists_differ,
    check_equipment.used_device_unconnected,
    check_equipment.device_said_unconnected,
    check_equipment.used_device_unlisted,
    check_equipment.recovery_room_incomplete,
    check_equipment.recovery_beds_few,
    check_equipment.beds_shared_or_few,
    check_licences.licence_incomplete,
    check_licences.licence_expired,
    check_equipment.counted_twice,
    check_equipment.modality_missing,
    check_cases.diagnosis_outside_scope,
    check_cases.outcome_without_measurement,
    check_wording.requirement_words,
    check_wording.universal_without_record,
    check_wording.copied_between_parts,
    check_wording.unbalanced_brackets,
    check_completeness.indicators_missing,
    check_completeness.unsigned,
    check_completeness.two_in_one,
)
_ORDER = (Severity.ACTION, Severity.ATTENTION, Severity.NOTE)
FEWEST_CHINESE = 0.2
"""Share of Chinese letters below which a report is read as English."""


def assess_document(data: bytes, *, name: str) -> Assessed:
    """Return what a written report contradicts, leaves out or claims without showing.

    Parameters
    ----------
    data
        The bytes of the file: DOCX, text or PDF with text.
    name
        Its name, for the protocol; its form is told by its content.

    Raises
    ------
    AssessmentError
        It cannot be read.
    """
    read = read_document(data)
    script = script_of(read.paragraphs)
    return Assessed(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        form=read.form,
        paragraphs=len(script.paragraphs),
        sentences=len(script.sentences),
        characters=sum(map(len, script.paragraphs)),
        contradictions=contradictions_in(script),
        remarks=tuple(_remarks(script)),
    )


def contradictions_in(script: Script) -> tuple[Contradiction, ...]:
    """Return every fault of a report, the severest first, in the order of the checks."""
    english = is_english(script)
    laid = english_script(script) if english else script
    found = [each for check in (ENGLISH_CHECKS if english else CHECKS) for each in check(laid)]
    return tuple(sorted(found, key=lambda each: _ORDER.index(each.severity)))


def is_english(script: Script) -> bool:
    """Whether a report is written in letters that are hardly ever Chinese."""
    chinese = sum("一" <= letter <= "鿿" for letter in script.plain)
    return chinese < FEWEST_CHINESE * max(len(script.plain.replace("\n", "")), 1)


def _remarks(script: Script) -> Iterator[Message]:
    if is_english(script):
        yield said(
            "assess.english",
            "a report in English: counts, sums, rates, staff, devices, licences, wording and gaps are judged; shared "
            "beds, diagnoses and older wording of norms only in Chinese reports",
        )
    if not script.is_report:
        yield said(
            "assess.fragment",
            "a fragment: what is absent from it may stand elsewhere, so missing indicators, date and signature are "
            "not judged",
        )
