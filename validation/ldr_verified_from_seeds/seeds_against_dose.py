"""Print what the target of a real implant receives by its seed positions and by the RT Dose that was exported with it.

Usage: python validation/ldr_verified_from_seeds/seeds_against_dose.py [folder of tps-ldr-i125-oncentra-prostate]
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.dose.base import Formalism, source_terms
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.region import EndCap
from trocar.imaging.seed_match import match_seeds
from trocar.results.dvh import Dvh
from trocar.results.seeds_seen import FoundSeed, Verdict
from trocar.results.verification import SeedComparison
from trocar.workflow.histograms import exact_dose, region_of
from trocar.workflow.verify_seeds import implanted_plan

PRESCRIBED_GY = 145.0
ROWS: tuple[tuple[str, Callable[[Dvh], float]], ...] = (
    ("D90 (Gy)", lambda dvh: dvh.dose_at_percent(90.0)),
    ("V100 (%)", lambda dvh: dvh.percent_at_dose(PRESCRIBED_GY)),
    ("V150 (%)", lambda dvh: dvh.percent_at_dose(1.5 * PRESCRIBED_GY)),
    ("V200 (%)", lambda dvh: dvh.percent_at_dose(2.0 * PRESCRIBED_GY)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The pairing of seeds, and both histograms of the target."""

    comparison: SeedComparison
    ours: Dvh
    theirs: Dvh


def seen(place: np.ndarray) -> FoundSeed:
    """Return a seed as a scan would show it that shows no axis."""
    return FoundSeed(
        position_lps_mm=place,
        axis_lps=np.array([0.0, 0.0, 1.0]),
        confidence=1.0,
        verdict=Verdict.SEED,
        position_sd_mm=0.5,
        cluster=0,
        mass_ratio=1.0,
        explained=1.0,
        axis_sd_deg=90.0,
    )


def compare(folder: Path) -> Compared:
    """Return the implant verified from its shuffled seed positions, beside its exported dose."""
    plan = read_plan(folder / "RTPLAN.dcm", source_model="I125_SelectSeed_130.002").value
    places = np.array([seed.position_lps_mm for seed in plan.seeds])
    order = np.random.default_rng(1).permutation(len(places))
    comparison = match_seeds(places, places[order])
    implanted = implanted_plan(plan, tuple(seen(place) for place in places[order]), comparison)
    dose = exact_dose(source_terms(replace(implanted, needles=())), formalism=Formalism.POINT_1D)
    structures = read_structures(folder / "RTSTRUCT.dcm").value
    region = region_of(next(each for each in structures if each.name.casefold() == "target"), end_cap=EndCap.HALF_SLICE)
    stored = dose_from_grid(read_dose(folder / "RTDOSE.dcm").value)
    return Compared(
        comparison=comparison,
        ours=compute_dvh(region, dose, name="target"),
        theirs=compute_dvh(region, stored, name="target"),
    )


def main() -> None:
    """Print the table."""
    given = sys.argv[1:]
    folder = Path(given[0]) if given else Path(__file__).parents[3] / "shared/data/tps-ldr-i125-oncentra-prostate"
    found = compare(folder)
    print(f"seeds paired {len(found.comparison.pairs)}, largest distance {found.comparison.largest_mm:.2g} mm")
    print(f"{'':10}  from seeds  RT Dose  difference")
    for name, metric in ROWS:
        ours, theirs = metric(found.ours), metric(found.theirs)
        print(f"{name:10}  {ours:10.2f}  {theirs:7.2f}  {ours - theirs:+10.2f}")


if __name__ == "__main__":
    main()
