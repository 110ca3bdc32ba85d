"""Whole pictures as SVG: panels of slices, histograms, differences, shares, the sources in space."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trocar.messages import Language
from trocar.plan.structures import Structure
from trocar.report.canvas import ACCENT, INK, QUIET, draw
from trocar.report.charts import (
    Curve,
    paint_difference_by_distance,
    paint_difference_histogram,
    paint_dvh,
    paint_shares,
)
from trocar.report.document import in_language, say
from trocar.report.planes import Cut, View
from trocar.report.slices import (
    Scene,
    frame_slice,
    is_in_view,
    legend_handles,
    paint_outline,
    paint_slice,
    style_handles,
)
from trocar.results.plan_check import Comparison, Explanation

FULL_WIDTH_MM = 174.0
_VIEW_NAMES = {
    View.AXIAL: say("report.view-axial", "Axial"),
    View.CORONAL: say("report.view-coronal", "Coronal"),
    View.SAGITTAL: say("report.view-sagittal", "Sagittal"),
}
_AXIS_NAMES = {View.AXIAL: "z", View.CORONAL: "y", View.SAGITTAL: "x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """In which language and with which further fonts a picture is drawn."""

    language: Language
    extra_fonts: tuple[Path, ...] = ()

    def words(self, code: str, template: str, /, **data: object) -> str:
        """Return a label in the language of the paper."""
        return in_language(say(code, template, **data), self.language)

    def drawn(self, paint: Callable[[Figure], None], *, height_mm: float, width_mm: float = FULL_WIDTH_MM) -> bytes:
        """Return what is painted, as SVG."""
        return draw(paint, width_mm=width_mm, height_mm=height_mm, extra_fonts=self.extra_fonts)


def slices_picture(scene: Scene, cuts: tuple[Cut, ...], *, columns: int, paper: Paper) -> bytes:
    """Return slices side by side with one legend beneath."""
    rows = -(-len(cuts) // columns)
    shown = tuple(structure for structure in scene.structures if any(is_in_view(structure, cut) for cut in cuts))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, cut in zip(panels, cuts, strict=False):
            paint_slice(axes, scene, cut)
            axes.set_title(slice_title(cut, paper))
        for axes in panels[len(cuts) :]:
            axes.set_visible(False)
        handles = legend_handles(scene, shown=shown)
        if scene.other_dose is not None and scene.dose is not None:
            handles += style_handles(
                paper.words("report.line-recomputed", "recomputed"), paper.words("report.line-stored", "stored")
            )
        figure.legend(handles=handles, loc="outside lower center", ncols=4)

    aspect = cuts[0].half_height_mm / cuts[0].half_width_mm
    height_mm = (
        rows * (FULL_WIDTH_MM / columns * aspect + 6.0) + 6.0 + 4.6 * -(-(len(shown) + len(scene.levels) + 2) // 4)
    )
    return paper.drawn(paint, height_mm=height_mm)


def slice_title(cut: Cut, paper: Paper) -> str:
    """Return what stands over a slice: which way it cuts, and where."""
    name = in_language(_VIEW_NAMES[cut.view], paper.language)
    return f"{name}  {_AXIS_NAMES[cut.view]} = {cut.position_mm:.1f} mm"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourScale:
    """How numbers become colours, and what they are."""

    colours: str
    low: float
    high: float
    label: str


def map_picture(
    scene: Scene,
    cuts: tuple[Cut, ...],
    *,
    sample: Callable[[np.ndarray], np.ndarray],
    scale: ColourScale,
    paper: Paper,
) -> bytes:
    """Return numbers as colour on slices.

    Parameters
    ----------
    scene
        Structures drawn over the colours.
    cuts
        Which slices.
    sample
        Gives the numbers at points; NaN where there is none.
    scale
        Colours.
    """

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(cuts), squeeze=False).ravel()
        mapping = ScalarMappable(norm=Normalize(scale.low, scale.high), cmap=scale.colours)
        for axes, cut in zip(panels, cuts, strict=True):
            across, along, points = cut.points(cut.half_width_mm / 90.0)
            axes.pcolormesh(across, along, sample(points), cmap=mapping.cmap, norm=mapping.norm, rasterized=True)
            axes.set_facecolor("#e6e9ec")
            for structure in scene.structures:
                paint_outline(axes, structure, cut, colour=INK)
            frame_slice(axes, cut)
            axes.set_title(slice_title(cut, paper))
        extend = "max" if scale.low == 0 else "both"
        figure.colorbar(mapping, ax=list(panels), shrink=0.85, label=scale.label, extend=extend)

    aspect = cuts[0].half_height_mm / cuts[0].half_width_mm
    return paper.drawn(paint, height_mm=FULL_WIDTH_MM * 0.88 / len(cuts) * aspect + 10.0)


def dvh_picture(curves: tuple[Curve, ...], *, reference_gy: float, paper: Paper) -> bytes:
    """Return cumulative histograms; dashed for the stored dose."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        paint_dvh(axes, curves, reference_gy=reference_gy, language=paper.language)
        if any(curve.dashed for curve in curves):
            handles = style_handles(
                paper.words("report.line-recomputed", "recomputed"), paper.words("report.line-stored", "stored")
            )
            figure.legend(handles=handles, loc="outside lower center", ncols=2)

    return paper.drawn(paint, height_mm=74.0)


def spread_picture(comparison: Comparison, *, paper: Paper) -> bytes:
    """Return how differences are spread, and how they depend on the distance to the nearest source."""

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        paint_difference_histogram(left, comparison, language=paper.language)
        paint_difference_by_distance(right, comparison, language=paper.language)

    return paper.drawn(paint, height_mm=62.0)


def shares_picture(explanation: Explanation, *, most: int, paper: Paper) -> bytes:
    """Return what each supposition alone explains."""
    shown = max(1, min(most, sum(trial.share > 0 for trial in explanation.trials)))

    def paint(figure: Figure) -> None:
        paint_shares(figure.subplots(), explanation, most=most, language=paper.language)

    return paper.drawn(paint, height_mm=14.0 + 7.6 * shown)


def sources_picture(
    sources_lps_mm: Float[np.ndarray, "n 3"], target: Structure | None, *, paper: Paper, name: str
) -> bytes:
    """Return the sources seen from the front and from the left, with the target's contours."""

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for axes, across, sides in ((left, 0, ("R", "L")), (right, 1, ("A", "P"))):
            _paint_shadow(axes, sources_lps_mm, target, across=across, sides=sides)
        handles = [Line2D([], [], marker="o", linestyle="none", markersize=3, color=ACCENT, label=name)]
        if target is not None:
            handles.append(Line2D([], [], color=QUIET, linewidth=0.6, label=target.name))
        figure.legend(handles=handles, loc="outside lower center", ncols=2)

    return paper.drawn(paint, height_mm=84.0)


def _paint_shadow(
    axes: Axes, sources: np.ndarray, target: Structure | None, *, across: int, sides: tuple[str, str]
) -> None:
    for contour in target.closed_contours if target is not None else ():
        points = contour.points_lps_mm
        axes.fill(points[:, across], points[:, 2], fill=False, edgecolor=QUIET, linewidth=0.5)
    axes.plot(sources[:, across], sources[:, 2], "o", markersize=3, color=ACCENT, markeredgewidth=0)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"{sides[0]}  ←  {'xyz'[across]} (mm)  →  {sides[1]}")
    axes.set_ylabel("F  ←  z (mm)  →  H")
    axes.grid(visible=True)
