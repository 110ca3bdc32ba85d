"""A table for research without anything by which a person could be known, and the dictionary of its columns."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trocar.department.records import DepartmentRecord, Patient, Procedure
from trocar.workflow.indicators import DAYS_PER_MONTH

OLDEST = 90
"""Ages from here on are one class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One column: its name, what it means, its unit, and how it is read from a procedure and its patient."""

    name: str
    meaning: str
    meaning_zh: str
    unit: str
    read: Callable[[Procedure, Patient, DepartmentRecord], object]


def _age(procedure: Procedure, patient: Patient, _: DepartmentRecord) -> object:
    if patient.born_year is None:
        return None
    age = procedure.day.year - patient.born_year
    return f"{OLDEST}+" if age >= OLDEST else f"{5 * (age // 5)}-{5 * (age // 5) + 4}"


def _months(procedure: Procedure, patient: Patient, record: DepartmentRecord) -> object:
    until = patient.died_on or patient.last_seen_on
    return None if until is None else round((until - procedure.day).days / DAYS_PER_MONTH, 1)


def _best(procedure: Procedure, patient: Patient, record: DepartmentRecord) -> object:
    best = procedure.best_response
    return None if best is None else best.category.value


def _late(procedure: Procedure, *, after: bool) -> int:
    return sum(each.major and ((each.on - procedure.day).days > 30) is after for each in procedure.complications)


VARIABLES = (
    Variable(
        name="technique",
        meaning="seed_implant or ablation",
        meaning_zh="技术",
        unit="",
        read=lambda p, a, r: p.technique.value,
    ),
    Variable(
        name="year",
        meaning="year of the procedure",
        meaning_zh="治疗年份",
        unit="year",
        read=lambda p, a, r: p.day.year,
    ),
    Variable(
        name="age_class",
        meaning="age in classes of five years; 90 and above together",
        meaning_zh="年龄组（5岁一组，90岁以上合并）",
        unit="year",
        read=_age,
    ),
    Variable(name="sex", meaning="F, M or O", meaning_zh="性别", unit="", read=lambda p, a, r: a.sex),
    Variable(name="site", meaning="organ or region", meaning_zh="部位", unit="", read=lambda p, a, r: p.site),
    Variable(
        name="modality",
        meaning="I-125, RFA, MWA, CRYO",
        meaning_zh="治疗方式",
        unit="",
        read=lambda p, a, r: p.modality,
    ),
    Variable(
        name="lesions", meaning="number of lesions", meaning_zh="病灶数", unit="", read=lambda p, a, r: len(p.lesions)
    ),
    Variable(
        name="largest_mm",
        meaning="largest diameter of any lesion",
        meaning_zh="最大径",
        unit="mm",
        read=lambda p, a, r: max(
            (each.diameter_mm for each in p.lesions if each.diameter_mm is not None), default=None
        ),
    ),
    Variable(
        name="seeds",
        meaning="seeds implanted",
        meaning_zh="植入粒子数",
        unit="",
        read=lambda p, a, r: p.seeds_implanted,
    ),
    Variable(
        name="d90_percent",
        meaning="D90 over the prescription",
        meaning_zh="D90 占处方剂量",
        unit="percent",
        read=lambda p, a, r: (
            None if p.d90_gy is None or not p.prescribed_gy else round(100 * p.d90_gy / p.prescribed_gy, 1)
        ),
    ),
    Variable(
        name="margin_mm",
        meaning="least ablative margin",
        meaning_zh="最小消融边界",
        unit="mm",
        read=lambda p, a, r: p.margin_mm,
    ),
    Variable(
        name="verified",
        meaning="dose verified after implantation",
        meaning_zh="是否完成剂量验证",
        unit="0/1",
        read=lambda p, a, r: int(p.verified_on is not None) if p.seeds_implanted is not None else None,
    ),
    Variable(
        name="major_30d",
        meaning="major complications within 30 days",
        meaning_zh="30天内主要并发症数",
        unit="",
        read=lambda p, a, r: _late(p, after=False),
    ),
    Variable(
        name="major_later",
        meaning="major complications after 30 days",
        meaning_zh="30天后主要并发症数",
        unit="",
        read=lambda p, a, r: _late(p, after=True),
    ),
    Variable(
        name="best_response", meaning="best RECIST category", meaning_zh="最佳疗效（RECIST）", unit="", read=_best
    ),
    Variable(
        name="months_watched",
        meaning="months from the procedure to death or last seen alive",
        meaning_zh="自治疗至死亡或末次存活随访的月数",
        unit="month",
        read=_months,
    ),
    Variable(
        name="died",
        meaning="1 where that time ended with death",
        meaning_zh="是否死亡",
        unit="0/1",
        read=lambda p, a, r: int(a.died_on is not None),
    ),
)
"""The columns. No key, no day, no operator, no diagnosis in words."""


def research_table(record: DepartmentRecord, *, seed: int) -> tuple[str, str]:
    """Return the table and its dictionary, both as CSV.

    Parameters
    ----------
    record
        The department's record.
    seed
        Of the order of rows, so that it tells nothing about the order of cases.
    """
    people = record.patient_by_key
    rows = [
        [each.read(procedure, people[procedure.patient], record) for each in VARIABLES]
        for procedure in record.procedures
    ]
    np.random.default_rng(seed).shuffle(rows)
    dictionary: list[list[object]] = [[each.name, each.unit, each.meaning, each.meaning_zh] for each in VARIABLES]
    return _csv([each.name for each in VARIABLES], rows), _csv(["name", "unit", "meaning", "meaning_zh"], dictionary)


def _csv(head: list[str], rows: list[list[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return file.getvalue()
