"""A made-up department: two years of implants and ablations with the gaps that real ones have.

Everything is drawn from one seeded stream, so the same seed gives the same department. Names are plainly made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from trocar.department.norms import Technique
from trocar.department.records import (
    Assessment,
    Complication,
    DepartmentRecord,
    Lesion,
    Patient,
    Procedure,
    Response,
)
from trocar.phantom.department_house import DEVICES, FACTS, LICENCES, STAFF

FIRST_DAY = date(2022, 5, 1)
LAST_DAY = date(2023, 5, 31)
AS_OF = date(2023, 6, 30)
"""The record is read a month after the period: follow-up is still coming in."""

IMPLANTS, VERIFIED = 203, 165
ABLATIONS = 130
YEAR_BEFORE = (date(2021, 4, 1), date(2022, 4, 30), 171, 128, 104)
"""First and last day of discharge, implants, how many of them verified, ablations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """One line of the disease mix: where, what, how it is reached, how patients fare."""

    site: str
    diagnosis: str
    share: float
    device: str
    route: str = "percutaneous"
    malignant: bool = True
    median_months: float = 18.0


IMPLANTED = (
    Disease(site="lung", diagnosis="肺恶性肿瘤", share=0.40, device="CT-1", median_months=17.0),
    Disease(site="liver", diagnosis="肝恶性肿瘤", share=0.16, device="US-1", median_months=13.0),
    Disease(site="cervix", diagnosis="宫颈癌复发", share=0.14, device="CT-1", median_months=19.0),
    Disease(
        site="mediastinum",
        diagnosis="纵隔转移性淋巴结",
        share=0.12,
        device="EBUS-1",
        route="endobronchial",
        median_months=14.0,
    ),
    Disease(site="pancreas", diagnosis="胰腺癌", share=0.10, device="CT-1", median_months=8.0),
    Disease(site="pelvis", diagnosis="直肠癌盆腔复发", share=0.08, device="CT-1", median_months=16.0),
)
ABLATED = (
    Disease(site="liver", diagnosis="原发性肝癌", share=0.42, device="US-1", median_months=40.0),
    Disease(site="liver", diagnosis="结直肠癌肝转移", share=0.18, device="CT-1", median_months=30.0),
    Disease(site="lung", diagnosis="肺癌", share=0.20, device="CT-1", median_months=34.0),
    Disease(site="lung", diagnosis="肺转移瘤", share=0.12, device="CT-1", median_months=24.0),
    Disease(site="bone", diagnosis="骨转移瘤", share=0.08, device="CT-1", median_months=12.0),
)
PUNCTURES = {"lung": ("pneumothorax", 0.09), "liver": ("bleeding", 0.03), "mediastinum": ("bleeding", 0.04)}
LATE = {
    "lung": ("radiation_pneumonitis", 0.06),
    "mediastinum": ("radiation_pneumonitis", 0.05),
    "cervix": ("radiation_cystitis", 0.06),
    "pelvis": ("radiation_enteritis", 0.06),
    "pancreas": ("skin_ulcer", 0.04),
}
SHAPE = 1.6
"""Of the Weibull times to death: few in the first weeks."""

ALL_CHANNELS = frozenset({"ECG", "RESP", "BP", "PULSE", "SpO2"})


def demonstration_department(*, seed: int = 20230531) -> DepartmentRecord:
    """Return the demonstration department.

    Parameters
    ----------
    seed
        Of the one random stream everything is drawn from.

    Notes
    -----
    203 implants and 130 ablations were discharged from 2022-05 to 2023-05, 165 of the implants (81 %) with their dose
    verified; one physician implants, three ablate; 32 of the hospital's 800 beds are for tumours. Of the year before
    there are fewer.
    """
    random = np.random.default_rng(seed)
    people: dict[str, Patient] = {}
    procedures: list[Procedure] = []
    first, last, implants, verified, ablations = YEAR_BEFORE
    for begin, end, number, proven in ((first, last, implants, verified), (FIRST_DAY, LAST_DAY, IMPLANTS, VERIFIED)):
        procedures += _implants(
            random, begin, end, number=number, verified=proven, people=people, so_far=len(procedures)
        )
    done = 0
    for begin, end, number in ((first, last, ablations), (FIRST_DAY, LAST_DAY, ABLATIONS)):
        procedures += _ablations(random, begin, end, number=number, people=people, so_far=done)
        done += number
    return DepartmentRecord(
        hospital="示例市第一医院",
        department="肿瘤介入科",
        country="CN",
        province="",
        as_of=AS_OF,
        patients=tuple(_seen(each, procedures) for each in people.values()),
        procedures=tuple(procedures),
        staff=STAFF,
        devices=DEVICES,
        licences=LICENCES,
        facts=FACTS,
    )


