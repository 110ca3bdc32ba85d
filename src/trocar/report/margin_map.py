"""The margin map: the tumour's surface in the colours of its margin, seen in space and unrolled like a globe."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.spatial import cKDTree

from trocar.geometry.mesh_distance import vertex_normals
from trocar.report.canvas import INK, LINE, QUIET
from trocar.report.pictures import Paper
from trocar.results.ablation_margin import SIDES, AblationMargin

BANDS_MM = (0.0, 5.0, 10.0)
COLOURS = ("#b2182b", "#f4a03a", "#b7d98b", "#1b7837")
"""Uncovered, thin, enough, wide: told apart in grey and by eyes that mix red and green."""
PATTERN_UNCOVERED = "xxx"
_NORM = BoundaryNorm((-1e6, *BANDS_MM, 1e6), len(COLOURS))
_MAP = ListedColormap(COLOURS)
LIGHT = np.array([-0.3, 0.5, 0.8])


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """From where the surface is looked at: right and up of the picture, and the letters at its four sides."""

    name: str
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    letters: tuple[str, str, str, str]


VIEWS = (
    _View(name="A", right=(1, 0, 0), up=(0, 0, 1), letters=("R", "L", "S", "I")),
    _View(name="P", right=(-1, 0, 0), up=(0, 0, 1), letters=("L", "R", "S", "I")),
    _View(name="R", right=(0, -1, 0), up=(0, 0, 1), letters=("P", "A", "S", "I")),
    _View(name="L", right=(0, 1, 0), up=(0, 0, 1), letters=("A", "P", "S", "I")),
    _View(name="S", right=(-1, 0, 0), up=(0, -1, 0), letters=("L", "R", "A", "P")),
    _View(name="I", right=(1, 0, 0), up=(0, -1, 0), letters=("R", "L", "A", "P")),
)


def margin_views_picture(margin: AblationMargin, *, paper: Paper) -> bytes:
    """Return the tumour from six sides, coloured by its margin, with a scale and the worst point marked."""

    def paint(figure: Figure) -> None:
        panels = figure.subplots(2, 3, squeeze=False).ravel()
        points = np.asarray(margin.surface.vertices_lps_mm)
        middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
        half = 0.5 * float(np.ptp(points, axis=0).max()) * 1.25
        for axes, view in zip(panels, VIEWS, strict=True):
            _paint_view(axes, margin, view, middle=middle, half_mm=half, paper=paper)
        figure.legend(handles=_legend(paper), loc="outside lower center", ncols=4)

    return paper.drawn(paint, height_mm=128.0)


def unrolled_margin_picture(margin: AblationMargin, *, paper: Paper) -> bytes:
    """Return the margin of every direction from the tumour's middle, front in the middle, head above."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        longitude, latitude, values = unrolled(margin)
        axes.pcolormesh(longitude, latitude, values, cmap=_MAP, norm=_NORM, rasterized=True, shading="nearest")
        lines = axes.contour(longitude, latitude, values, levels=[2.5, *BANDS_MM[1:], 15.0], colors=INK, linewidths=0.5)
        axes.clabel(lines, fmt="%g mm", fontsize=6.5)
        if (values < 0).any():
            axes.contour(longitude, latitude, values, levels=[0.0], colors=INK, linewidths=1.4)
            axes.contourf(longitude, latitude, values, levels=[-1e6, 0.0], colors="none", hatches=[PATTERN_UNCOVERED])
        _mark_worst(axes, _angles(margin.worst_lps_mm[None] - _middle(margin))[0], margin)
        axes.set_xticks((-180, -90, 0, 90, 180), _sides(paper, "PRALP"))
        axes.set_yticks((-90, -45, 0, 45, 90), (_side(paper, "I"), "", "", "", _side(paper, "S")))
        axes.grid(visible=True, color=LINE, linewidth=0.4)
        axes.set_xlim(-180, 180)
        axes.set_ylim(-90, 90)
        figure.legend(handles=_legend(paper), loc="outside lower center", ncols=4)

    return paper.drawn(paint, height_mm=88.0)


def unrolled(
    margin: AblationMargin, *, step_deg: float = 2.0
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " n"], Float[np.ndarray, "n m"]]:
    """Return longitudes (0 front, 90 left), latitudes (90 head) and the margin in each direction."""
    longitude = np.arange(-180, 180 + step_deg / 2, step_deg)
    latitude = np.arange(-90, 90 + step_deg / 2, step_deg)
    lon, lat = np.radians(np.meshgrid(longitude, latitude))
    ways = np.stack([np.sin(lon) * np.cos(lat), -np.cos(lon) * np.cos(lat), np.sin(lat)], axis=-1)
    offset = np.asarray(margin.surface.vertices_lps_mm) - _middle(margin)
    tree = cKDTree(offset / np.linalg.norm(offset, axis=1, keepdims=True))
    gap, near = tree.query(ways.reshape(-1, 3), k=6)
    weight = 1 / (gap + 1e-3) ** 2
    values = (weight * margin.asked_mm[near]).sum(axis=1) / weight.sum(axis=1)
    return longitude, latitude, np.asarray(values.reshape(lon.shape))


