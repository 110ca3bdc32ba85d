"""The coplanar template on paper, at its own size: which holes carry a needle, how deep, how many seeds."""

from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trocar.errors import ReportError
from trocar.geometry.affine import apply_affine, invert_affine
from trocar.plan.plan import ImplantPlan
from trocar.plan.template import GridTemplate
from trocar.report.canvas import ACCENT, INK, LINE, QUIET
from trocar.report.document import Align, Column, Document, Facts, Paragraph, Picture, Table, say
from trocar.report.page_head import identity_rows, plan_running_head
from trocar.report.pictures import FULL_WIDTH_MM, Paper
from trocar.report.seed_map import LoadedNeedle, loaded_needles

RIM_MM = 12.0
RULER_MM = 50.0
OFF_HOLE_MM = 0.5
"""A needle farther than this from every hole does not belong to the template."""


def template_sheet(plan: ImplantPlan, template: GridTemplate, *, paper: Paper, made_at: datetime) -> Document:
    """Return the sheet; the drawing is at true size, with a ruler to prove it.

    Raises
    ------
    ReportError
        The template is wider than the page, or a needle does not go through one of its holes.
    """
    used = {_hole_of(each, template): each for each in loaded_needles(plan) if each.seeds}
    return Document(
        title=say("report.template-title", "Template sheet"),
        subtitle=plan.label,
        running_head=plan_running_head(plan, paper=paper),
        blocks=(
            Facts(
                rows=(
                    *identity_rows(plan.patient, paper=paper),
                    (say("report.template-pitch", "Pitch"), f"{template.pitch_mm:g} mm"),
                    (say("report.template-holes", "Holes"), f"{template.columns} × {template.rows}"),
                )
            ),
            Picture(
                data=_drawn(template, used, paper),
                suffix="svg",
                alternative=say("report.template-alternative", "The template seen from outside, holes in use filled."),
                caption=say(
                    "report.template-caption",
                    "Seen from outside the patient, true size: print at 100 % and check the {ruler:g} mm ruler. "
                    "A filled hole carries a needle; below it stands the number of seeds.",
                    ruler=RULER_MM,
                ),
            ),
            _hole_table(used, template),
            Paragraph(
                text=say(
                    "report.template-depth-note",
                    "Depth counts from the template's face towards the patient to the needle tip.",
                ),
                small=True,
            ),
        ),
        made_at=made_at,
    )


def _hole_of(needle: LoadedNeedle, template: GridTemplate) -> tuple[int, int]:
    flat = apply_affine(
        invert_affine(template.lps_from_template),
        np.array([needle.needle.entry_lps_mm, needle.needle.tip_lps_mm]),
    )
    place = flat[:, :2] / template.pitch_mm
    hole = np.rint(place[1]).astype(int)
    off_mm = float(np.abs(place - hole).max() * template.pitch_mm)
    inside = bool((hole >= 0).all() and hole[0] < template.columns and hole[1] < template.rows)
    if off_mm > OFF_HOLE_MM or not inside:
        raise ReportError(
            "report.needle-off-template",
            "needle {number} passes {off_mm:.1f} mm beside the nearest hole of the template, {allowed} mm are allowed; "
            "print the sheet of the template the needles were planned with",
            number=needle.needle.number,
            off_mm=off_mm,
            allowed=OFF_HOLE_MM,
        )
    return int(hole[0]), int(hole[1])


def _depth_mm(needle: LoadedNeedle, template: GridTemplate) -> float:
    return float((needle.needle.tip_lps_mm - template.holes_lps_mm[0]) @ template.direction_lps)


