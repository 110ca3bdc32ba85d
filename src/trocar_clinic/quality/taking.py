"""A department's record becomes rows of the register: everything the conditions ask for, computed once."""

from collections.abc import Iterator, Mapping
from datetime import date

from trocar.department.records import DepartmentRecord, Patient, Procedure
from trocar.workflow.indicators import CHANNELS, PLANNERS, QUANTITIES, months_after
from trocar_clinic.quality.marks import mark
from trocar_clinic.quality.models import Register, RegisteredComplication, RegisteredPatient, RegisteredProcedure

BATCH = 2000


def write_rows(register: Register, record: DepartmentRecord, *, cases: Mapping[str, int]) -> None:
    """Write the rows of a record under a register, and mark for which indicators each counts.

    Parameters
    ----------
    register
        Under which.
    record
        What the rows say.
    cases
        Key of a procedure to the number of its case in this record, for those that are of this record.
    """
    people = RegisteredPatient.objects.bulk_create(
        [
            RegisteredPatient(
                register=register, key=each.key, sex=each.sex, born_year=each.born_year, died_on=each.died_on
            )
            for each in record.patients
        ],
        batch_size=BATCH,
    )
    row_of = {each.key: each for each in people}
    known = record.patient_by_key
    procedures = RegisteredProcedure.objects.bulk_create(
        [
            _row(register, row_of[each.patient], each, known[each.patient], case=cases.get(each.key))
            for each in record.procedures
        ],
        batch_size=BATCH // 4,
    )
    RegisteredComplication.objects.bulk_create(
        [
            RegisteredComplication(procedure=row, kind=one.kind, after_days=(one.on - each.day).days, major=one.major)
            for row, each in zip(procedures, record.procedures, strict=True)
            for one in each.complications
        ],
        batch_size=BATCH,
    )
    mark(register)


def _row(
    register: Register, patient: RegisteredPatient, each: Procedure, person: Patient, *, case: int | None
) -> RegisteredProcedure:
    best = each.best_response
    sizes = [lesion.diameter_mm for lesion in each.lesions]
    seeds = (each.seeds_taken, each.seeds_implanted, each.seeds_returned)
    items = each.indication_items
    return RegisteredProcedure(
        register=register,
        patient=patient,
        case_id=case,
        key=each.key,
        technique=each.technique.value,
        on=each.day,
        admitted_on=each.admitted_on,
        discharged_on=each.discharged_on,
        stay_days=QUANTITIES["stay_days"](each),
        operator=each.operator,
        device=each.device,
        site=each.site,
        route=each.route,
        modality=each.modality,
        diagnosis=each.diagnosis,
        malignant=each.malignant,
        histology=each.histology,
        indication_items=None if items is None else f",{','.join(map(str, sorted(items)))},",
        indication_correct=each.indication_correct,
        planned_before=each.planned_at is not None and each.planned_at < each.started_at,
        signed_by_three=each.plan_signed_by >= PLANNERS,
        consented_before=each.consented_at is not None and each.consented_at < each.started_at,
        monitored=each.channels >= CHANNELS,
        guided=each.route != "percutaneous" or bool(each.device),
        seeds_balance=None if None in seeds else seeds[0] == (seeds[1] or 0) + (seeds[2] or 0),
        single_use_once=None if each.single_use_reused is None else not each.single_use_reused,
        verified_on=each.verified_on,
        unverified_reason=each.unverified_reason,
        best_response="" if best is None else best.category.value,
        symptoms=each.symptoms,
        relieved=each.relieved,
        lesions_planned=sum(lesion.planned for lesion in each.lesions),
        lesions_completed=sum(lesion.planned and lesion.treated for lesion in each.lesions),
        largest_mm=None if None in sizes else max((size for size in sizes if size is not None), default=None),
        complete_after_days=_complete_after(each),
        treated=any(lesion.treated for lesion in each.lesions),
        died_on=person.died_on,
        watched_until=max(_seen(each, person), default=each.discharged_on),
        last_contact_on=max([*each.contacts, *(one.on for one in each.responses)], default=None),
        due_12_on=months_after(each.day, 12),
        due_36_on=months_after(each.day, 36),
        due_60_on=months_after(each.day, 60),
    )


def _seen(each: Procedure, person: Patient) -> Iterator[date]:
    for day in (person.died_on, person.last_seen_on, *each.contacts, *(one.on for one in each.responses)):
        if day is not None:
            yield day


def _complete_after(each: Procedure) -> int | None:
    treated = [lesion for lesion in each.lesions if lesion.treated]
    if not treated or not all(lesion.complete and lesion.checked_on for lesion in treated):
        return None
    return max((lesion.checked_on - each.day).days for lesion in treated if lesion.checked_on)
