"""Slices of a scan with the outlines of tumour, zone and wanted margin cut from their surfaces."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import vertex_normals
from trocar.geometry.volume import Volume
from trocar.plan.needles import Needle
from trocar.plan.structures import Structure
from trocar.report.pictures import Paper, slice_title
from trocar.report.planes import Cut, View
from trocar.report.slices import frame_slice, paint_image, paint_outline
from trocar.results.ablation_margin import AblationMargin

LESION, ZONE, WANTED, FURTHER, NEEDLE = "#e63946", "#2a7de1", "#f0b90b", "#4c9f38", "#ff5fd2"
NEAR_MM = 4.0
"""So far on either side of a slice needles are drawn in it."""

WITHIN = 0.3
"""How far towards the middle of the tumour the slices lie from its thinnest place, at whose skin they show little."""


def margin_slices_picture(
    image: Volume,
    margin: AblationMargin,
    zone: Mesh,
    *,
    further: tuple[Structure, ...],
    paper: Paper,
    needles: Sequence[Needle] = (),
) -> bytes:
    """Return axial, coronal and sagittal slices by the worst place, a little within so that the tumour is seen."""
    worst = margin.worst_lps_mm
    tumour = np.asarray(margin.surface.vertices_lps_mm)
    through = worst + WITHIN * (0.5 * (tumour.min(axis=0) + tumour.max(axis=0)) - worst)
    points = np.concatenate([np.asarray(zone.vertices_lps_mm), np.asarray(margin.surface.vertices_lps_mm)])
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    half = 0.5 * float(np.ptp(points, axis=0).max()) + 12.0
    wanted = Mesh(
        vertices_lps_mm=np.asarray(margin.surface.vertices_lps_mm) + margin.wanted_mm * vertex_normals(margin.surface),
        triangles=margin.surface.triangles,
    )

    def paint(figure: Figure) -> None:
        for axes, view in zip(figure.subplots(1, 3), (View.AXIAL, View.CORONAL, View.SAGITTAL), strict=True):
            cut = _cut(view, middle, through, half)
            paint_image(axes, image, cut)
            for structure in further:
                paint_outline(axes, structure, cut, colour=FURTHER)
            for mesh, colour, style in ((wanted, WANTED, ":"), (zone, ZONE, "--"), (margin.surface, LESION, "-")):
                paint_mesh_cut(axes, mesh, cut, colour=colour, style=style)
            paint_needles(axes, needles, cut, colour=NEEDLE)
            axes.plot(*flat_on(cut, worst[None])[0], marker="o", markersize=6, fillstyle="none", color="white")
            frame_slice(axes, cut)
            axes.set_title(slice_title(cut, paper))
        names = (
            (LESION, "-", paper.words("ablation.line-lesion", "tumour")),
            (ZONE, "--", paper.words("ablation.line-zone", "ablation zone")),
            (WANTED, ":", paper.words("ablation.line-wanted", "wanted margin")),
        )
        handles = [Line2D([], [], color=colour, linestyle=style, label=name) for colour, style, name in names]
        if further:
            handles.append(
                Line2D([], [], color=FURTHER, label=paper.words("ablation.line-further", "further structures"))
            )
        if needles:
            handles.append(Line2D([], [], color=NEEDLE, label=paper.words("ablation.line-needle", "applicator")))
        figure.legend(handles=handles, loc="outside lower center", ncols=5)

    return paper.drawn(paint, height_mm=72.0)


def paint_needles(axes: Axes, needles: Sequence[Needle], cut: Cut, *, colour: str) -> None:
    """Draw the part of each needle that lies near the slice, with its number where it ends or leaves it."""
    axis = {View.AXIAL: 2, View.CORONAL: 1, View.SAGITTAL: 0}[cut.view]
    for needle in needles:
        line = np.linspace(needle.entry_lps_mm, needle.tip_lps_mm, max(int(2 * needle.length_mm), 2))
        near = line[np.abs(line[:, axis] - cut.position_mm) <= NEAR_MM]
        if not len(near):
            continue
        flat = flat_on(cut, near)
        axes.plot(flat[:, 0], flat[:, 1], color=colour, linewidth=1.4, solid_capstyle="round")
        axes.annotate(
            str(needle.number), flat[-1], xytext=(2, 2), textcoords="offset points", color=colour, clip_on=True
        )


def _cut(view: View, middle: np.ndarray, through: np.ndarray, half_mm: float) -> Cut:
    axis = {View.AXIAL: 2, View.CORONAL: 1, View.SAGITTAL: 0}[view]
    centre = middle.copy()
    centre[axis] = through[axis]
    return Cut(view=view, centre_lps_mm=centre, half_width_mm=half_mm, half_height_mm=half_mm)


def flat_on(cut: Cut, points: np.ndarray) -> np.ndarray:
    """Return where points lie in the plane of a cut."""
    return np.stack(cut.in_plane(points), axis=-1)


def paint_mesh_cut(axes: Axes, mesh: Mesh, cut: Cut, *, colour: str, style: str) -> None:
    """Draw where a mesh crosses the plane: one segment a triangle, joined by the eye."""
    axis = {View.AXIAL: 2, View.CORONAL: 1, View.SAGITTAL: 0}[cut.view]
    vertices = np.asarray(mesh.vertices_lps_mm)
    height = vertices[:, axis] - cut.position_mm
    height = np.where(height == 0, 1e-9, height)
    corners = np.asarray(mesh.triangles)
    edges = np.stack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]], axis=1)
    crossed = height[edges[:, :, 0]] * height[edges[:, :, 1]] < 0
    rows = np.flatnonzero(crossed.sum(axis=1) == 2)
    if not len(rows):
        return
    pairs = edges[rows][crossed[rows]].reshape(-1, 2, 2)
    a, b = vertices[pairs[:, :, 0]], vertices[pairs[:, :, 1]]
    share = height[pairs[:, :, 0]] / (height[pairs[:, :, 0]] - height[pairs[:, :, 1]])
    places = a + share[..., None] * (b - a)
    for line in _chains(pairs, places):
        flat = flat_on(cut, line)
        axes.plot(flat[:, 0], flat[:, 1], color=colour, linestyle=style, linewidth=1.2)


def _chains(pairs: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """Return segments joined into lines at the mesh edges they share."""
    at: dict[tuple[int, int], list[int]] = {}
    ends = np.sort(pairs, axis=2)
    names = [((int(a), int(b)), (int(c), int(d))) for (a, b), (c, d) in ends]
    for n, (first, second) in enumerate(names):
        at.setdefault(first, []).append(n)
        at.setdefault(second, []).append(n)
    left = set(range(len(names)))
    lines = []
    while left:
        n = left.pop()
        line = [places[n, 0], places[n, 1]]
        end = names[n][1]
        while True:
            onward = [each for each in at[end] if each in left]
            if not onward:
                break
            n = onward[0]
            left.discard(n)
            side = 1 if names[n][0] == end else 0
            line.append(places[n, side])
            end = names[n][side]
        lines.append(np.array(line))
    return lines
