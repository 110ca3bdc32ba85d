"""Who may plan, implant, ablate and sign on a day, from what is on record; a refusal says what is missing."""

import enum
from datetime import date

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import ALLOWED, Verdict, refusal, refuse_if
from trocar_clinic.institution.models import Authorisation, HealthCheck, Licence, StaffMember
from trocar_clinic.institution.staff import Profession, Technique, Title
from trocar_clinic.language import both


class Act(enum.Enum):
    """What somebody wants to do in a case."""

    PLAN = both("plan", "制定计划")
    PERFORM = both("perform the procedure", "施行手术")
    ASSIST = both("assist", "担任助手")
    SIGN_ATTENDING = both("sign as attending physician", "以主管医师签署")
    SIGN_OPERATOR = both("sign as implanting physician", "以植入（术者）医师签署")
    SIGN_PHYSICIST = both("sign as physicist", "以物理师签署")


AUTHORISED = {
    Act.PLAN: Authorisation.Act.PLAN,
    Act.PERFORM: Authorisation.Act.PERFORM,
    Act.ASSIST: Authorisation.Act.ASSIST,
    Act.SIGN_OPERATOR: Authorisation.Act.PERFORM,
    Act.SIGN_PHYSICIST: Authorisation.Act.PLAN,
}
PROFESSIONS = {
    Act.PLAN: {Profession.PHYSICIAN, Profession.PHYSICIST},
    Act.PERFORM: {Profession.PHYSICIAN},
    Act.ASSIST: {Profession.PHYSICIAN, Profession.NURSE, Profession.TECHNICIAN},
    Act.SIGN_ATTENDING: {Profession.PHYSICIAN},
    Act.SIGN_OPERATOR: {Profession.PHYSICIAN},
    Act.SIGN_PHYSICIST: {Profession.PHYSICIST},
}
PHYSICIANS_ACTS = {Act.PERFORM, Act.SIGN_ATTENDING, Act.SIGN_OPERATOR}


LICENCES_FOR_SEEDS = (
    Licence.Kind.RADIOTHERAPY,
    Licence.Kind.RADIOPHARMACEUTICAL,
    Licence.Kind.RADIATION_SAFETY,
)
"""Without one of these in force no seed is ordered or implanted."""


def house_may(technique: Technique, *, on: date) -> Verdict:
    """Say whether the hospital's licences allow a technique on a day, with every one that is missing."""
    verdict = ALLOWED
    for kind in LICENCES_FOR_SEEDS if technique is Technique.SEED else ():
        held = list(Licence.objects.standing().filter(kind=kind).order_by("expires_on"))
        if any(each.is_valid_on(on) for each in held):
            continue
        told = {"licence": kind.label, "day": on}
        verdict &= (
            refusal(
                "institution.licence-expired",
                en="The {licence} {number} ran until {last}; it does not cover {day}. Enter the renewed licence",
                zh="{licence}（{number}）有效期至 {last}，不含 {day}；请登记换发后的许可证",
                number=held[-1].number,
                last=held[-1].expires_on,
                **told,
            )
            if held
            else refusal(
                "institution.licence-missing",
                en="There is no {licence} on record for {day}",
                zh="{day} 无{licence}记录",
                **told,
            )
        )
    return verdict


def may(actor: User, act: Act, technique: Technique, *, on: date) -> Verdict:
    """Say whether the person behind an account may do something on a day."""
    person = StaffMember.objects.filter(account=actor, voided_at=None).first()
    if person is None:
        return refusal(
            "institution.not-staff",
            en="The account {actor} belongs to no staff member on record; an administrator links it",
            zh="账号{actor}未关联任何在册人员，请系统管理员关联",
            actor=actor,
        )
    return person_may(person, act, technique, on=on)


def person_may(person: StaffMember, act: Act, technique: Technique, *, on: date) -> Verdict:
    """Say whether a staff member may do something in a technique on a day, with everything that is missing."""
    verdict = _is_here(person, on) & _has_profession(person, act) & _is_authorised(person, act, technique, on)
    if act in PHYSICIANS_ACTS:
        verdict &= _is_registered(person, act, on)
    if technique is Technique.SEED and act not in {Act.SIGN_ATTENDING}:
        verdict &= _may_work_with_radiation(person, on)
    return verdict


