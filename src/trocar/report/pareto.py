"""The picture of a set of plans: coverage against the load on organs, needles by colour, each plan with its number."""

from dataclasses import dataclass

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trocar.report.canvas import INK, QUIET
from trocar.report.pictures import Paper

HEIGHT_MM = 120.0
COLOURS = "viridis"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPoint:
    """One plan in the picture: see `trocar.workflow.pareto.ParetoPlan`."""

    number: int
    coverage_percent: float
    load_percent: float
    needles: int
    acceptable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFront:
    """All plans in the picture.

    Parameters
    ----------
    target
        Name of the target.
    points
        The plans.
    scenarios
        Of needle errors, over which, with the plan itself, coverage and load are means; 0 for the plan alone.
    """

    target: str
    points: tuple[ShownPoint, ...]
    scenarios: int = 0


def pareto_picture(front: ShownFront, *, paper: Paper) -> bytes:
    """Return the plans as a scatter of numbered points, as SVG; what meets every goal that must be met is filled."""
    needles = [point.needles for point in front.points]
    mapping = ScalarMappable(norm=Normalize(min(needles), max(min(needles) + 1, *needles)), cmap=COLOURS)
    colours = mapping.to_rgba(np.array(needles, dtype=np.float64))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for point, colour in zip(front.points, colours, strict=True):
            face = colour if point.acceptable else "white"
            place = (point.load_percent, point.coverage_percent)
            axes.plot(*place, "o", color=colour, markerfacecolor=face, markersize=6.5, markeredgewidth=1.2)
            axes.annotate(str(point.number), place, xytext=(4, 3), textcoords="offset points", fontsize=6.5, color=INK)
        axes.axvline(100.0, color=QUIET, linewidth=0.8, linestyle="--")
        axes.grid(color="#e6e9ec", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(paper.words("report.pareto-load", "Most used organ limit (% of the limit)"))
        axes.set_ylabel(paper.words("report.pareto-coverage", "V100 of {target} (%)", target=front.target))
        if front.scenarios:
            axes.set_title(
                paper.words(
                    "report.pareto-scenarios",
                    "Means over the plan and {n} scenarios of needle errors",
                    n=front.scenarios,
                )
            )
        label = paper.words("report.pareto-needles", "Needles")
        figure.colorbar(mapping, ax=axes, label=label, ticks=np.unique(needles)[:: max(1, len(set(needles)) // 10)])
        figure.legend(handles=_handles(paper), loc="outside lower center", ncols=2)

    return paper.drawn(paint, height_mm=HEIGHT_MM)


def _handles(paper: Paper) -> list[Line2D]:
    met = paper.words("report.pareto-met", "meets every goal that must be met")
    missed = paper.words("report.pareto-missed", "misses one")
    return [
        Line2D([], [], marker="o", linestyle="", color=INK, markerfacecolor=face, label=text)
        for face, text in ((INK, met), ("white", missed))
    ]
