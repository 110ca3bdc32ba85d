"""What a verification tells of doses: planned and implanted with intervals, what is cold and what would mend it."""

from collections.abc import Iterator

import numpy as np

from trocar.report.document import Align, Block, Box, Column, Heading, Paragraph, Picture, Table, Text, Tone, say
from trocar.report.page_head import place_words
from trocar.report.pictures import Paper
from trocar.report.verification_pictures import planned_and_implanted_picture
from trocar.report.verified_case import NamedError, VerifiedCase
from trocar.results.verification import FurtherSeeds, Interval, StructureOutcome


def dose_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    """Yield both doses of target and organs, with their histograms."""
    if not case.outcomes:
        return
    yield Heading(text=say("report.verify-doses", "Doses, planned and implanted"))
    target = [each for each in case.outcomes if each.is_target]
    rows = [row for outcome in target for row in _metric_rows(outcome)]
    rows += list(_index_rows(case))
    yield _dose_table(rows, caption=say("report.verify-target-caption", "The target; the interval holds 95 %."))
    organs = [outcome for outcome in case.outcomes if not outcome.is_target]
    if organs:
        yield _organ_table(organs)
    if any(outcome.is_carried for outcome in case.outcomes):
        yield Paragraph(
            text=say(
                "report.verify-carried",
                "* carried over from the planning image by registration, not drawn on the CT after the implant",
            ),
            small=True,
        )
    yield Picture(
        data=planned_and_implanted_picture(
            case.planned_dvhs[:6], case.implanted_dvhs[:6], reference_gy=case.reference_gy, paper=paper
        ),
        suffix="svg",
        alternative=say("report.verify-dvh-alternative", "Histograms of the planned and the implanted dose."),
        caption=say("report.verify-dvh-caption", "Dose–volume histograms: implanted (solid) and planned (dashed)."),
        name="dvh",
    )


def _organ_table(organs: list[StructureOutcome]) -> Table:
    names = list(dict.fromkeys(metric.name for organ in organs for metric in organ.metrics))
    return Table(
        columns=(
            Column(head=say("report.goal-structure", "Structure"), share=1.0),
            *(Column(head=f"{name} (Gy)", align=Align.RIGHT) for name in names),
        ),
        rows=tuple(
            (
                f"{organ.name}{' *' if organ.is_carried else ''} ({organ.volume_cc:.1f} cc)",
                *(_organ_cell(organ, name) for name in names),
            )
            for organ in organs
        ),
        caption=say("report.verify-organ-caption", "Organs: planned → implanted, and the interval that holds 95 %."),
        compact=True,
    )


def _organ_cell(organ: StructureOutcome, name: str) -> str:
    found = [metric for metric in organ.metrics if metric.name == name and np.isfinite(metric.value)]
    if not found:
        return "–"
    metric = found[0]
    planned = "–" if metric.planned is None else f"{metric.planned:.1f}"
    interval = "" if metric.low is None or metric.high is None else f" ({metric.low:.1f}–{metric.high:.1f})"
    return f"{planned} → {metric.value:.1f}{interval}"


def _dose_table(rows: list[tuple[Text, ...]], *, caption: Text) -> Table:
    return Table(
        columns=(
            Column(head=say("report.goal-structure", "Structure"), share=1.0),
            Column(head=say("report.goal-metric", "Quantity")),
            Column(head=say("report.verify-column-planned", "Planned"), align=Align.RIGHT),
            Column(head=say("report.verify-column-implanted", "Implanted"), align=Align.RIGHT),
            Column(head=say("report.verify-column-interval", "Interval"), align=Align.RIGHT),
            Column(head=say("report.verify-column-change", "Change"), align=Align.RIGHT),
        ),
        rows=tuple(rows),
        caption=caption,
        compact=True,
    )


def _metric_rows(outcome: StructureOutcome) -> Iterator[tuple[Text, ...]]:
    name = f"{outcome.name}{' *' if outcome.is_carried else ''} ({outcome.volume_cc:.1f} cc)"
    for number, metric in enumerate(outcome.metrics):
        yield (name if number == 0 else "", *_metric_cells(metric))


def _metric_cells(metric: Interval, *, digits: int = 1) -> tuple[str, ...]:
    interval = (
        "–" if metric.low is None or metric.high is None else f"{metric.low:.{digits}f} – {metric.high:.{digits}f}"
    )
    change = "–" if metric.planned is None else f"{metric.value - metric.planned:+.{digits}f}"
    planned = "–" if metric.planned is None else f"{metric.planned:.{digits}f}"
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{metric.name}{unit}", planned, f"{metric.value:.{digits}f}", interval, change


def _index_rows(case: VerifiedCase) -> Iterator[tuple[Text, ...]]:
    for metric in case.indices:
        yield ("", *_metric_cells(metric, digits=2))


def error_blocks(case: VerifiedCase) -> Iterator[Block]:
    """Yield the errors that the intervals rest on, and which of them weighs most."""
    if not case.errors:
        return
    yield Heading(text=say("report.verify-errors", "What the intervals rest on"))
    first = case.errors[0]
    if first.share is not None:
        yield Paragraph(
            text=say(
                "report.verify-error-most",
                "The interval of D90 comes first of all from this error: {meaning} ({share:.0f} % of the variance).",
                meaning=first.meaning,
                share=100.0 * first.share.share_of_d90,
            )
        )
    yield Table(
        columns=(
            Column(head=say("report.verify-error", "Error"), share=2.4),
            Column(head=say("report.verify-error-size", "One standard deviation"), align=Align.RIGHT, share=0.9),
            Column(head=say("report.verify-error-d90", "D90 (Gy)"), align=Align.RIGHT),
            Column(head=say("report.verify-error-v100", "V100 (%)"), align=Align.RIGHT),
            Column(head=say("report.verify-error-share", "Share"), align=Align.RIGHT),
            Column(head=say("report.column-basis", "Source and how sure"), share=2.4),
        ),
        rows=tuple(_error_row(error) for error in case.errors),
        caption=say(
            "report.verify-errors-caption",
            "Each error alone: standard deviation it gives the target's D90 and V100, and its share of the variance of "
            "D90.",
        ),
    )


