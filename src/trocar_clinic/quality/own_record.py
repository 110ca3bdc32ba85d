"""The department's own cases as a record to be counted: what was entered by deeds, under pseudonyms."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from trocar.department import records as library
from trocar.department.norms import Technique as LibraryTechnique
from trocar_clinic.custody.models import SeedMove
from trocar_clinic.custody.places import Move
from trocar_clinic.errors import refuse_if
from trocar_clinic.followup.models import Visit
from trocar_clinic.institution.models import Equipment, Hospital, Licence, Ward
from trocar_clinic.institution.staff import Authorisation, StaffMember, Technique, Title
from trocar_clinic.patients.models import Lesion
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.procedures.models import Insertion, Procedure, Verification
from trocar_clinic.procedures.vitals import coverage
from trocar_clinic.quality.own_facts import own_facts

TECHNIQUES = {Technique.SEED.value: LibraryTechnique.SEED_IMPLANT, Technique.ABLATION.value: LibraryTechnique.ABLATION}
ITEMS: tuple[str, ...] = (
    *("locally_advanced", "at_most_7_cm", "recurrence", "kps_70", "needle_path", "obstruction"),
    *("no_puncture_contraindication", "survival_3_months", "refuses_other"),
)
"""The items of the indication rule in its order, from 1 to 9."""

SIGNERS = {"attending": "attending_physician", "operator": "implanting_physician", "physicist": "physicist"}
COMPLICATIONS = {
    "nerve": "nerve_injury",
    "pneumonitis": "radiation_pneumonitis",
    "myelitis": "radiation_myelitis",
    "cystitis": "radiation_cystitis",
    "enteritis": "radiation_enteritis",
    "oesophagus": "oesophageal_perforation",
}
"""Terms of the record that the indicators call otherwise."""

TITLES = {
    Title.JUNIOR: "resident",
    Title.INTERMEDIATE: "attending",
    Title.ASSOCIATE: "associate_chief",
    Title.SENIOR: "chief",
}
GUIDES = {
    "us": "ultrasound",
    "ct": "CT",
    "mri": "MRI",
    "dsa": "DSA",
    "endoscope": "endoscope",
    "tps": "planning_system",
}
GENERATORS = {"rf": "RFA", "mw": "MWA", "cryo": "CRYO"}
CHANNELS = {"SPO2": "SpO2"}
ENERGIES = {"electrode": "RFA", "antenna": "MWA", "cryoprobe": "CRYO"}
"""The energy of an ablation by the kind of its applicators."""

ACCOUNTED = (Move.BRING_BACK, Move.SPOIL)
"""Where seeds that were taken and not implanted went, as the ledger knows it; a lost seed is not accounted for."""


def own_record(*, at: datetime) -> library.DepartmentRecord:
    """Return the department's record as it stands.

    Parameters
    ----------
    at
        The record is complete until that day.

    Notes
    -----
    Patients and cases stand under pseudonyms. Rows that were declared void are left out; so are procedures that have no
    end yet.
    """
    hospital = Hospital.objects.standing().order_by("-pk").first()
    ward = Ward.objects.standing().filter(tumour_beds__gt=0).first()
    refuse_if(
        hospital is None,
        "quality.no-hospital",
        en="The hospital is not entered yet, so it is not known which norms hold",
        zh="尚未录入医院信息，无法确定适用的规范",
    ).insist()
    assert hospital is not None
    done = list(_done())
    cases = [_procedure(each) for each in done]
    people = {each.case.admission.patient.pk: each.case.admission.patient for each in done}
    seen = {key: [] for key in people}  # type: dict[int, list[date]]
    for row, made in zip(done, cases, strict=True):
        days = [made.day, made.discharged_on, *made.contacts, *(each.on for each in made.responses)]
        seen[row.case.admission.patient.pk] += [day for day in days if day is not None]
    return library.DepartmentRecord(
        hospital=hospital.name,
        department=ward.name if ward else "—",
        country="CN",
        province=hospital.province,
        as_of=timezone.localdate(at),
        patients=tuple(_patient(each, max(seen[key])) for key, each in people.items()),
        procedures=tuple(cases),
        staff=tuple(_person(each) for each in StaffMember.objects.standing().filter(left_on=None).order_by("pk")),
        devices=tuple(_devices()),
        licences=tuple(
            library.Licence(
                kind=str(Licence.Kind(each.kind).label),
                number=each.number,
                scope=each.scope,
                issued_on=each.issued_on,
                valid_until=each.expires_on,
            )
            for each in Licence.objects.standing().order_by("pk")
        ),
        facts=tuple(own_facts(hospital, done, on=timezone.localdate(at))),
    )


def cases_by_key() -> dict[str, int]:
    """Return the case of every procedure that has ended, by the key it has in the record."""
    return {_key(each): each.case_id for each in _done()}


def _done() -> Iterable[Procedure]:
    return (
        Procedure.objects.standing()
        .filter(ended_at__isnull=False)
        .select_related("case__admission__patient", "guidance", "plan__made_by", "plan__source")
        .order_by("started_at", "pk")
    )


def _key(row: Procedure) -> str:
    return f"{row.case.number}-{row.pk}"


def _patient(patient: Any, last_seen: date) -> library.Patient:
    sex = {"1": "M", "2": "F"}.get(patient.sex, "O")
    known = last_seen if patient.died_on is None else min(last_seen, patient.died_on)
    return library.Patient(
        key=f"P{patient.pk}", sex=sex, born_year=patient.birth_date.year, died_on=patient.died_on, last_seen_on=known
    )


def _local(at: datetime) -> datetime:
    return timezone.localtime(at).replace(tzinfo=None)


def _standing(rows: Any) -> Any:
    return rows.filter(voided_at=None)


def _procedure(row: Procedure) -> library.Procedure:
    case, plan = row.case, row.plan
    lesions = list(_standing(case.lesions))
    assessed = _standing(case.assessments).order_by("-assessed_at").first()
    dose = _standing(case.verifications).filter(kind=Verification.Kind.DOSE).order_by("verified_on").first()
    margin = _standing(case.verifications).filter(kind=Verification.Kind.MARGIN).order_by("verified_on").first()
    operator = _standing(row.team).filter(duty="operator").select_related("person").first()
    consent = _standing(case.consents).order_by("signed_at").first()
    is_seed = case.technique == Technique.SEED
    needles = list(_standing(row.insertions).select_related("device__product"))
    ledger = _moves_of(row) if is_seed else {}
    return library.Procedure(
        key=_key(row),
        patient=f"P{case.admission.patient_id}",
        technique=TECHNIQUES[case.technique],
        started_at=_local(row.started_at),
        discharged_on=case.admission.discharged_on,
        admitted_on=case.admission.admitted_on,
        operator=f"D{operator.person_id}" if operator else "",
        device=f"E{row.guidance_id}",
        site=lesions[0].organ if lesions else "",
        route="endobronchial" if row.guidance.kind == Equipment.Kind.ENDOSCOPE else "percutaneous",
        modality=_modality(plan) if is_seed else _energy(needles),
        diagnosis=case.diagnosis,
        malignant=True if case.icd10.startswith("C") else False if case.icd10[:2] in {"D1", "D2", "D3"} else None,
        histology=bool(case.pathology),
        indication_items=_items(assessed) if is_seed and assessed else None,
        indication_correct=assessed.is_met if assessed else None,
        planned_at=_planned_at(plan),
        plan_signed_by=frozenset(SIGNERS[each.role] for each in _standing(plan.signatures)),
        consented_at=_local(consent.signed_at) if consent else None,
        channels=frozenset(CHANNELS.get(each.channel, str(each.channel)) for each in coverage(row) if each.whole),
        verified_on=dose.verified_on if dose else None,
        d90_gy=float(dose.d90_gy) if dose and dose.d90_gy is not None else None,
        prescribed_gy=float(plan.prescribed_dose_gy) if plan.prescribed_dose_gy is not None else None,
        margin_mm=float(margin.margin_mm) if margin and margin.margin_mm is not None else None,
        seeds_taken=ledger.get(Move.ISSUE, 0) if is_seed and ledger else None,
        seeds_implanted=sum(each.seeds or 0 for each in needles) if is_seed else None,
        seeds_returned=sum(ledger.get(kind, 0) for kind in ACCOUNTED) if is_seed and ledger else None,
        single_use_reused=_reused(row, needles),
        symptoms=case.symptomatic,
        relieved=_relieved(row),
        lesions=tuple(_lesion(each, row, margin) for each in lesions),
        complications=tuple(_complications(row)),
        responses=tuple(_responses(row, lesions)),
        contacts=tuple(
            each.seen_on
            for each in _standing(case.visits).exclude(way="not_reached").order_by("seen_on")
            if each.seen_on >= timezone.localdate(row.started_at)
        ),
    )


def _moves_of(row: Procedure) -> dict[Move, int]:
    """Return the seeds moved for a procedure by the ledger: moves until the case's next procedure began."""
    moves = SeedMove.objects.standing().filter(case=row.case)
    later = _standing(row.case.procedures).filter(started_at__gt=row.started_at).order_by("started_at").first()
    earlier = _standing(row.case.procedures).filter(started_at__lt=row.started_at).exists()
    if later is not None:
        moves = moves.filter(at__lt=later.started_at)
    if earlier:
        moves = moves.filter(at__gte=row.started_at)
    found: dict[Move, int] = {}
    for each in moves:
        found[Move(each.kind)] = found.get(Move(each.kind), 0) + each.count
    return found


