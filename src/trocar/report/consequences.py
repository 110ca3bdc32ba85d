"""The part of a plan report that says what the plan is worth: to tissues, and when needles, seeds and tissue err."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trocar.catalogue.radiobiology import Radiobiology
from trocar.messages import Language, Message
from trocar.report.canvas import ACCENT, INK, LINE, QUIET
from trocar.report.document import Align, Block, Column, Heading, Paragraph, Picture, Table, Text, in_language, say
from trocar.report.pictures import Paper
from trocar.results.biology import BiologicalDose
from trocar.results.robustness import Outcomes, Robustness

SHOWN_NEEDLES = 10
FALLING = "#a63d40"


def robustness_blocks(found: Robustness, assumed: tuple[Text, ...], *, paper: Paper) -> list[Block]:
    """Return the section on robustness.

    Parameters
    ----------
    found
        What was computed.
    assumed
        What was taken to happen, a sentence each.
    paper
        Language and fonts of the picture.
    """
    return [
        Heading(text=say("report.robust-title", "When needles, seeds and tissue err")),
        *(Paragraph(text=sentence, small=True) for sentence in assumed),
        _table(found),
        Picture(
            data=_picture(found, paper),
            suffix="svg",
            alternative=say("report.robust-alternative", "Distribution of D90, and each needle's part in its spread."),
            caption=say(
                "report.robust-caption",
                "Left: D90 of {n} versions of the plan; versions below the prescription in red. Right: the share of "
                "each needle in the variance of D90, with its Monte Carlo standard error.",
                n=found.versions,
            ),
        ),
        *_needle_blocks(found),
    ]


def _table(found: Robustness) -> Table:
    rows: list[tuple[Text, ...]] = [
        _row(f"{found.target} D90", "Gy", found.d90_gy, str(found.covered)),
        _row(f"{found.target} V100", "%", found.v100_percent, "–"),
    ]
    for text, outcomes in found.goals.items():
        rows.append(_row(text, text.rsplit(" ", 1)[1], outcomes, str(found.chances[text])))
    return Table(
        columns=(
            Column(head=say("report.robust-quantity", "Quantity"), share=1.0),
            Column(head=say("report.robust-planned", "Planned"), align=Align.RIGHT),
            Column(head=say("report.robust-median", "Median"), align=Align.RIGHT),
            Column(head=say("report.robust-range", "5 % to 95 %"), align=Align.RIGHT),
            Column(head=say("report.robust-chance", "Probability of being met"), align=Align.RIGHT),
        ),
        rows=tuple(rows),
        caption=say(
            "report.robust-table-caption",
            "D90 counts as met at {dose:g} Gy or more; probabilities with their Monte Carlo standard error.",
            dose=found.prescription_gy,
        ),
    )


def _row(name: str, unit: str, outcomes: Outcomes, chance: str) -> tuple[Text, ...]:
    low, middle, high = (outcomes.percentile(percent) for percent in (5.0, 50.0, 95.0))
    return name, f"{outcomes.planned:.1f} {unit}", f"{middle:.1f}", f"{low:.1f} – {high:.1f}", chance


def _needle_blocks(found: Robustness) -> list[Block]:
    if not found.needles or found.needles[0].total == 0.0:
        return []
    worst = found.needles[0]
    return [
        Paragraph(
            text=say(
                "report.robust-needle",
                "Needle {number} matters most: its error is involved in {share:.0f} % of the variance of D90 "
                "(± {error:.0f} %), and without its seeds D90 would be {left:.0f} Gy. Check it first.",
                number=worst.number,
                share=100.0 * worst.total,
                error=100.0 * worst.total_error,
                left=worst.without_gy,
            )
        )
    ]


def _picture(found: Robustness, paper: Paper) -> bytes:
    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
        _paint_distribution(left, found, paper)
        _paint_shares(right, found, paper)

    return paper.drawn(paint, height_mm=68.0)


def _paint_distribution(axes: Axes, found: Robustness, paper: Paper) -> None:
    values, dose = found.d90_gy.values, found.prescription_gy
    low, high = min(float(values.min()), dose), max(float(values.max()), dose, found.d90_gy.planned)
    room = 0.03 * max(high - low, 0.05 * dose)
    edges = np.linspace(low - room, high + room, 41)
    edges = np.unique(np.append(edges, dose))
    counts, _ = np.histogram(values, bins=edges)
    height = 100.0 * counts / len(values) / np.diff(edges)
    colours = [FALLING if stop <= dose else ACCENT for stop in edges[1:]]
    axes.bar(edges[:-1], height, width=np.diff(edges), align="edge", color=colours, edgecolor="white", linewidth=0.3)
    top = 1.18 * float(height.max())
    axes.axvline(dose, color=INK, linewidth=0.9)
    axes.axvline(found.d90_gy.planned, color=QUIET, linewidth=0.9, linestyle="dotted")
    axes.set_ylim(0.0, top)
    axes.set_xlim(edges[0], edges[-1])
    prescribed = paper.words("report.robust-prescribed", "prescribed")
    planned = paper.words("report.robust-as-planned", "planned")
    _label_line(axes, dose, top, prescribed, leftwards=dose <= found.d90_gy.planned)
    _label_line(axes, found.d90_gy.planned, top, planned, leftwards=dose > found.d90_gy.planned)
    axes.set_xlabel("D90 (Gy)")
    axes.set_ylabel(paper.words("report.robust-density", "Share of versions (% per Gy)"))
    axes.grid(visible=True, axis="y")


def _label_line(axes: Axes, at: float, top: float, text: str, *, leftwards: bool) -> None:
    first, last = axes.get_xlim()
    pad = 0.01 * (last - first)
    cramped = leftwards and at - first < 0.2 * (last - first)
    side = "left" if cramped or not leftwards else "right"
    axes.text(at + (pad if side == "left" else -pad), 0.98 * top, text, ha=side, va="top", fontsize=7, color=QUIET)


def _paint_shares(axes: Axes, found: Robustness, paper: Paper) -> None:
    shown = found.needles[:SHOWN_NEEDLES]
    rows = np.arange(len(shown))
    axes.barh(rows, [100.0 * each.total for each in shown], color=LINE, height=0.72)
    axes.barh(rows, [100.0 * max(each.first, 0.0) for each in shown], color=ACCENT, height=0.36)
    axes.errorbar(
        [100.0 * each.total for each in shown],
        rows,
        xerr=[100.0 * each.total_error for each in shown],
        fmt="none",
        ecolor=QUIET,
        elinewidth=0.8,
        capsize=2,
    )
    axes.set_yticks(rows, [str(each.number) for each in shown])
    axes.set_ylim(max(len(shown), 3) - 0.4, -0.6)
    axes.set_xlabel(paper.words("report.robust-share", "Share of variance (%): alone, in all (grey)"))
    axes.set_ylabel(paper.words("report.robust-needle-axis", "Needle"))
    axes.grid(visible=True, axis="x")


def biology_blocks(doses: tuple[BiologicalDose, ...], *, language: Language) -> list[Block]:
    """Return the section on biologically effective doses."""
    chinese = language is Language.CHINESE
    tissues = {each.tissue.key: each.tissue for each in doses}
    rows = tuple(
        (
            each.structure,
            each.tissue.name_zh if chinese else each.tissue.name,
            each.metric,
            f"{each.implant_gy:.1f}",
            f"{each.external_gy:.1f}" if each.external_gy else "–",
            f"{each.bed_gy:.1f}",
            f"{each.eqd2_gy:.1f}",
            "–" if each.effective_days is None else f"{each.effective_days:.0f}",
        )
        for each in doses
    )
    notes = [_note(tissue, language) for tissue in tissues.values()]
    return [
        Heading(text=say("report.biology-title", "Biologically effective dose")),
        Table(
            columns=(
                Column(head=say("report.biology-structure", "Structure")),
                Column(head=say("report.biology-tissue-head", "Taken for"), share=1.0),
                Column(head=say("report.biology-metric", "Quantity")),
                Column(head=say("report.biology-implant", "Implant (Gy)"), align=Align.RIGHT),
                Column(head=say("report.biology-external", "External (Gy)"), align=Align.RIGHT),
                Column(head="BED (Gy)", align=Align.RIGHT),
                Column(head="EQD2 (Gy)", align=Align.RIGHT),
                Column(head=say("report.biology-days", "Effective days"), align=Align.RIGHT),
            ),
            rows=rows,
            caption=say(
                "report.biology-caption",
                "Linear-quadratic model with incomplete repair and repopulation, as in AAPM TG-137. A model's number: "
                "for comparison, not for prescription.",
            ),
        ),
        *(Paragraph(text=note, small=True) for note in notes),
    ]


_CONFIDENCE = {
    "found": say("report.confidence-found", "read in the publication"),
    "memory_unverified": say("report.confidence-memory", "not yet checked against the publication"),
    "convention": say("report.confidence-convention", "convention"),
    "hospital": say("report.confidence-hospital", "the hospital's own"),
}


def _note(tissue: Radiobiology, language: Language) -> Text:
    sure = in_language(_CONFIDENCE.get(tissue.confidence, tissue.confidence), language)
    common = {
        "name": tissue.name_zh if language is Language.CHINESE else tissue.name,
        "ratio": tissue.alpha_beta_gy,
        "repair": tissue.repair_half_life_h,
        "source": f"{tissue.source} ({sure})",
    }
    if tissue.alpha_per_gy is None or tissue.doubling_time_d is None:
        return Message(
            code="report.biology-tissue-still",
            template="{name}: α/β {ratio:g} Gy, repair half-life {repair:g} h, no repopulation. {source}.",
            data=common,
        )
    return Message(
        code="report.biology-tissue",
        template="{name}: α/β {ratio:g} Gy, repair half-life {repair:g} h, α {alpha:g} /Gy, doubling "
        "time {doubling:g} d from day {rest:g}. {source}.",
        data={
            **common,
            "alpha": tissue.alpha_per_gy,
            "doubling": tissue.doubling_time_d,
            "rest": tissue.kick_off_d,
        },
    )
