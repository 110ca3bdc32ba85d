"""Cases that wait: one for its third signature, one for a plan, one for its indication; and seeds in the store."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from trocar_clinic.demonstration import store
from trocar_clinic.demonstration.people import Team
from trocar_clinic.institution.models import Ward
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients import actions as patients
from trocar_clinic.patients.checklists import checklist_for
from trocar_clinic.patients.models import Admission, Alternative, Case, Lesion
from trocar_clinic.planning.actions import add_plan, sign_plan
from trocar_clinic.records.actions import record

YES = {
    Technique.SEED: (
        "locally_advanced",
        "at_most_7_cm",
        "kps_70",
        "needle_path",
        "no_puncture_contraindication",
        "survival_3_months",
    ),
    Technique.ABLATION: ("early_not_operated", "visible", "safe_path", "organ_function", "alternatives_weighed"),
}
PEOPLE = (
    # name, sex, born, technique, organ, side, longest, diagnosis, ICD-10
    ("示例患者戊", "2", date(1963, 9, 2), Technique.ABLATION, "liver", "M", "22.0", "肝细胞癌", "C22.0"),
    ("示例患者己", "1", date(1949, 1, 30), Technique.SEED, "pancreas", "M", "41.0", "胰头癌", "C25.0"),
    ("示例患者庚", "2", date(1970, 11, 18), Technique.ABLATION, "lung", "L", "17.5", "左肺下叶转移瘤", "C78.0"),
)


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells the story: the team, and the days on which things happened."""

    team: Team
    day: date

    def at(self, days: int, hour: int = 9, minute: int = 0) -> datetime:
        """Return a moment some days after the first admission."""
        return timezone.make_aware(datetime.combine(self.day + timedelta(days=days), time(hour, minute)))

    def account(self, name: str) -> Any:
        """Return an account."""
        return self.team.accounts[name]


def make(team: Team) -> None:
    """Register three cases, and take them as far as they have come."""
    teller = Teller(team=team, day=timezone.localdate() - timedelta(days=5))
    for number, steps in enumerate(((planned, signed_by_two), (decided,), ())):
        case = register(teller, number)
        for step in steps:
            step(teller, case)
    store.a_lot(team, came_at=teller.at(3, 8), count=60, number=f"S{teller.at(3):%y%m}B")


def register(by: Teller, number: int) -> Case:
    """Register patient, admission, case and lesion."""
    name, sex, born, technique, organ, side, longest, diagnosis, icd10 = PEOPLE[number]
    nurse = by.account("nurse")
    patient = patients.register_patient(
        actor=nurse,
        at=by.at(0, 8),
        values={
            "number": f"WAIT{number + 1:04d}",
            "name": name,
            "sex": sex,
            "birth_date": born,
            "identity_kind": "99",
            "telephone": "010-5550100",
        },
    )
    stay = {
        "patient": patient,
        "number": f"WT{number + 1:06d}",
        "ward": Ward.objects.get(name="介入治疗科"),
        "admitted_on": by.day,
        "diagnosis": diagnosis,
    }
    admission = record(Admission, actor=nurse, at=by.at(0, 8, 20), values=stay)
    opened = {
        "admission": admission, "technique": technique, "attending": by.team.staff["attending"], "diagnosis": diagnosis, "icd10": icd10,
        "intent": "palliative", "stage": "cT3N1M0" if technique is Technique.SEED else "T1N0M0", "planned_on": by.day + timedelta(days=5),
    }  # fmt: skip
    case = patients.open_case(actor=nurse, at=by.at(0, 8, 30), values=opened)
    lesion = {"case": case, "label": "T1", "organ": organ, "side": side, "longest_mm": longest, "measured_on": by.day}
    record(Lesion, actor=nurse, at=by.at(0, 8, 40), values=lesion)
    return case


def decided(by: Teller, case: Case) -> None:
    """Assess the indication and decide in the tumour board, with alternatives and their cost."""
    doctor, technique = by.account("attending"), Technique(case.technique)
    items = checklist_for(technique, on=by.day).items
    answers = {item.key: item.key in YES[technique] for item in items}
    patients.assess_indication(_now(case), actor=doctor, at=by.at(1, 10), answers=answers)
    board = patients.decide(
        _now(case), actor=doctor, at=by.at(2, 15), held_on=by.day + timedelta(days=2),
        participants="示例医师甲（介入治疗科，副主任医师）；示例医师丁（介入治疗科，主治医师）；示例物理师（介入治疗科）",
        condition="一般情况可，KPS 80，心肺功能可耐受", conclusion="this", grounds="不宜手术，局部治疗获益明确", patients_wish="患者与家属同意，医保报销后可承担",
    )  # fmt: skip
    chosen = str(technique.label)
    for treatment, cost, is_chosen in (
        (chosen, "32000", True),
        ("立体定向放射治疗", "45000", False),
        ("系统治疗", "60000", False),
    ):
        values = {
            "decision": board,
            "treatment": treatment,
            "benefit": "局部控制",
            "risk": "见知情同意书",
            "cost_yuan": cost,
            "is_chosen": is_chosen,
        }
        record(Alternative, actor=doctor, at=by.at(2, 15, 10), values=values)


def planned(by: Teller, case: Case) -> None:
    """Decide, and add the first version of the plan of an ablation."""
    decided(by, case)
    values: dict[str, Any] = {
        "case": _now(case), "origin": "typed", "system": "AblationPlan 1", "made_on": by.day + timedelta(days=3), "made_by": by.team.staff["ablator"],
        "target": "GTV", "target_volume_cc": "5.60", "needles": 1, "power_w": "60.0", "minutes": "6.0", "margin_mm": "5.0",
    }  # fmt: skip
    add_plan(actor=by.account("physicist"), at=by.at(3, 16), values=values)


def signed_by_two(by: Teller, case: Case) -> None:
    """Sign as attending physician and as operator; the physicist has not yet."""
    for account, role in (("attending", "attending"), ("ablator", "operator")):
        sign_plan(_now(case).plans.get(), actor=by.account(account), at=by.at(4), role=role)


def _now(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)
