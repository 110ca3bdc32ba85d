"""Recall, precision and position error of the seed finder: `python validation/seed_localisation/run.py [--quick]`.

Writes ``results.csv`` (one row a scan), ``curve.svg``, and prints the table of the README.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scenes import BASES, SAME_SEED_MM, Setting, scan_of
from scipy.optimize import linear_sum_assignment

from trocar.errors import ImagingError
from trocar.imaging.seeds import find_seeds
from trocar.results.seeds_seen import SeedBody

HERE = Path(__file__).parent
COUNTS = (20, 40, 60, 100, 30, 80)
KERNELS = (0.35, 0.45, 0.6)


def settings(*, quick: bool) -> list[Setting]:
    """Return every scan: patients by thickness, kernels, counts, spaced and touching seeds taken in turn."""
    chosen = []
    for slice_mm in (1.0, 2.5, 5.0):
        for base in range(len(BASES)) if not quick else (4, 5):
            for touching in (False, True) if not quick else (bool(base % 2),):
                chosen.append(
                    Setting(
                        base=base,
                        slice_mm=slice_mm,
                        cutoff_per_mm=KERNELS[(base + int(touching) + int(slice_mm)) % 3],
                        count=COUNTS[(base + int(slice_mm)) % 6] if not quick else 20,
                        touching=touching,
                        decoys=(base + touching) % 2 == 0,
                        seed=base * 10 + int(touching),
                    )
                )
    return chosen


def measured(setting: Setting) -> dict[str, object]:
    """Return what the finder makes of one scan."""
    scan, rods = scan_of(setting)
    truth = np.array([rod.centre_lps_mm for rod in rods])
    started = time.process_time()
    try:
        seen = find_seeds(scan, SeedBody(length_mm=4.5), expected=len(truth), planned_lps_mm=truth).seeds
    except ImagingError:
        seen = ()
    places = np.array([seed.position_lps_mm for seed in seen]).reshape(-1, 3)
    distance = np.linalg.norm(truth[:, None] - places[None], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(distance, 10.0))
    near = distance[rows, columns] < SAME_SEED_MM
    errors = distance[rows, columns][near]
    return {
        "patient": BASES[setting.base].name,
        "slice_mm": setting.slice_mm,
        "cutoff_per_mm": setting.cutoff_per_mm,
        "seeds": len(truth),
        "touching": setting.touching,
        "decoys": setting.decoys,
        "found": len(seen),
        "right": int(near.sum()),
        "median_mm": float(np.median(errors)) if len(errors) else float("nan"),
        "p95_mm": float(np.percentile(errors, 95)) if len(errors) else float("nan"),
        "seconds": time.process_time() - started,
    }


def summary(rows: list[dict[str, object]]) -> str:
    """Return the table of the README."""
    lines = ["| slice | seeds | scans | recall | precision | median error |", "|---|---|---|---|---|---|"]
    for slice_mm in (1.0, 2.5, 5.0):
        for touching in (False, True):
            part = [row for row in rows if row["slice_mm"] == slice_mm and row["touching"] is touching]
            if part:
                seeds, found, right = (sum(int(str(row[name])) for row in part) for name in ("seeds", "found", "right"))
                median = np.nanmedian([float(str(row["median_mm"])) for row in part])
                kind = "end to end" if touching else "8 to 12 mm apart"
                lines.append(
                    f"| {slice_mm:g} mm | {kind} | {len(part)} | {100 * right / seeds:.1f} % "
                    f"| {100 * right / max(found, 1):.1f} % | {median:.2f} mm |"
                )
    return "\n".join(lines)


def draw(rows: list[dict[str, object]], path: Path) -> None:
    """Draw recall and precision of every scan against slice thickness, and the error beneath."""
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    rng = np.random.default_rng(0)
    for row in rows:
        x = float(str(row["slice_mm"])) + rng.uniform(-0.12, 0.12)
        right, colour = float(str(row["right"])), "#0b4f6c" if not row["touching"] else "#e63946"
        above.plot(x, 100 * right / float(str(row["seeds"])), "o", color=colour, markersize=4)
        above.plot(x, 100 * right / max(float(str(row["found"])), 1.0), "x", color=colour, markersize=5)
        below.plot(x, float(str(row["median_mm"])), "o", color=colour, markersize=4)
    above.axhline(97.0, color="#5b6875", linewidth=0.6, linestyle="dotted")
    above.set_ylabel("recall (dots), precision (crosses), %")
    above.set_ylim(0, 102)
    below.set_ylabel("median position error, mm")
    below.set_xlabel("slice thickness, mm  (blue: spaced, red: end to end)")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="six small scans of the project's own phantoms")
    quick = parser.parse_args().quick
    rows = []
    for setting in settings(quick=quick):
        rows.append(measured(setting))
        print(rows[-1], flush=True)
    if not quick:
        with (HERE / "results.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        draw(rows, HERE / "curve.svg")
    print(summary(rows))


if __name__ == "__main__":
    main()