def _modality(plan: PlanVersion) -> str:
    """Return the nuclide of the plan's seeds; empty where their source data set is not named."""
    key = plan.source.source_key if plan.source is not None else ""
    nuclide = re.match(r"([A-Z][a-z]?)-?(\d{2,3})", key)
    return f"{nuclide[1]}-{nuclide[2]}" if nuclide else ""


def _energy(needles: list[Insertion]) -> str:
    """Return the energy of an ablation by its applicators; empty where none is named, joined where it was several."""
    kinds = {
        ENERGIES[each.device.product.kind] for each in needles if each.device and each.device.product.kind in ENERGIES
    }
    return "+".join(sorted(kinds))


def _reused(row: Procedure, needles: list[Insertion]) -> bool | None:
    """Whether a single-use device served in another procedure too; None where devices were not entered."""
    single = [each.device_id for each in needles if each.device is not None and each.device.product.single_use]
    if _standing(Insertion.objects.filter(device__in=single)).exclude(procedure=row).exists():
        return True
    return False if needles and all(each.device is not None for each in needles) else None


def _items(assessed: Any) -> frozenset[int]:
    return frozenset(number for number, key in enumerate(ITEMS, start=1) if assessed.answers.get(key) is True)


def _planned_at(plan: PlanVersion) -> datetime:
    """Return when a plan was finished: with its last signature, else on the day it was made."""
    signed = [each.signed_at for each in _standing(plan.signatures)]
    return _local(max(signed)) if signed else datetime.combine(plan.made_on, time())


