"""Measure everything and write the tables of README.md and the plot: python validation/dvh_closed_forms/run.py."""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from closed_forms import Case, all_cases
from measure import Deviation, measure

from trocar.evaluate.dvh import Accuracy
from trocar.geometry.region import Between

HERE = Path(__file__).parent
SPACINGS_MM = (3.0, 2.0, 1.0, 0.5, 0.2)
POINTS = (12_500, 50_000, 200_000, 800_000, 3_200_000)
DOSE_GRIDS_MM = (3.0, 2.0, 1.0, 0.5)
FINE_MM = 0.2


def main() -> None:
    mpl.use("svg")
    cases = all_cases()
    tables = {
        "fine": fine_table(cases),
        "spacing": spacing_table(cases),
        "points": points_table(cases[5]),
        "grids": grid_table([cases[0], cases[2], cases[5]]),
    }
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, table in tables.items():
        before, rest = text.split(f"<!-- {name} -->\n")
        after = rest.split(f"<!-- end {name} -->")[1]
        text = f"{before}<!-- {name} -->\n{table}<!-- end {name} -->{after}"
    readme.write_text(text, encoding="utf-8")


def fine_table(cases: list[Case]) -> str:
    rows = [
        "| solid and dose | volume | curve | D1–D99 | minimum | maximum | stated: curve | stated: D1–D99 |",
        "|---|" + "---:|" * 7,
    ]
    for case in cases:
        got = measure(case, spacing_mm=FINE_MM)
        print(case.name, got)
        numbers = (got.volume, got.curve, got.dose, got.low, got.high, got.stated_curve, got.stated_dose)
        rows.append(f"| {case.name} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")
    return "\n".join(rows) + "\n"


def worst(cases: list[Case], **choices: object) -> Deviation:
    """Return the largest deviation of each kind over the cases."""
    every = [measure(case, **choices) for case in cases]  # type: ignore[arg-type]
    print(choices, every)
    return Deviation(
        **{field: max((getattr(each, field) for each in every), key=abs) for field in Deviation.__dataclass_fields__}
    )


def spacing_table(cases: list[Case]) -> str:
    """Return the convergence with the spacing of contours, and draw it."""
    rows = [
        "| spacing (mm) | interpolation | volume | curve | D1–D99 | minimum | maximum |",
        "|---:|---|" + "---:|" * 5,
    ]
    curves: dict[Between, list[Deviation]] = {Between.SLAB: [], Between.SHAPE: []}
    for spacing in SPACINGS_MM:
        for between, kept in curves.items():
            got = worst(cases, spacing_mm=spacing, between=between)
            kept.append(got)
            numbers = (got.volume, got.curve, got.dose, got.low, got.high)
            rows.append(f"| {spacing} | {between.name} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")
    draw_spacing(curves)
    return "\n".join(rows) + "\n"


def draw_spacing(curves: dict[Between, list[Deviation]]) -> None:
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "dvh"
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for between, kept in curves.items():
        axes[0].loglog(SPACINGS_MM, [each.curve for each in kept], "o-", label=f"{between.name}: curve")
        axes[0].loglog(SPACINGS_MM, [each.dose for each in kept], "s--", label=f"{between.name}: D1–D99")
    axes[0].axhline(0.5, color="grey", lw=0.8)
    axes[0].set(xlabel="spacing of contours (mm)", ylabel="largest deviation of 15 cases (%)")
    axes[0].set_xticks(SPACINGS_MM, [f"{spacing:g}" for spacing in SPACINGS_MM])
    axes[0].minorticks_off()
    axes[0].legend(fontsize=8)
    case = all_cases()[5]
    got = [measure(case, spacing_mm=FINE_MM, accuracy=Accuracy(points=n, most_points=n)) for n in POINTS]
    axes[1].loglog(POINTS, [each.curve for each in got], "o-", label="deviation of the curve")
    axes[1].loglog(POINTS, [each.stated_curve for each in got], "o--", label="stated error of the curve")
    axes[1].loglog(POINTS, [each.dose for each in got], "s-", label="deviation of D1–D99")
    axes[1].loglog(POINTS, [each.stated_dose for each in got], "s--", label="stated error of D1–D99")
    slope = np.array(POINTS, dtype=float) ** (-2 / 3)
    axes[1].loglog(POINTS, slope * got[0].curve / slope[0], ":", color="grey", label="power −2/3")
    axes[1].set(xlabel="points of the sample", ylabel="%", title=case.name)
    axes[1].title.set_fontsize(9)
    axes[1].legend(fontsize=8)
    figure.savefig(HERE / "convergence.svg", metadata={"Date": None})
    plt.close(figure)


def points_table(case: Case) -> str:
    rows = ["| points | curve | stated | D1–D99 | stated |", "|---:|---:|---:|---:|---:|"]
    for n in POINTS:
        got = measure(case, spacing_mm=FINE_MM, accuracy=Accuracy(points=n, most_points=n))
        rows.append(f"| {n} | {got.curve:.3f} | {got.stated_curve:.3f} | {got.dose:.3f} | {got.stated_dose:.3f} |")
    return "\n".join(rows) + "\n"


def grid_table(cases: list[Case]) -> str:
    rows = ["| dose grid (mm) | " + " | ".join(case.name for case in cases) + " |", "|---:|" + "---:|" * len(cases)]
    for voxel in DOSE_GRIDS_MM:
        got = [measure(case, spacing_mm=FINE_MM, dose_grid_mm=voxel) for case in cases]
        rows.append(f"| {voxel} | " + " | ".join(f"{each.curve:.2f} / {each.dose:.2f}" for each in got) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
