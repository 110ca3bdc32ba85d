"""The card with which a patient goes home."""

from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml
from django.utils import timezone

from trocar_clinic.institution.queries import name_of_the_hospital
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.papers import whose
from trocar_clinic.procedures.models import Insertion, Procedure
from trocar_clinic.procedures.reconciliation import counts_of
from trocar_clinic.procedures.verifying import last_done
from trocar_clinic.records.paper import Sheet


def discharge_card(case: Case) -> Sheet | None:
    """Return the card of a case, or None where nothing was done yet."""
    done = last_done(case)
    if done is None:
        return None
    seed = case.technique == Technique.SEED
    return Sheet(
        title=both("Discharge card", "出院告知卡"),
        subtitle=name_of_the_hospital(),
        facts=(
            *whose(case),
            (both("Treatment", "治疗"), case.get_technique_display()),
            (both("Done on", "手术日期"), timezone.localtime(done.started_at).date()),
            *(_seed_facts(case, done) if seed else _heat_facts(done)),
            (both("Attending physician", "主管医师"), case.attending),
            (both("Telephone of the department", "科室电话"), "____________________"),
        ),
        sections=(
            (both("At home", "出院后注意"), [both(each["en"], each["zh"]) for each in _advice(case.technique)]),
            (both("You are to be seen again", "复查安排"), _visits(case, timezone.localdate())),
        ),
        signatures=(both("Physician or nurse", "医师或护士"), both("Patient or relative", "患者或家属")),
        source=both(
            "Standing text: {key}, an example; each department replaces it by its own.",
            "告知内容：{key}，为示例文本，使用前须换成本科室内容。",
        ).format(key=_content()["key"]),
    )


def _seed_facts(case: Case, done: Procedure) -> tuple[tuple[Any, Any], ...]:
    plan = done.plan
    return (
        (both("Seeds implanted", "植入粒子数"), counts_of(case)["implanted"]),
        (both("Seed model", "粒子型号"), plan.source or "–"),
    )


def _heat_facts(done: Procedure) -> tuple[tuple[Any, Any], ...]:
    rows: list[Insertion] = list(done.insertions.filter(voided_at=None))
    told = "；".join(f"{each.power_w or '–'} W × {each.minutes or '–'} min" for each in rows)
    return ((both("Applicators", "消融针"), len(rows)), (both("Power and time", "功率与时间"), told or "–"))


def _visits(case: Case, today: date) -> list[Any]:
    ahead = case.planned_visits.filter(voided_at=None, due_on__gte=today).order_by("due_on")[:4]
    rows = [f"{each.due_on}  {each.what}" for each in ahead]
    return rows or [both("The department will tell you the dates.", "复查日期由科室另行通知。")]


def _advice(technique: str) -> list[dict[str, str]]:
    content = _content()
    found: list[dict[str, str]] = [*content["both"], *content[technique]]
    return found


@cache
def _content() -> dict[str, Any]:
    text = (resources.files(__package__) / "lists" / "discharge.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content
