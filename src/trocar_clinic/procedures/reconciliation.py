"""The seeds of a case from plan to scan: do all counts agree?"""

from dataclasses import dataclass
from typing import Any

from trocar_clinic.custody.models import SeedMove
from trocar_clinic.custody.places import Move, Place
from trocar_clinic.custody.queries import of_case
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.procedures.models import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """One count.

    Parameters
    ----------
    what
        Of which seeds.
    source
        Where it comes from.
    count
        None where nobody counted yet.
    differs
        Why it does not fit the others; empty where it does.
    """

    what: Any
    source: Any
    count: int | None
    differs: Any = ""


def counts_of(case: Case) -> dict[str, int]:
    """Return seeds taken from the store for a case, implanted and brought back, by the ledger."""
    moves = SeedMove.objects.standing().filter(case=case)
    places = of_case(case)
    return {
        "taken": sum(each.count for each in moves.filter(kind=Move.ISSUE)),
        "implanted": places[Place.PATIENT],
        "returned": places[Place.STORE],
    }


def reconciled(case: Case, *, seen: int | None = None) -> list[CountLine]:
    """Return every count of the seeds of a case, each with what does not fit.

    Parameters
    ----------
    case
        Of seeds.
    seen
        Seeds found on a scan; None for the last verification's.
    """
    counts, places = counts_of(case), of_case(case)
    done = case.procedures.filter(voided_at=None).order_by("started_at").last()
    needles = _in_needles(case)
    ledger, store = both("ledger", "台账"), both("plan", "计划")
    if seen is None:
        seen = _seen(case)
    taken, implanted, left = counts["taken"], counts["implanted"], places[Place.THEATRE]
    return [
        CountLine(what=both("planned", "计划"), source=store, count=done.plan.seeds if done else None),
        CountLine(what=both("taken from the store", "领出"), source=ledger, count=taken),
        CountLine(what=both("implanted", "植入"), source=ledger, count=implanted),
        CountLine(
            what=both("in the needles", "各针合计"),
            source=both("procedure", "手术记录"),
            count=needles,
            differs=_unless(needles in (None, implanted), both("not what the ledger says", "与台账植入数不符")),
        ),
        CountLine(what=both("brought back", "退库"), source=ledger, count=counts["returned"]),
        CountLine(what=both("waste", "废弃"), source=ledger, count=places[Place.WASTE]),
        CountLine(
            what=both("lost", "丢失"),
            source=ledger,
            count=places[Place.LOST],
            differs=_unless(not places[Place.LOST], both("search for them", "须查找")),
        ),
        CountLine(
            what=both("not accounted for", "去向未登记"),
            source=ledger,
            count=left,
            differs=_unless(not left, both("implant, bring back or discard", "请登记植入、退库或废弃")),
        ),
        CountLine(
            what=both("seen on the image after", "术后影像识别"),
            source=both("verification", "术后验证"),
            count=seen,
            differs=_unless(seen in (None, implanted), both("not what was implanted", "与植入数不符")),
        ),
    ]


def disagrees(case: Case) -> bool:
    """Say whether any count of the seeds of a case does not fit."""
    return any(line.differs for line in reconciled(case))


def _unless(fits: bool, what: Any) -> Any:
    return "" if fits else what


def _in_needles(case: Case) -> int | None:
    rows = [
        each.seeds or 0
        for procedure in case.procedures.filter(voided_at=None)
        for each in procedure.insertions.filter(voided_at=None)
    ]
    return sum(rows) if rows else None


def _seen(case: Case) -> int | None:
    last = case.verifications.filter(voided_at=None, kind=Verification.Kind.DOSE).order_by("verified_on", "pk").last()
    return last.seeds_seen if last else None