def _discharges(random: np.random.Generator, begin: date, end: date, number: int) -> list[date]:
    days = random.integers(0, (end - begin).days + 1, number)
    return [begin + timedelta(days=int(day)) for day in np.sort(days)]


def _chosen(random: np.random.Generator, diseases: Sequence[Disease], number: int) -> list[Disease]:
    shares = np.array([each.share for each in diseases])
    counts = np.floor(shares * number).astype(int)
    counts[: number - counts.sum()] += 1
    order = np.repeat(np.arange(len(diseases)), counts)
    random.shuffle(order)
    return [diseases[int(place)] for place in order]


def _start(random: np.random.Generator, discharged: date, stay: int) -> datetime:
    day = discharged - timedelta(days=stay)
    return datetime(day.year, day.month, day.day, int(random.integers(8, 16)), int(random.choice([0, 15, 30, 45])))


def _patient(random: np.random.Generator, key: str, began: date, median_months: float) -> Patient:
    months = median_months / np.log(2.0) ** (1.0 / SHAPE) * random.weibull(SHAPE)
    died = began + timedelta(days=max(9, int(30.44 * months)))
    return Patient(
        key=key,
        sex=str(random.choice(["M", "F"], p=[0.6, 0.4])),
        born_year=began.year - int(np.clip(random.normal(63, 10), 28, 89)),
        died_on=died if died <= AS_OF else None,
    )


def _implants(
    random: np.random.Generator,
    begin: date,
    end: date,
    *,
    number: int,
    verified: int,
    people: dict[str, Patient],
    so_far: int,
) -> list[Procedure]:
    proven = np.zeros(number, dtype=bool)
    proven[random.permutation(number)[:verified]] = True
    made = []
    days = _discharges(random, begin, end, number)
    for place, (disease, discharged) in enumerate(
        zip(_chosen(random, IMPLANTED, number), days, strict=True), so_far + 1
    ):
        stay = int(random.integers(2, 6))
        started = _start(random, discharged, stay)
        patient = _patient(random, f"A{place:04}", started.date(), disease.median_months)
        people[patient.key] = patient
        made.append(
            _implant(
                random,
                f"S{place:04}",
                patient,
                disease,
                started=started,
                discharged=discharged,
                proven=bool(proven[place - so_far - 1]),
            )
        )
    return made


