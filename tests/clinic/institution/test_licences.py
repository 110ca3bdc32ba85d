"""Licences in force decide what the house may do; what was renewed is not asked for again."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import START, a_started_case, consented, start_values, timed_out
from trocar_clinic.custody.actions import order_seeds
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Authorisation, Licence, Product
from trocar_clinic.institution.policies import LICENCES_FOR_SEEDS, house_may
from trocar_clinic.institution.queries import due
from trocar_clinic.institution.staff import Technique
from trocar_clinic.procedures import actions
from trocar_clinic.records.actions import correct, record, void

ENDED = START.date() - timedelta(days=1)


def expire(team: Any, kind: str, *, on: date = ENDED) -> Licence:
    row = Licence.objects.get(kind=kind)
    values = {"expires_on": on}
    return correct(row, actor=team.accounts["affairs"], at=timezone.now(), version=1, values=values, why="到期")


def renew(team: Any, old: Licence) -> Licence:
    values = {
        "kind": old.kind, "number": f"{old.number}-2", "licence_class": old.licence_class, "scope": old.scope, "issuer": old.issuer,
        "issued_on": ENDED, "expires_on": timezone.localdate() + timedelta(days=1800),
    }  # fmt: skip
    return record(Licence, actor=team.accounts["affairs"], at=timezone.now(), values=values)


@pytest.mark.parametrize("kind", LICENCES_FOR_SEEDS)
def test_without_one_of_its_licences_no_seed_is_implanted_and_with_the_renewed_one_it_is(house: Any, kind: str) -> None:
    old = expire(house, kind)
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(hours=20))
    timed_out(house, case, at=START - timedelta(minutes=10))
    nurse, now = house.accounts["nurse"], timezone.now()
    with pytest.raises(Refused) as refused:
        actions.start(case, actor=nurse, at=now, **start_values(house, case))
    assert refused.value.codes == ("institution.licence-expired",)
    assert str(ENDED) in str(refused.value.reasons[0])
    renew(house, old)
    assert actions.start(case, actor=nurse, at=now, **start_values(house, case)).pk


def test_a_licence_never_entered_is_missing_not_expired(house: Any) -> None:
    row = Licence.objects.get(kind="radiotherapy")
    void(row, actor=house.accounts["affairs"], at=timezone.now(), version=1, why="误录")
    verdict = house_may(Technique.SEED, on=START.date())
    assert [each.code for each in verdict.reasons] == ["institution.licence-missing"]


def test_ablation_asks_for_no_licence_of_sources(house: Any) -> None:
    expire(house, "radiation_safety")
    assert a_started_case(house, "ablation").pk


def test_no_seed_is_ordered_without_a_licence(house: Any) -> None:
    expire(house, "radiation_safety")
    values = {
        "number": "D1", "product": Product.objects.get(kind="seed"), "supplier": "示例公司", "count": 20, "wanted_mci": "0.6",
        "ordered_on": START.date(), "wanted_on": START.date() + timedelta(days=5),
    }  # fmt: skip
    with pytest.raises(Refused, match="licence-expired"):
        order_seeds(actor=house.accounts["safety"], at=timezone.now(), values=values)


def told_of(team: Any, kind: type) -> list[Any]:
    return [each.row for each in due(team.accounts["affairs"], timezone.localdate()) if isinstance(each.row, kind)]


def test_an_ended_licence_is_told_of_until_it_is_renewed(house: Any) -> None:
    old = expire(house, "radiotherapy")
    assert old in told_of(house, Licence)
    renew(house, old)
    assert old not in told_of(house, Licence)


def test_an_ended_authorisation_is_told_of_until_it_is_renewed(house: Any) -> None:
    granted = Authorisation.objects.filter(person=house.staff["operator"], technique="seed", act="perform").get()
    soon = timezone.localdate() + timedelta(days=5)
    actor, now = house.accounts["affairs"], timezone.now()
    old = correct(granted, actor=actor, at=now, version=1, values={"expires_on": soon}, why="更正")
    assert old in told_of(house, Authorisation)
    values = {
        "person": old.person, "technique": old.technique, "act": old.act, "granted_on": soon, "granted_by": "医务处",
        "expires_on": soon + timedelta(days=700),
    }  # fmt: skip
    record(Authorisation, actor=actor, at=now, values=values)
    assert old not in told_of(house, Authorisation)
