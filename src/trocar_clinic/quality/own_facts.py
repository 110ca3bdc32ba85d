"""What the department's registers show of rooms, rescue things, the seed store, consent and decisions, as facts."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from trocar.department.records import Evidence, Fact
from trocar_clinic.custody.models import SeedMove
from trocar_clinic.custody.papers import SearchForSeeds, WasteVessel
from trocar_clinic.custody.places import TWO_PERSONS, Move
from trocar_clinic.followup.models import Charge, PlannedVisit
from trocar_clinic.institution.models import (
    Appointment,
    Equipment,
    EquipmentTest,
    Hospital,
    RescueItem,
    Room,
    Ward,
)
from trocar_clinic.institution.staff import (
    DosimeterReading,
    HealthCheck,
    Profession,
    RadiationCertificate,
    StaffMember,
    Technique,
    TrainingCertificate,
)
from trocar_clinic.patients.models import Decision
from trocar_clinic.procedures.models import Consent, Procedure

CONSENT = {
    "diagnosis": ("preop_diagnosis", "procedure_name"),
    "aim": ("purpose",),
    "risks": ("risks",),
    "complications": ("possible_complications",),
    "prevention": ("prevention",),
    "after_care": ("postoperative_precautions",),
}
"""Items of the consent form, and what the rules call them."""

RESCUE = {
    "oxygen": ("氧气", "供氧", "oxygen"),
    "suction": ("吸引", "suction"),
    "defibrillator": ("除颤", "defibrillator"),
    "anaesthesia_machine": ("麻醉机", "anaesthesia machine"),
}
"""Rescue things by the words in their names; devices of the equipment register count by their kind."""

RESCUE_KINDS = {"defibrillator": "defibrillator", "anaesthesia": "anaesthesia_machine"}
WORN_WITHIN = 120
"""Days since the last reading of a dosimeter: worn for three months, and a month to be read."""


def own_facts(hospital: Hospital, procedures: Iterable[Procedure], *, on: date) -> Iterator[Fact]:
    """Yield the facts that the registers show on a day.

    Parameters
    ----------
    hospital
        Whose registers.
    procedures
        Those that have ended: their consents, decisions, searches and visits are looked at.
    on
        Day of the register.
    """
    done = list(procedures)
    yield from _house(hospital, on)
    yield from _rescue(on)
    yield from _store(done, on)
    yield from _papers_of_cases(done, on)
    yield from _workers(on)
    if Appointment.objects.standing().filter(duty=Appointment.Duty.CUSTODIAN).exists():
        named = Appointment.objects.standing().filter(duty=Appointment.Duty.CUSTODIAN, begins_on__lte=on)
        yield _fact("custodian.count", named.exclude(expires_on__lt=on).count(), "appointments", on)


def _fact(name: str, value: Any, shown_by: str, on: date) -> Fact:
    return Fact(name=name, value=value, evidence=Evidence(title=shown_by, on=on))


def _house(hospital: Hospital, on: date) -> Iterator[Fact]:
    register, wards = "institution register", list(Ward.objects.standing())
    yield _fact("hospital.level", str(Hospital.Level(hospital.level).label), register, on)
    if hospital.beds is not None:
        yield _fact("beds.total", hospital.beds, register, on)
    yield _fact("beds.tumour", sum(each.tumour_beds for each in wards), register, on)
    yield _fact("licence.departments", any(each.registered_subject for each in wards), register, on)
    rooms = list(Room.objects.standing())
    kinds = {each.kind for each in rooms}
    yield _fact("rooms.seed_room", {Room.Kind.SEED_ROOM, Room.Kind.OPERATING_ROOM} <= kinds, register, on)
    recovery = [each for each in rooms if each.kind in {Room.Kind.PACU, Room.Kind.ICU} and each.beds]
    if recovery:
        best = max(recovery, key=lambda each: each.beds)
        area = float(best.net_area_m2) / best.beds if best.net_area_m2 else None
        value = {"clean_class": best.clean_class, "beds": best.beds, "area_per_bed_m2": area}
        yield _fact("pacu_or_icu", value, register, on)
        able = {
            "invasive_monitoring": any(each.invasive_monitoring for each in rooms),
            "invasive_ventilation": any(each.invasive_ventilation for each in rooms),
        }
        yield _fact("capability", [name for name, there in able.items() if there], register, on)
    in_use = list(Equipment.objects.standing().filter(status=Equipment.Status.IN_USE))
    tested = EquipmentTest.objects.filter(voided_at=None, equipment__in=in_use).exists()
    if in_use:
        yield _fact("equipment_register", tested, "device register", on)


def _rescue(on: date) -> Iterator[Fact]:
    items = list(RescueItem.objects.standing())
    if not items:
        return
    checked = all(each.next_check_due is not None and each.next_check_due >= on for each in items)
    yield _fact("emergency.check", checked, "rescue register", on)
    there = {
        name for name, words in RESCUE.items() if any(word in each.name.lower() for each in items for word in words)
    }
    equipment = Equipment.objects.standing().filter(status=Equipment.Status.IN_USE, kind__in=RESCUE_KINDS)
    there |= {RESCUE_KINDS[each.kind] for each in equipment}
    if any(each.kind == RescueItem.Kind.DRUG for each in items):
        there.add("drugs")
    yield _fact("emergency.items", sorted(there), "rescue register", on)


def _store(procedures: list[Procedure], on: date) -> Iterator[Fact]:
    moves = SeedMove.objects.standing().filter(kind__in=TWO_PERSONS)
    if moves.exists():
        yield _fact("store.dual_control", not moves.filter(second=None).exists(), "seed ledger", on)
        traceable = not SeedMove.objects.standing().filter(lot__certificate="").exists()
        yield _fact("seed_lot.traceable", traceable, "seed ledger", on)
    numbers = {each.case.number for each in procedures if each.case.technique == Technique.SEED}
    searches = SearchForSeeds.objects.standing().filter(case_number__in=numbers)
    if numbers and numbers <= set(searches.values_list("case_number", flat=True)):
        lost = searches.filter(result=SearchForSeeds.Result.NOT_FOUND).exists()
        yield _fact("survey.lost_seed", lost, "searches after the procedure", on)
    if WasteVessel.objects.standing().exists():
        yield _fact("waste.label", ["nuclide", "activity", "date"], "waste vessels", on)


def _papers_of_cases(procedures: list[Procedure], on: date) -> Iterator[Fact]:
    cases = {each.case_id for each in procedures}
    if not cases:
        return
    consents = list(Consent.objects.standing().filter(case__in=cases))
    if {each.case_id for each in consents} == cases:
        told = set.intersection(*({key for key, said in each.items.items() if said} for each in consents))
        items = {name for key in told for name in CONSENT.get(key, ())}
        items |= {"signature", "patient_signature", "doctor_signature"}
        yield _fact("consent.items", sorted(items), "consents", on)
    weighed_up = Decision.objects.standing().filter(case__in=cases, alternatives__isnull=False)
    decided = set(weighed_up.values_list("case_id", flat=True))
    assessed = {each.case_id for each in procedures if each.case.assessments.filter(voided_at=None).exists()}
    if decided == cases == assessed:
        weighed = ["indication", "contraindication", "alternatives", "affordability"]
        yield _fact("decision.items", weighed, "decisions before the procedure", on)
    planned = set(PlannedVisit.objects.standing().filter(case__in=cases).values_list("case_id", flat=True))
    yield _fact("followup.schedule", planned == cases, "follow-up schedule", on)
    own = all(
        each.plan.made_by.profession == Profession.PHYSICIAN and each.plan.made_by.registered_here_since is not None
        for each in procedures
    )
    yield _fact("plan.author", own, "plans", on)
    yield _fact("case.implant_record", all(_names_what_went_in(each) for each in procedures), "operation records", on)
    charged = set(Charge.objects.standing().filter(case__in=cases).values_list("case_id", flat=True))
    yield _fact("charge.items", charged == cases, "charges by the price list", on)


def _names_what_went_in(procedure: Procedure) -> bool:
    """Whether the record of a procedure names every seed's lot, or every applicator, that went into the patient."""
    if procedure.case.technique == Technique.SEED:
        return SeedMove.objects.standing().filter(case=procedure.case, kind=Move.IMPLANT).exists()
    needles = procedure.insertions.filter(voided_at=None)
    return needles.exists() and not needles.filter(device=None).exists()


def _workers(on: date) -> Iterator[Fact]:
    here = StaffMember.objects.standing().filter(left_on=None)
    others = here.filter(profession__in=[Profession.NURSE, Profession.TECHNICIAN])
    if others.exists():
        passed = set(
            TrainingCertificate.objects.standing().filter(examination_passed=True).values_list("person_id", flat=True)
        )
        yield _fact("other_staff.trained", set(others.values_list("pk", flat=True)) <= passed, "staff roster", on)
    workers = set(here.filter(radiation_worker=True).values_list("pk", flat=True))
    if not workers:
        return
    shown = {
        "certificate": RadiationCertificate.objects.standing().filter(expires_on__gte=on),
        "dosimeter": DosimeterReading.objects.standing().filter(ended_on__gte=on - timedelta(days=WORN_WITHIN)),
        "health_check": HealthCheck.objects.standing().filter(next_due__gte=on, conclusion=HealthCheck.Conclusion.FIT),
    }
    having = [name for name, rows in shown.items() if workers <= set(rows.values_list("person_id", flat=True))]
    yield _fact("radiation_worker", having, "staff roster", on)