def _implant(
    random: np.random.Generator,
    key: str,
    patient: Patient,
    disease: Disease,
    *,
    started: datetime,
    discharged: date,
    proven: bool,
) -> Procedure:
    seeds, back = int(random.integers(24, 78)), int(random.integers(0, 4))
    diameter = float(np.round(random.uniform(18, 66), 0))
    items = {1, 2, 4, 5, 7, 8} if random.random() < 0.9 else {2, 3, 4, 7, 8}
    draw = random.random()
    prescribed = float(random.choice([110.0, 120.0, 130.0]))
    day = started.date()
    reason = (
        ""
        if proven
        else str(
            random.choice(["未做术后CT", "已做CT未导入计划系统", "患者出院前未检查", "转院"], p=[0.45, 0.3, 0.2, 0.05])
        )
    )
    return Procedure(
        key=key,
        patient=patient.key,
        technique=Technique.SEED_IMPLANT,
        started_at=started,
        discharged_on=discharged,
        admitted_on=day - timedelta(days=int(random.integers(1, 4))),
        operator="D1",
        device=disease.device,
        site=disease.site,
        route=disease.route,
        modality="I-125",
        diagnosis=disease.diagnosis,
        malignant=True,
        histology=bool(random.random() < 0.97),
        indication_items=None if draw < 0.02 else frozenset({2, 4, 7} if draw < 0.05 else items),
        planned_at=None if random.random() < 0.03 else started - timedelta(hours=int(random.integers(3, 48))),
        plan_signed_by=frozenset(
            {"attending_physician", "implanting_physician"} | ({"physicist"} if random.random() < 0.86 else set())
        ),
        consented_at=None if random.random() < 0.005 else started - timedelta(hours=int(random.integers(1, 40))),
        channels=ALL_CHANNELS if random.random() < 0.975 else ALL_CHANNELS - {"RESP"},
        verified_on=day + timedelta(days=int(random.integers(0, 2))) if proven else None,
        unverified_reason=reason,
        d90_gy=float(np.round(prescribed * random.normal(1.08, 0.12), 1)) if proven else None,
        prescribed_gy=prescribed,
        seeds_taken=seeds + back,
        seeds_implanted=seeds,
        seeds_returned=back,
        single_use_reused=False,
        lesions=(Lesion(key="1", site=disease.site, diameter_mm=diameter),),
        complications=_complications(random, disease, day, patient, late=True),
        responses=_responses(random, day, patient, diameter, shares=(0.08, 0.44, 0.34)),
        contacts=_contacts(random, day, patient),
    )


def _complications(
    random: np.random.Generator, disease: Disease, day: date, patient: Patient, *, late: bool
) -> tuple[Complication, ...]:
    found = []
    kind, chance = PUNCTURES.get(disease.site, ("infection", 0.01))
    if random.random() < 2.2 * chance:
        major = bool(random.random() < 0.45)
        found.append(Complication(kind=kind, on=day, major=major, grades={"CTCAE 5.0": "3" if major else "1"}))
    if random.random() < 0.012:
        found.append(
            Complication(
                kind="infection",
                on=day + timedelta(days=int(random.integers(2, 20))),
                major=True,
                grades={"CTCAE 5.0": "3"},
            )
        )
    kind, chance = LATE.get(disease.site, ("", 0.0)) if late else ("", 0.0)
    if kind and random.random() < chance:
        found.append(
            Complication(
                kind=kind, on=day + timedelta(days=int(random.integers(40, 170))), major=True, grades={"CTCAE 5.0": "3"}
            )
        )
    last = min(AS_OF, patient.died_on or AS_OF)
    return tuple(each for each in found if each.on <= last)


def _responses(
    random: np.random.Generator, day: date, patient: Patient, before_mm: float, *, shares: tuple[float, float, float]
) -> tuple[Assessment, ...]:
    """Return what imaging showed at two and six months, where it was made and the patient lived."""
    last = min(AS_OF, patient.died_on or AS_OF)
    category = [Response.CR, Response.PR, Response.SD, Response.PD][
        int(random.choice(4, p=[*shares, 1.0 - sum(shares)]))
    ]
    scale = {Response.CR: 0.0, Response.PR: 0.55, Response.SD: 0.9, Response.PD: 1.35}[category]
    made = []
    for days in (int(random.integers(50, 75)), int(random.integers(160, 200))):
        on = day + timedelta(days=days)
        if on <= last and random.random() < 0.86:
            made.append(
                Assessment(
                    on=on, category=category, sum_mm=float(np.round(scale * before_mm, 0)), baseline_mm=before_mm
                )
            )
    return tuple(made)


def _contacts(random: np.random.Generator, day: date, patient: Patient) -> tuple[date, ...]:
    last = min(AS_OF, patient.died_on or AS_OF)
    planned = [day + timedelta(days=days + int(random.integers(0, 13))) for days in (30, 91, 182, 273, 365, 548)]
    lost_after = len(planned) if random.random() < 0.93 else int(random.integers(1, 4))
    return tuple(each for each in planned[:lost_after] if day < each <= last)


