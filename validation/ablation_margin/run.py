"""Write the table of README.md: errors of the least margin at four spacings."""

import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from margin_forms import errors_mm  # noqa: E402 - found beside this file

SPACINGS = ((1.0, 1.0, 1.0), (0.75, 0.75, 1.5), (0.75, 0.75, 3.0), (0.75, 0.75, 5.0))


def main() -> None:
    """Measure and rewrite the table."""
    rows = ["| voxel, mm | mean error, mm | standard deviation, mm | worst, mm |", "|---|---:|---:|---:|"]
    for spacing in SPACINGS:
        errors = np.array([error for _, error in errors_mm(spacing)])
        name = " × ".join(f"{step:g}" for step in spacing)
        rows.append(f"| {name} | {errors.mean():.2f} | {errors.std():.2f} | {np.abs(errors).max():.2f} |")
    table = "\n".join(rows)
    print(table)
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- table -->\n).*?(\n<!-- end table -->)", re.DOTALL)
    readme.write_text(marks.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
