"""Write the table of README.md: the zone beside a vein, simulated and counted on."""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from vein_beside import alone, beside  # noqa: E402 - found beside this file


def main() -> None:
    """Compare and rewrite the table."""
    rows = [
        "| vein, mm | wall from the shaft, mm | simulated, ml | counted on, ml | without the vein, ml | Dice | "
        "counted on but alive, ml |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    zone = alone()
    for radius_mm in (2.0, 4.0):
        for gap_mm in (3.0, 6.0, 9.0):
            found = beside(zone, radius_mm=radius_mm, gap_mm=gap_mm)
            rows.append(
                f"| {2 * radius_mm:.0f} | {gap_mm:.0f} | {found.simulated_ml:.1f} | {found.counted_ml:.1f} | "
                f"{found.ignoring_ml:.1f} | {found.dice:.2f} | {found.over_ml:.1f} |"
            )
    table = "\n".join(rows)
    print(table)
    readme = HERE / "README.md"
    marks = re.compile(r"(<!-- table -->\n).*?(\n<!-- end table -->)", re.DOTALL)
    text = readme.read_text(encoding="utf-8")
    readme.write_text(marks.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
