"""Pictures of needles: where each seed sits from the tip, and all of them in space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from mpl_toolkits.mplot3d import Axes3D

from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.plan.structures import Structure
from trocar.report.canvas import ACCENT, INK, LINE, QUIET, STRUCTURE_COLOURS
from trocar.report.pictures import Paper

NEEDLE_ROW_MM = 6.5
"""Height of one needle's row on paper."""

STEEL = "#8a97a5"
ROOM_MM, NUMBER_BEFORE_MM = 12.0, 4.0
ROOM_FOR_LABELS = 0.92
"""Share of the picture that the box in space takes: its axes' names stand outside."""
MOST_RINGS = 24
"""Of the outlines of one structure so many are drawn, evenly chosen."""
ELEVATION_DEG, ASIDE_DEG = 18.0, 65.0
"""Needles in space are seen from a little above, and from this far aside of the way they go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNeedle:
    """A needle with its seeds.

    Parameters
    ----------
    needle
        The needle.
    seeds
        Those in it, nearest to the tip first.
    from_tip_mm
        Distance of each seed's centre from the needle's tip, along the needle.
    """

    needle: Needle
    seeds: tuple[Seed, ...]
    from_tip_mm: Float[np.ndarray, " n"]

    @property
    def name(self) -> str:
        """Number, and hole where there is a template."""
        return f"{self.needle.number} ({self.needle.label})" if self.needle.label else str(self.needle.number)


def loaded_needles(plan: ImplantPlan) -> tuple[LoadedNeedle, ...]:
    """Return the needles of a plan with their seeds, by number; needles without seeds too."""
    loaded = []
    for needle in sorted(plan.needles, key=lambda each: each.number):
        own = [seed for seed in plan.seeds if seed.needle == needle.number]
        away = {id(seed): float((needle.tip_lps_mm - seed.position_lps_mm) @ needle.direction_lps) for seed in own}
        own.sort(key=lambda seed: away[id(seed)])
        distances = np.array([away[id(seed)] for seed in own], dtype=np.float64)
        loaded.append(LoadedNeedle(needle=needle, seeds=tuple(own), from_tip_mm=distances))
    return tuple(loaded)


def seed_map_picture(needles: Sequence[LoadedNeedle], *, seed_length_mm: float, paper: Paper) -> bytes:
    """Return each needle as a bar from its tip, with its seeds to scale.

    Parameters
    ----------
    needles
        In the order drawn from top to bottom.
    seed_length_mm
        Of a capsule.
    paper
        Language and fonts.
    """

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        longest = max((float(n.from_tip_mm.max()) for n in needles if len(n.seeds)), default=10.0)
        reach = 10.0 * np.ceil((longest + seed_length_mm) / 10.0)
        for row, needle in enumerate(needles):
            _paint_needle(axes, needle, row, reach_mm=reach, seed_length_mm=seed_length_mm)
        axes.set_yticks(range(len(needles)), [needle.name for needle in needles])
        axes.set_ylim(len(needles) - 0.4, -0.6)
        axes.set_xlim(-4.0, reach)
        axes.set_xlabel(paper.words("report.seed-map-axis", "Distance from the needle tip (mm)"))
        axes.set_ylabel(paper.words("report.seed-map-needle", "Needle"))
        axes.xaxis.set_major_locator(MultipleLocator(10.0))
        axes.xaxis.set_minor_locator(MultipleLocator(5.0))
        axes.grid(visible=True, which="both", axis="x")

    return paper.drawn(paint, height_mm=22.0 + NEEDLE_ROW_MM * len(needles))


def _paint_needle(axes: Axes, needle: LoadedNeedle, row: int, *, reach_mm: float, seed_length_mm: float) -> None:
    axes.plot([0.0, reach_mm], [row, row], color=LINE, linewidth=3.2, solid_capstyle="butt", zorder=1)
    axes.fill([-3.0, 0.0, 0.0], [row, row - 0.16, row + 0.16], color=STEEL, zorder=1)
    for place in needle.from_tip_mm:
        ends = [place - 0.5 * seed_length_mm, place + 0.5 * seed_length_mm]
        axes.plot(ends, [row, row], color=ACCENT, linewidth=4.2, solid_capstyle="butt", zorder=2)
        axes.text(place, row - 0.28, f"{place:.1f}", ha="center", va="bottom", fontsize=5.8, color=INK)


def space_picture(
    plan: ImplantPlan,
    shown: Sequence[Structure],
    *,
    seed_length_mm: float,
    paper: Paper,
) -> bytes:
    """Return needles, seeds and outlines in space, seen from aside.

    Parameters
    ----------
    plan
        Needles and seeds.
    shown
        Structures drawn by their contours, the target first.
    seed_length_mm
        Of a capsule.
    paper
        Language and fonts.
    """

    def paint(figure: Figure) -> None:
        figure.set_layout_engine("none")
        axes = figure.add_subplot(projection="3d")
        axes.set_position((0.0, 0.1, 1.0, 0.86))
        low, high = _box_of_needles(plan)
        for number, structure in enumerate(shown):
            colour = STRUCTURE_COLOURS[number % len(STRUCTURE_COLOURS)]
            rings = [_within(contour.points_lps_mm, low, high) for contour in structure.closed_contours]
            rings = [ring for ring in rings if np.isfinite(ring).any()]
            rings = rings[:: -(-len(rings) // MOST_RINGS) or 1]
            for ring in rings:
                axes.plot(
                    *ring.T, color=colour, linewidth=0.8 if number == 0 else 0.5, alpha=0.9 if number == 0 else 0.6
                )
            if rings:
                axes.plot([], [], [], color=colour, label=structure.name)
        for needle in plan.needles:
            ends = np.array([needle.entry_lps_mm, needle.tip_lps_mm])
            axes.plot(*ends.T, color=STEEL, linewidth=0.9)
            before = needle.entry_lps_mm - NUMBER_BEFORE_MM * needle.direction_lps
            axes.text(*before, str(needle.number), fontsize=6.5, color=INK, ha="center", va="center")
        for seed in plan.seeds:
            _paint_seed(axes, seed, seed_length_mm)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
        axes.set_box_aspect(high - low, zoom=ROOM_FOR_LABELS)
        _frame_space(axes, _aside(plan))
        figure.legend(loc="upper center", ncols=5)

    low, high = _box_of_needles(plan)
    upright = (high - low)[2] > 0.8 * (high - low).max()
    return paper.drawn(paint, height_mm=116.0 if upright else 96.0)


def _within(points_lps_mm: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return a closed ring with gaps where it leaves a box."""
    ring = np.vstack([points_lps_mm, points_lps_mm[:1]])
    ring[((ring < low) | (ring > high)).any(axis=1)] = np.nan
    return ring


