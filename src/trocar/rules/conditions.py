"""The conditions of which indicators are made: each tests one procedure and says yes, no, or that it was not recorded.

A pack names a condition and gives its parameters; what cannot be said in a pack stands here, under a name. The same
names are counted in SQL by the clinic's record, and the tests compare both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from inspect import Parameter, signature

from trocar.department.norms import Condition
from trocar.department.records import DepartmentRecord, Lesion, Patient, Procedure

Verdict = bool | None

PUNCTURE = frozenset({"infection", "bleeding", "pneumothorax", "nerve_injury"})
"""Complications of the puncture, as the 2022 indicator text lists them."""

RADIATION = frozenset(
    {
        "skin_ulcer",
        "radiation_pneumonitis",
        "radiation_myelitis",
        "radiation_cystitis",
        "radiation_enteritis",
        "brain_necrosis",
        "oesophageal_perforation",
    }
)
"""Radiation injuries, as the 2022 indicator text lists them."""

KINDS: Mapping[str, frozenset[str]] = {"puncture": PUNCTURE, "radiation": RADIATION}

PLANNERS = frozenset({"attending_physician", "implanting_physician", "physicist"})
"""The three who sign a plan."""

CHANNELS = frozenset({"ECG", "RESP", "BP", "PULSE", "SpO2"})
"""What is monitored during every procedure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One procedure with the person, one of its lesions where lesions are counted, and the record's last day."""

    procedure: Procedure
    patient: Patient
    as_of: date
    lesion: Lesion | None = None

    @property
    def watched_until(self) -> date | None:
        """Last day on which it is known whether the person lived."""
        days = [day for day in (self.patient.died_on, self.patient.last_seen_on, *self.procedure.contacts) if day]
        days += [each.on for each in self.procedure.responses]
        return max(days, default=self.procedure.discharged_on)


def cases_of(record: DepartmentRecord) -> tuple[Case, ...]:
    """Return every procedure of a record with its patient."""
    people = record.patient_by_key
    return tuple(Case(procedure=each, patient=people[each.patient], as_of=record.as_of) for each in record.procedures)


def holds(condition: Condition, case: Case) -> Verdict:
    """Return whether a case fulfils a condition; None where that was not recorded."""
    return CONDITIONS[condition.name](case, **condition.parameters)


def all_hold(conditions: tuple[Condition, ...], case: Case) -> Verdict:
    """Return whether a case fulfils all: a single no is a no, otherwise a single unknown is an unknown."""
    verdicts = [holds(each, case) for each in conditions]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _technique_is(case: Case, *, technique: str) -> Verdict:
    return case.procedure.technique.value == technique


def _indication_rule(case: Case, *, first: list[int], first_min: int, second: list[int], second_min: int) -> Verdict:
    items = case.procedure.indication_items
    if items is None:
        return None
    return len(items & set(first)) >= first_min and len(items & set(second)) >= second_min


def _indication_correct(case: Case) -> Verdict:
    return case.procedure.indication_correct


def _planned_before_start(case: Case) -> Verdict:
    return case.procedure.planned_at is not None and case.procedure.planned_at < case.procedure.started_at


def _plan_signed_by_three(case: Case) -> Verdict:
    return case.procedure.plan_signed_by >= PLANNERS


def _consented_before_start(case: Case) -> Verdict:
    return case.procedure.consented_at is not None and case.procedure.consented_at < case.procedure.started_at


def _monitored_throughout(case: Case) -> Verdict:
    return case.procedure.channels >= CHANNELS


def _guided(case: Case) -> Verdict:
    return case.procedure.route != "percutaneous" or bool(case.procedure.device)


def _seeds_balance(case: Case) -> Verdict:
    counts = (case.procedure.seeds_taken, case.procedure.seeds_implanted, case.procedure.seeds_returned)
    taken, implanted, returned = counts
    if taken is None or implanted is None or returned is None:
        return None
    return taken == implanted + returned


def _single_use_once(case: Case) -> Verdict:
    reused = case.procedure.single_use_reused
    return None if reused is None else not reused


def _dose_verified(case: Case, *, within_days: int | None = None) -> Verdict:
    day = case.procedure.verified_on
    return day is not None and (within_days is None or day <= case.procedure.day + timedelta(days=within_days))


def _complication(
    case: Case, *, kinds: list[str] | str | None = None, within_days: int | None = None, after_days: int | None = None
) -> Verdict:
    return bool(complications_of(case, kinds=kinds, within_days=within_days, after_days=after_days))


def complications_of(
    case: Case, *, kinds: list[str] | str | None = None, within_days: int | None = None, after_days: int | None = None
) -> int:
    """Return how many major complications of given kinds, or of a group, a case had within, or after, so many days."""
    wanted = KINDS[kinds] if isinstance(kinds, str) else None if kinds is None else frozenset(kinds)
    return sum(
        each.major
        and (wanted is None or each.kind in wanted)
        and (within_days is None or (each.on - case.procedure.day).days <= within_days)
        and (after_days is None or (each.on - case.procedure.day).days > after_days)
        for each in case.procedure.complications
    )


