"""What of the house is due or runs out."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.institution.models import (
    WARNED_DAYS,
    Appointment,
    Authorisation,
    Equipment,
    HealthCheck,
    Licence,
    Product,
    RadiationCertificate,
    RescueItem,
)
from trocar_clinic.language import both
from trocar_clinic.records.books import Due, Urgency

HOUSE = frozenset({Role.ADMINISTRATOR, Role.AFFAIRS})
SAFETY = HOUSE | {Role.SAFETY}
PHYSICS = HOUSE | {Role.PHYSICIST}


def urgency(end: date | None, on: date) -> Urgency:
    """Return how urgent a date is."""
    return Urgency.LATER if end is None else Urgency.LATE if end < on else Urgency.SOON


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield licences, authorisations, certificates and tests that run out within three months or have."""
    limit = on + timedelta(days=WARNED_DAYS)
    yield from _ending(Licence.objects.ending_by(limit), both("Licences", "证照到期"), SAFETY, on)
    for model, roles in ((Authorisation, HOUSE), (RadiationCertificate, SAFETY), (Appointment, SAFETY)):
        rows = model.objects.standing().filter(expires_on__lte=limit).select_related("person")
        yield from _ending(_latest(rows), model._meta.verbose_name_plural, roles, on)
    yield from _ending(
        Product.objects.standing().filter(approval_expires_on__lte=limit),
        both("Product approvals", "产品注册证到期"),
        HOUSE,
        on,
        "approval_expires_on",
    )
    for check in _latest(
        HealthCheck.objects.standing().select_related("person").order_by("done_on"), key=("person_id",)
    ):
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


def _latest(rows: Any, key: tuple[str, ...] = ()) -> list[Any]:
    """Return the rows, and of several with one key only the last."""
    if not key:
        return [each for each in rows if not each.person.left_on]
    return list({tuple(getattr(each, name) for name in key): each for each in rows}.values())


def _ending(rows: Any, kind: Any, roles: frozenset[Role], on: date, name: str = "expires_on") -> Iterator[Due]:
    for row in rows:
        end = getattr(row, name)
        yield Due(what=row, row=row, roles=roles, on=end, urgency=urgency(end, on), kind=kind)


def _equipment(limit: date, on: date) -> Iterator[Due]:
    for device in Equipment.objects.standing().filter(status=Equipment.Status.IN_USE):
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
    for item in RescueItem.objects.standing():
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
