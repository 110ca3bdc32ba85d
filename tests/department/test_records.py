import json
from dataclasses import replace
from datetime import date, datetime

import pytest

from demonstration import department
from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.department.record_reading import record_from_text, record_to_text
from trocar.department.records import (
    Assessment,
    Complication,
    DepartmentRecord,
    Evidence,
    Fact,
    Lesion,
    Patient,
    Procedure,
    Response,
    StaffMember,
)
from trocar.errors import DepartmentError

PROCEDURE = Procedure(
    key="S1",
    patient="A",
    technique=Technique.SEED_IMPLANT,
    started_at=datetime(2022, 6, 1, 9, 30),
    discharged_on=date(2022, 6, 5),
    indication_items=frozenset({1, 2, 4}),
    lesions=(Lesion(key="1", site="lung", diameter_mm=31.5),),
    complications=(Complication(kind="pneumothorax", on=date(2022, 6, 1), major=True, grades={"CTCAE 5.0": "3"}),),
    responses=(Assessment(on=date(2022, 9, 1), category=Response.PR, sum_mm=20.0, baseline_mm=31.5),),
)
RECORD = DepartmentRecord(
    hospital="示例医院",
    department="介入科",
    country="CN",
    province="",
    as_of=date(2023, 5, 31),
    patients=(Patient(key="A", sex="F", born_year=1950),),
    procedures=(PROCEDURE,),
    staff=(StaffMember(key="D1", name="示例医师甲", roles=frozenset({"implanting_physician"}), years=6.0),),
    facts=(Fact(name="beds", value={"tumour": 32}, evidence=Evidence(title="床位登记", on=date(2023, 5, 1))),),
)


def test_a_record_survives_its_json() -> None:
    assert record_from_text(record_to_text(RECORD)) == RECORD


def test_what_was_not_recorded_is_not_written() -> None:
    data = json.loads(record_to_text(RECORD))
    assert "verified_on" not in data["procedures"][0]
    assert data["procedures"][0]["discharged_on"] == "2022-06-05"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data.update(schema="x"), "department.schema-unknown"),
        (lambda data: data["procedures"][0].update(colour="red"), "department.field-unknown"),
        (lambda data: data["procedures"][0].pop("patient"), "department.field-missing"),
        (lambda data: data["procedures"][0].update(technique="surgery"), "department.field-wrong"),
        (lambda data: data["procedures"][0].update(discharged_on="5 June"), "department.field-wrong"),
        (lambda data: data["procedures"][0].update(key=7), "department.field-wrong"),
        (lambda data: data["procedures"][0].update(lesions="one"), "department.field-wrong"),
        (lambda data: data.update(patients=[]), "department.patient-unknown"),
        (lambda data: data["patients"].append(data["patients"][0]), "department.key-twice"),
        (lambda data: data["patients"][0].update(died_on="2022-05-31"), "department.before-procedure"),
        (lambda data: data["procedures"][0].update(discharged_on="2022-05-31"), "department.before-procedure"),
        (lambda data: data["procedures"][0].update(verified_on="2024-01-01"), "department.after-record"),
    ],
)
def test_a_record_that_cannot_be_is_refused(change: object, code: str) -> None:
    data = json.loads(record_to_text(RECORD))
    change(data)  # type: ignore[operator]
    with pytest.raises(DepartmentError) as caught:
        record_from_text(json.dumps(data))
    assert caught.value.code == code


def test_text_that_is_not_json_is_refused_with_its_line() -> None:
    with pytest.raises(DepartmentError, match="line 2"):
        record_from_text('{"schema":\n nonsense}')


def test_the_best_response_is_the_earliest_of_the_best_kind() -> None:
    days = [date(2022, 8, 1), date(2022, 9, 1), date(2022, 10, 1)]
    kinds = [Response.SD, Response.PR, Response.PR]
    several = tuple(Assessment(on=day, category=kind) for day, kind in zip(days, kinds, strict=True))
    best = replace(PROCEDURE, responses=several).best_response
    assert best is not None
    assert (best.category, best.on) == (Response.PR, date(2022, 9, 1))


def test_periods_count_both_days_and_fall_into_months() -> None:
    period = Period(first=date(2022, 5, 15), last=date(2022, 7, 2))
    assert period.days == 49
    assert [each.text for each in period.months()] == [
        "2022-05-15 – 2022-05-31",
        "2022-06-01 – 2022-06-30",
        "2022-07-01 – 2022-07-02",
    ]
    assert period.year_before.last == date(2022, 5, 14)
    assert period.year_before.days == period.days
    with pytest.raises(DepartmentError) as caught:
        Period(first=date(2022, 5, 2), last=date(2022, 5, 1))
    assert caught.value.code == "department.period-backwards"


def test_the_demonstration_department_survives_its_json() -> None:
    assert record_from_text(record_to_text(department())) == department()