def _drawn(template: GridTemplate, used: dict[tuple[int, int], LoadedNeedle], paper: Paper) -> bytes:
    width = (template.columns - 1) * template.pitch_mm
    height = (template.rows - 1) * template.pitch_mm
    page_height = height + 2 * RIM_MM + 14.0
    if width + 2 * RIM_MM > FULL_WIDTH_MM:
        raise ReportError(
            "report.template-wider-than-page",
            "the template is {width:.0f} mm wide, the page holds {page:.0f} mm at true size; "
            "use a plotter or a smaller grid",
            width=width + 2 * RIM_MM,
            page=FULL_WIDTH_MM,
        )

    def paint(figure: Figure) -> None:
        figure.set_layout_engine("none")  # the drawing keeps its own size
        left = 0.5 * (FULL_WIDTH_MM - width) - RIM_MM
        box = (
            left / FULL_WIDTH_MM,
            14.0 / page_height,
            (width + 2 * RIM_MM) / FULL_WIDTH_MM,
            (height + 2 * RIM_MM) / page_height,
        )
        axes = figure.add_axes(box)
        axes.set_xlim(-RIM_MM, width + RIM_MM)
        axes.set_ylim(-RIM_MM, height + RIM_MM)
        axes.set_axis_off()
        _paint_holes(axes, template, used)
        ruler = figure.add_axes(
            (0.5 - 0.5 * RULER_MM / FULL_WIDTH_MM, 0.0, RULER_MM / FULL_WIDTH_MM, 12.0 / page_height)
        )
        ruler.set_xlim(0.0, RULER_MM)
        ruler.set_ylim(0.0, 12.0)
        ruler.set_axis_off()
        for mark in np.arange(0.0, RULER_MM + 1.0, 5.0):
            ruler.plot([mark, mark], [5.0, 8.0 if mark % 10 else 9.5], color=INK, linewidth=0.6, clip_on=False)
        ruler.plot([0.0, RULER_MM], [5.0, 5.0], color=INK, linewidth=0.8, clip_on=False)
        ruler.text(0.5 * RULER_MM, 3.8, f"{RULER_MM:g} mm", ha="center", va="top", fontsize=7)

    return paper.drawn(paint, height_mm=page_height)


def _paint_holes(axes: Axes, template: GridTemplate, used: dict[tuple[int, int], LoadedNeedle]) -> None:
    pitch = template.pitch_mm
    across = (np.arange(template.columns)) * pitch
    up = np.arange(template.rows) * pitch
    for x in across:
        axes.plot([x, x], [up[0], up[-1]], color=LINE, linewidth=0.4, zorder=0)
    for y in up:
        axes.plot([across[0], across[-1]], [y, y], color=LINE, linewidth=0.4, zorder=0)
    small = 5.5 if pitch >= 8.0 else 4.2
    for column, x in enumerate(across):
        name = template.hole_name(column, 0).rstrip("0123456789.")
        axes.text(x, -5.0, name, ha="center", va="top", fontsize=7.5, color=INK)
    for row, y in enumerate(up):
        name = template.hole_name(0, row).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        axes.text(-5.0, y, name, ha="right", va="center", fontsize=7.5, color=INK)
    for column, x in enumerate(across):
        for row, y in enumerate(up):
            needle = used.get((column, row))
            axes.plot(
                x, y, "o", markersize=7.0 if needle else 2.4, color=ACCENT if needle else QUIET, markeredgewidth=0
            )
            if needle:
                axes.text(x, y, str(needle.needle.number), ha="center", va="center", fontsize=small, color="white")
                axes.text(x, y - 1.9, str(len(needle.seeds)), ha="center", va="top", fontsize=small, color=INK)


def _hole_table(used: dict[tuple[int, int], LoadedNeedle], template: GridTemplate) -> Table:
    ordered = sorted(used.items(), key=lambda item: item[1].needle.number)
    return Table(
        columns=(
            Column(head=say("report.needle-number", "No."), align=Align.RIGHT),
            Column(head=say("report.needle-hole", "Hole")),
            Column(head=say("report.template-depth", "Depth from template (mm)"), align=Align.RIGHT),
            Column(head=say("report.needle-seeds", "Seeds"), align=Align.RIGHT),
            Column(head=say("report.needle-from-tip", "Seed centres from the tip (mm)"), share=1.0),
        ),
        rows=tuple(
            (
                str(each.needle.number),
                template.hole_name(*hole),
                f"{_depth_mm(each, template):.1f}",
                str(len(each.seeds)),
                "  ".join(f"{place:.1f}" for place in each.from_tip_mm),
            )
            for hole, each in ordered
        ),
    )
