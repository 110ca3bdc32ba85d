"""The report of seeds and ablation in one patient: what treats what, and the limits of both side by side."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from trocar.geometry.mesh import Mesh
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.report.document import (
    Align,
    Block,
    Box,
    Column,
    Document,
    Facts,
    Findings,
    Heading,
    Paragraph,
    Picture,
    Signatures,
    Table,
    Text,
    say,
)
from trocar.report.mesh_slices import LESION, NEEDLE, ZONE, flat_on, paint_mesh_cut, paint_needles
from trocar.report.page_head import hash_words, identity_rows, moment_words, place_words, running_head, tone_of
from trocar.report.pictures import Paper, slice_title
from trocar.report.planes import Cut, View
from trocar.report.slices import frame_slice, paint_image
from trocar.results.ablation_margin import side_words
from trocar.results.combined_treatment import CombinedTreatment, OrganAccount, TreatedPart, TreatmentTimes
from trocar.results.findings import Finding

COLOURS = ("#d62828", "#2a7de1", "#f0b90b", "#4c9f38")
"""Neither, heat, seeds, both."""
SEED_NEEDLE = "#ffffff"
LARGE = 0.01
"""Share of its part from which an untreated piece is worth slices of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedCase:
    """All that is told about both treatments together.

    Parameters
    ----------
    image, treatment, findings, margin_mm
        Scan, account, what speaks against it, margin asked of both.
    zone, lesion
        Surfaces.
    ablation, seeds
        Plans.
    of_ablation, of_seeds
        What each plan's own report found.
    made_by
        Program and version.
    """

    image: Image
    treatment: CombinedTreatment
    zone: Mesh
    lesion: Mesh
    ablation: AblationPlan
    seeds: ImplantPlan
    findings: tuple[Finding, ...]
    made_by: str
    margin_mm: float
    of_ablation: tuple[Finding, ...] = ()
    of_seeds: tuple[Finding, ...] = ()


def combined_report(case: CombinedCase, *, paper: Paper, made_at: datetime) -> Document:
    """Return the report."""
    made = case.treatment
    target = case.ablation.target
    caption = say(
        "ablation.caption-combined",
        "What treats which part of tumour and margin, in slices through the largest piece that neither treats if it "
        "is 1 % of its part or more, else through the tumour's middle. Tumour solid, zone dashed; seeds (dots) and "
        "needles within 3 and 4 mm of the slice.",
    )
    picture = combined_picture(case, paper=paper)
    return Document(
        title=say("ablation.report-combined", "Ablation and seeds combined"),
        subtitle=target.lesion,
        running_head=running_head(
            case.image.patient,
            hash_words(case.ablation.content_hash),
            hash_words(case.seeds.content_hash),
            paper=paper,
        ),
        blocks=(
            Facts(
                rows=(
                    *identity_rows(case.image.patient, paper=paper),
                    (say("ablation.fact-lesion", "Tumour"), target.lesion),
                    (say("ablation.fact-wanted", "Margin aimed at"), f"{case.margin_mm:.1f} mm"),
                    (say("ablation.fact-prescribed", "Prescribed to what is seeded"), f"{made.prescription_gy:.0f} Gy"),
                    (say("ablation.fact-punctures", "Punctures"), _punctures(made)),
                    (say("ablation.fact-order", "When"), _order(made.times)),
                )
            ),
            _verdict(made, case.findings),
            Findings(findings=case.findings),
            Heading(text=say("ablation.heading-who-treats", "What treats which part")),
            _parts_table(made),
            Picture(data=picture, suffix="svg", alternative=caption, caption=caption, name="combined"),
            *_untreated_blocks(made),
            *_limits_blocks(made.organs),
            *_own_blocks(case),
            Facts(
                rows=(
                    (say("ablation.fact-made-by", "Made by"), case.made_by),
                    (say("ablation.fact-ablation-plan", "Plan of the ablation"), case.ablation.content_hash[:16]),
                    (say("ablation.fact-seed-plan", "Plan of the seeds"), case.seeds.content_hash[:16]),
                )
            ),
            Signatures(
                roles=(
                    say("ablation.role-physician", "Treating physician"),
                    say("ablation.role-operator", "Operator"),
                    say("ablation.role-physicist", "Medical physicist"),
                )
            ),
        ),
        made_at=made_at,
    )


LIMITS_TOLD = (
    "A structure must keep both limits: its distance from the zone and the dose to its hottest part. No accepted rule "
    "adds heat and dose; a structure that uses more than four fifths of each is a finding. Needles add up: how near "
    "any applicator or seed needle comes to it, and how many of them enter it."
)
NO_LIMITS = (
    "No limits were stated for any structure: nothing but the target was judged. State [[limit]] for what lies near."
)


