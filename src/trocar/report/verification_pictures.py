"""The pictures of a verification: slices with planned and seen seeds, histograms twice, crops of single seeds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from trocar.geometry.volume import Volume
from trocar.plan.structures import Structure
from trocar.report.canvas import ACCENT, INK, QUIET, STRUCTURE_COLOURS
from trocar.report.charts import Curve, paint_dvh
from trocar.report.pictures import FULL_WIDTH_MM, Paper, slice_title
from trocar.report.planes import Cut, View
from trocar.report.slices import (
    Level,
    Scene,
    frame_slice,
    legend_handles,
    paint_image,
    paint_slice,
    structure_colours,
)
from trocar.results.dvh import Dvh
from trocar.results.seeds_seen import FoundSeed

METAL_HU = (-200.0, 2000.0)
"""Window of the crops: metal and its surroundings both show."""

CROP_MM = 14.0
CROPS_A_ROW = 6
MARGIN_MM = 14.0
MOST_OUTLINES = 6
PLANNED = "#00c2ff"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImplant:
    """What the slices are drawn from.

    Parameters
    ----------
    scan
        The CT after the implant.
    dose
        Of the seeds seen.
    levels
        Isodose lines.
    structures
        The target first; none where there are none.
    seen_lps_mm, planned_lps_mm
        Centres.
    """

    scan: Volume
    dose: Volume
    levels: tuple[Level, ...]
    structures: tuple[Structure, ...]
    seen_lps_mm: Float[np.ndarray, "n 3"]
    planned_lps_mm: Float[np.ndarray, "m 3"]


def implant_slices_picture(shown: ShownImplant, *, paper: Paper) -> bytes:
    """Return six slices through the implant: isodose lines, outlines, seen seeds (dots) and planned ones (rings)."""
    outlined = shown.structures[:MOST_OUTLINES]
    scene = Scene(
        image=shown.scan,
        dose=shown.dose,
        other_dose=None,
        levels=shown.levels,
        structures=outlined,
        sources_lps_mm=shown.seen_lps_mm,
        colours=structure_colours(outlined),
    )
    cuts = implant_cuts(_extent(shown), shown.scan)

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, 3).ravel()
        for axes, cut in zip(panels, cuts, strict=True):
            paint_slice(axes, scene, cut)
            _paint_planned(axes, shown.planned_lps_mm, cut)
            axes.set_title(slice_title(cut, paper))
        handles = legend_handles(scene, shown=outlined)
        handles += [
            _marker(paper.words("report.verify-seen", "seed seen"), face="white", edge=INK),
            _marker(paper.words("report.verify-planned", "seed planned"), face="none", edge=PLANNED),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)

    aspect = cuts[0].half_height_mm / cuts[0].half_width_mm
    return paper.drawn(paint, height_mm=2 * (FULL_WIDTH_MM / 3 * aspect + 6.0) + 22.0)


def _extent(shown: ShownImplant) -> Float[np.ndarray, "n 3"]:
    """Return the points that the slices shall show: the target, or else the planned seeds."""
    if shown.structures:
        return np.vstack([contour.points_lps_mm for contour in shown.structures[0].closed_contours])
    return shown.planned_lps_mm


def implant_cuts(points_lps_mm: Float[np.ndarray, "n 3"], scan: Volume) -> tuple[Cut, ...]:
    """Return four axial planes of the scan, one coronal and one sagittal, about some points."""
    low, high = points_lps_mm.min(axis=0), points_lps_mm.max(axis=0)
    middle, half = 0.5 * (low + high), 0.5 * float((high - low).max()) + MARGIN_MM
    step = scan.grid.spacing_ijk_mm[2]
    start = float(scan.grid.origin_lps_mm[2])
    wanted = low[2] + (high[2] - low[2]) * np.array([0.15, 0.38, 0.62, 0.85])
    heights = start + step * np.rint((wanted - start) / step)
    axial = tuple(
        Cut(view=View.AXIAL, centre_lps_mm=np.array([middle[0], middle[1], z]), half_width_mm=half, half_height_mm=half)
        for z in heights
    )
    upright = tuple(
        Cut(view=view, centre_lps_mm=middle, half_width_mm=half, half_height_mm=half)
        for view in (View.CORONAL, View.SAGITTAL)
    )
    return (*axial, *upright)


def _paint_planned(axes: Axes, places_lps_mm: Float[np.ndarray, "n 3"], cut: Cut) -> None:
    near = np.abs(places_lps_mm @ cut.normal_lps - cut.position_mm) <= 2.5
    across, along = cut.in_plane(places_lps_mm[near])
    axes.plot(across, along, "o", markersize=4.6, markerfacecolor="none", markeredgecolor=PLANNED, markeredgewidth=0.8)


def _marker(label: str, *, face: str, edge: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=4, markerfacecolor=face, markeredgecolor=edge, label=label
    )


def planned_and_implanted_picture(
    planned: tuple[Dvh, ...], implanted: tuple[Dvh, ...], *, reference_gy: float, paper: Paper
) -> bytes:
    """Return the histograms of both doses: solid implanted, dashed planned."""
    curves = tuple(
        Curve(
            name=dvh.name,
            colour=STRUCTURE_COLOURS[n % len(STRUCTURE_COLOURS)],
            dose_gy=dvh.dose_gy,
            volume_percent=dvh.cumulative_percent,
            dashed=dashed,
        )
        for dvhs, dashed in ((implanted, False), (planned, True))
        for n, dvh in enumerate(dvhs)
    )

    def paint(figure: Figure) -> None:
        paint_dvh(figure.subplots(), curves, reference_gy=reference_gy, language=paper.language)
        handles = [
            Line2D([], [], color=QUIET, label=paper.words("report.verify-line-implanted", "implanted")),
            Line2D([], [], color=QUIET, linestyle="dashed", label=paper.words("report.verify-line-planned", "planned")),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)

    return paper.drawn(paint, height_mm=86.0)


def displacements_picture(vectors_mm: Float[np.ndarray, "n 3"], *, paper: Paper) -> bytes:
    """Return where seeds lie from their planned place, seen along the body and from the left."""
    reach = max(float(np.abs(vectors_mm).max(initial=1.0)), 5.0) * 1.1

    def paint(figure: Figure) -> None:
        for axes, (a, b), sides in zip(
            figure.subplots(1, 2), ((0, 1), (1, 2)), (("R", "L", "P", "A"), ("A", "P", "F", "H")), strict=True
        ):
            for radius in (5.0, 10.0, 15.0):
                axes.add_patch(_ring(radius))
            axes.plot(vectors_mm[:, a], vectors_mm[:, b], "o", markersize=3, color=ACCENT, alpha=0.8)
            axes.plot(*np.median(vectors_mm[:, [a, b]], axis=0), "+", markersize=9, color=INK)
            axes.set_xlim(-reach, reach)
            axes.set_ylim(*((reach, -reach) if b == 1 else (-reach, reach)))
            axes.set_aspect("equal")
            axes.set_xlabel(f"{sides[0]}  ←  {'xyz'[a]} (mm)  →  {sides[1]}")
            axes.set_ylabel(f"{sides[2]}  ←  {'xyz'[b]} (mm)  →  {sides[3]}")

    return paper.drawn(paint, height_mm=80.0)


def _ring(radius_mm: float) -> Circle:
    return Circle((0.0, 0.0), radius_mm, fill=False, edgecolor=QUIET, linewidth=0.5, linestyle="dotted")


def crops_picture(scan: Volume, seeds: tuple[tuple[str, FoundSeed], ...], *, paper: Paper) -> bytes:
    """Return, for each seed, an axial and a coronal crop about it with the fitted seed drawn over the metal."""
    rows = -(-len(seeds) // (CROPS_A_ROW // 2))

    def paint(figure: Figure) -> None:
        panels = figure.subplots(rows, CROPS_A_ROW, squeeze=False).ravel()
        for number, (name, seed) in enumerate(seeds):
            for side, view in enumerate((View.AXIAL, View.CORONAL)):
                axes = panels[2 * number + side]
                _paint_crop(axes, scan, seed, view)
                axes.set_title(name if side == 0 else f"{seed.confidence:.2f}", fontsize=7)
        for axes in panels[2 * len(seeds) :]:
            axes.set_visible(False)

    return paper.drawn(paint, height_mm=rows * (FULL_WIDTH_MM / CROPS_A_ROW + 6.0))


def _paint_crop(axes: Axes, scan: Volume, seed: FoundSeed, view: View) -> None:
    cut = Cut(view=view, centre_lps_mm=seed.position_lps_mm, half_width_mm=CROP_MM, half_height_mm=CROP_MM)
    paint_image(axes, scan, cut, window=METAL_HU)
    ends = seed.position_lps_mm + np.array([[-2.25], [2.25]]) * seed.axis_lps
    across, along = cut.in_plane(ends)
    axes.plot(across, along, color="#ffb000", linewidth=1.2)
    frame_slice(axes, cut)


def checkerboard_picture(
    mixed: Volume, points_lps_mm: Float[np.ndarray, "n 3"], *, half_mm: float = 90.0, paper: Paper
) -> bytes:
    """Return three planes of a checkerboard of two scans; usually wide enough to judge the edges of the body."""
    middle = 0.5 * (points_lps_mm.min(axis=0) + points_lps_mm.max(axis=0))

    def paint(figure: Figure) -> None:
        for axes, view in zip(figure.subplots(1, 3), View, strict=True):
            cut = Cut(view=view, centre_lps_mm=middle, half_width_mm=half_mm, half_height_mm=half_mm)
            paint_image(axes, mixed, cut)
            frame_slice(axes, cut)
            axes.set_title(slice_title(cut, paper))

    return paper.drawn(paint, height_mm=FULL_WIDTH_MM / 3 + 8.0)
