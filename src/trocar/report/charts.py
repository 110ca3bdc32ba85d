"""Charts: dose-volume histograms, how differences are spread, what each supposition explains."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from trocar.messages import Language
from trocar.report.canvas import ACCENT, INK, LINE, QUIET
from trocar.report.document import in_language, say
from trocar.results.plan_check import Comparison, Explanation

DISTANCE_EDGES_MM = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
FEWEST_POINTS = 10
"""A distance with fewer points says nothing about a spread."""

DRAWN_PERCENT = 30.0
"""Local differences are drawn to ± this; what lies beyond is gathered in the outermost bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One cumulative histogram to draw."""

    name: str
    colour: str
    dose_gy: Float[np.ndarray, " n"]
    volume_percent: Float[np.ndarray, " n"]
    dashed: bool = False


def paint_dvh(axes: Axes, curves: tuple[Curve, ...], *, reference_gy: float, language: Language) -> None:
    """Draw cumulative histograms over absolute dose, with the reference dose marked."""
    for curve in curves:
        axes.plot(
            curve.dose_gy,
            curve.volume_percent,
            color=curve.colour,
            linestyle=(0, (4, 2)) if curve.dashed else "solid",
            linewidth=1.1 if curve.dashed else 1.5,
            label=None if curve.dashed else curve.name,
        )
    axes.axvline(reference_gy, color=QUIET, linewidth=0.8, linestyle="dotted")
    axes.text(reference_gy, 101.0, f"{reference_gy:.4g} Gy", ha="center", va="bottom", fontsize=7, color=QUIET)
    axes.set_xlim(0.0, max(2.5 * reference_gy, 1e-6))
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel(in_language(say("report.chart-dose", "Dose (Gy)"), language))
    axes.set_ylabel(in_language(say("report.chart-volume", "Volume (%)"), language))
    axes.grid(visible=True)
    axes.legend(loc="upper right")


def paint_difference_histogram(axes: Axes, comparison: Comparison, *, language: Language) -> None:
    """Draw how many points differ by how much, with the tolerance shaded."""
    tolerance = comparison.overall.tolerance_percent
    widest = float(np.clip(np.percentile(np.abs(comparison.difference_percent), 99.0), 2.0 * tolerance, DRAWN_PERCENT))
    edges = np.linspace(-widest, widest, 61)
    clipped = np.clip(comparison.difference_percent, -widest, widest)
    shares = np.full(len(clipped), 100.0 / max(len(clipped), 1))
    axes.axvspan(-tolerance, tolerance, color="#eef7f1", zorder=0)
    axes.hist(clipped, bins=list(edges), weights=shares, color=ACCENT, alpha=0.85)
    axes.axvline(0.0, color=INK, linewidth=0.6)
    axes.set_xlim(-widest, widest)
    axes.set_xlabel(in_language(say("report.chart-difference", "Stored − recomputed, local (%)"), language))
    axes.set_ylabel(in_language(say("report.chart-points", "Points (%)"), language))


def paint_difference_by_distance(axes: Axes, comparison: Comparison, *, language: Language) -> None:
    """Draw median and 5th to 95th percentile of the local difference against distance to the nearest source."""
    places, low, middle, high = [], [], [], []
    for start, end in pairwise(DISTANCE_EDGES_MM):
        inside = (comparison.distance_mm >= start) & (comparison.distance_mm < end)
        if inside.sum() >= FEWEST_POINTS:
            p05, p50, p95 = np.percentile(comparison.difference_percent[inside], [5.0, 50.0, 95.0])
            places.append(float(np.median(comparison.distance_mm[inside])))
            low.append(p05)
            middle.append(p50)
            high.append(p95)
    tolerance = comparison.overall.tolerance_percent
    axes.axhspan(-tolerance, tolerance, color="#eef7f1", zorder=0)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.fill_between(places, low, high, color=ACCENT, alpha=0.22, linewidth=0)
    axes.plot(places, middle, color=ACCENT, marker="o", markersize=2.5)
    axes.grid(visible=True, axis="y")
    axes.set_xlabel(in_language(say("report.chart-distance", "Distance to the nearest source (mm)"), language))
    axes.set_ylabel(in_language(say("report.chart-difference", "Stored − recomputed, local (%)"), language))


def paint_shares(axes: Axes, explanation: Explanation, *, most: int, language: Language) -> None:
    """Draw the share of the difference that each supposition alone accounts for, the most telling on top."""
    trials = [trial for trial in explanation.trials if trial.share > 0][:most][::-1]
    accepted = {trial.message for trial in explanation.account}
    for row, trial in enumerate(trials):
        share = 100.0 * trial.share
        axes.barh(row - 0.18, share, color=ACCENT if trial.message in accepted else LINE, height=0.34)
        axes.text(0.0, row + 0.06, in_language(trial.message, language), va="bottom", fontsize=7)
        axes.text(share + 0.8, row - 0.18, f"{share:.0f} %", va="center", fontsize=7)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.5, len(trials) - 0.4)
    axes.set_xlim(0.0, 105.0)
    axes.set_xlabel(in_language(say("report.chart-share", "Share of the difference explained (%)"), language))