def _order(times: TreatmentTimes) -> Text:
    data = {"minutes": times.ablation_s / 60, "implant": moment_words(times.implant_at)}
    if times.ablate_at is None:
        return say("ablation.order-open", "{minutes:.0f} min of heat, when is not stated; seeds at {implant}", **data)
    return say(
        "ablation.order-told",
        "{minutes:.0f} min of heat from {ablate}; seeds at {implant}",
        ablate=moment_words(times.ablate_at),
        **data,
    )


def _untreated_blocks(made: CombinedTreatment) -> tuple[Block, ...]:
    if not made.untreated:
        return ()
    columns = (
        Column(head=say("ablation.column-part", "part")),
        Column(head=say("ablation.column-left", "untreated, ml"), align=Align.RIGHT),
        Column(head=say("ablation.column-side", "side")),
        Column(head=say("ablation.column-middle", "middle (x, y, z), mm"), align=Align.RIGHT),
    )
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (PARTS[each.part], f"{each.ml:.2f}", side_words(each.side), place_words(each.middle_lps_mm))
        for each in made.untreated
    )
    title = say("ablation.heading-neither", "Where neither treats, the largest pieces")
    return (Heading(text=title, level=2), Table(columns=columns, rows=rows))


def _limits_blocks(organs: tuple[OrganAccount, ...]) -> tuple[Block, ...]:
    heading = Heading(text=say("ablation.heading-limits", "Limits of both, side by side"))
    if not organs:
        return (heading, Paragraph(text=say("ablation.no-limits", NO_LIMITS)))
    return (heading, _limits_table(organs), Paragraph(text=say("ablation.limits-told", LIMITS_TOLD), small=True))


def _own_blocks(case: CombinedCase) -> tuple[Block, ...]:
    """Return what the plans' own reports found: it stays in force, but for the target, which both treat together."""
    blocks: list[Block] = []
    for title, findings in (
        (say("ablation.heading-of-ablation", "What the plan of the ablation tells by itself"), case.of_ablation),
        (say("ablation.heading-of-seeds", "What the plan of the seeds tells by itself"), case.of_seeds),
    ):
        if findings:
            blocks += [Heading(text=title, level=2), Findings(findings=findings)]
    if blocks:
        blocks.append(Paragraph(text=say("ablation.own-told", OWN_TOLD), small=True))
    return tuple(blocks)


OWN_TOLD = (
    "These hold beside the combined findings. What they say of a margin or a target not reached speaks of one "
    "treatment alone; what both reach together stands on the first page."
)


def combined_picture(case: CombinedCase, *, paper: Paper) -> bytes:
    """Return slices with every part of the target in the colour of what treats it."""
    made = case.treatment
    points = made.points_lps_mm
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    large = [each for each in made.untreated if each.ml >= LARGE * _part_of(made, each.part).total_ml]
    through = large[0].middle_lps_mm if large else middle
    half = 0.5 * float(np.ptp(np.concatenate([points, case.zone.vertices_lps_mm]), axis=0).max()) + 8.0
    seeds = np.array([each.position_lps_mm for each in case.seeds.seeds])

    def paint(figure: Figure) -> None:
        for axes, view in zip(figure.subplots(1, 3), (View.AXIAL, View.CORONAL, View.SAGITTAL), strict=True):
            centre = middle.copy()
            axis = {View.AXIAL: 2, View.CORONAL: 1, View.SAGITTAL: 0}[view]
            centre[axis] = through[axis]
            cut = Cut(view=view, centre_lps_mm=centre, half_width_mm=half, half_height_mm=half)
            paint_image(axes, case.image.volume, cut)
            across, along, places = cut.points(made.step_mm)
            axes.pcolormesh(
                across,
                along,
                np.ma.masked_less(_kinds(made, places), 0),
                cmap=ListedColormap(COLOURS),
                vmin=-0.5,
                vmax=3.5,
                alpha=0.55,
                shading="nearest",
                rasterized=True,
            )
            paint_mesh_cut(axes, case.zone, cut, colour=ZONE, style="--")
            paint_mesh_cut(axes, case.lesion, cut, colour=LESION, style="-")
            paint_needles(axes, [each.needle for each in case.ablation.applicators], cut, colour=NEEDLE)
            paint_needles(axes, case.seeds.needles, cut, colour=SEED_NEEDLE)
            _paint_seeds(axes, cut, seeds)
            frame_slice(axes, cut)
            axes.set_title(slice_title(cut, paper))
        words = (
            paper.words("ablation.by-neither", "neither"),
            paper.words("ablation.by-heat", "heat"),
            paper.words("ablation.by-seeds", "seeds"),
            paper.words("ablation.by-both", "both"),
        )
        handles: list[Patch | Line2D] = [
            Patch(facecolor=colour, label=word) for colour, word in zip(COLOURS, words, strict=True)
        ]
        for colour, style, word in (
            (LESION, "-", paper.words("ablation.line-lesion", "tumour")),
            (ZONE, "--", paper.words("ablation.line-zone", "ablation zone")),
            (NEEDLE, "-", paper.words("ablation.line-needle", "applicator")),
        ):
            handles.append(Line2D([], [], color=colour, linestyle=style, label=word))
        figure.legend(handles=handles, loc="outside lower center", ncols=7)

    return paper.drawn(paint, height_mm=72.0)


