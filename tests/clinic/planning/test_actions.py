"""Three signatures by three different, entitled people over exactly one version."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from clinic.cases import a_case, a_planned_case, a_signed_case, plan_values
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Authorisation
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.actions import add_plan, sign_plan, withdraw
from trocar_clinic.planning.policies import signed_by_three
from trocar_clinic.records.actions import correct
from trocar_clinic.records.verification import verify


def test_three_signatures_make_a_case_ready(house: Any, now: Any) -> None:
    assert a_signed_case(house, now).state == "signed"
    assert verify() == []


def test_nobody_signs_two_roles(house: Any, now: Any) -> None:
    plan = a_planned_case(house, now)
    sign_plan(plan, actor=house.accounts["attending"], at=now, role="attending")
    with pytest.raises(Refused, match="signed-in-another-role"):
        sign_plan(plan, actor=house.accounts["attending"], at=now, role="operator")


@pytest.mark.parametrize(
    ("account", "role", "code"),
    [
        ("physicist", "operator", "wrong-profession"),
        ("operator", "physicist", "wrong-profession"),
        ("operator", "attending", "not-the-attending"),
        ("ablator", "operator", "not-authorised"),
        ("nurse", "physicist", "wrong-profession"),
        ("admin", "attending", "wrong-profession"),
    ],
)
def test_the_wrong_person_is_refused_with_the_reason(house: Any, now: Any, account: str, role: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        sign_plan(a_planned_case(house, now), actor=house.accounts[account], at=now, role=role)


def test_an_expired_authorisation_refuses(house: Any, now: Any) -> None:
    plan = a_planned_case(house, now)
    held = Authorisation.objects.get(person=house.staff["operator"], technique="seed", act="perform")
    yesterday = {"expires_on": date.today() - timedelta(days=1)}
    correct(held, actor=house.accounts["affairs"], at=now, version=held.version, values=yesterday, why="到期")
    with pytest.raises(Refused, match="authorisation-expired"):
        sign_plan(plan, actor=house.accounts["operator"], at=now, role="operator")


def test_a_new_version_is_signed_anew(house: Any, now: Any) -> None:
    case = a_signed_case(house, now)
    add_plan(actor=house.accounts["physicist"], at=now, values=plan_values(house, case))
    assert Case.objects.get(pk=case.pk).state == "planned"


def test_a_withdrawn_signature_takes_the_case_back(house: Any, now: Any) -> None:
    case = a_signed_case(house, now)
    signature = case.plans.get().signatures.get(role="operator")
    with pytest.raises(Refused, match="not-own-signature"):
        withdraw(signature, actor=house.accounts["physicist"], at=now, why="x")
    withdraw(signature, actor=house.accounts["operator"], at=now, why="靶区需修改")
    assert Case.objects.get(pk=case.pk).state == "planned"


def test_a_plan_changed_after_signing_does_not_count_as_signed(house: Any, now: Any) -> None:
    plan = a_signed_case(house, now).plans.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE planning_planversion SET seeds = 99")
    plan.refresh_from_db()
    assert [each.code for each in signed_by_three(plan).reasons] == ["planning.changed-after-signing"]


def test_a_planner_must_be_entitled_on_the_day(house: Any) -> None:
    early = datetime(2026, 3, 5, tzinfo=UTC)
    with pytest.raises(Refused, match=r"not-authorised|wrong-profession"):
        plan = a_planned_case(house, early)
        values = {**plan_values(house, Case.objects.get(pk=plan.case_id)), "made_by": house.staff["nurse"]}
        add_plan(actor=house.accounts["physicist"], at=early, values=values)


def test_the_form_of_a_version_asks_what_belongs_to_the_technique(
    house: Any, now: Any, client_of: Callable[[str], Client]
) -> None:
    case = a_case(house, now)
    page = client_of("physicist").get(f"/records/plans/new/?of={case.pk}").content.decode()
    assert 'name="prescribed_dose_gy"' in page
    assert 'name="power_w"' not in page
