"""Facts that a department's rosters show: physicians by name, licences by their days, devices by their tests."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from trocar.department.norms import Technique
from trocar.department.records import DepartmentRecord, Evidence, Fact, StaffMember
from trocar.rules.norm_judging import TITLES

PHYSICIAN = {Technique.SEED_IMPLANT: "implanting_physician", Technique.ABLATION: "ablating_physician"}
"""The role that does each technique."""


def facts_for(record: DepartmentRecord, *, technique: Technique, on: date) -> Mapping[str, Fact]:
    """Return the facts of a record for one technique on a day: what it states, and what its rosters show.

    Parameters
    ----------
    record
        The department's record.
    technique
        Whose physicians count.
    on
        Day on which licences and certificates must be valid: the last of the period.

    Notes
    -----
    What a roster shows stands above what is merely stated under the same name.
    """
    shown = {fact.name: fact for fact in _shown(record, technique, on)}
    return {**record.fact_by_name, **shown}


def physicians(record: DepartmentRecord, technique: Technique) -> tuple[StaffMember, ...]:
    """Return the physicians of a technique who are registered here."""
    role = PHYSICIAN[technique]
    return tuple(each for each in record.staff if role in each.roles and each.registered_here)


def _fact(name: str, value: Any, title: str, on: date) -> Fact:
    return Fact(name=name, value=value, evidence=Evidence(title=title, on=on))


def _shown(record: DepartmentRecord, technique: Technique, on: date) -> Iterator[Fact]:
    if record.staff:
        yield from _of_staff(record, technique, on)
    if record.devices:
        yield from _of_devices(record, on)
    if record.licences:
        valid = [each for each in record.licences if each.number and each.valid_until and each.valid_until >= on]
        yield _fact("licences", [each.kind for each in valid], "licence roster", on)
        yield _fact(
            "licence.radiological_service", any(each.kind == "放射诊疗许可证" for each in valid), "licence roster", on
        )
        seeds = [each for each in valid if "籽粒插植治疗" in each.scope]
        yield _fact("licence.scope", ["籽粒插植治疗"] if seeds else [], "licence roster", on)


def _of_staff(record: DepartmentRecord, technique: Technique, on: date) -> Iterator[Fact]:
    able = physicians(record, technique)
    certified = [each for each in able if each.certificate and each.certificate_until and each.certificate_until >= on]
    roster = "staff roster"
    yield _fact("physicians.capable_registered", len(certified), roster, on)
    senior = [
        each for each in able if each.title in TITLES and TITLES.index(each.title) >= TITLES.index("associate_chief")
    ]
    yield _fact("physicians.associate_chief_or_higher", len(senior), roster, on)
    yield _fact("physician.registration", bool(able) and all(each.registration for each in able), roster, on)
    yield _fact("physician.training_certificate", bool(able) and len(certified) == len(able), roster, on)
    known = [each.years for each in able if each.years is not None]
    if known and len(known) == len(able):
        yield _fact("physician.years_related", min(known), roster, on)
        least = min(able, key=lambda each: TITLES.index(each.title) if each.title in TITLES else -1)
        yield _fact("physicians.ablation", {"years": min(known), "title": least.title}, roster, on)
    for role, name in (("physicist", "physicist.count"), ("custodian", "custodian.count")):
        yield _fact(name, sum(role in each.roles for each in record.staff), roster, on)
    planners = [each for each in record.staff if "planner" in each.roles]
    yield _fact("planner.tps_competence", bool(planners) and all(each.registration for each in planners), roster, on)


def _of_devices(record: DepartmentRecord, on: date) -> Iterator[Fact]:
    kinds = {each.kind for each in record.devices}
    guiding = [each for each in record.devices if each.guides]
    listed = [
        name
        for name, there in (
            ("image_guidance", bool(guiding)),
            ("treatment_planning_system", "planning_system" in kinds),
            ("contrast_enhanced_imaging", bool(kinds & {"CT", "MRI"})),
        )
        if there
    ]
    yield _fact("devices", listed, "device register", on)
    if guiding:
        share = sum(each.archived is True for each in guiding) / len(guiding)
        yield _fact("guidance_devices.pacs_connected_fraction", share, "device register", on)
    yield _fact(
        "device.registration_certificate", all(each.registration for each in record.devices), "device register", on
    )
