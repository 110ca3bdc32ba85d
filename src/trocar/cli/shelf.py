"""The shelf as a CSV file: which lots of seeds lie in the store, how strong they were and when."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trocar.catalogue.sources import load_source
from trocar.dose.decay import strength_at_u
from trocar.errors import UsageError
from trocar.plan.seeds import Strength
from trocar.workflow.implant_request import SeedStock

COLUMNS = ("lot", "source_model", "count", "s_k_u or activity_mci", "reference_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfLot:
    """One lot on the implant day.

    Parameters
    ----------
    stock
        As certified.
    s_k_u
        Strength of one seed on the day asked for.
    days
        Since the certificate.
    """

    stock: SeedStock
    s_k_u: float
    days: float


def read_shelf(path: Path) -> tuple[SeedStock, ...]:
    """Return the lots of a shelf file.

    Raises
    ------
    UsageError
        The file, a column or a cell cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise _unreadable(path, 0, str(problem)) from problem
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    lots = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            lots.append(_lot(row))
        except (KeyError, TypeError, ValueError) as problem:
            raise _unreadable(path, number, str(problem)) from problem
    if not lots:
        raise _unreadable(path, 0, "-")
    return tuple(lots)


def _lot(row: dict[str, str]) -> SeedStock:
    model = row["source_model"].strip()
    strength = (row.get("s_k_u") or "").strip()
    s_k_u = float(strength) if strength else load_source(model).u_from_mci(float(row["activity_mci"]))
    return SeedStock(
        source_model=load_source(model).key,
        strength=Strength(s_k_u=s_k_u, reference_at=datetime.fromisoformat(row["reference_at"].strip())),
        count=int(row["count"]),
        lot=row["lot"].strip(),
    )


def _unreadable(path: Path, line: int, reason: str) -> UsageError:
    return UsageError(
        "cli.shelf-unreadable",
        "the shelf {file} cannot be read (line {line}: {reason}); its first line names the columns {columns}, "
        "each further line is a lot",
        file=path.name,
        line=line,
        reason=reason,
        columns=", ".join(COLUMNS),
    )


def on_the_day(lots: tuple[SeedStock, ...], at: datetime) -> tuple[ShelfLot, ...]:
    """Return every lot decayed to a day.

    Raises
    ------
    UsageError
        A certificate is dated after that day.
    """
    found = []
    for lot in lots:
        days = (at - lot.strength.reference_at).total_seconds() / 86_400.0
        if days < 0:
            raise UsageError(
                "cli.shelf-from-the-future",
                "the certificate of lot {lot} is dated {reference_at}, after {at}; check both dates",
                lot=lot.lot,
                reference_at=lot.strength.reference_at.isoformat(sep=" "),
                at=at.isoformat(sep=" "),
            )
        nuclide = load_source(lot.source_model).nuclide
        found.append(ShelfLot(stock=lot, s_k_u=strength_at_u(lot.strength, nuclide, at=at), days=days))
    return tuple(found)
