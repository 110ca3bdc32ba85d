"""Print the line of README.md."""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from post_scan import ZONE_MM, liver_case, verified  # noqa: E402 - found beside this file


def main() -> None:
    """Make the case, verify it and print what came out."""
    case = liver_case(HERE.parents[2] / "shared" / "data")
    found = verified(case)
    interval = found.margin.interval
    if interval is None:
        raise AssertionError("errors were given")
    tre = np.sqrt(np.mean(np.square(found.landmark_errors_mm)))
    print(
        f"| {case.truth_mm:.1f} | {found.margin.least_mm:.1f} | {interval.low_mm:.1f} to {interval.high_mm:.1f} | "
        f"{tre:.1f} | {found.margin.zone_ml:.1f} | {4 / 3 * np.pi * ZONE_MM.prod() / 1000:.1f} |"
    )


if __name__ == "__main__":
    main()