def _ablations(
    random: np.random.Generator, begin: date, end: date, *, number: int, people: dict[str, Patient], so_far: int
) -> list[Procedure]:
    made: list[Procedure] = []
    days = _discharges(random, begin, end, number)
    for place, (disease, discharged) in enumerate(zip(_chosen(random, ABLATED, number), days, strict=True), so_far + 1):
        started = _start(random, discharged, int(random.integers(1, 5)))
        again = _earlier(random, made, started.date(), people) if random.random() < 0.06 else None
        if again is None:
            patient = _patient(random, f"B{place:04}", started.date(), disease.median_months)
            people[patient.key] = patient
        else:
            patient = people[again.patient]
        made.append(_ablation(random, f"X{place:04}", patient, disease, started=started, discharged=discharged))
    return made


def _earlier(
    random: np.random.Generator, made: list[Procedure], day: date, people: dict[str, Patient]
) -> Procedure | None:
    """Return an earlier case whose patient comes again."""
    alive = [
        each
        for each in made
        if each.day < day - timedelta(days=40) and (people[each.patient].died_on or AS_OF) > day + timedelta(days=40)
    ]
    return alive[int(random.integers(len(alive)))] if alive else None


def _ablation(
    random: np.random.Generator, key: str, patient: Patient, disease: Disease, *, started: datetime, discharged: date
) -> Procedure:
    day = started.date()
    last = min(AS_OF, patient.died_on or AS_OF)
    symptomatic = bool(random.random() < (0.8 if disease.site == "bone" else 0.15))
    lesions = tuple(
        _lesion(random, str(number + 1), disease.site, day, last) for number in range(1 + int(random.random() < 0.2))
    )
    return Procedure(
        key=key,
        patient=patient.key,
        technique=Technique.ABLATION,
        started_at=started,
        discharged_on=discharged,
        admitted_on=day - timedelta(days=int(random.integers(1, 3))),
        operator=str(random.choice(["D2", "D3", "D4"], p=[0.5, 0.32, 0.18])),
        device=disease.device,
        site=disease.site,
        route=disease.route,
        modality=str(random.choice(["RFA", "MWA", "CRYO"], p=[0.45, 0.48, 0.07])),
        diagnosis=disease.diagnosis,
        malignant=True,
        histology=bool(random.random() < 0.9),
        indication_correct=None if random.random() < 0.02 else bool(random.random() < 0.98),
        planned_at=started - timedelta(hours=int(random.integers(2, 40))),
        consented_at=started - timedelta(hours=int(random.integers(1, 40))),
        channels=ALL_CHANNELS if random.random() < 0.98 else ALL_CHANNELS - {"SpO2"},
        single_use_reused=None if random.random() < 0.03 else False,
        margin_mm=float(np.round(random.normal(6.2, 2.4), 1)) if random.random() < 0.6 else None,
        symptoms=symptomatic,
        relieved=bool(random.random() < 0.82) if symptomatic else None,
        lesions=lesions,
        complications=_complications(random, replace(disease), day, patient, late=False),
        responses=_responses(
            random, day, patient, sum(each.diameter_mm or 0.0 for each in lesions), shares=(0.62, 0.2, 0.12)
        ),
        contacts=_contacts(random, day, patient),
    )


def _lesion(random: np.random.Generator, key: str, site: str, day: date, last: date) -> Lesion:
    treated = bool(random.random() < 0.975)
    checked = day + timedelta(days=int(random.integers(18, 32) if random.random() < 0.93 else random.integers(33, 60)))
    seen = treated and checked <= last and random.random() < 0.93
    return Lesion(
        key=key,
        site=site,
        diameter_mm=float(np.round(random.uniform(9, 46), 0)),
        treated=treated,
        checked_on=checked if seen else None,
        complete=bool(random.random() < 0.94) if seen else None,
    )


def _seen(patient: Patient, procedures: list[Procedure]) -> Patient:
    """Return a patient with the last day known to be alive."""
    mine = [each for each in procedures if each.patient == patient.key]
    days = [
        day for each in mine for day in (each.discharged_on, *each.contacts, *(one.on for one in each.responses)) if day
    ]
    kept = [day for day in days if patient.died_on is None or day <= patient.died_on]
    return replace(patient, last_seen_on=max(kept))
