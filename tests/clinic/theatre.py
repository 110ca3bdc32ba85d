"""Seeds and procedures for tests, made by the deeds that people do."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from clinic.cases import a_signed_case
from trocar_clinic.custody.actions import move_seeds
from trocar_clinic.custody.models import SeedAssay, SeedLot, SeedMove
from trocar_clinic.custody.places import Move
from trocar_clinic.institution.models import Equipment, Product, Room
from trocar_clinic.institution.staff import Technique
from trocar_clinic.patients.models import Case, Lesion
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.models import Insertion, Procedure
from trocar_clinic.procedures.questions import consent_items, time_out_items
from trocar_clinic.records.actions import record
from trocar_clinic.records.models import StoredFile

CERTIFIED = datetime(2026, 3, 2, 4, 0, tzinfo=timezone.get_fixed_timezone(480))
ARRIVED = CERTIFIED + timedelta(days=1)


def seeds() -> Product:
    return Product.objects.get(kind=Product.Kind.SEED)


def a_lot(team: Any, *, number: str = "L1", received: int = 50, strength: str = "0.7620", unit: str = "U") -> SeedLot:
    values = {
        "product": seeds(), "lot_number": number, "certificate": f"C-{number}", "form": "loose", "strength": strength, "unit": unit,
        "calibrated_at": CERTIFIED,
    }  # fmt: skip
    lot = record(SeedLot, actor=team.accounts["safety"], at=ARRIVED, values=values)
    move(team, lot, Move.RECEIVE, received, at=ARRIVED, by="safety")
    return lot


def move(
    team: Any,
    lot: SeedLot,
    kind: Move,
    count: int,
    *,
    at: datetime,
    by: str = "physicist",
    case: Case | None = None,
    second: str | None = "nurse",
) -> SeedMove:
    other = team.accounts[second] if second else None
    return move_seeds(
        lot, actor=team.accounts[by], at=timezone.now(), kind=kind, count=count, moved_at=at, case=case, second=other
    )


def assayed(team: Any, lot: SeedLot, *, count: int = 5, deviation: float = 0.01) -> SeedAssay:
    at = ARRIVED + timedelta(hours=1)
    expected = lot.strength_at(at).s_k_u
    values = {
        "lot": lot, "done_at": at, "instrument": Equipment.objects.get(kind=Equipment.Kind.WELL_CHAMBER), "unit": "U",
        "measured": [round(expected * (1 + deviation), 5)] * count,
    }  # fmt: skip
    return record(SeedAssay, actor=team.accounts["physicist"], at=at, values=values)


def a_released_lot(team: Any, **values: Any) -> SeedLot:
    lot = a_lot(team, **values)
    assayed(team, lot)
    move(team, lot, Move.RELEASE, lot.received(), at=ARRIVED + timedelta(hours=2))
    return lot


def picture() -> StoredFile:
    return StoredFile.objects.get_or_create(
        sha256="0" * 64, defaults={"size": 1, "media_type": "image/png", "name": "s.png"}
    )[0]


def a_lesion(team: Any, case: Case) -> Lesion:
    values = {
        "case": case,
        "label": "T1",
        "organ": "lung",
        "side": "R",
        "longest_mm": "38.0",
        "measured_on": date(2026, 3, 2),
    }
    return record(Lesion, actor=team.accounts["nurse"], at=timezone.now(), values=values)


def consented(team: Any, case: Case, *, at: datetime) -> None:
    items = {each.key: True for each in consent_items(Technique(case.technique)).items}
    actions.give_consent(
        case, actor=team.accounts["attending"], at=timezone.now(), items=items, text_version="2026-1", language="zh",
        told_by=team.staff["attending"], signer="patient", signer_name="示例患者甲", witness=team.staff["nurse"], signed_at=at,
        signature=picture(), physician_signature=picture(),
    )  # fmt: skip


def timed_out(team: Any, case: Case, *, at: datetime, without: str = "") -> None:
    items = {each.key: each.key != without for each in time_out_items(Technique(case.technique)).items}
    actions.do_time_out(case, actor=team.accounts["nurse"], at=timezone.now(), items=items, done_at=at)


START = datetime(2026, 3, 5, 9, 0, tzinfo=timezone.get_fixed_timezone(480))


def start_values(team: Any, case: Case) -> dict[str, Any]:
    seed = case.technique == "seed"
    people = [(team.staff["operator" if seed else "ablator"], "operator"), (team.staff["nurse"], "nurse")]
    people += [(team.staff["physicist"], "physicist")] if seed else []
    return {
        "team": people, "room": Room.objects.get(kind="seed" if seed else "ablation"), "guidance": Equipment.objects.get(kind="ct"),
        "anaesthesia": "local", "started_at": START,
    }  # fmt: skip


def a_started_case(team: Any, technique: str = "seed") -> Procedure:
    case = a_signed_case(team, timezone.now(), technique)
    consented(team, case, at=START - timedelta(hours=20))
    timed_out(team, case, at=START - timedelta(minutes=10))
    return actions.start(case, actor=team.accounts["nurse"], at=timezone.now(), **start_values(team, case))


def implanted(team: Any, procedure: Procedure, lot: SeedLot, count: int) -> None:
    case = procedure.case
    move(team, lot, Move.ISSUE, count, at=START - timedelta(minutes=30), by="nurse", case=case, second="physicist")
    move(team, lot, Move.IMPLANT, count, at=START + timedelta(minutes=40), case=case, second=None)
    values = {"procedure": procedure, "number": 1, "lesion": a_lesion(team, case), "depth_mm": "92.0", "seeds": count}
    record(Insertion, actor=team.accounts["nurse"], at=timezone.now(), values=values)


def finished(team: Any, procedure: Procedure) -> Procedure:
    return actions.finish(
        procedure, actor=team.accounts["operator"], at=timezone.now(), ended_at=START + timedelta(hours=1), result="done",
        narrative="示例", technical_success=True,
    )  # fmt: skip


def a_performed_case(team: Any, count: int = 37) -> Case:
    procedure = a_started_case(team)
    implanted(team, procedure, a_released_lot(team), count)
    finished(team, procedure)
    return Case.objects.get(pk=procedure.case_id)
