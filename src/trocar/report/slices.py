"""Slices: the image in grey, structures, isodose lines of one or two doses, sources, and the side letters."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trocar.errors import GeometryError
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.volume import Volume
from trocar.plan.structures import Structure
from trocar.report.canvas import INK, QUIET, STRUCTURE_COLOURS
from trocar.report.planes import Cut, View, crosses, sampled

SOFT_TISSUE_HU = (-160.0, 240.0)
"""Display window: level 40, width 400."""

LEVEL_COLOURS = ("#2a7de1", "#00b4b4", "#f0b90b", "#ff7f11", "#c100c1")
"""From the lowest isodose level to the highest."""

OUTLINE_WIDTH = 1.2
EDGE_STEP_MM = 0.5
"""Lattice on which the edge of a solid is found in a cut across its contours."""

IN_VIEW_MM = 3.0
"""An outline with a corner this near to a plane is named beside the picture."""

DRAWN_WITHIN_MM = 2.5
"""Sources this near to the plane are drawn on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One isodose line."""

    dose_gy: float
    label: str
    colour: str


def isodose_levels(percents: tuple[float, ...], *, reference_gy: float) -> tuple[Level, ...]:
    """Return levels at shares of a reference dose, coloured from low to high."""
    ordered = sorted(percents)
    colours = LEVEL_COLOURS[-len(ordered) :]
    return tuple(
        Level(
            dose_gy=reference_gy * percent / 100.0,
            label=f"{percent:g} % = {reference_gy * percent / 100.0:.4g} Gy",
            colour=colour,
        )
        for percent, colour in zip(ordered, colours, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What may appear on a slice.

    Parameters
    ----------
    image
        Drawn in grey where the plane crosses it; None for none.
    dose
        Solid isodose lines.
    other_dose
        Dashed isodose lines of the same levels.
    levels
        Which isodose lines.
    structures
        Outlines, coloured in order unless they state a colour.
    sources_lps_mm
        Centres of sources.
    """

    image: Volume | None
    dose: Volume | None
    other_dose: Volume | None
    levels: tuple[Level, ...]
    structures: tuple[Structure, ...]
    sources_lps_mm: Float[np.ndarray, "n 3"]
    colours: dict[int, str] = field(default_factory=dict)

    def colour(self, structure: Structure) -> str:
        """Return the colour of a structure, the same on every picture of the scene."""
        return self.colours.get(structure.number) or structure_colours(self.structures)[structure.number]


def structure_colours(structures: tuple[Structure, ...]) -> dict[int, str]:
    """Return a colour a ROI number, from a palette that prints well; colours stated in files often do not."""
    return {s.number: STRUCTURE_COLOURS[n % len(STRUCTURE_COLOURS)] for n, s in enumerate(structures)}


def paint_slice(axes: Axes, scene: Scene, cut: Cut) -> None:
    """Draw one slice of a scene."""
    if scene.image is not None and crosses(cut, scene.image.grid):
        paint_image(axes, scene.image, cut)
    for structure in scene.structures:
        paint_outline(axes, structure, cut, colour=scene.colour(structure))
    if scene.dose is not None:
        _paint_isodoses(axes, scene.dose, cut, levels=scene.levels, dashed=False)
    if scene.other_dose is not None:
        _paint_isodoses(axes, scene.other_dose, cut, levels=scene.levels, dashed=True)
    paint_sources(axes, scene.sources_lps_mm, cut)
    frame_slice(axes, cut)


def paint_image(axes: Axes, image: Volume, cut: Cut, *, window: tuple[float, float] = SOFT_TISSUE_HU) -> None:
    """Draw the grey values of a cut."""
    step = min(image.grid.spacing_ijk_mm)
    _, _, values = sampled(image, cut, step_mm=step, outside=window[0])
    left, right, bottom, top = cut.extent_mm
    axes.imshow(
        np.clip(values, *window),
        cmap="gray",
        vmin=window[0],
        vmax=window[1],
        extent=(left - 0.5 * step, right + 0.5 * step, bottom + 0.5 * step, top - 0.5 * step),
        interpolation="bilinear",
        zorder=0,
    )


def _paint_isodoses(axes: Axes, dose: Volume, cut: Cut, *, levels: tuple[Level, ...], dashed: bool) -> None:
    if not crosses(cut, dose.grid) or not levels:
        return
    step = max(0.5 * min(dose.grid.spacing_ijk_mm), min(cut.half_width_mm, cut.half_height_mm) / 150.0)
    across, along, values = sampled(dose, cut, step_mm=step, outside=np.nan)
    if not np.nanmax(values, initial=0.0) >= levels[0].dose_gy:
        return
    axes.contour(
        across,
        along,
        np.ma.masked_invalid(values),
        levels=[level.dose_gy for level in levels],
        colors=[level.colour for level in levels],
        linewidths=0.8 if dashed else 1.1,
        linestyles="dashed" if dashed else "solid",
        zorder=3,
    )