def _part_of(made: CombinedTreatment, name: str) -> TreatedPart:
    return next(part for part in made.parts if part.name == name)


def _kinds(made: CombinedTreatment, places: np.ndarray) -> np.ndarray:
    """Return the kind of the nearest point of the target at each place; -1 where none is near."""
    low = made.points_lps_mm.min(axis=0)
    index = np.rint((made.points_lps_mm - low) / made.step_mm).astype(int)
    shape = index.max(axis=0) + 1
    lattice = np.full(shape, -1)
    lattice[tuple(index.T)] = made.treated_by
    wanted = np.rint((places - low) / made.step_mm).astype(int)
    inside = ((wanted >= 0) & (wanted < shape)).all(axis=-1)
    kinds = np.full(places.shape[:-1], -1)
    kinds[inside] = lattice[tuple(wanted[inside].T)]
    return kinds


def _paint_seeds(axes: Axes, cut: Cut, seeds: np.ndarray) -> None:
    normal = {View.AXIAL: 2, View.CORONAL: 1, View.SAGITTAL: 0}[cut.view]
    near = seeds[np.abs(seeds[:, normal] - cut.centre_lps_mm[normal]) <= 3.0]
    if len(near):
        flat = flat_on(cut, near)
        axes.plot(flat[:, 0], flat[:, 1], "o", color="white", markeredgecolor="black", markersize=3)


def _punctures(made: CombinedTreatment) -> Text:
    applicators, needles = made.punctures
    return say(
        "ablation.punctures-told",
        "{total}: {applicators} applicators, {needles} seed needles",
        total=applicators + needles,
        applicators=applicators,
        needles=needles,
    )


def _verdict(made: CombinedTreatment, findings: tuple[Finding, ...]) -> Box:
    tumour, margin = made.parts
    return Box(
        title=say(
            "ablation.combined-title",
            "{tumour:.1f} % of the tumour and {margin:.1f} % of its margin are treated",
            tumour=tumour.treated_percent,
            margin=margin.treated_percent,
        ),
        text=say(
            "ablation.combined-verdict",
            "by heat or with at least {dose:.0f} Gy; untreated {tumour:.2f} ml of tumour and {margin:.2f} ml of margin",
            dose=made.prescription_gy,
            tumour=tumour.neither_ml,
            margin=margin.neither_ml,
        ),
        tone=tone_of(findings),
    )


PARTS = {"tumour": say("ablation.part-tumour", "tumour"), "margin": say("ablation.part-margin", "margin in the organ")}


def _parts_table(made: CombinedTreatment) -> Table:
    heads = (
        say("ablation.column-total", "all, ml"),
        say("ablation.column-heat-only", "heat only, ml"),
        say("ablation.column-seeds-only", "seeds only, ml"),
        say("ablation.column-both", "both, ml"),
        say("ablation.column-neither", "neither, ml"),
    )
    rows: list[tuple[Text, ...]] = [
        (
            PARTS[part.name],
            *(f"{value:.2f}" for value in (part.total_ml, part.heat_ml, part.seeds_ml, part.both_ml, part.neither_ml)),
        )
        for part in made.parts
    ]
    columns = (Column(head=""), *(Column(head=head, align=Align.RIGHT) for head in heads))
    return Table(columns=columns, rows=tuple(rows))


def _limits_table(organs: tuple[OrganAccount, ...]) -> Table:
    columns = (
        Column(head=say("ablation.column-structure", "structure")),
        Column(head=say("ablation.column-gap", "from the zone, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-dose", "dose, Gy"), align=Align.RIGHT),
        Column(head=say("ablation.column-needles", "nearest needle, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-entries", "entered by"), align=Align.RIGHT),
        Column(head=say("ablation.column-kept", "all kept")),
    )
    rows = tuple(_limits_row(organ) for organ in organs)
    return Table(columns=columns, rows=rows)


def _limits_row(organ: OrganAccount) -> tuple[Text, ...]:
    applicators, needles = organ.entries
    least = "" if organ.least_needle_mm is None else f" (≥ {organ.least_needle_mm:.1f})"
    most = "" if organ.most_entries is None else f" (≤ {organ.most_entries})"
    return (
        organ.name,
        f"{organ.gap_mm:.1f} (≥ {organ.least_gap_mm:.1f})",
        f"D{organ.cc:g}cc {organ.dose_gy:.1f} (≤ {organ.most_dose_gy:.0f})",
        f"{organ.needle_gap_mm:.1f}{least}",
        f"{applicators} + {needles}{most}",
        say("ablation.kept", "yes") if organ.is_kept else say("ablation.not-kept", "no"),
    )
