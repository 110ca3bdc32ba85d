"""Simulates all rows and prints the table of the README: ``python validation/heat_zones/run.py``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from published_zones import ROWS, Row, measured, simulated

from trocar.heat.base import PerfusionStop


def pair(published: float | None, sd: float | None, found: float) -> str:
    """Return published value with its spread, simulated value and the difference."""
    if published is None:
        return f"– / {found:.1f}"
    spread = f" ± {sd:g}" if sd else ""
    return f"{published:g}{spread} / {found:.1f} ({found / published - 1:+.0%})"


def main() -> None:
    """Print one line a row: published / simulated (difference), and the volume with the other stop of blood flow."""
    print(
        "| case | length mm | width mm | volume ml | band of death models ml | "
        "volume if blood stops by three-state / at 60 °C ml | source |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in ROWS:
        got = measured(row, simulated(row))
        cells = [
            row.name + (" (fitted)" if row.fitted else ""),
            pair(row.length_mm, None, got["length_mm"]),
            pair(row.width_mm, row.width_sd_mm, got["width_mm"]),
            pair(row.volume_ml, row.volume_sd_ml, got["volume_ml"]),
            f"{got['low_ml']:.1f}–{got['high_ml']:.1f}",
            both_stops(row) if row.isotherm_c is None else "–",
            row.source,
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def both_stops(row: Row) -> str:
    """Return the volumes with the two ways in which blood may stop."""
    stops = (PerfusionStop.ON_THREE_STATE, PerfusionStop.ON_COAGULATION)
    return " / ".join(f"{measured(row, simulated(row, stop=stop))['volume_ml']:.1f}" for stop in stops)


if __name__ == "__main__":
    main()