def paint_outline(axes: Axes, structure: Structure, cut: Cut, *, colour: str) -> None:
    """Draw where a plane cuts a structure: its own polygons in an axial cut, else the edge of their solid."""
    closed = structure.closed_contours
    if not closed:
        return
    if cut.view is not View.AXIAL:
        _paint_edge(axes, structure, cut, colour=colour)
        return
    heights = np.array([float(contour.points_lps_mm[:, 2].mean()) for contour in closed])
    gaps = np.abs(heights - cut.position_mm)
    if gaps.min() <= 0.51 * slice_distance_mm(heights):
        for contour in (c for c, gap in zip(closed, gaps, strict=True) if gap <= gaps.min() + 1e-3):
            across, along = cut.in_plane(np.vstack([contour.points_lps_mm, contour.points_lps_mm[:1]]))
            axes.plot(across, along, color=colour, linewidth=OUTLINE_WIDTH, zorder=2)


def is_in_view(structure: Structure, cut: Cut) -> bool:
    """Return whether an outline of a structure comes into a cut: near its plane, and within its frame."""
    closed = structure.closed_contours
    if not closed:
        return False
    points = np.vstack([contour.points_lps_mm for contour in closed])
    left, right, bottom, top = cut.extent_mm
    across, along = cut.in_plane(points)
    near = np.abs(points @ cut.normal_lps - cut.position_mm) <= IN_VIEW_MM
    return bool((near & (across >= left) & (across <= right) & (along >= top) & (along <= bottom)).any())


def slice_distance_mm(heights_mm: Float[np.ndarray, " n"]) -> float:
    """Return the usual distance between neighbouring planes; 1 mm for a single plane."""
    gaps = np.diff(np.unique(np.round(heights_mm, 3)))
    return float(np.median(gaps)) if len(gaps) else 1.0


def _paint_edge(axes: Axes, structure: Structure, cut: Cut, *, colour: str) -> None:
    try:
        region = region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=1.0)
    except GeometryError:
        return  # contours that make no solid have no edge; the axial slices show them as drawn
    low, high = region.bounds_lps_mm @ cut.normal_lps
    if not low <= cut.position_mm <= high:
        return
    across, along, points = cut.points(EDGE_STEP_MM)
    inside = region.contains(points)
    if inside.any():
        style = {"colors": [colour], "linewidths": OUTLINE_WIDTH, "zorder": 2}
        axes.contour(across, along, inside.astype(np.float64), levels=[0.5], **style)


def paint_sources(axes: Axes, sources_lps_mm: Float[np.ndarray, "n 3"], cut: Cut) -> None:
    """Draw the sources near the plane."""
    near = np.abs(sources_lps_mm @ cut.normal_lps - cut.position_mm) <= DRAWN_WITHIN_MM
    across, along = cut.in_plane(sources_lps_mm[near])
    axes.plot(across, along, "o", markersize=2.4, color="white", markeredgecolor=INK, markeredgewidth=0.6, zorder=4)


def frame_slice(axes: Axes, cut: Cut) -> None:
    """Set the extent, the side letters and a scale of 10 mm."""
    left, right, bottom, top = cut.extent_mm
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
    places = {"left": (0.025, 0.5), "right": (0.975, 0.5), "top": (0.5, 0.965), "bottom": (0.5, 0.035)}
    badge = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    for side, (x, y) in places.items():
        axes.text(
            x,
            y,
            cut.letters[side],
            transform=axes.transAxes,
            ha="center",
            va="center",
            fontsize=8,
            bbox=badge,
            zorder=6,
        )
    start = left + 0.04 * (right - left)
    level = bottom - 0.05 * (bottom - top)
    axes.plot([start, start + 10.0], [level, level], color="white", linewidth=3.2, solid_capstyle="butt", zorder=5)
    axes.plot([start, start + 10.0], [level, level], color=INK, linewidth=1.6, solid_capstyle="butt", zorder=5)
    axes.text(
        start + 5.0, level - 0.02 * (bottom - top), "10 mm", ha="center", va="bottom", fontsize=6, zorder=6, bbox=badge
    )


def legend_handles(scene: Scene, *, shown: tuple[Structure, ...]) -> list[Line2D]:
    """Return one handle a structure and a level."""
    outlines = [Line2D([], [], color=scene.colour(s), linewidth=1.2, label=s.name) for s in shown]
    lines = [Line2D([], [], color=level.colour, linewidth=1.4, label=level.label) for level in reversed(scene.levels)]
    return outlines + lines


def style_handles(solid: str, dashed: str) -> list[Line2D]:
    """Return handles that tell the solid from the dashed lines."""
    return [
        Line2D([], [], color=QUIET, linewidth=1.2, label=solid),
        Line2D([], [], color=QUIET, linewidth=1.0, linestyle="dashed", label=dashed),
    ]
