"""Charts of a department: shares month by month, shares by operator, survival."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from trocar.department.indicators import ControlChart, Survival
from trocar.messages import Language
from trocar.report.canvas import ACCENT, INK, LINE, QUIET, draw, draw_png
from trocar.report.document import Text, in_language, say

OUTSIDE = "#b3261e"
HEIGHT_MM = 62.0
WIDTH_MM = 174.0
Painter = Callable[[Figure], None]


def drawn(paint: Painter, *, suffix: str, width_mm: float = WIDTH_MM, height_mm: float = HEIGHT_MM) -> bytes:
    """Return a picture as ``svg`` or ``png``."""
    maker = draw_png if suffix == "png" else draw
    return maker(paint, width_mm=width_mm, height_mm=height_mm)


def run_chart(chart: ControlChart, *, name: Text, language: Language) -> Painter:
    """Return what draws shares month by month, with centre and limits."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        known = [(place, point) for place, point in enumerate(chart.points) if point.share is not None]
        places = [place for place, _ in known]
        axes.step(
            places,
            [point.high or 0.0 for _, point in known],
            where="mid",
            color=QUIET,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
        )
        axes.step(
            places,
            [point.low or 0.0 for _, point in known],
            where="mid",
            color=QUIET,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
        )
        if chart.centre is not None:
            axes.axhline(chart.centre, color=LINE, linewidth=1.0, zorder=0)
        axes.plot(
            places, [point.share or 0.0 for _, point in known], color=ACCENT, linewidth=1.3, marker="o", markersize=3.5
        )
        for place, point in known:
            colour = OUTSIDE if point.outside else INK
            axes.annotate(
                f"{point.numerator}/{point.denominator}",
                (place, point.share or 0.0),
                textcoords="offset points",
                xytext=(0, 6),
                ha="center",
                fontsize=6,
                color=colour,
            )
            if point.outside:
                axes.plot([place], [point.share or 0.0], marker="o", markersize=5, color=OUTSIDE)
        axes.set_xticks(range(len(chart.points)), [point.label for point in chart.points], fontsize=6.5)
        _percent(axes, in_language(name, language))

    return paint


def funnel_chart(chart: ControlChart, *, name: Text, language: Language) -> Painter:
    """Return what draws the shares of operators against their numbers of cases, within the limits of chance."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        most = max((point.denominator for point in chart.points), default=1)
        if chart.centre is not None:
            cases = [limit.cases for limit in chart.limits]
            axes.plot(cases, [limit.low for limit in chart.limits], color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
            axes.plot(cases, [limit.high for limit in chart.limits], color=QUIET, linewidth=0.8, linestyle=(0, (3, 2)))
            axes.axhline(chart.centre, color=LINE, linewidth=1.0, zorder=0)
        for point in chart.points:
            colour = OUTSIDE if point.outside else ACCENT
            axes.plot(
                [point.denominator], [point.share or 0.0], marker="o", markersize=5, color=colour, linestyle="none"
            )
            axes.annotate(
                point.label,
                (point.denominator, point.share or 0.0),
                textcoords="offset points",
                xytext=(5, 4),
                fontsize=6.5,
                color=INK,
            )
        axes.set_xlim(0, 1.2 * most)
        axes.set_xlabel(in_language(say("report.chart-cases", "Cases"), language))
        _percent(axes, in_language(name, language))

    return paint


def survival_chart(survival: Survival, *, language: Language) -> Painter:
    """Return what draws the Kaplan–Meier curve with numbers at risk beneath."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        months = [*survival.months, max([*survival.months, *survival.censored_months])]
        axes.step(months, [*survival.survival, survival.survival[-1]], where="post", color=ACCENT, linewidth=1.4)
        for month in survival.censored_months:
            place = max(index for index, at in enumerate(survival.months) if at <= month)
            axes.plot([month], [survival.survival[place]], marker="|", color=ACCENT, markersize=5, alpha=0.6)
        ticks = [0.0, *(step.months for step in survival.table)]
        at_risk = [survival.patients, *(step.at_risk for step in survival.table)]
        words = in_language(say("report.chart-at-risk", "at risk"), language)
        axes.set_xticks(ticks, [f"{tick:g}\n{words} {n}" for tick, n in zip(ticks, at_risk, strict=True)], fontsize=6.5)
        axes.set_xlabel(in_language(say("report.chart-months", "Months after the procedure"), language))
        axes.set_xlim(left=0.0)
        _percent(axes, in_language(say("report.chart-survival", "Overall survival"), language))

    return paint


def _percent(axes: Axes, label: str) -> None:
    axes.set_ylim(0.0, 1.06)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    axes.set_ylabel(label)
    axes.grid(visible=True, axis="y")
