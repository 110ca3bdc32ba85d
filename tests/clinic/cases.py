"""Cases for tests, made by the deeds that people do."""

from datetime import date, datetime
from typing import Any

from trocar_clinic.institution.models import Product, Ward
from trocar_clinic.patients import actions
from trocar_clinic.patients.models import Admission, Case, Patient
from trocar_clinic.planning.actions import add_plan, sign_plan
from trocar_clinic.planning.models import PlanVersion
from trocar_clinic.records.actions import record

YES_SEED = {
    "locally_advanced": True, "at_most_7_cm": True, "kps_70": True, "needle_path": True, "survival_3_months": True,
}  # fmt: skip
DECISION = {
    "held_on": date(2026, 3, 3), "participants": "示例医师甲、示例医师丁", "condition": "示例", "conclusion": "this", "grounds": "示例",
    "patients_wish": "示例",
}  # fmt: skip
PATIENT = {"name": "示例患者甲", "sex": "1", "birth_date": date(1960, 5, 4), "identity_kind": "99"}


def a_patient(team: Any, at: datetime, **values: Any) -> Patient:
    number = f"P{Patient.objects.count() + 1:05d}"
    return actions.register_patient(
        actor=team.accounts["nurse"], at=at, values={**PATIENT, "number": number, "distinct_from": "测试", **values}
    )


def a_case(team: Any, at: datetime, technique: str = "seed", **values: Any) -> Case:
    nurse = team.accounts["nurse"]
    stay = {
        "patient": a_patient(team, at, **values), "number": f"Z{Admission.objects.count() + 1:05d}", "ward": Ward.objects.first(),
        "admitted_on": date(2026, 3, 1), "diagnosis": "示例",
    }  # fmt: skip
    admission = record(Admission, actor=nurse, at=at, values=stay)
    case = {
        "admission": admission, "technique": technique, "attending": team.staff["attending"], "diagnosis": "肺恶性肿瘤", "icd10": "C34.1",
        "intent": "palliative",
    }  # fmt: skip
    return actions.open_case(actor=nurse, at=at, values=case)


def plan_values(team: Any, case: Case) -> dict[str, Any]:
    common = {
        "case": case, "origin": "typed", "system": "SeedTPS 3", "made_on": date(2026, 3, 4), "made_by": team.staff["physicist"],
        "target": "GTV", "target_volume_cc": "21.40", "needles": 9,
    }  # fmt: skip
    if case.technique == "ablation":
        return {**common, "power_w": "60.0", "minutes": "8.0", "made_by": team.staff["ablator"]}
    source = Product.objects.get(kind="seed")
    return {
        **common, "prescribed_dose_gy": "120.00", "source": source, "air_kerma_strength_u": "0.7620", "strength_on": date(2026, 3, 4),
        "seeds": 37,
    }  # fmt: skip


def a_planned_case(team: Any, at: datetime, technique: str = "seed") -> PlanVersion:
    case = a_case(team, at, technique)
    physician = team.accounts["attending"]
    answers = YES_SEED
    if technique == "ablation":
        answers = dict.fromkeys(
            ("early_not_operated", "visible", "safe_path", "organ_function", "alternatives_weighed"), True
        )
    actions.assess_indication(case, actor=physician, at=at, answers=answers)
    case.refresh_from_db()
    actions.decide(case, actor=physician, at=at, **DECISION)
    case.refresh_from_db()
    return add_plan(actor=team.accounts["physicist"], at=at, values=plan_values(team, case))


def a_signed_case(team: Any, at: datetime, technique: str = "seed") -> Case:
    plan = a_planned_case(team, at, technique)
    for account, role in (("attending", "attending"), ("operator", "operator"), ("physicist", "physicist")):
        sign_plan(plan, actor=team.accounts[account], at=at, role=role)
    return Case.objects.get(pk=plan.case_id)
