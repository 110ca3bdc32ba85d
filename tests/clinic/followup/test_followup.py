"""Follow-up comes after the procedure, by a plan; response follows the diameters; complications keep every grade."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from clinic.theatre import a_lesion, a_performed_case
from trocar_clinic.errors import Refused
from trocar_clinic.followup import actions
from trocar_clinic.followup.models import Charge, Complication, LesionMeasurement, PriceItem, Visit
from trocar_clinic.followup.queries import waiting
from trocar_clinic.followup.response import Response, response_of
from trocar_clinic.followup.schedule import schedule_for
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.models import Case
from trocar_clinic.patients.states import State
from trocar_clinic.quality.own_record import own_record
from trocar_clinic.records.actions import correct, record


def followed(team: Any) -> Case:
    case = a_performed_case(team)
    return actions.begin_unverified(case, actor=team.accounts["operator"], at=timezone.now(), why="患者未返院")


def visit(team: Any, case: Case, **values: Any) -> Visit:
    given = {
        "case": case,
        "seen_on": date(2026, 4, 4),
        "way": "clinic",
        "seen_by": team.staff["nurse"],
        "alive": True,
        "local_control": "controlled",
        **values,
    }
    return actions.see(actor=team.accounts["nurse"], at=timezone.now(), values=given)


def test_the_plan_follows_the_schedule_from_the_day_of_the_procedure(house: Any) -> None:
    case = followed(house)
    days = [(each.due_on - date(2026, 3, 5)).days for each in case.planned_visits.order_by("due_on")]
    assert days == [each.day for each in schedule_for(Technique.SEED)]
    assert case.state == State.FOLLOWED


def test_following_up_unverified_needs_a_reason(house: Any) -> None:
    case = a_performed_case(house)
    with pytest.raises(Refused):
        actions.begin_unverified(case, actor=house.accounts["operator"], at=timezone.now(), why=" ")


def test_a_visit_within_the_window_fulfils_the_plan(house: Any) -> None:
    case = followed(house)
    nurse = house.accounts["nurse"]
    assert [each.due_on for each in waiting(nurse, date(2026, 4, 4))] == [date(2026, 4, 4)]
    visit(house, case, seen_on=date(2026, 4, 10))
    assert waiting(nurse, date(2026, 4, 4)) == []


@pytest.mark.parametrize("seen_on", [date(2026, 3, 4), date(2999, 1, 1)])
def test_a_visit_before_the_procedure_or_in_the_future_is_refused(house: Any, seen_on: date) -> None:
    case = followed(house)
    with pytest.raises(ValidationError):
        visit(house, case, seen_on=seen_on)


def test_a_death_is_entered_with_its_day_first(house: Any) -> None:
    case = followed(house)
    with pytest.raises(Refused) as refused:
        visit(house, case, alive=False)
    assert refused.value.codes == ("followup.death-without-day",)


PARTIAL_AT_JUST_30_PERCENT = Response.PR


@pytest.mark.parametrize(
    ("before", "now", "least", "new", "expected"),
    [
        ([40.0], [28.0], 40.0, False, PARTIAL_AT_JUST_30_PERCENT),
        ([40.0], [28.1], 40.0, False, Response.SD),
        ([40.0], [0.0], 40.0, False, Response.CR),
        ([40.0], [48.0], 40.0, False, Response.PD),
        ([10.0], [14.0], 10.0, False, Response.SD),
        ([40.0], [0.0], 40.0, True, Response.PD),
        ([30.0, 20.0], [15.0, 18.0], 25.0, False, Response.PD),
        ([], [], 0.0, False, Response.NE),
    ],
)
def test_response_by_recist(before: list[float], now: list[float], least: float, new: bool, expected: Response) -> None:
    assert response_of(before, now, least_sum_mm=least, new_lesion=new) is expected


def test_a_judgement_against_the_diameters_is_pointed_out(house: Any) -> None:
    case = followed(house)
    seen = visit(house, case, response="CR", criterion="RECIST 1.1")
    lesion = case.lesions.get()
    record(
        LesionMeasurement,
        actor=house.accounts["nurse"],
        at=timezone.now(),
        values={"visit": seen, "lesion": lesion, "longest_mm": "20.0", "viable_mm": "0.0"},
    )
    assert seen.computed_response is Response.PR
    assert seen.computed_viable_response is Response.CR
    assert seen.disagrees


def test_a_measurement_of_another_case_is_refused(house: Any) -> None:
    case = followed(house)
    seen = visit(house, case)
    from clinic.cases import a_case

    other = a_lesion(house, a_case(house, timezone.now()))
    with pytest.raises(ValidationError):
        record(
            LesionMeasurement,
            actor=house.accounts["nurse"],
            at=timezone.now(),
            values={"visit": seen, "lesion": other, "longest_mm": "20.0"},
        )


COMPLICATION = {
    "term": "pneumothorax",
    "cause": "puncture",
    "began_on": date(2026, 3, 5),
    "ctcae": "2",
    "sir": "B",
    "cirse": "2",
    "outcome": "recovered",
}


def complication(team: Any, case: Case, **values: Any) -> Complication:
    return record(
        Complication, actor=team.accounts["nurse"], at=timezone.now(), values={"case": case, **COMPLICATION, **values}
    )


def test_a_complication_knows_its_days_after_the_procedure(house: Any) -> None:
    case = followed(house)
    assert complication(house, case).days_after == 0
    assert complication(house, case, term="pneumonitis", cause="radiation", began_on=date(2026, 5, 4)).days_after == 60


@pytest.mark.parametrize(
    "wrong", [{"ctcae": "5"}, {"outcome": "death"}, {"began_on": date(2026, 3, 4)}, {"term": "other"}, {"cirse": "9"}]
)
def test_grades_that_contradict_each_other_or_time_are_refused(house: Any, wrong: dict[str, Any]) -> None:
    case = followed(house)
    with pytest.raises(ValidationError):
        complication(house, case, **wrong)


def test_a_charge_takes_the_price_in_force_and_no_other(house: Any) -> None:
    case = followed(house)
    affairs = house.accounts["affairs"]
    values = {
        "code": "240700001",
        "name": "放射性粒子植入治疗术",
        "unit": "次",
        "price_yuan": "1200.00",
        "document": "示例价格文件",
        "valid_from": date(2025, 1, 1),
    }
    item = record(PriceItem, actor=affairs, at=timezone.now(), values=values)
    made = actions.charge(
        actor=affairs,
        at=timezone.now(),
        values={"case": case, "item": item, "charged_on": date(2026, 3, 6), "quantity": "2"},
    )
    assert str(made.sum_yuan) == "2400.00"
    with pytest.raises(ValidationError):
        actions.charge(
            actor=affairs,
            at=timezone.now(),
            values={"case": case, "item": item, "charged_on": date(2024, 3, 6), "quantity": "1"},
        )
    with pytest.raises(ValidationError):
        record(
            Charge,
            actor=affairs,
            at=timezone.now(),
            values={"case": case, "item": item, "charged_on": date(2026, 3, 6), "quantity": "1", "price_yuan": "999"},
        )
    with pytest.raises(ValidationError):
        record(PriceItem, actor=affairs, at=timezone.now(), values={**values, "valid_from": date(2026, 1, 1)})


def test_relief_is_of_symptoms_that_the_case_names_and_the_indicator_counts_it(house: Any) -> None:
    case = followed(house)
    with pytest.raises(ValidationError, match="治疗前症状"):
        visit(house, case, relief="relieved")
    with pytest.raises(ValidationError, match="已填写症状"):
        symptoms(house, case, symptomatic=None, symptoms="胸痛")
    case = symptoms(house, case, symptomatic=True, symptoms="胸痛")
    (made,) = own_record(at=timezone.now()).procedures
    assert (made.symptoms, made.relieved) == (True, None)
    visit(house, case, relief="unchanged")
    (made,) = own_record(at=timezone.now()).procedures
    assert made.relieved is False
    visit(house, case, seen_on=date(2026, 6, 4), relief="relieved")
    (made,) = own_record(at=timezone.now()).procedures
    assert (made.symptoms, made.relieved) == (True, True)


def symptoms(team: Any, case: Case, **values: Any) -> Case:
    current = Case.objects.get(pk=case.pk)
    correct(
        current, actor=team.accounts["nurse"], at=timezone.now(), version=current.version, values=values, why="补录"
    )
    return Case.objects.get(pk=case.pk)


def test_who_is_due_can_be_called_and_the_visit_entered_from_there(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    case = followed(house)
    planned = case.planned_visits.order_by("due_on").first()
    patient, nurse, told = case.patient, house.accounts["nurse"], {"telephone": "示例电话 5550100"}
    correct(patient, actor=nurse, at=timezone.now(), version=patient.version, values=told, why="补录")
    client = client_of("nurse")
    page = client.get(f"/records/planned-visits/{planned.pk}/").content.decode()
    assert "示例电话 5550100" in page
    form = f"/records/visits/new/?of={case.pk}"
    assert form in page
    assert f'<option value="{house.staff["nurse"].pk}" selected>' in client.get(form).content.decode()
    visit(house, case, seen_on=planned.due_on)
    assert form not in client.get(f"/records/planned-visits/{planned.pk}/").content.decode()