def _middle(margin: AblationMargin) -> Float[np.ndarray, " 3"]:
    return np.average(np.asarray(margin.surface.vertices_lps_mm), axis=0, weights=margin.area_mm2)


def _angles(offset: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    longitude = np.degrees(np.arctan2(offset[:, 0], -offset[:, 1]))
    latitude = np.degrees(np.arcsin(offset[:, 2] / np.linalg.norm(offset, axis=1)))
    return np.stack([longitude, latitude], axis=1)


def _paint_view(
    axes: Axes, margin: AblationMargin, view: _View, *, middle: np.ndarray, half_mm: float, paper: Paper
) -> None:
    right, up = np.asarray(view.right, float), np.asarray(view.up, float)
    towards = np.cross(right, up)
    vertices, triangles = np.asarray(margin.surface.vertices_lps_mm), np.asarray(margin.surface.triangles)
    normals = vertex_normals(margin.surface)[triangles].mean(axis=1)
    seen = np.flatnonzero(normals @ towards > 0)
    order = seen[np.argsort(vertices[triangles[seen]].mean(axis=1) @ towards)]
    flat = np.stack([(vertices - middle) @ right, (vertices - middle) @ up], axis=1)
    frame = np.stack([right, up, towards])
    lit = (normals[order] @ frame.T) @ (LIGHT / np.linalg.norm(LIGHT))
    shade = 0.72 + 0.28 * np.clip(lit, 0, 1)
    colours = _MAP(_NORM(margin.asked_mm[triangles[order]].mean(axis=1)))
    colours[:, :3] *= shade[:, None]
    axes.add_collection(
        PolyCollection(flat[triangles[order]], facecolors=colours, edgecolors=colours, linewidths=0.2, rasterized=True)
    )
    worst = margin.worst_lps_mm - middle
    if (worst @ towards) > -0.2 * half_mm:
        _mark_worst(axes, np.array([worst @ right, worst @ up]), margin)
    _frame_view(axes, view, half_mm, paper)


def _frame_view(axes: Axes, view: _View, half_mm: float, paper: Paper) -> None:
    left, right, top, bottom = view.letters
    for letter, place in ((left, (-1, 0)), (right, (1, 0)), (top, (0, 1)), (bottom, (0, -1))):
        axes.text(place[0] * half_mm, place[1] * half_mm, letter, fontsize=9.0, color=QUIET, ha="center", va="center")
    axes.plot([half_mm - 10.0, half_mm], [-1.12 * half_mm] * 2, color=INK, linewidth=1.6, solid_capstyle="butt")
    axes.text(half_mm - 5.0, -1.08 * half_mm, "10 mm", fontsize=6.5, ha="center", va="bottom")
    axes.set_xlim(-1.15 * half_mm, 1.15 * half_mm)
    axes.set_ylim(-1.2 * half_mm, 1.1 * half_mm)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(paper.words("ablation.view-from", "seen from {side}", side=_side(paper, view.name)))


def _mark_worst(axes: Axes, place: np.ndarray, margin: AblationMargin) -> None:
    axes.plot(*place, marker="o", markersize=7, markerfacecolor="none", markeredgecolor="white", markeredgewidth=2.6)
    axes.plot(*place, marker="o", markersize=7, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.2)
    axes.annotate(
        f"{margin.least_mm:+.1f} mm",
        (float(place[0]), float(place[1])),
        xytext=(-7 if place[0] > 0 else 7, 7),
        ha="right" if place[0] > 0 else "left",
        textcoords="offset points",
        fontsize=8.5,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": INK, "linewidth": 0.5},
    )


def _legend(paper: Paper) -> list[Patch]:
    words = (
        paper.words("ablation.band-uncovered", "uncovered: under 0 mm"),
        paper.words("ablation.band-thin", "thin: 0 to 5 mm"),
        paper.words("ablation.band-enough", "5 to 10 mm"),
        paper.words("ablation.band-wide", "10 mm or more"),
    )
    hatches = (PATTERN_UNCOVERED, "", "", "")
    return [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.4, hatch=hatch, label=word)
        for colour, hatch, word in zip(COLOURS, hatches, words, strict=True)
    ]


def _side(paper: Paper, letter: str) -> str:
    return SIDES[letter].text(paper.language)


def _sides(paper: Paper, letters: str) -> list[str]:
    return [_side(paper, letter) for letter in letters]
