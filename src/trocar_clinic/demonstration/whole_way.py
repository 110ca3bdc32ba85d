"""Two cases that went the whole way, from admission to follow-up: seeds in a lung, microwave in a liver."""

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import paper_of, value_of
from trocar_clinic.custody.actions import destroy_device, enter_search, move_seeds, use_device
from trocar_clinic.custody.models import SeedLot
from trocar_clinic.custody.places import Move
from trocar_clinic.demonstration import store
from trocar_clinic.demonstration.drawn import stroke
from trocar_clinic.demonstration.people import Team
from trocar_clinic.demonstration.worked import Worked, heat_of, made_plan, outcome_of, seeds_of, verified_case
from trocar_clinic.followup import actions as followup
from trocar_clinic.followup.models import Complication, LesionMeasurement, PriceItem
from trocar_clinic.institution.models import Equipment, Product, Room, Ward
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients import actions as patients
from trocar_clinic.patients.models import Admission, Alternative, Case, Lesion
from trocar_clinic.planning.actions import add_plan, sign_plan
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.models import Insertion, Procedure, ProcedureEvent
from trocar_clinic.procedures.questions import consent_items, time_out_items
from trocar_clinic.procedures.vitals import Channel, Sample
from trocar_clinic.records.actions import record
from trocar_clinic.records.files import keep_bytes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PRICES = (
    ("示例-0101", "放射性粒子植入治疗术", "次", "1800.00"),
    ("示例-0102", "碘-125 粒子", "粒", "260.00"),
    ("示例-0103", "微波消融治疗", "次", "3200.00"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What differs between the two cases."""

    technique: Technique
    name: str
    number: str
    born_on: date
    sex: str
    operator: str
    room: str
    begins_at: datetime
    diagnosis: str
    icd10: str
    organ: str
    longest_mm: str
    indication: tuple[str, ...]
    pathology: str
    stage: str
    intent: str
    place: str = "右侧"
    side: str = "R"
    is_metastasis: bool = False
    symptoms: str = ""


SEEDS = Story(
    technique=Technique.SEED, name="示例患者甲", number="D000001", born_on=date(1958, 4, 12), sex="1", operator="operator", room="粒子植入治疗室",
    begins_at=datetime(2026, 9, 15, 9, 5, tzinfo=timezone.get_fixed_timezone(480)), diagnosis="右肺上叶恶性肿瘤，放疗后复发", icd10="C34.1",
    organ="lung", longest_mm="38.0", indication=("at_most_7_cm", "recurrence", "kps_70", "needle_path", "survival_3_months"),
    pathology="腺癌", stage="rT2N0M0", intent="salvage", is_metastasis=True, symptoms="胸痛，NRS 4 分",
)  # fmt: skip
HEAT = Story(
    technique=Technique.ABLATION, name="示例患者乙", number="D000002", born_on=date(1963, 11, 2), sex="2", operator="ablator", room="消融治疗室",
    begins_at=datetime(2026, 9, 22, 14, 10, tzinfo=timezone.get_fixed_timezone(480)), diagnosis="肝右叶恶性肿瘤", icd10="C22.0",
    organ="liver", longest_mm="24.0",
    indication=("early_not_operated", "visible", "safe_path", "organ_function", "alternatives_weighed"),
    pathology="肝细胞癌", stage="BCLC A", intent="curative",
)  # fmt: skip


PROSTATE = replace(
    SEEDS,
    diagnosis="前列腺恶性肿瘤，局部复发",
    icd10="C61",
    organ="prostate",
    longest_mm="41.0",
    pathology="前列腺腺泡腺癌",
    stage="rT2N0M0",
    place="外周带与中央带",
    side="M",
    symptoms="排尿困难",
)
"""The story of the seeds where ``trocar demo`` left an implant of the prostate to show."""


def make(team: Team, cases: Path | None = None) -> None:
    """Enter price list, store and both cases; with pictures where a demonstration of the library is given."""
    seeds, heat = (seeds_of(cases), heat_of(cases)) if cases else (None, None)
    seeds = seeds if seeds and seeds.is_whole else None
    heat = heat if heat and heat.is_whole else None
    begun = SEEDS.begins_at - 30 * DAY
    for code, name, unit, price in PRICES:
        values = {
            "code": code,
            "name": name,
            "unit": unit,
            "price_yuan": price,
            "document": "示例价格文件〔2025〕1 号",
            "valid_from": date(2025, 1, 1),
        }
        record(PriceItem, actor=team.accounts["affairs"], at=begun, values=values)
    needed = sum(_per_needle(seeds)) + 10
    lot = store.a_lot(team, came_at=SEEDS.begins_at - 4 * DAY, count=max(60, needed), number="S2609A")
    antennas = store.antennas(team, came_at=begun, count=_needles(heat) + 2)
    _seeds(team, lot, seeds)
    _heat(team, antennas, heat)


def _needles(found: Worked | None) -> int:
    """Return how many insertions the ablation is planned with."""
    return int(outcome_of(found.plan)["facts"]["needles"]) if found else 1


def _per_needle(found: Worked | None) -> list[int]:
    """Return how many seeds each needle is planned to hold."""
    return list(outcome_of(found.plan)["facts"]["per_needle"]) if found else [5, 4, 4, 4, 5, 4, 4, 4]


def _seeds(team: Team, lot: SeedLot, found: Worked | None) -> None:
    story, at = (PROSTATE if found else SEEDS), SEEDS.begins_at
    case, lesion = _to_decision(team, story)
    source = Product.objects.get(kind=Product.Kind.SEED)
    if found:
        plan = made_plan(team, case, found, lot=lot, by="physicist", at=at - 3 * DAY)
        _sign(team, plan, story, at - 3 * DAY)
    else:
        _planned(
            team, case, story, needles=8, prescribed_dose_gy="120.00", source=source, air_kerma_strength_u="0.7280", strength_on=at.date(),
            seeds=34, d90_gy="128.60", v100_percent="94.80", v150_percent="58.30", target_volume_cc="21.40",
        )  # fmt: skip
    per_needle, back = _per_needle(found), 1 if found else 2
    if found:
        per_needle[0] -= back  # the library's demonstration leaves one planned seed out
    implanted = sum(per_needle)
    procedure = _started(team, case, story)
    nurse, physicist = team.accounts["nurse"], team.accounts["physicist"]
    moves = (
        (Move.ISSUE, implanted + back, -HOUR / 2, nurse, physicist),
        (Move.IMPLANT, implanted, HOUR, physicist, None),
        (Move.BRING_BACK, back, 1.4 * HOUR, nurse, physicist),
    )
    for kind, count, after, actor, second in moves:
        move_seeds(
            lot, actor=actor, at=at + 2 * HOUR, kind=kind, count=count, moved_at=at + after, case=case, second=second
        )
    for number, count in enumerate(per_needle, start=1):
        values = {
            "procedure": procedure,
            "number": number,
            "lesion": lesion,
            "depth_mm": str(88 + number),
            "seeds": count,
        }
        record(Insertion, actor=nurse, at=at + HOUR, values=values)
    event = {
        "procedure": procedure,
        "at": at + HOUR * 0.6,
        "kind": "bleeding" if found else "pneumothorax",
        "what": "会阴穿刺点少量渗血" if found else "少量气胸，约 10 %",
        "action": "压迫止血" if found else "观察，未引流",
    }
    record(ProcedureEvent, actor=nurse, at=at + HOUR, values=event)
    _finished(
        team,
        procedure,
        story,
        minutes=75,
        narrative=f"CT 引导下 {len(per_needle)} 针植入 {implanted} 粒，术后即刻 CT 示粒子分布与计划一致。",
    )
    search = {
        "case_number": case.number, "begun_at": at + 1.5 * HOUR, "places": "操作台、地面、敷料、器械、铅衣", "instrument": "SM-2 SN-SM-0004",
        "background_usv_h": "0.110", "highest_usv_h": "0.120", "missing": 0, "result": "clear",
    }  # fmt: skip
    enter_search(actor=nurse, at=at + 1.6 * HOUR, values=search)
    _verified(
        team, case, story, found=found, kind="dose", day="0", after=1, seeds_seen=34, d90_gy="124.10", v100_percent="92.60", v150_percent="61.20",
        v200_percent="31.50", conclusion="D90 达到处方剂量，粒子计数与台账一致。",
    )  # fmt: skip
    complication = {
        "case": case,
        "term": "bleeding" if found else "pneumothorax",
        "cause": "puncture",
        "began_on": at.date(),
        "ended_on": at.date() + 3 * DAY,
        "ctcae": "1",
        "sir": "A",
        "cirse": "1",
        "outcome": "recovered",
    }
    record(Complication, actor=nurse, at=at + 3 * DAY, values=complication)
    _followed(
        team, case, story, lesion, after=31, longest_mm="25.0", viable_mm=None, response="PR", criterion="RECIST 1.1"
    )
    _charged(team, case, at, ("示例-0101", "1"), ("示例-0102", str(implanted)))


def _heat(team: Team, antennas: list[Any], found: Worked | None) -> None:
    story, at = HEAT, HEAT.begins_at
    case, lesion = _to_decision(team, story)
    needles = _needles(found)
    power_w: Any = "60.0"
    minutes: Any = "8.0"
    if found:
        plan = made_plan(team, case, found, lot=None, by=story.operator, at=at - 3 * DAY)
        _sign(team, plan, story, at - 3 * DAY)
        power_w, minutes = plan.power_w, plan.minutes
    else:
        _planned(
            team, case, story, needles=1, power_w=power_w, minutes=minutes, margin_mm="6.0", target_volume_cc="7.20"
        )
    procedure = _started(team, case, story)
    nurse = team.accounts["nurse"]
    used = [
        use_device(each, actor=nurse, at=at + HOUR, case=case, used_at=at + HOUR / 4) for each in antennas[:needles]
    ]
    for number, device in enumerate(used, start=1):
        values = {
            "procedure": procedure,
            "number": number,
            "lesion": lesion,
            "device": device,
            "depth_mm": "104.0",
            "power_w": power_w,
            "minutes": f"{float(minutes) / needles:.1f}",
        }
        record(Insertion, actor=nurse, at=at + HOUR, values=values)
    _finished(
        team,
        procedure,
        story,
        minutes=55,
        narrative=f"CT 引导下 {needles} 针微波消融 {power_w} W，共 {minutes} min，术后即刻行增强 CT。",
    )
    for device in used:
        destroy_device(device, actor=nurse, at=at + 2 * HOUR, on=at.date(), how="剪断毁形，按医疗废物处置")
    _verified(
        team,
        case,
        story,
        found=found,
        kind="margin",
        day="0",
        after=0,
        margin_mm="5.4",
        complete=True,
        conclusion="最小消融边界 5.4 mm，肿瘤完全覆盖。",
    )
    _followed(
        team, case, story, lesion, after=40, longest_mm="31.0", viable_mm="0.0", response="CR", criterion="mRECIST"
    )
    _charged(team, case, at, ("示例-0103", "1"))


def _to_decision(team: Team, story: Story) -> tuple[Case, Lesion]:
    """Register the patient, open the case, assess the indication and let the board decide."""
    nurse, attending, at = team.accounts["nurse"], team.accounts["attending"], story.begins_at - 6 * DAY
    person = {
        "number": story.number, "name": story.name, "sex": story.sex, "birth_date": story.born_on, "identity_kind": "99",
        "telephone": "示例电话",
    }  # fmt: skip
    patient = patients.register_patient(actor=nurse, at=at, values=person)
    ward = Ward.objects.order_by("pk").first()
    stay = {
        "patient": patient,
        "number": f"Z{story.number}",
        "ward": ward,
        "admitted_on": at.date(),
        "diagnosis": story.diagnosis,
        "discharged_on": story.begins_at.date() + 3 * DAY,
        "outcome": "home",
    }
    admission = record(Admission, actor=nurse, at=at, values=stay)
    opened = {
        "admission": admission, "technique": story.technique, "attending": team.staff["attending"], "diagnosis": story.diagnosis,
        "icd10": story.icd10, "pathology": story.pathology, "stage": story.stage, "intent": story.intent, "planned_on": story.begins_at.date(),
        "symptomatic": bool(story.symptoms), "symptoms": story.symptoms,
    }  # fmt: skip
    case = patients.open_case(actor=nurse, at=at, values=opened)
    lesion = record(
        Lesion, actor=nurse, at=at,
        values={
            "case": case, "label": "T1", "organ": story.organ, "place": story.place, "side": story.side, "longest_mm": story.longest_mm,
            "measured_on": at.date(), "is_metastasis": story.is_metastasis,
        },
    )  # fmt: skip
    patients.assess_indication(case, actor=attending, at=at + HOUR, answers=dict.fromkeys(story.indication, True))
    board = {
        "held_on": at.date() + DAY, "participants": "介入治疗科、放疗科、外科、影像科（示例医师甲、乙、丁）", "condition": "一般情况可，KPS 80，凝血正常。",
        "conclusion": "this", "grounds": "不宜手术，再程外照射风险高，局部治疗获益明确。", "patients_wish": "患者及家属要求微创治疗，可承担费用。",
    }  # fmt: skip
    decision = patients.decide(Case.objects.get(pk=case.pk), actor=attending, at=at + DAY, **board)
    for treatment, cost, chosen in (
        ("本技术治疗", "28000", True),
        ("再程外照射", "45000", False),
        ("全身治疗", "60000", False),
    ):
        option = {
            "decision": decision,
            "treatment": treatment,
            "benefit": "局部控制",
            "risk": "见同意书",
            "cost_yuan": cost,
            "is_chosen": chosen,
        }
        record(Alternative, actor=attending, at=at + DAY, values=option)
    return Case.objects.get(pk=case.pk), lesion


def _planned(team: Team, case: Case, story: Story, **values: Any) -> None:
    """Make the plan and have it signed by three."""
    at = story.begins_at - 3 * DAY
    planner = "physicist" if story.technique is Technique.SEED else story.operator
    plan = add_plan(
        actor=team.accounts["physicist"], at=at,
        values={"case": case, "origin": "trocar", "system": "Trocar", "made_on": at.date(), "made_by": team.staff[planner], "target": "GTV", **values},
    )  # fmt: skip
    _sign(team, plan, story, at)


def _sign(team: Team, plan: PlanVersion, story: Story, at: datetime) -> None:
    """Have a plan signed by three."""
    for signer, role in (("attending", "attending"), (story.operator, "operator"), ("physicist", "physicist")):
        sign_plan(plan, actor=team.accounts[signer], at=at + HOUR, role=role)


def _started(team: Team, case: Case, story: Story) -> Procedure:
    """Take consent, do the time-out, start."""
    at, kind = story.begins_at, story.technique
    case = Case.objects.get(pk=case.pk)
    told = {each.key: True for each in consent_items(kind).items}
    signed_at = at - 18 * HOUR
    signatures = [keep_bytes(stroke(turns), name="signature.png", media_type="image/png") for turns in (3.5, 5.0)]
    actions.give_consent(
        case, actor=team.accounts["attending"], at=signed_at, items=told, text_version="2026-1", language="zh", told_by=team.staff["attending"],
        signer="patient", signer_name=story.name, witness=team.staff["nurse2"], signed_at=signed_at, signature=signatures[0],
        physician_signature=signatures[1],
    )  # fmt: skip
    checked = {each.key: True for each in time_out_items(kind).items}
    actions.do_time_out(case, actor=team.accounts["nurse"], at=at, items=checked, done_at=at - timedelta(minutes=8))
    people = [(team.staff[story.operator], "operator"), (team.staff["nurse"], "nurse")]
    people += [(team.staff["physicist"], "physicist")] if kind is Technique.SEED else []
    ct = Equipment.objects.get(kind=Equipment.Kind.CT)
    return actions.start(
        case, actor=team.accounts["nurse"], at=at, team=people, room=Room.objects.get(name=story.room), guidance=ct, anaesthesia="local", started_at=at
    )  # fmt: skip


def _finished(team: Team, procedure: Procedure, story: Story, *, minutes: int, narrative: str) -> None:
    """Enter vital signs and finish."""
    ended_at = story.begins_at + timedelta(minutes=minutes)
    channels = {each: _signs(each, story.begins_at, minutes) for each in Channel}
    procedure.ended_at = ended_at
    actions.add_vitals(procedure, actor=team.accounts["nurse"], at=ended_at, channels=channels, origin="typed")
    actions.finish(
        Procedure.objects.get(pk=procedure.pk), actor=team.accounts[story.operator], at=ended_at, ended_at=ended_at, result="done",
        narrative=narrative, technical_success=True,
    )  # fmt: skip


MIDDLE = {
    Channel.ECG: 76.0,
    Channel.RESPIRATION: 16.0,
    Channel.PRESSURE: 132.0,
    Channel.PULSE: 76.0,
    Channel.SPO2: 97.0,
}


def _signs(channel: Channel, begins_at: datetime, minutes: int) -> list[Sample]:
    """Return a value every three minutes that wanders a little."""
    samples = []
    for minute in range(0, minutes, 3):
        value = round(
            MIDDLE[channel] * (1 + 0.04 * math.sin(minute / 7 + len(channel)) - 0.015 * math.sin(minute / 2.3))
        )
        second = round(0.6 * value) if channel is Channel.PRESSURE else None
        samples.append(
            Sample(
                at=begins_at + timedelta(minutes=minute),
                value=min(value, 100.0) if channel is Channel.SPO2 else value,
                second=second,
            )
        )
    return samples


def _verified(team: Team, case: Case, story: Story, *, after: int, found: Worked | None = None, **values: Any) -> None:
    """Verify on an image some days after."""
    day = story.begins_at.date() + after * DAY
    at = story.begins_at + (after + 1) * DAY
    verifier = "physicist" if story.technique is Technique.SEED else story.operator
    if found:
        plan = case.plans.get(voided_at=None)
        job = verified_case(team, case, found, plan, by=verifier, at=story.begins_at + after * DAY + 6 * HOUR)
        values |= _by_library(job, values["kind"])
    actions.verify(
        Case.objects.get(pk=case.pk), actor=team.accounts[verifier], at=at, image_on=day, verified_on=day + DAY, verified_by=team.staff[verifier],
        system="Trocar", **values,
    )  # fmt: skip
    followup.begin(Case.objects.get(pk=case.pk), actor=team.accounts["nurse"], at=at)


def _by_library(job: Job, kind: str) -> dict[str, Any]:
    """Return the numbers, the report and the conclusion of a verification that the library made."""
    if kind == "margin":
        margin = value_of(job.outcome, "margin_mm") or 0.0
        told = "肿瘤完全覆盖" if margin >= 0 else "肿瘤边缘未完全覆盖，已安排复查与补充消融讨论"
        return {
            "job": job, "document": paper_of(job, "margin", "zh"), "margin_mm": f"{margin:.1f}", "complete": margin >= 0,
            "conclusion": f"最小消融边界 {margin:.1f} mm，{told}。",
        }  # fmt: skip
    numbers = {
        key: f"{value_of(job.outcome, key) or 0.0:.2f}"
        for key in ("d90_gy", "v100_percent", "v150_percent", "v200_percent")
    }
    seen = job.outcome["facts"]["seeds_seen"]
    return {
        "job": job, "document": paper_of(job, "verification", "zh"), "seeds_seen": seen, **numbers,
        "conclusion": f"影像识别 {seen} 粒，D90 {numbers['d90_gy']} Gy，V100 {numbers['v100_percent']} %；区间与提示见报告。",
    }  # fmt: skip


def _followed(
    team: Team,
    case: Case,
    story: Story,
    lesion: Lesion,
    *,
    after: int,
    longest_mm: str,
    viable_mm: str | None,
    response: str,
    criterion: str,
) -> None:
    """See the patient once, with a measurement."""
    at = story.begins_at + after * DAY
    nurse = team.accounts["nurse"]
    seen = followup.see(
        actor=nurse, at=at,
        values={
            "case": Case.objects.get(pk=case.pk), "seen_on": at.date(), "way": "clinic", "seen_by": team.staff["nurse"], "alive": True, "kps": 80, "pain": 2,
            "quality_of_life": 75, "relief": "relieved" if story.symptoms else "", "imaging": "增强 CT", "local_control": "controlled", "response": response, "criterion": criterion,
        },
    )  # fmt: skip
    measured = {"visit": seen, "lesion": lesion, "longest_mm": longest_mm, "viable_mm": viable_mm}
    record(LesionMeasurement, actor=nurse, at=at, values=measured)


def _charged(team: Team, case: Case, at: datetime, *items: tuple[str, str]) -> None:
    for code, quantity in items:
        values = {"case": case, "item": PriceItem.objects.get(code=code), "charged_on": at.date(), "quantity": quantity}
        followup.charge(actor=team.accounts["affairs"], at=at + DAY, values=values)
