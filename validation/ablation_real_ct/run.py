"""Write the table of README.md: margins found blind after ablations simulated in real scans."""

import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from post_scan import SITES, found, made  # noqa: E402 - found beside this file


def main() -> None:
    """Make the cases, verify them and rewrite the table."""
    rows = [
        "| organ | truth, mm | found, mm | 95 % interval, mm | error at landmarks, mm | zone found, ml | true, ml |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for site in SITES:
        case = made(site, HERE.parents[2] / "shared" / "data")
        seen = found(case)
        interval = seen.margin.interval
        assert interval is not None
        tre = np.sqrt(np.mean(np.square(seen.landmark_errors_mm)))
        truth = case.simulated.margin
        rows.append(
            f"| {site.name} | {truth.least_mm:.1f} | {seen.margin.least_mm:.1f} | {interval.low_mm:.1f} to "
            f"{interval.high_mm:.1f} | {tre:.1f} | {seen.margin.zone_ml:.1f} | {truth.zone_ml:.1f} |"
        )
        print(rows[-1], flush=True)
    readme = HERE / "README.md"
    marks = re.compile(r"(<!-- table -->\n).*?(\n<!-- end table -->)", re.DOTALL)
    text = readme.read_text(encoding="utf-8")
    readme.write_text(marks.sub(lambda m: m[1] + "\n".join(rows) + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
