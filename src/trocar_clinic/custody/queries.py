"""The ledger on any day, whether it balances, and what of the store is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.models import SeedLot, SeedMove, StoreCount
from trocar_clinic.custody.papers import SearchForSeeds, WasteVessel
from trocar_clinic.custody.places import HELD, Move, Place
from trocar_clinic.language import both
from trocar_clinic.records.books import Due, Urgency

STORE = frozenset({Role.SAFETY, Role.PHYSICIST})
SAFETY = frozenset({Role.SAFETY})
SHOWN = tuple(place for place in Place if place is not Place.SUPPLIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """A lot in the ledger.

    Parameters
    ----------
    lot
        Which.
    received
        Seeds that came.
    places
        Seeds at each place.
    s_k_u, activity_mci
        Strength of one seed on the day.
    held_mci
        Apparent activity of all seeds that the department answers for.
    """

    lot: SeedLot
    received: int
    places: tuple[tuple[Place, int], ...]
    s_k_u: float
    activity_mci: float | None
    held_mci: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where the ledger does not balance."""

    what: Any
    row: Any
    count: int


def ledger(at: datetime) -> list[LedgerLine]:
    """Return every lot that had come by a moment, with where its seeds were."""
    lines = []
    for lot in (
        SeedLot.objects.standing().select_related("product").prefetch_related("moves").order_by("-calibrated_at")
    ):
        balance = lot.balance(at)
        if not any(balance.values()):
            continue
        now = lot.strength_at(at)
        held = sum(balance[place] for place in HELD)
        lines.append(
            LedgerLine(
                lot=lot,
                received=-balance[Place.SUPPLIER],
                places=tuple((place, balance[place]) for place in SHOWN),
                s_k_u=now.s_k_u,
                activity_mci=now.apparent_mci,
                held_mci=None if now.apparent_mci is None else now.apparent_mci * held,
            )
        )
    return lines


def gaps(at: datetime) -> list[Gap]:
    """Return where the ledger does not balance at a moment: counts that differ, cases not closed, seeds lost."""
    found = [
        Gap(what=both("counted otherwise than booked", "盘点与账面不符"), row=count, count=count.difference)
        for count in _last_counts(at)
        if count.difference
    ]
    for case, left in open_cases(at).items():
        found.append(
            Gap(what=both("issued to a case and not accounted for", "已领出但去向未登记"), row=case, count=left)
        )
    for lot in SeedLot.objects.standing().select_related("product").prefetch_related("moves"):
        lost = lot.balance(at)[Place.LOST]
        if lost:
            found.append(Gap(what=both("lost", "丢失"), row=lot, count=lost))
    return found


def _last_counts(at: datetime) -> list[StoreCount]:
    """Return the last count of each lot and place by a moment."""
    rows = (
        StoreCount.objects.standing()
        .filter(counted_at__lte=at)
        .select_related("lot", "lot__product")
        .prefetch_related("lot__moves")
        .order_by("counted_at")
    )
    return list({(row.lot_id, row.place): row for row in rows}.values())


def open_cases(at: datetime) -> dict[Any, int]:
    """Return the cases to which seeds were issued that are not yet implanted, brought back, spoilt or lost."""
    left: dict[Any, int] = {}
    moves = SeedMove.objects.standing().filter(case__isnull=False, at__lte=at).select_related("case")
    for move in moves:
        sign = {Move.ISSUE: 1, Move.EXPEL: 0}.get(Move(move.kind), -1)
        left[move.case] = left.get(move.case, 0) + sign * move.count
    return {case: count for case, count in left.items() if count}


def of_case(case: Any) -> dict[Place, int]:
    """Return where the seeds of a case went."""
    counts = dict.fromkeys(Place, 0)
    for move in SeedMove.objects.standing().filter(case=case):
        kind = Move(move.kind)
        counts[Place.PATIENT] += move.count * ((kind is Move.IMPLANT) - (kind is Move.EXPEL))
        counts[Place.THEATRE] += move.count * ((kind is Move.ISSUE) - (kind in LEAVES_THEATRE))
        counts[Place.STORE] += move.count * (kind is Move.BRING_BACK)
        counts[Place.WASTE] += move.count * (kind in {Move.SPOIL, Move.EXPEL})
        counts[Place.LOST] += move.count * (kind is Move.LOSE_THEATRE)
    return counts


LEAVES_THEATRE = {Move.IMPLANT, Move.BRING_BACK, Move.SPOIL, Move.LOSE_THEATRE}


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield what of the store waits: gaps, assays, waste to clear, devices that run out, seeds never found."""
    now = timezone.now()
    for gap in gaps(now):
        yield Due(
            what=gap.row,
            row=gap.row,
            roles=STORE,
            urgency=Urgency.LATE,
            kind=both("Ledger does not balance", "台账不平"),
        )
    for lot in SeedLot.objects.standing().select_related("product").prefetch_related("moves"):
        if lot.balance()[Place.QUARANTINE]:
            yield Due(
                what=lot,
                row=lot,
                roles=STORE,
                urgency=Urgency.SOON,
                kind=both("Lots to assay and release", "待抽检放行批次"),
            )
    for vessel in WasteVessel.objects.standing().filter(opened_at=None):
        when = vessel.clearable_at.date()
        if when <= on + timedelta(days=30):
            soon = Urgency.SOON if when <= on else Urgency.LATER
            yield Due(
                what=vessel, row=vessel, roles=SAFETY, on=when, urgency=soon, kind=both("Waste to clear", "可解控废源")
            )
    ending = Device.objects.standing().filter(state=Device.State.READY, use_by__lte=on + timedelta(days=60))
    for device in ending.select_related("product"):
        late = Urgency.LATE if device.use_by < on else Urgency.SOON
        yield Due(
            what=device,
            row=device,
            roles=STORE | {Role.NURSE},
            on=device.use_by,
            urgency=late,
            kind=both("Devices that run out", "器械近效期"),
        )
    used = Device.objects.standing().filter(state=Device.State.USED, product__single_use=True)
    for device in used.select_related("product"):
        yield Due(
            what=device,
            row=device,
            roles=frozenset({Role.NURSE}),
            urgency=Urgency.SOON,
            kind=both("Used devices to destroy", "待销毁一次性器械"),
        )
    for search in SearchForSeeds.objects.standing().filter(result=SearchForSeeds.Result.NOT_FOUND):
        yield Due(
            what=search, row=search, roles=STORE, urgency=Urgency.LATE, kind=both("Seeds not found", "未找到的粒子")
        )
