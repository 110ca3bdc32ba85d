"""How well needles are found on CT: `python validation/needle_localisation/run.py` measures and prints the table.

Every scan adds one row a needle to ``results.csv``; scans that have rows are left out. ``--again`` starts from nothing.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from scans import PATIENTS, Needle, scan_of
from scipy.optimize import linear_sum_assignment

from trocar.imaging.needles import FoundNeedle, find_needles
from trocar.imaging.skin import find_body

RESULTS = Path(__file__).parent / "results.csv"
SLICES_MM, COUNT = (1.25, 2.5, 3.0, 5.0), 8
SAME_MM, SAME_DEG = 5.0, 6.0
"""A found needle is a true one if it passes the true tip this near and points like it; how deep it ends is an error."""


def measured(patient: int, slice_mm: float) -> list[dict[str, object]]:
    """Return a row a true needle, and one a track that is none."""
    scan, truth = scan_of(patient, slice_mm, COUNT)
    started = time.process_time()
    found = find_needles(scan, find_body(scan).occupancy, needle_radius_mm=0.635)
    seconds = time.process_time() - started
    pairs = dict(matched(truth, found))
    name = {"patient": PATIENTS[patient].name, "slice_mm": slice_mm}
    rows: list[dict[str, object]] = []
    for n, needle in enumerate(truth):
        row = {
            **name,
            "lean_deg": round(float(np.degrees(np.arcsin(needle.way_lps[2]))), 1),
            "seconds": round(seconds, 1),
        }
        aside, deeper, angle = errors(needle, found[pairs[n]]) if n in pairs else (np.nan, np.nan, np.nan)
        rows.append({**row, "aside_mm": round(aside, 2), "deeper_mm": round(deeper, 2), "angle_deg": round(angle, 2)})
    none = {"lean_deg": "", "seconds": round(seconds, 1), "aside_mm": "", "deeper_mm": "", "angle_deg": ""}
    return rows + [{**name, **none}] * (len(found) - len(pairs))


def errors(needle: Needle, found: FoundNeedle) -> tuple[float, float, float]:
    """Return how far the found line passes the true tip (mm), how much deeper it ends (mm), and the angle (deg)."""
    way = found.tip_lps_mm - found.outer_lps_mm
    way = way / np.linalg.norm(way)
    off = found.tip_lps_mm - needle.tip_lps_mm
    aside = float(np.linalg.norm(off - (off @ way) * way))
    angle = float(np.degrees(np.arccos(np.clip(abs(way @ needle.way_lps), -1.0, 1.0))))
    return aside, float(off @ needle.way_lps), angle


def matched(truth: tuple[Needle, ...], found: tuple[FoundNeedle, ...]) -> list[tuple[int, int]]:
    """Return which found needle is which true one."""
    every = np.array([[errors(needle, each) for each in found] for needle in truth]).reshape(len(truth), len(found), 3)
    bad = (every[..., 0] > SAME_MM) | (every[..., 2] > SAME_DEG)
    cost = np.where(bad, 1e6, every[..., 0] + np.abs(every[..., 1]))
    rows, columns = linear_sum_assignment(cost)
    return [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if cost[a, b] < 1e6]


def read() -> list[dict[str, str]]:
    """Return the rows of the table so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def append(rows: list[dict[str, object]]) -> None:
    """Add rows to the table."""
    is_new = not RESULTS.exists()
    with RESULTS.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def line(name: str, slice_mm: float, rows: list[dict[str, str]]) -> str:
    """Return a line of the README's table."""
    true = [row for row in rows if row["lean_deg"]]
    seen = [row for row in true if row["aside_mm"] != "nan"]
    aside, deeper, angle = (np.abs([float(row[key]) for row in seen]) for key in ("aside_mm", "deeper_mm", "angle_deg"))
    cells = [f"{np.median(each):.2f} / {np.percentile(each, 95):.2f}" for each in (aside, deeper, angle)]
    return f"| {name} | {slice_mm:g} mm | {len(seen)} of {len(true)} | {len(rows) - len(true)} | {' | '.join(cells)} |"


def main() -> None:
    """Measure what is not yet measured, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="forget all rows first")
    if parser.parse_args().again:
        RESULTS.unlink(missing_ok=True)
    done = {(row["patient"], float(row["slice_mm"])) for row in read()}
    for patient, each in enumerate(PATIENTS):
        for slice_mm in SLICES_MM:
            if (each.name, slice_mm) not in done:
                append(measured(patient, slice_mm))
    rows = read()
    print("| patient | slice | found | no needle | aside of the tip, mm | depth of the tip, mm | angle, ° |")
    print("|---|---|---|---|---|---|---|")
    for slice_mm in SLICES_MM:
        part = [row for row in rows if float(row["slice_mm"]) == slice_mm]
        print(line("all", slice_mm, part))
        for patient in PATIENTS:
            print(line(patient.name, slice_mm, [row for row in part if row["patient"] == patient.name]))


if __name__ == "__main__":
    main()
