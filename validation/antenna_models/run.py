"""Prints the tables of the README: ``python validation/antenna_models/run.py``."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from both_models import KEYS, answer, pattern, simulated, zone

from trocar.heat.sources.microwave import Band
from trocar.workflow.ablation_heat import AntennaModel


def matches() -> None:
    """Print what the antennas reflect in liver."""
    print("| antenna | S11 at 2.45 GHz | absorbed | S11 at 915 MHz | absorbed |\n|---|---|---|---|---|")
    for key in KEYS:
        cells = []
        for band in (Band.MHZ_2450, Band.MHZ_915):
            found = answer(key, band)
            cells += [f"{20 * np.log10(abs(found.reflection)):.1f} dB", f"{found.absorbed:.1%}"]
        print(f"| {key} | " + " | ".join(cells) + " |")


def patterns() -> None:
    """Print where the power goes."""
    print("\n| antenna | model | 10, 50, 90 % of the power before (mm behind the tip) | SAR at 3, 5, 10, 20 mm |")
    print("|---|---|---|---|")
    for key in KEYS:
        for model in AntennaModel:
            found = pattern(key, model)
            along = f"{found.first_tenth_mm:.0f}, {found.middle_mm:.0f}, {found.last_tenth_mm:.0f}"
            sar = ", ".join(f"{value:.1f}" for value in found.sar_w_per_kg.values())
            print(f"| {key} | {model.name.lower()} | {along} | {sar} |", flush=True)


def zones() -> None:
    """Print the zones after ten minutes."""
    print("\n| antenna | model | length mm | width mm | ml | before, behind the tip mm | W absorbed, first to last |")
    print("|---|---|---|---|---|---|---|")
    for key in KEYS:
        for name, model, dries in (
            ("field", AntennaModel.FIELD, True),
            ("field as at 37 °C", AntennaModel.FIELD, False),
            ("parametric", AntennaModel.PARAMETRIC, True),
        ):
            outcome = simulated(key, model, dries=dries)
            length, width, volume, before, behind = zone(outcome)
            power = np.asarray(outcome.traces[0].power_w)
            power = power[power > 0]
            print(
                f"| {key} | {name} | {length:.1f} | {width:.1f} | {volume:.1f} | {before:.0f}, {behind:.0f} | "
                f"{power[0]:.1f} to {power[-1]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    matches()
    patterns()
    zones()
