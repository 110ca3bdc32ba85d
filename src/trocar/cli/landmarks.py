"""A file of landmarks: places that a person marked on two scans."""

import csv
from pathlib import Path

import numpy as np

from trocar.errors import UsageError
from trocar.results.registration import Landmarks


def read_landmarks(file: Path) -> Landmarks:
    """Return the landmarks of a CSV file: x, y, z on the scan before and x, y, z on the scan after, in mm.

    The first row may be a head of names; remarks begin with ``#``; what follows the six numbers is left to the reader.

    Raises
    ------
    UsageError
        Not such a file, a row that is no landmark, or no row in it.
    """
    line = 0
    try:
        rows = []
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for line, row in enumerate(csv.reader(opened), start=1):
                if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                    continue
                if line == 1 and not _is_number(row[0]):
                    continue
                rows.append(_landmark(row))
        places = np.array(rows).reshape(-1, 6)
        if not len(places):
            raise ValueError("no row of numbers")
        return Landmarks(before_lps_mm=places[:, :3], after_lps_mm=places[:, 3:])
    except (OSError, ValueError, csv.Error) as problem:
        raise UsageError(
            "cli.landmarks-unreadable",
            "{file} holds no landmarks (line {line}: {reason}); each row is x,y,z on the scan before and x,y,z on the "
            "scan after, in mm",
            file=file.name,
            line=line,
            reason=str(problem),
        ) from problem


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _landmark(row: list[str]) -> list[float]:
    values = [float(cell) for cell in row[:6]]
    if len(values) < 6 or not np.isfinite(values).all():
        raise ValueError(", ".join(row))
    return values