def _error_row(error: NamedError) -> tuple[Text, ...]:
    share = error.share
    weighed = (
        ("–",) * 3
        if share is None
        else (f"± {share.d90_gy:.1f}", f"± {share.v100_percent:.1f}", f"{100.0 * share.share_of_d90:.0f} %")
    )
    basis = say("report.basis-of-limit", "{source} [{confidence}]", source=error.source, confidence=error.confidence)
    return error.meaning, error.size, *weighed, basis


def cold_blocks(case: VerifiedCase) -> Iterator[Block]:
    """Yield the dose with the swelling going down, and the cold parts with what would mend them."""
    if case.swollen is not None:
        yield Heading(text=say("report.verify-swelling", "With the swelling going down"), level=2)
        yield _dose_table(
            [("", *_metric_cells(metric)) for metric in case.swollen],
            caption=say(
                "report.verify-swelling-caption",
                "The target as it lies on the CT (left) and with seeds and tissue drawing together (right).",
            ),
        )
    if not case.outcomes:
        return
    yield Heading(text=say("report.verify-cold", "What is cold, and what would mend it"))
    if not case.cold:
        yield Paragraph(
            text=say("report.verify-no-cold", "No connected part of the target of 0.05 cc or more is below 100 %.")
        )
        return
    yield Table(
        columns=(
            Column(head=say("report.verify-cold-volume", "Volume (cc)"), align=Align.RIGHT),
            Column(head=say("report.verify-cold-least", "Least dose (Gy)"), align=Align.RIGHT),
            Column(head=say("report.verify-cold-middle", "Middle x, y, z (mm)"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.verify-cold-coldest", "Coldest at x, y, z (mm)"), align=Align.RIGHT, share=1.0),
        ),
        rows=tuple(
            (f"{c.volume_cc:.2f}", f"{c.least_gy:.0f}", place_words(c.centre_lps_mm), place_words(c.coldest_lps_mm))
            for c in case.cold
        ),
        caption=say("report.verify-cold-caption", "Connected parts of the target below 100 %, the largest first."),
    )
    if case.further is not None:
        yield from _further_blocks(case.further)


def _further_blocks(further: FurtherSeeds) -> Iterator[Block]:
    if len(further.positions_lps_mm):
        yield _further_box(further)
    if further.ways:
        yield _way_table(further)
    if len(further.blocked_lps_mm):
        yield Box(
            title=say("report.verify-blocked", "No needle path to {n} places", n=len(further.blocked_lps_mm)),
            text=say(
                "report.verify-blocked-text",
                "A seed would help at (x, y, z): {places} mm, but no needle reaches there by the rules of the request: "
                "{hindrance}.",
                places=_places(further.blocked_lps_mm),
                hindrance=further.hindrance or "",
            ),
            tone=Tone.ATTENTION,
        )


def _places(points_lps_mm: np.ndarray) -> str:
    return "; ".join(f"({place_words(place)})" for place in points_lps_mm)


def _way_table(further: FurtherSeeds) -> Table:
    return Table(
        columns=(
            Column(head=say("report.way-seat", "Seed at x, y, z (mm)"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.way-entry", "Through the skin at x, y, z (mm)"), align=Align.RIGHT, share=1.0),
            Column(head=say("report.way-hole", "Hole")),
            Column(head=say("report.way-depth", "Skin to seed (mm)"), align=Align.RIGHT),
            Column(head=say("report.way-slack", "Beyond margin (mm)"), align=Align.RIGHT),
        ),
        rows=tuple(
            (
                place_words(way.seat_lps_mm),
                place_words(way.entry_lps_mm),
                way.label or "–",
                f"{way.depth_mm:.0f}",
                f"{way.slack_mm:.1f}",
            )
            for way in further.ways
        ),
        compact=True,
        caption=say("report.verify-ways", "A needle to each, by the rules the plan was made with."),
    )


def _further_title(further: FurtherSeeds) -> Text:
    count = len(further.positions_lps_mm)
    if further.is_enough:
        return say("report.verify-further", "{n} further seeds would mend it", n=count)
    return say(
        "report.verify-further-part",
        "{n} further seeds would help, short of the planned V100 of {wanted:.1f} %",
        n=count,
        wanted=further.wanted_percent,
    )


def _further_box(further: FurtherSeeds) -> Box:
    reached = (
        say("report.verify-reached", "A needle reaches each (below).")
        if further.ways
        else say("report.verify-places-only", "Places only: whether needles reach them was not asked (--request).")
    )
    return Box(
        title=_further_title(further),
        text=say(
            "report.verify-further-text",
            "V100 from {before:.1f} to {after:.1f} %, D90 from {d90_before:.0f} to {d90_after:.0f} Gy, with seeds of "
            "the same "
            "strength at (x, y, z): {places} mm. {reached} Whether it is wise is for the physician to say.",
            before=further.v100_before_percent,
            after=further.v100_after_percent,
            d90_before=further.d90_before_gy,
            d90_after=further.d90_after_gy,
            places=_places(further.positions_lps_mm),
            reached=reached,
        ),
        tone=Tone.PLAIN,
    )
