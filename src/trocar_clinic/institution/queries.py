"""What the house is called, and what of it is due or runs out."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.institution.models import (
    Appointment,
    Authorisation,
    Equipment,
    HealthCheck,
    Hospital,
    Licence,
    Product,
    RadiationCertificate,
    RescueItem,
)
from trocar_clinic.institution.periods import WARNED_DAYS
from trocar_clinic.language import both
from trocar_clinic.records.books import Due, Urgency

HOUSE = frozenset({Role.ADMINISTRATOR, Role.AFFAIRS})
SAFETY = HOUSE | {Role.SAFETY}
PHYSICS = HOUSE | {Role.PHYSICIST}
PERSONAL: tuple[tuple[Any, frozenset[Role], tuple[str, ...]], ...] = (
    (Authorisation, HOUSE, ("person_id", "technique", "act")),
    (RadiationCertificate, SAFETY, ("person_id",)),
    (Appointment, SAFETY, ("person_id", "duty")),
)
"""What persons hold for a time, who is told before it ends, and what a renewed one has in common with the former."""


def name_of_the_hospital() -> str:
    """Return the hospital's name in the reader's language; empty before it is entered."""
    found = Hospital.objects.standing().order_by("-pk").first()
    return str(both(found.name_en or found.name, found.name)) if found else ""


def urgency(end: date | None, on: date) -> Urgency:
    """Return how urgent a date is."""
    return Urgency.LATER if end is None else Urgency.LATE if end < on else Urgency.SOON


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield licences, authorisations, certificates and tests that run out within three months or have."""
    limit = on + timedelta(days=WARNED_DAYS)
    licences = _last_of_each(Licence.objects.standing(), _licence_key)
    yield from _ending([each for each in licences if each.ends_by(limit)], both("Licences", "证照到期"), SAFETY, on)
    for model, roles, key in PERSONAL:
        rows = _last_of_each(model.objects.standing().select_related("person"), attrgetter(*key))
        ending = [each for each in rows if not each.person.left_on and each.expires_on and each.expires_on <= limit]
        yield from _ending(ending, model._meta.verbose_name_plural, roles, on)
    yield from _ending(
        Product.objects.standing().filter(approval_expires_on__lte=limit),
        both("Product approvals", "产品注册证到期"),
        HOUSE,
        on,
        "approval_expires_on",
    )
    checks = {
        each.person_id: each for each in HealthCheck.objects.standing().select_related("person").order_by("done_on")
    }
    for check in checks.values():
        if check.next_due <= limit and not check.person.left_on:
            yield Due(
                what=check.person,
                row=check.person,
                roles=SAFETY,
                on=check.next_due,
                urgency=urgency(check.next_due, on),
                kind=both("Health checks", "职业健康检查"),
            )
    yield from _equipment(limit, on)


def _licence_key(licence: Licence) -> object:
    """Return what a renewed licence has in common with the former; those of no named kind stand for themselves."""
    return licence.pk if licence.kind in {Licence.Kind.OTHER, Licence.Kind.FILING} else licence.kind


def _last_of_each(rows: Any, key: Callable[[Any], object]) -> list[Any]:
    """Return of the rows with one key the one that ends last: what was renewed is not told of any more."""
    ordered = sorted(rows, key=lambda each: each.expires_on or date.max)
    return list({key(each): each for each in ordered}.values())


def _ending(rows: Any, kind: Any, roles: frozenset[Role], on: date, name: str = "expires_on") -> Iterator[Due]:
    for row in rows:
        end = getattr(row, name)
        yield Due(what=row, row=row, roles=roles, on=end, urgency=urgency(end, on), kind=kind)


def _equipment(limit: date, on: date) -> Iterator[Due]:
    for device in Equipment.objects.standing().filter(status=Equipment.Status.IN_USE).prefetch_related("tests"):
        if device.test_interval_months and (device.next_test_due or on) <= limit:
            when = device.next_test_due
            yield Due(
                what=device,
                row=device,
                roles=PHYSICS,
                on=when,
                urgency=urgency(when, on),
                kind=both("Equipment tests", "设备检测"),
            )
    for item in RescueItem.objects.standing().prefetch_related("checks"):
        when = item.next_check_due
        if when is None or when <= on:
            yield Due(
                what=item,
                row=item,
                roles=HOUSE | {Role.NURSE},
                on=when,
                urgency=urgency(when, on),
                kind=both("Rescue checks", "抢救物品检查"),
            )
