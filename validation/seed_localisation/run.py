"""Recall, precision and position error of the seed finder: `python validation/seed_localisation/run.py`.

Every scan adds one row to ``results.csv``; scans that have a row are left out, so that a run can be broken off and
taken up again, or shared out with ``--part``. At the end ``curve.svg`` and the tables of the README are made from all
rows. ``--again`` starts from nothing.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scenes import BASES, SAME_SEED_MM, Kind, Setting, plan_of, scan_of
from scipy.optimize import linear_sum_assignment

from trocar.errors import ImagingError
from trocar.imaging.seeds import find_seeds
from trocar.results.seeds_seen import FoundSeed, SeedBody

HERE = Path(__file__).parent
RESULTS, FOUND = HERE / "results.csv", HERE / "confidences.csv"
COUNTS = (20, 40, 60, 100, 30, 80)
KERNELS = (0.35, 0.45, 0.6)
SLICES = (1.0, 2.5, 5.0)
PATIENTS = {
    Kind.SPACED: (1, 2, 4),
    Kind.TOUCHING: (2, 5, 4),
    Kind.BONE: (2, 3, 0),
    Kind.METAL: (5, 1, 4),
    Kind.STREAKS: (3, 4, 2),
    Kind.OTHER: (5, 2, 1),
}
"""Which of `BASES` each kind of scan is made in."""

BINS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)


def settings() -> list[Setting]:
    """Return every scan: kinds and patients by thickness, with kernels and counts taken in turn."""
    chosen = []
    for a, (kind, patients) in enumerate(PATIENTS.items()):
        for b, base in enumerate(patients):
            for c, slice_mm in enumerate(SLICES):
                chosen.append(
                    Setting(
                        base=base,
                        kind=kind,
                        slice_mm=slice_mm,
                        cutoff_per_mm=KERNELS[(a + b + c) % 3],
                        count=COUNTS[(2 * a + b + 2 * c) % 6],
                        seed=1 + 9 * a + 3 * b + c,
                    )
                )
    return chosen


def measured(setting: Setting) -> tuple[dict[str, object], list[tuple[float, bool]]]:
    """Return what the finder makes of one scan, and each found thing's confidence and whether it is a seed."""
    scan, rods = scan_of(setting)
    truth = np.array([rod.centre_lps_mm for rod in rods])
    started = time.process_time()
    try:
        found: tuple[FoundSeed, ...] = find_seeds(
            scan, SeedBody(length_mm=4.5), expected=len(truth), planned_lps_mm=plan_of(setting, rods)
        ).found
    except ImagingError:
        found = ()
    seconds = time.process_time() - started
    seen = [seed for seed in found if seed.verdict.value == "seed"]
    pairs, errors = matched(truth, seen)
    all_pairs, _ = matched(truth, list(found))
    row = {
        "scan": setting.name,
        "kind": setting.kind.value,
        "patient": BASES[setting.base].name,
        "slice_mm": setting.slice_mm,
        "cutoff_per_mm": setting.cutoff_per_mm,
        "seeds": len(truth),
        "found": len(seen),
        "right": len(pairs),
        "doubtful": len(found) - len(seen),
        "right_or_doubtful": len(all_pairs),
        "median_mm": round(float(np.median(errors)), 3) if len(errors) else "",
        "p95_mm": round(float(np.percentile(errors, 95)), 3) if len(errors) else "",
        "seconds": round(seconds, 1),
    }
    right = {found_number for _, found_number in all_pairs}
    return row, [(round(seed.confidence, 4), number in right) for number, seed in enumerate(found)]


def matched(truth: np.ndarray, seen: list[FoundSeed]) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return which found seed is which true one, within `SAME_SEED_MM`, and their distances."""
    places = np.array([seed.position_lps_mm for seed in seen]).reshape(-1, 3)
    distance = np.linalg.norm(truth[:, None] - places[None], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(distance, 10.0))
    near = distance[rows, columns] < SAME_SEED_MM
    pairs = [(int(a), int(b)) for a, b in zip(rows[near], columns[near], strict=True)]
    return pairs, distance[rows, columns][near]


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none where it does not exist."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def append(path: Path, rows: list[dict[str, object]]) -> None:
    """Add rows to a table."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def tables(rows: list[dict[str, str]], found: list[dict[str, str]]) -> Iterator[str]:
    """Yield the lines of the README's tables."""
    yield "| scans | slice | seeds | recall | precision | recall with doubtful | median error | 95 % within |"
    yield "|---|---|---|---|---|---|---|---|"
    groups: list[tuple[str, Callable[[dict[str, str]], bool]]] = [("all", lambda row: True)]
    groups += [(kind.value, lambda row, kind=kind: row["kind"] == kind.value) for kind in Kind]  # type: ignore[misc]
    for name, belongs in groups:
        for slice_mm in SLICES:
            part = [row for row in rows if belongs(row) and float(row["slice_mm"]) == slice_mm]
            if part:
                yield _line(name, slice_mm, part)
    yield ""
    yield "| confidence | found | of them seeds |"
    yield "|---|---|---|"
    for low, high in pairwise(BINS):
        own = [
            row["is_seed"] == "True"
            for row in found
            if low <= float(row["confidence"]) < high or high == 1.0 == float(row["confidence"])
        ]
        if own:
            yield f"| {low:g} to {high:g} | {len(own)} | {100 * sum(own) / len(own):.1f} % |"


