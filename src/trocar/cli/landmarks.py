"""A file of landmarks: places that a person marked on two scans."""

import csv
from pathlib import Path

import numpy as np

from trocar.errors import UsageError
from trocar.results.registration import Landmarks

NUMBER_STARTS = frozenset("-+.0123456789")
"""A row that begins otherwise is a head or a remark."""


def read_landmarks(file: Path) -> Landmarks:
    """Return the landmarks of a CSV file: x, y, z on the scan before and x, y, z on the scan after, in mm.

    Raises
    ------
    UsageError
        Not such a file, or no row in it.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            numeric = [row[:6] for row in csv.reader(opened) if row and row[0][:1] in NUMBER_STARTS]
        rows = np.array([[float(each) for each in row] for row in numeric])
        if rows.shape[1:] != (6,) or not np.isfinite(rows).all():
            raise ValueError(f"{len(rows)} rows")
        return Landmarks(before_lps_mm=rows[:, :3], after_lps_mm=rows[:, 3:6])
    except (OSError, ValueError, IndexError) as problem:
        raise UsageError(
            "cli.landmarks-unreadable",
            "{file} holds no landmarks; each row is x,y,z on the scan before and x,y,z on the scan after, in mm",
            file=file.name,
        ) from problem
