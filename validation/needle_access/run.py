"""Print what the README quotes: python validation/needle_access/run.py."""

import sys
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(Path(__file__).parent)]

from cases import CASES, NEEDLE_RADIUS_MM, Case  # noqa: E402

from access_scenes import densely_sampled_clearance_mm  # noqa: E402


def least_spare_mm(case: Case) -> tuple[float, float]:
    """Return the least clearance beyond its margin of any chosen needle, by brute force and as stated."""
    accesses = case.chosen.accesses
    brute = np.inf
    for needle in accesses.needles():
        for obstacle in case.scene.rules.obstacles:
            clear = densely_sampled_clearance_mm(needle, obstacle.structure, radius_mm=NEEDLE_RADIUS_MM)
            brute = min(brute, clear - obstacle.margin_mm)
    return brute, float(accesses.slack_mm.min())


def main() -> None:
    """Print one row a case."""
    data = REPOSITORY.parent / "shared" / "data"
    print(
        "| case | ways tried | free | chosen | target within reach | least spare, brute force (mm) | as stated (mm) "
        "| CPU-s |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, build in CASES.items():
        start = time.process_time()
        case = build(data)
        spent = time.process_time() - start
        brute, stated = least_spare_mm(case)
        print(
            f"| {name} | {case.search.tried} | {len(case.search.accesses)} | {len(case.chosen.accesses)} "
            f"| {100 * case.chosen.covered:.0f} % | {brute:.2f} | {stated:.2f} | {spent:.0f} |"
        )


if __name__ == "__main__":
    main()