def _lesion(lesion: Lesion, row: Procedure, margin: Any) -> library.Lesion:
    treated = _standing(lesion.insertions).filter(procedure=row).exists()
    return library.Lesion(
        key=lesion.label,
        site=lesion.organ,
        diameter_mm=float(lesion.longest_mm),
        planned=lesion.to_be_treated,
        treated=treated,
        checked_on=margin.image_on if margin and treated else None,
        complete=margin.complete if margin and treated else None,
    )


def _complications(row: Procedure) -> Iterator[library.Complication]:
    for each in _standing(row.case.complications).order_by("began_on"):
        if each.began_on >= timezone.localdate(row.started_at):
            grades = {"CTCAE 5.0": each.ctcae, "SIR": each.sir, "CIRSE": each.cirse}
            kind = COMPLICATIONS.get(each.term, each.term)
            yield library.Complication(kind=kind, on=each.began_on, major=each.is_severe, grades=grades)


def _responses(row: Procedure, lesions: list[Lesion]) -> Iterator[library.Assessment]:
    before = float(sum(each.longest_mm for each in lesions if each.to_be_treated)) or None
    for visit in _standing(row.case.visits).exclude(response="").order_by("seen_on"):
        if visit.response not in library.Response.__members__ or visit.seen_on < timezone.localdate(row.started_at):
            continue
        sizes = [float(each.longest_mm) for each in _standing(visit.measurements)]
        yield library.Assessment(
            on=visit.seen_on,
            category=library.Response(visit.response),
            sum_mm=sum(sizes) if sizes else None,
            baseline_mm=before,
        )


def _relieved(row: Procedure) -> bool | None:
    """Return whether the symptoms were relieved at any visit after a procedure; None where no visit says."""
    visits = _standing(row.case.visits).exclude(relief="").filter(seen_on__gte=timezone.localdate(row.started_at))
    said = set(visits.values_list("relief", flat=True))
    return Visit.Relief.RELIEVED in said if said else None


def _person(person: StaffMember) -> library.StaffMember:
    granted = Authorisation.objects.standing().filter(person=person)
    roles = {
        {Technique.SEED.value: "implanting_physician", Technique.ABLATION.value: "ablating_physician"}[each.technique]
        if each.act == Authorisation.Act.PERFORM
        else "planner"
        for each in granted.exclude(act=Authorisation.Act.ASSIST)
    }
    roles |= {"physician": {"attending_physician"}, "physicist": {"physicist"}, "nurse": {"nurse"}}.get(
        person.profession, set()
    )
    certificate = person.certificates.filter(voided_at=None).order_by("-issued_on").first()
    last = granted.order_by("-expires_on").first()
    began = person.practising_since
    return library.StaffMember(
        key=f"D{person.pk}",
        name=person.name,
        roles=frozenset(roles),
        title=TITLES.get(Title(person.title), ""),
        registration=person.licence_number,
        registered_here=person.registered_here_since is not None,
        years=None if began is None else round((timezone.localdate() - began).days / 365.25, 1),
        certificate=certificate.number if certificate and certificate.examination_passed else "",
        certificate_until=last.expires_on if last else None,
    )


def _devices() -> Iterator[library.Device]:
    for each in Equipment.objects.standing().filter(status=Equipment.Status.IN_USE).order_by("pk"):
        if each.kind not in {**GUIDES, **GENERATORS}:
            continue
        yield library.Device(
            key=f"E{each.pk}",
            kind=GUIDES.get(each.kind, "ablation_generator"),
            model=f"{each.maker} {each.model}",
            registration=each.approval_number,
            guides=bool(each.is_guidance),
            archived=each.last_pacs_test is not None if each.is_guidance else None,
            test_due_on=each.next_test_due,
        )
