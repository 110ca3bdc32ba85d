"""Errors of the field against exact ones as rings get smaller: ``python validation/antenna_fields/run.py``."""

import sys
from math import log
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from exact_fields import flanged_line_error, layered_errors, line_errors, slot_errors


def table(heads: tuple[str, ...], rows: list[tuple[int, tuple[float, ...]]]) -> None:
    """Print errors with the order observed from row to row."""
    print("| rings | " + " | ".join(f"{head} | order" for head in heads) + " |")
    print("|---" * (1 + 2 * len(heads)) + "|")
    last: tuple[float, ...] | None = None
    last_rings = 0
    for rings, errors in rows:
        cells = []
        for place, error in enumerate(errors):
            cells.append(f"{error:.2g}")
            cells.append("" if last is None else f"{observed(last[place], error, last_rings, rings):.2f}")
        print(f"| {rings} | " + " | ".join(cells) + " |")
        last, last_rings = errors, rings
    print()


def observed(before: float, after: float, rings_before: int, rings_after: int) -> float:
    """Return the order by the number of rings along one direction."""
    return log(before / after) / log(rings_after / rings_before)


def main() -> None:
    """Print the tables of the README."""
    table(("S11 of a joint", "S11 of a short circuit"), [(2 * n, line_errors(n)) for n in (20, 40, 80)])
    for waves in (0, 1):
        table(("H_phi", "E_z"), [(n, layered_errors(n, waves)) for n in (40, 80, 160)])
    table(("H_phi in liver", "power"), [(m, slot_errors(m)) for m in (4, 8, 16)])
    table(("S11 of the open line",), [(m, (flanged_line_error(m),)) for m in (4, 8, 16)])


if __name__ == "__main__":
    main()
