"""What a verification tells of an earlier scan: doses of both days, how the seeds moved, the swelling they tell."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trocar.report.canvas import ACCENT, INK, QUIET
from trocar.report.document import Align, Block, Column, Facts, Heading, Paragraph, Picture, Table, Text, say
from trocar.report.pictures import Paper
from trocar.results.two_scans import Resolution, ScanPair, SeedMotion, TwoScans
from trocar.results.verification import Interval

WORTH_MM = 3.0
"""A seed that moved by itself further than this has a row."""

LOST, NEW = "#b3261e", "#7b1fa2"


def two_scan_blocks(change: TwoScans, paper: Paper) -> Iterator[Block]:
    """Yield the comparison of an earlier and a later scan after one implant."""
    yield Heading(text=say("report.two-heading", "What changed since the earlier CT"), new_page=True)
    yield Facts(rows=tuple(_facts(change)))
    yield from _metric_blocks(change)
    yield Picture(
        data=motion_picture(change, paper=paper),
        suffix="svg",
        alternative=say("report.two-picture-alternative", "Arrows from the earlier to the later place of each seed."),
        caption=say(
            "report.two-picture-caption",
            "Each seed from its earlier place (laid over the later CT, common shift taken off) to its later one, seen "
            "from the front and from the left; arrows are drawn at true length.",
        ),
        name="since-earlier",
    )
    yield from _seed_blocks(change.motion)
    yield from _resolution_blocks(change)


def day_words(day: float | None) -> Text:
    """Return a scan by the day after the implant."""
    if day is None:
        return say("report.two-day-unknown", "day not stated")
    return say("report.two-day", "day {day:.0f}", day=day)


def _facts(change: TwoScans) -> Iterator[tuple[Text, Text]]:
    motion = change.motion
    yield say("report.two-earlier", "Earlier CT"), _seen(change.earlier_day, change.earlier_seen)
    yield say("report.two-later", "This CT"), _seen(change.later_day, change.later_seen)
    yield say("report.two-paired", "Seen on both"), str(len(motion.pairs))
    yield (
        say("report.two-lost-new", "Lost / new"),
        f"{len(motion.lost)} / {len(motion.new)}",
    )
    yield (
        say("report.two-moved", "Moved against the body / against each other, median"),
        f"{motion.median_mm:.1f} / {motion.own_median_mm:.1f} mm",
    )
    yield (
        say("report.verify-shift", "Common shift L, P, H"),
        ", ".join(f"{part:+.1f}" for part in motion.shift_lps_mm) + " mm",
    )
    if np.isfinite(motion.scale):
        low, high = motion.volume_ratio_interval
        yield (
            say("report.two-ratio", "Volume that the seeds span, later over earlier"),
            f"{motion.volume_ratio:.2f} ({low:.2f}–{high:.2f})",
        )
    yield say("report.two-target", "Volume of the target"), _target_words(change)


def _seen(day: float | None, count: int) -> Text:
    return say("report.two-seen", "{day}, {n} seeds seen", day=day_words(day), n=count)


def _target_words(change: TwoScans) -> Text:
    if change.target_cc is None:
        return say("report.two-target-carried", "not drawn on both CTs, so its change is not known")
    before, after = change.target_cc
    return f"{before:.1f} → {after:.1f} cc ({100.0 * (after / before - 1.0):+.0f} %)"


def _metric_blocks(change: TwoScans) -> Iterator[Block]:
    if not change.metrics:
        return
    rows = []
    last = ""
    for pair in change.metrics:
        if not (np.isfinite(pair.earlier.value) or np.isfinite(pair.later.value)):
            continue
        rows.append((pair.structure if pair.structure != last else "", *_cells(pair)))
        last = pair.structure
    yield Table(
        columns=(
            Column(head=say("report.goal-structure", "Structure"), share=1.0),
            Column(head=say("report.goal-metric", "Quantity")),
            Column(head=say("report.verify-column-planned", "Planned"), align=Align.RIGHT),
            Column(head=day_words(change.earlier_day), align=Align.RIGHT),
            Column(head=day_words(change.later_day), align=Align.RIGHT),
            Column(head=say("report.verify-column-change", "Change"), align=Align.RIGHT),
        ),
        rows=tuple(rows),
        compact=True,
        caption=say(
            "report.two-doses",
            "Total dose to complete decay as if the seeds had lain as on that CT all the time; the interval holds "
            "95 %.",
        ),
    )


def _cells(pair: ScanPair) -> tuple[str, ...]:
    planned = "–" if pair.later.planned is None else f"{pair.later.planned:.1f}"
    change = f"{pair.later.value - pair.earlier.value:+.1f}"
    return f"{pair.later.name} ({pair.later.unit})", planned, _told(pair.earlier), _told(pair.later), change


def _told(metric: Interval) -> str:
    interval = "" if metric.low is None or metric.high is None else f" ({metric.low:.1f}–{metric.high:.1f})"
    return f"{metric.value:.1f}{interval}"


def _seed_blocks(motion: SeedMotion) -> Iterator[Block]:
    moved = sorted((pair for pair in motion.pairs if pair.own_mm > WORTH_MM), key=lambda pair: -pair.own_mm)
    rows: list[tuple[Text, ...]] = [
        (
            str(pair.later + 1),
            str(pair.earlier + 1),
            f"{pair.distance_mm:.1f}",
            f"{pair.own_mm:.1f}",
            ", ".join(f"{part:+.1f}" for part in pair.own_lps_mm),
            say("report.two-fate-moved", "moved by itself"),
        )
        for pair in moved
    ]
    rows += [("–", str(n + 1), "–", "–", "–", say("report.two-fate-lost", "lost")) for n in motion.lost]
    rows += [(str(n + 1), "–", "–", "–", "–", say("report.two-fate-new", "new")) for n in motion.new]
    if not rows:
        yield Paragraph(
            text=say(
                "report.two-all-same",
                "Every seed of the earlier CT is seen again, and none moved by itself by more than {mm:g} mm.",
                mm=WORTH_MM,
            )
        )
        return
    right = Align.RIGHT
    yield Table(
        columns=(
            Column(head=say("report.two-number", "No."), align=right),
            Column(head=say("report.two-earlier-number", "Earlier no."), align=right),
            Column(head=say("report.two-distance", "Moved (mm)"), align=right),
            Column(head=say("report.two-own", "By itself (mm)"), align=right),
            Column(head=say("report.two-own-lph", "By itself L, P, H (mm)"), align=right, share=1.0),
            Column(head=say("report.verify-fate", "Fate"), share=1.0),
        ),
        rows=tuple(rows),
        compact=True,
        caption=say(
            "report.two-seeds",
            "Seeds lost, new, or moved by themselves by more than {mm:g} mm: what is left when the common motion and "
            "the drawing together are taken off.",
            mm=WORTH_MM,
        ),
    )


def _resolution_blocks(change: TwoScans) -> Iterator[Block]:
    resolution = change.resolution
    if resolution is None:
        if not change.contradicts:
            yield Paragraph(
                text=say(
                    "report.two-no-half-life",
                    "The dose with the swelling going down is told when the half-life of the swelling is stated "
                    "(--swelling-half-life); it has no default.",
                ),
                small=True,
            )
        return
    yield Heading(text=say("report.verify-swelling", "With the swelling going down"), level=2)
    yield Facts(rows=tuple(_resolution_facts(resolution)))


def _resolution_facts(resolution: Resolution) -> Iterator[tuple[Text, Text]]:
    yield (
        say("report.two-swelling", "Swelling at the implant, by both CTs and the half-life stated"),
        f"{resolution.at_implant_percent:.0f} %",
    )
    yield (
        say("report.two-half-life", "Half-life of the swelling, as stated"),
        say("report.two-days", "{days:g} days", days=resolution.half_life_d),
    )
    for metric in resolution.metrics:
        yield (
            say("report.two-resolved", "{name}: as on this CT → with the swelling going down", name=metric.name),
            f"{metric.planned:.1f} → {metric.value:.1f} {metric.unit}",
        )


def motion_picture(change: TwoScans, *, paper: Paper) -> bytes:
    """Return the seeds of both scans with an arrow each, in the coronal and the sagittal plane."""
    shift = change.motion.shift_lps_mm
    before, after = change.earlier_lps_mm + shift, change.later_lps_mm

    def paint(figure: Figure) -> None:
        for axes, (a, b), label in zip(
            figure.subplots(1, 2), ((0, 2), (1, 2)), ("R  ←  x (mm)  →  L", "A  ←  y (mm)  →  P"), strict=True
        ):
            _paint_motion(axes, change.motion, before[:, [a, b]], after[:, [a, b]])
            axes.set_xlabel(label)
            axes.set_ylabel("F  ←  z (mm)  →  H")
            axes.set_aspect("equal")
        handles = [
            _handle(paper.words("report.two-mark-earlier", "earlier"), "o", QUIET, face="none"),
            _handle(paper.words("report.two-mark-later", "later"), "o", ACCENT),
            _handle(paper.words("report.two-mark-lost", "lost"), "x", LOST),
            _handle(paper.words("report.two-mark-new", "new"), "s", NEW, face="none"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)

    return paper.drawn(paint, height_mm=92.0)


def _paint_motion(axes: Axes, motion: SeedMotion, before: np.ndarray, after: np.ndarray) -> None:
    first, second = [pair.earlier for pair in motion.pairs], [pair.later for pair in motion.pairs]
    axes.plot(*before.T, "o", markersize=3.5, markerfacecolor="none", markeredgecolor=QUIET, markeredgewidth=0.6)
    axes.plot(*after.T, "o", markersize=2.5, color=ACCENT)
    for start, end in zip(before[first], after[second], strict=True):
        axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 0.6})
    axes.plot(*before[list(motion.lost)].T, "x", markersize=6, color=LOST)
    axes.plot(*after[list(motion.new)].T, "s", markersize=6, markerfacecolor="none", markeredgecolor=NEW)


def _handle(label: str, marker: str, colour: str, *, face: str | None = None) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=4,
        color=colour,
        markerfacecolor=face if face is not None else colour,
        label=label,
    )