def _response_in(case: Case, *, categories: list[str]) -> Verdict:
    best = case.procedure.best_response
    return None if best is None else best.category.value in categories


def _died_within(case: Case, *, days: int) -> Verdict:
    died = case.patient.died_on
    return died is not None and (died - case.procedure.day).days <= days


def _due_at(case: Case, *, months: int) -> Verdict:
    """Whether the time had come by the record's last day, and the person had not died before."""
    due = months_after(case.procedure.day, months)
    return due <= case.as_of and (case.patient.died_on is None or case.patient.died_on >= due)


def _reached(case: Case, *, months: int) -> Verdict:
    """Whether the time had come by the record's last day, alive or not."""
    return months_after(case.procedure.day, months) <= case.as_of


def _followed_up_at(case: Case, *, months: int, window_days: int) -> Verdict:
    due = months_after(case.procedure.day, months)
    days = [*case.procedure.contacts, *(each.on for each in case.procedure.responses)]
    return any(abs((day - due).days) <= window_days or day > due for day in days)


def _alive_at(case: Case, *, months: int) -> Verdict:
    due = months_after(case.procedure.day, months)
    if case.patient.died_on is not None:
        return case.patient.died_on >= due
    until = case.watched_until
    return True if until is not None and until >= due else None


def _site_in(case: Case, *, sites: list[str]) -> Verdict:
    return (case.lesion.site if case.lesion else case.procedure.site) in sites


def _symptomatic(case: Case) -> Verdict:
    return case.procedure.symptoms


def _symptoms_relieved(case: Case) -> Verdict:
    return case.procedure.relieved


def _lesion_planned(case: Case) -> Verdict:
    return case.lesion.planned if case.lesion else None


def _lesion_treated(case: Case) -> Verdict:
    return case.lesion.treated if case.lesion else None


def _complete_on_contrast(case: Case, *, within_days: int) -> Verdict:
    """Whether contrast imaging within so many days showed every treated lesion completely ablated."""
    treated = [each for each in case.procedure.lesions if each.treated]
    if not treated:
        return None
    return all(
        each.checked_on is not None and (each.checked_on - case.procedure.day).days <= within_days and each.complete
        for each in treated
    )


def _benign_thyroid(case: Case) -> Verdict:
    if case.procedure.site != "thyroid":
        return False
    return None if case.procedure.malignant is None else not case.procedure.malignant


def _smaller_than(case: Case, *, mm: float) -> Verdict:
    sizes = [each.diameter_mm for each in case.procedure.lesions]
    known = [size for size in sizes if size is not None]
    return None if not known or len(known) < len(sizes) else max(known) < mm


def _histology_before(case: Case) -> Verdict:
    return case.procedure.histology


CONDITIONS: Mapping[str, Callable[..., Verdict]] = {
    "technique_is": _technique_is,
    "indication_rule": _indication_rule,
    "indication_correct": _indication_correct,
    "planned_before_start": _planned_before_start,
    "plan_signed_by_three": _plan_signed_by_three,
    "consented_before_start": _consented_before_start,
    "monitored_throughout": _monitored_throughout,
    "guided": _guided,
    "seeds_balance": _seeds_balance,
    "single_use_once": _single_use_once,
    "dose_verified": _dose_verified,
    "complication": _complication,
    "response_in": _response_in,
    "died_within": _died_within,
    "due_at": _due_at,
    "reached": _reached,
    "followed_up_at": _followed_up_at,
    "alive_at": _alive_at,
    "site_in": _site_in,
    "symptomatic": _symptomatic,
    "symptoms_relieved": _symptoms_relieved,
    "lesion_planned": _lesion_planned,
    "lesion_treated": _lesion_treated,
    "complete_on_contrast": _complete_on_contrast,
    "benign_thyroid": _benign_thyroid,
    "smaller_than": _smaller_than,
    "histology_before": _histology_before,
}
"""Every condition a pack may name."""

QUANTITIES: Mapping[str, Callable[[Procedure], float | None]] = {
    "stay_days": lambda each: (
        None if each.admitted_on is None or each.discharged_on is None else (each.discharged_on - each.admitted_on).days
    ),
}
"""Every quantity whose mean a pack may ask for."""


def months_after(day: date, months: int) -> date:
    """Return the day so many calendar months later; the last of a shorter month where it has no such day.

    Examples
    --------
    >>> months_after(date(2022, 8, 31), 6)
    datetime.date(2023, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def parameters_fit(condition: Condition) -> bool:
    """Whether a condition's parameters are those that it takes."""
    given = list(signature(CONDITIONS[condition.name]).parameters.values())[1:]
    names = {each.name for each in given}
    needed = {each.name for each in given if each.default is Parameter.empty}
    return needed <= set(condition.parameters) <= names