def _is_here(person: StaffMember, on: date) -> Verdict:
    return refuse_if(
        person.left_on and person.left_on <= on,
        "institution.left",
        en="{person} left on {day}",
        zh="{person}已于 {day} 离岗",
        person=person,
        day=person.left_on,
    )


def _has_profession(person: StaffMember, act: Act) -> Verdict:
    return refuse_if(
        person.profession not in PROFESSIONS[act],
        "institution.wrong-profession",
        en="{person} is a {profession}; to {act} needs: {needed}",
        zh="{person}为{profession}；{act}须为：{needed}",
        person=person,
        profession=Profession(person.profession).label,
        act=act.value,
        needed=_Labels(tuple(each.label for each in Profession if each in PROFESSIONS[act])),
    )


class _Labels:
    """Labels told in the reader's language when they are read."""

    def __init__(self, labels: tuple[object, ...]) -> None:
        self.labels = labels

    def __format__(self, spec: str) -> str:
        return str(both(", ", "、")).join(str(each) for each in self.labels)


def _is_authorised(person: StaffMember, act: Act, technique: Technique, on: date) -> Verdict:
    needed = AUTHORISED.get(act)
    if needed is None:
        return ALLOWED
    held = person.authorisations.filter(technique=technique, act=needed, voided_at=None).order_by("expires_on")
    if held.filter(granted_on__lte=on, expires_on__gte=on).exists():
        return ALLOWED
    last = held.last()
    told = {"person": person, "act": needed.label, "technique": technique.label, "day": on}
    if last is None:
        return refusal(
            "institution.not-authorised",
            en="{person} has no authorisation to {act} in {technique}; medical affairs grants it",
            zh="{person}未获{technique}「{act}」授权，请由医务处授权",
            **told,
        )
    return refusal(
        "institution.authorisation-expired",
        en="{person}'s authorisation to {act} in {technique} ran from {first} to {last}; it does not cover {day}",
        zh="{person}的{technique}「{act}」授权有效期为 {first} 至 {last}，不含 {day}",
        first=last.granted_on,
        last=last.expires_on,
        **told,
    )


def _is_registered(person: StaffMember, act: Act, on: date) -> Verdict:
    since = person.registered_here_since
    verdict = refuse_if(
        since is None or since > on or not person.licence_number,
        "institution.not-registered",
        en="{person} is not on record as registered in this hospital on {day} with a licence number",
        zh="{person}在 {day} 无本院注册及执业证书编号记录",
        person=person,
        day=on,
    )
    return verdict & refuse_if(
        person.title < Title.INTERMEDIATE,
        "institution.title-too-low",
        en="{person} is {title}; to {act} needs at least attending (intermediate)",
        zh="{person}职称为{title}；{act}须主治医师及以上",
        person=person,
        title=Title(person.title).label,
        act=act.value,
    )


def _may_work_with_radiation(person: StaffMember, on: date) -> Verdict:
    certified = person.radiation_certificates.filter(issued_on__lte=on, expires_on__gte=on, voided_at=None).exists()
    check = person.health_checks.filter(done_on__lte=on, voided_at=None).order_by("-done_on").first()
    fit = check is not None and check.conclusion != HealthCheck.Conclusion.UNFIT and check.next_due >= on
    return refuse_if(
        not certified,
        "institution.no-radiation-certificate",
        en="{person} has no radiation-worker certificate in force on {day}",
        zh="{person}在 {day} 无有效的放射工作人员证",
        person=person,
        day=on,
    ) & refuse_if(
        not fit,
        "institution.health-check-due",
        en="{person} has no valid health check for radiation work on {day}",
        zh="{person}在 {day} 无有效的放射工作人员职业健康检查",
        person=person,
        day=on,
    )


def capabilities(person: StaffMember, *, on: date) -> list[tuple[Technique, Act, Verdict]]:
    """Return what a person may and may not do on a day in either technique."""
    return [(technique, act, person_may(person, act, technique, on=on)) for technique in Technique for act in Act]