def _line(name: str, slice_mm: float, part: list[dict[str, str]]) -> str:
    total = {key: sum(int(row[key]) for row in part) for key in ("seeds", "found", "right", "right_or_doubtful")}
    medians = [float(row["median_mm"]) for row in part if row["median_mm"]]
    spreads = [float(row["p95_mm"]) for row in part if row["p95_mm"]]
    return (
        f"| {name} | {slice_mm:g} mm | {total['seeds']} | {100 * total['right'] / total['seeds']:.1f} % "
        f"| {100 * total['right'] / max(total['found'], 1):.1f} % "
        f"| {100 * total['right_or_doubtful'] / total['seeds']:.1f} % "
        f"| {np.median(medians):.2f} mm | {np.median(spreads):.2f} mm |"
    )


def draw(rows: list[dict[str, str]], path: Path) -> None:
    """Draw recall, precision and error of every scan by slice thickness, one panel a kind of scan."""
    figure = Figure(figsize=(9.6, 6.4), layout="constrained")
    panels = figure.subplots(3, len(Kind), sharex=True, sharey="row")
    for column, kind in enumerate(Kind):
        part = [row for row in rows if row["kind"] == kind.value]
        places = [SLICES.index(float(row["slice_mm"])) for row in part]
        offsets = {patient: 0.14 * (n - 1) for n, patient in enumerate(sorted({row["patient"] for row in part}))}
        x = [place + offsets[row["patient"]] for place, row in zip(places, part, strict=True)]
        right = np.array([int(row["right"]) for row in part])
        seeds, found = (np.array([int(row[key]) for row in part]) for key in ("seeds", "found"))
        panels[0, column].plot(x, 100 * right / seeds, "o", color="#0b4f6c", markersize=4)
        panels[1, column].plot(x, 100 * right / np.maximum(found, 1), "o", color="#b8442f", markersize=4)
        error = [float(row["median_mm"]) if row["median_mm"] else np.nan for row in part]
        panels[2, column].plot(x, error, "o", color="#444444", markersize=4)
        for panel, aim in zip(panels[:, column], (97.0, 99.0, 1.0), strict=True):
            panel.axhline(aim, color="#5b6875", linewidth=0.7, linestyle="dotted")
        panels[0, column].set_title(kind.value, fontsize=8)
        panels[2, column].set_xlim(-0.5, 2.5)
        panels[2, column].set_xticks(range(3), [f"{value:g}" for value in SLICES])
    for panel, name in zip(panels[:, 0], ("recall, %", "precision, %", "median error, mm"), strict=True):
        panel.set_ylabel(name)
    panels[0, 0].set_ylim(None, 101)
    panels[1, 0].set_ylim(min(90.0, panels[1, 0].get_ylim()[0]), 101)
    panels[2, 0].set_ylim(0, None)
    figure.supxlabel("slice thickness, mm (one point a scan; dotted: the aims at 2.5 mm)", fontsize=9)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure what is not yet measured, draw, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="forget all rows first")
    parser.add_argument("--part", default="1/1", help="which share of the scans, e.g. 2/3")
    parser.add_argument("--only", default="", help="scans whose name contains this")
    given = parser.parse_args()
    if given.again:
        RESULTS.unlink(missing_ok=True)
        FOUND.unlink(missing_ok=True)
    share, shares = map(int, given.part.split("/"))
    for setting in settings()[share - 1 :: shares]:
        if given.only not in setting.name or setting.name in {row["scan"] for row in read(RESULTS)}:
            continue
        row, found = measured(setting)
        append(RESULTS, [row])
        if found:
            append(FOUND, [{"scan": setting.name, "confidence": p, "is_seed": is_seed} for p, is_seed in found])
        print(row, flush=True)
    rows = read(RESULTS)
    if rows:
        draw(rows, HERE / "curve.svg")
        print("\n".join(tables(rows, read(FOUND))))


if __name__ == "__main__":
    main()
