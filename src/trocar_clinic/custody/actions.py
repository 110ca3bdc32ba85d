"""What is done with seeds and devices. Every move keeps every place at nought or more, at every time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.models import SeedLot, SeedMove, SeedOrder, StoreCount, WasteVessel
from trocar_clinic.custody.papers import SearchForSeeds
from trocar_clinic.custody.places import WAYS, Move, Place
from trocar_clinic.custody.policies import MOVERS, ORDERERS, USES_DEVICES, WASTE
from trocar_clinic.errors import Refused, reason, refuse_if
from trocar_clinic.institution.policies import house_may
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.models import Case
from trocar_clinic.records.actions import fresh, need_reason
from trocar_clinic.records.deed import deed


def move_seeds(
    lot: SeedLot,
    *,
    actor: User,
    at: datetime,
    kind: Move,
    count: int,
    moved_at: datetime,
    case: Case | None = None,
    second: User | None = None,
    remark: str = "",
) -> SeedMove:
    """Move seeds of a lot from one place to another.

    Raises
    ------
    Refused
        A place would hold fewer than no seeds, the lot is not accepted, has run out or leaks.
    """
    has_one_of(actor, MOVERS[kind]).insist()
    with deed(f"custody.{kind.value}", actor=actor, at=at, note={"lot": lot.pk, "count": count}):
        _may_leave(lot, kind, moved_at).insist()
        move = SeedMove(lot=lot, kind=kind, count=count, at=moved_at, case=case, by=actor, second=second, remark=remark)
        require_balance([*lot.moves.filter(voided_at=None), move])
        move.save()
    return move


def order_seeds(*, actor: User, at: datetime, values: dict[str, Any]) -> SeedOrder:
    """Enter an order of seeds.

    Raises
    ------
    Refused
        A licence that seeds need is not in force on the day of the order.
    """
    has_one_of(actor, ORDERERS).insist()
    house_may(Technique.SEED, on=values["ordered_on"]).insist()
    with deed("custody.order", actor=actor, at=at):
        order = SeedOrder(**values)
        order.save()
    return order


def _may_leave(lot: SeedLot, kind: Move, moved_at: datetime) -> Any:
    """Say whether seeds of the lot may be released or issued."""
    verdict = refuse_if(
        lot.is_void, "custody.lot-void", en="Lot {lot} was declared void", zh="批次 {lot} 已作废", lot=lot
    )
    if kind is Move.RELEASE:
        last = lot.last_assay
        verdict &= refuse_if(
            last is None or not last.judged.enough,
            "custody.assay-missing",
            en="Lot {lot} has no assay of enough seeds; measure at least the share that the rule asks for",
            zh="批次 {lot} 尚无足够比例的活度抽检，请先按规定比例测量",
            lot=lot,
        )
        leaking = [each for each in lot.leak_tests.filter(voided_at=None) if not each.passed]
        verdict &= refuse_if(
            leaking, "custody.lot-leaks", en="Lot {lot} failed a leak test", zh="批次 {lot} 泄漏检验不合格", lot=lot
        )
    if kind is Move.ISSUE:
        verdict &= refuse_if(
            lot.use_by is not None and lot.use_by < moved_at.date(),
            "custody.lot-expired",
            en="Lot {lot} could be used until {day}",
            zh="批次 {lot} 有效期至 {day}，已过期",
            lot=lot,
            day=lot.use_by,
        )
    return verdict


def require_balance(moves: Iterable[SeedMove]) -> None:
    """Refuse moves of a lot that at any time take more seeds from a place than are there.

    Notes
    -----
    Moves are often entered late: the balance is followed through time, so that a move entered now cannot make a
    place negative on the day it happened. Of moves at one time, those that bring come first.
    """
    held: dict[tuple[Place, int | None], int] = defaultdict(int)
    for move in sorted(moves, key=lambda each: (each.at, _order(each))):
        start, end = WAYS[Move(move.kind)]
        here, there = (start, _case_of(move, start)), (end, _case_of(move, end))
        if start is not Place.SUPPLIER and held[here] < move.count:
            raise Refused(
                reason(
                    "custody.not-enough",
                    en="{what}: {count} seeds are to leave “{place}”, but {held} are there at {at:%Y-%m-%d %H:%M}; "
                    "check the count, the lot and the time",
                    zh="{what}：拟从「{place}」取出 {count} 粒，但 {at:%Y-%m-%d %H:%M} 该处仅有 {held} 粒；"
                    "请核对数量、批次与时间",
                    what=Move(move.kind).label,
                    count=move.count,
                    place=start.label,
                    held=held[here],
                    at=move.at.astimezone(),
                )
            )
        held[here] -= move.count
        held[there] += move.count


ORDER = tuple(Move)


def _order(move: SeedMove) -> int:
    return ORDER.index(Move(move.kind))


def _case_of(move: SeedMove, place: Place) -> int | None:
    """Return the case whose seeds these are: in theatre and in patients seeds belong to a case."""
    return move.case_id if place in {Place.THEATRE, Place.PATIENT} else None


def void_move(move: SeedMove, *, actor: User, at: datetime, why: str) -> SeedMove:
    """Declare a move void, if the ledger still holds without it."""
    has_one_of(actor, MOVERS[Move(move.kind)]).insist()
    need_reason(why)
    with deed("custody.void_move", actor=actor, at=at, reason=why):
        current = fresh(move, version=move.version)
        require_balance(current.lot.moves.filter(voided_at=None).exclude(pk=current.pk))
        current.voided_at, current.void_reason = at, why
        current.save()
    return current


def count_store(
    lot: SeedLot, *, actor: User, at: datetime, place: Place, counted_at: datetime, count: int, second: User
) -> StoreCount:
    """Enter how many seeds two persons found at a place; a difference becomes a finding of the ledger."""
    refuse_if(
        second == actor,
        "custody.one-person",
        en="Two different persons count the store",
        zh="盘点须由两名不同人员完成",
    ).insist()
    with deed("custody.count", actor=actor, at=at, note={"lot": lot.pk}):
        row = StoreCount(lot=lot, place=place, counted_at=counted_at, count=count, by=actor, second=second)
        row.save()
    return row


def use_device(device: Device, *, actor: User, at: datetime, case: Case, used_at: datetime) -> Device:
    """Use a device in a case; a single-use device is used once.

    Raises
    ------
    Refused
        It was used before, is destroyed or has run out.
    """
    has_one_of(actor, USES_DEVICES).insist()
    with deed("custody.use_device", actor=actor, at=at, note={"case": case.pk}):
        current = fresh(device, version=device.version)
        again = current.state == Device.State.USED and current.product.single_use
        verdict = refuse_if(
            again,
            "custody.second-use",
            en="{device} is for single use and was used on {when:%Y-%m-%d %H:%M}; take a new one and destroy this one",
            zh="{device} 为一次性器械，已于 {when:%Y-%m-%d %H:%M} 使用；禁止重复使用，请更换并销毁",
            device=current,
            when=(current.used_at or used_at).astimezone(),
        )
        verdict &= refuse_if(
            current.state in {Device.State.DESTROYED, Device.State.RETURNED},
            "custody.device-gone",
            en="{device} is {state}",
            zh="{device} {state}",
            device=current,
            state=current.get_state_display(),
        )
        verdict &= refuse_if(
            used_at.date() > current.use_by,
            "custody.device-expired",
            en="{device} could be used until {day}",
            zh="{device} 有效期至 {day}，已过期",
            device=current,
            day=current.use_by,
        )
        verdict.insist()
        current.state, current.used_for, current.used_at = Device.State.USED, case, used_at
        current.save()
    return current


def destroy_device(device: Device, *, actor: User, at: datetime, on: date, how: str) -> Device:
    """Enter that a device was destroyed."""
    has_one_of(actor, USES_DEVICES).insist()
    with deed("custody.destroy_device", actor=actor, at=at):
        current = fresh(device, version=device.version)
        current.state, current.destroyed_on, current.destroyed_how = Device.State.DESTROYED, on, how
        current.save()
    return current


def clear_vessel(vessel: WasteVessel, *, actor: User, at: datetime, reading_usv_h: Any) -> WasteVessel:
    """Clear a vessel whose seeds have decayed.

    Raises
    ------
    Refused
        It has not decayed to the level entered for it.
    """
    has_one_of(actor, WASTE).insist()
    refuse_if(
        at < vessel.clearable_at,
        "custody.still-active",
        en="{vessel} may be cleared from {day:%Y-%m-%d}; until then its activity is above the level entered for it",
        zh="{vessel} 自 {day:%Y-%m-%d} 起方可解控，此前活度高于所填解控水平",
        vessel=vessel,
        day=vessel.clearable_at,
    ).insist()
    with deed("custody.clear_vessel", actor=actor, at=at):
        current = fresh(vessel, version=vessel.version)
        current.opened_at, current.reading_usv_h = at, reading_usv_h
        current.save()
    return current


def enter_search(*, actor: User, at: datetime, values: dict[str, Any]) -> SearchForSeeds:
    """Enter a search for seeds, by whom it was done."""
    with deed("custody.search", actor=actor, at=at):
        row = SearchForSeeds(done_by=actor, **values)
        row.save()
    return row