def _aside(plan: ImplantPlan) -> tuple[float, float]:
    """Return elevation and azimuth (from the patient's left towards the back) that show the needles from aside."""
    way = np.mean([needle.direction_lps for needle in plan.needles], axis=0)
    azimuth = np.degrees(np.arctan2(way[1], way[0])) if np.hypot(way[0], way[1]) > np.abs(way[2]) else 0.0
    return ELEVATION_DEG, float(azimuth - ASIDE_DEG)


def _box_of_needles(plan: ImplantPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return the box that is shown: all needles and seeds with some room."""
    ends = [end for needle in plan.needles for end in (needle.entry_lps_mm, needle.tip_lps_mm)]
    points = np.array([*ends, *(seed.position_lps_mm for seed in plan.seeds)])
    return points.min(axis=0) - ROOM_MM, points.max(axis=0) + ROOM_MM


def _paint_seed(axes: Axes3D, seed: Seed, length_mm: float) -> None:
    axis = seed.axis_lps if seed.axis_lps is not None else np.zeros(3)
    ends = np.array([seed.position_lps_mm - 0.5 * length_mm * axis, seed.position_lps_mm + 0.5 * length_mm * axis])
    axes.plot(*ends.T, color=ACCENT, linewidth=2.2, solid_capstyle="butt")


def _frame_space(axes: Axes3D, viewpoint_deg: tuple[float, float]) -> None:
    axes.view_init(elev=viewpoint_deg[0], azim=viewpoint_deg[1])
    axes.set_xlabel("R ← x (mm) → L")
    axes.set_ylabel("A ← y (mm) → P")
    axes.set_zlabel("F ← z (mm) → H")
    axes.tick_params(labelsize=6, colors=QUIET)
