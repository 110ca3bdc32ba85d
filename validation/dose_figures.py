"""Prints the figures that the accounts of the dose cases quote: ``python validation/dose_figures.py``."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"


def main() -> None:
    oncentra()
    curved_needles()
    single_seed()
    hundred_seeds()


def module(name: str) -> ModuleType:
    file = HERE / name
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = found
    spec.loader.exec_module(found)
    return found


def fixture(function: object) -> object:
    return getattr(function, "_fixture_function", None) or function.__wrapped__  # type: ignore[attr-defined]


def oncentra() -> None:
    case = module("oncentra_ldr_36_seeds/test_oncentra.py")
    exported, computed = fixture(case.doses)(SHARED / "data")  # type: ignore[operator]
    print("oncentra: computed / (exported + half a step) - 1, mean and spread in %; stored numbers met exactly, in %")
    for low, high in ((6, 20), (20, 72), (72, 144), (144, 288)):
        region = (exported > low) & (exported < high)
        for form in Formalism:
            ratio = computed[form][region] / (exported[region] + 0.5 * case.STEP_GY) - 1.0
            stored = np.rint(exported[region] / case.STEP_GY)
            met = (np.floor(case.SCALE * computed[form][region] / case.STEP_GY) == stored).mean()
            figures = f"{100 * ratio.mean():6.2f} {100 * ratio.std():6.2f}   {100 * met:5.1f}"
            print(f"  {low:3d}-{high:3d} Gy {form.name:9s} {figures}")


def curved_needles() -> None:
    case = module("varian_hdr_curved_needles/test_curved_needles.py")
    data = fixture(case.plan_and_points)(SHARED / "data")  # type: ignore[operator]
    print("curved needles: computed / exported - 1 in %: median, spread, 95 % and 99 % of all points within")
    for name, shift, form in (
        ("frames put right", case.SHIFT_MM, Formalism.LINE_2D),
        ("as stated", np.zeros(3), Formalism.LINE_2D),
        ("1-D, put right", case.SHIFT_MM, Formalism.LINE_1D),
    ):
        off = 100 * case.off(data, shift, form)
        within = np.quantile(np.abs(off), [0.95, 0.99])
        print(f"  {name:17s} {np.median(off):8.4f} {off.std():7.3f} {within[0]:7.3f} {within[1]:7.3f}")


def single_seed() -> None:
    case = module("monte_carlo_6711/test_single_seed.py")
    rings = case.Rings(SHARED / "reference" / "monte_carlo" / "tg_6711_05mm.npz")
    ratio = rings.rate / rings.consensus()
    constant = case.mean(rings, ratio, case.region(rings, (0.8, 1.2), (80.0, 90.0)))
    print(f"6711: constant of the Monte Carlo {0.965 * constant:.3f}; then Monte Carlo / consensus, constant aside")
    angles = ((75, 90), (60, 75), (40, 60), (25, 40), (15, 25), (7, 15), (0, 7))
    print("  r in cm      " + "".join(f"{a:4d}-{b:<4d}" for a, b in angles))
    for r in ((0.5, 0.8), (0.9, 1.1), (1.4, 1.6), (1.8, 2.2), (2.8, 3.2), (3.9, 4.1), (4.8, 5.2)):
        means = [case.mean(rings, ratio, case.region(rings, r, theta)) / constant for theta in angles]
        print(f"  {r[0]:.1f}-{r[1]:.1f}      " + "".join(f"{m:8.3f} " for m in means))


def hundred_seeds() -> None:
    case = module("monte_carlo_100_seeds/test_hundred_seeds.py")
    folder = SHARED / "reference" / "monte_carlo"
    data = fixture(case.case)(folder)  # type: ignore[operator]
    print("100 seeds: formalism / Monte Carlo, median and spread; spread of the Monte Carlo itself")
    for name, source in (
        ("Monte Carlo's own tables", case.source_of_the_monte_carlo(folder)),
        ("consensus", load_source("I125_6711")),
    ):
        for place, region in (("target", case.target(data)), ("around", case.around(data))):
            ratio = case.voxel_means(source, data, region) / data["rate"][region]
            own = np.sqrt((data["error"][region] ** 2).mean())
            print(f"  {name:25s} {place:7s} {np.median(ratio):.4f} {ratio.std():.4f}   {own:.4f}")


if __name__ == "__main__":
    main()
