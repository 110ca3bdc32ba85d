"""Deeds on patients and cases: register, assess, decide, move on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from trocar_clinic.accounts.models import CLINICAL, Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import ALLOWED, Verdict, refusal, refuse_if
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.checklists import Checklist, checklist_for
from trocar_clinic.patients.models import Case, Decision, IndicationAssessment, Patient
from trocar_clinic.patients.queries import likely_duplicates
from trocar_clinic.patients.states import TABLE, Event, Guard, State
from trocar_clinic.records.actions import fresh, need_reason
from trocar_clinic.records.deed import deed

LETTER = {Technique.SEED: "S", Technique.ABLATION: "A"}


def register_patient(*, actor: User, at: datetime, values: Mapping[str, Any], distinct_from: str = "") -> Patient:
    """Enter a patient, unless the same person seems to be entered already.

    Parameters
    ----------
    values
        Fields of the patient.
    distinct_from
        Why this is another person, where name and birth date are those of a patient on record.
    """
    has_one_of(actor, CLINICAL).insist()
    values = dict(values)
    distinct_from = values.pop("distinct_from", distinct_from)
    with deed("patients.register", actor=actor, at=at, reason=distinct_from):
        patient = Patient(**values)
        patient.full_clean(exclude=["recorded_at", "recorded_by"])
        same, similar = likely_duplicates(patient)
        refuse_if(
            same,
            "patients.same-identity",
            en="This identity number belongs to {other} already; open that patient instead",
            zh="该证件号码已属于{other}，请直接使用该患者",
            other=same,
        ).insist()
        refuse_if(
            similar and not distinct_from.strip(),
            "patients.similar",
            en="A patient of the same name and birth date is on record: {other}. If they are two, say how you know",
            zh="已有同名同出生日期的患者：{other}。如确为另一人，请说明依据",
            other=similar,
        ).insist()
        patient.save()
    return patient


def open_case(*, actor: User, at: datetime, values: Mapping[str, Any]) -> Case:
    """Open a case in an admission and give it its number."""
    has_one_of(actor, CLINICAL).insist()
    with deed("patients.open_case", actor=actor, at=at):
        technique = Technique(values["technique"])
        prefix = f"{timezone.localtime(at).year}-{LETTER[technique]}-"
        last = (
            Case.objects.filter(number__startswith=prefix).order_by("-number").values_list("number", flat=True).first()
        )
        case = Case(**values, number=f"{prefix}{int(last.rsplit('-', 1)[1]) + 1 if last else 1:04d}")
        case.save()
    return case


def advance(case: Case, event: Event, guards: Mapping[Guard, Verdict]) -> Case:
    """Move a case by an event, if the table has it and every guard it names holds. To be called in a deed.

    Parameters
    ----------
    guards
        A verdict for each guard that the table names for this transition.
    """
    row = TABLE.get((State(case.state), event))
    if row is None:
        refusal(
            "patients.no-such-step",
            en="{event}: not possible while the case is “{state}”",
            zh="病例状态为「{state}」时不能{event}",
            event=event.value,
            state=State(case.state).label,
        ).insist()
    assert row is not None
    missing = set(row.guards) - set(guards)
    if missing:
        raise ValueError(f"{event} names guards that nobody judged: {missing}")
    verdict = ALLOWED
    for guard in row.guards:
        verdict &= guards[guard]
    verdict.insist()
    if case.state != row.target:
        case.state = row.target
        case.save()
    return case


def can_step(case: Case, *events: Event) -> bool:
    """Say whether the table has one of the events for the state of a case."""
    return any((State(case.state), event) in TABLE for event in events)


def assess_indication(
    case: Case,
    *,
    actor: User,
    at: datetime,
    answers: Mapping[str, bool],
    override_reason: str = "",
) -> IndicationAssessment:
    """Keep the answered checklist and move the case on if the indication is met, or overridden with a reason."""
    has_one_of(actor, {Role.PHYSICIAN}).insist()
    checklist = checklist_for(Technique(case.technique), on=timezone.localdate(at))
    with deed("patients.assess_indication", actor=actor, at=at, reason=override_reason):
        case = fresh(case, version=case.version)
        met, contraindicated = checklist.is_met(answers), checklist.is_contraindicated(answers)
        made = IndicationAssessment(
            case=case,
            assessed_at=at,
            checklist=checklist.key,
            answers=dict(answers),
            is_met=met,
            contraindicated=contraindicated,
            override_reason=override_reason,
        )
        made.save()
        advance(case, Event.ASSESS_INDICATION, indication_guards(checklist, answers, override_reason))
    return made


def indication_guards(checklist: Checklist, answers: Mapping[str, bool], override_reason: str) -> dict[Guard, Verdict]:
    """Judge the two guards of the indication."""
    return {
        Guard.INDICATION_MET: refuse_if(
            not checklist.is_met(answers) and not override_reason.strip(),
            "patients.indication-not-met",
            en="The indication is not met: {missing}. To treat nevertheless, give the reason",
            zh="不符合指征：{missing}。如仍拟治疗，须填写理由",
            missing=checklist.what_is_missing(answers),
        ),
        Guard.NO_ABSOLUTE_CONTRAINDICATION: refuse_if(
            checklist.is_contraindicated(answers) and not override_reason.strip(),
            "patients.contraindicated",
            en="A contraindication was ticked; to treat nevertheless, give the reason",
            zh="存在禁忌证；如仍拟治疗，须填写理由",
        ),
    }


def decide(case: Case, *, actor: User, at: datetime, **values: Any) -> Decision:
    """Keep the tumour board's decision and move the case on if it chose this technique."""
    has_one_of(actor, {Role.PHYSICIAN}).insist()
    with deed("patients.decide", actor=actor, at=at):
        case = fresh(case, version=case.version)
        made = Decision(case=case, **values)
        made.save()
        if made.conclusion == Decision.Conclusion.THIS:
            advance(case, Event.DECIDE, {Guard.DECISION_FOR_THIS_TECHNIQUE: ALLOWED})
    return made


def abandon(case: Case, *, actor: User, at: datetime, why: str) -> Case:
    """End a case that will not be treated."""
    has_one_of(actor, {Role.PHYSICIAN}).insist()
    need_reason(why)
    with deed("patients.abandon", actor=actor, at=at, reason=why):
        return advance(fresh(case, version=case.version), Event.ABANDON, {Guard.REASON_GIVEN: ALLOWED})
