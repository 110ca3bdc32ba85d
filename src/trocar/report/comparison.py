"""Blocks of a report that lay two doses side by side and say why they differ."""

from collections.abc import Iterator

import numpy as np

from trocar.report.document import Align, Block, Column, Heading, Paragraph, Picture, Table, Text, say
from trocar.report.pictures import Paper, shares_picture, spread_picture
from trocar.report.plan_check_pictures import Shown, difference_map, gamma_picture
from trocar.results.plan_check import Comparison, Explanation, Spread

TRIALS_SHOWN = 12


def comparison_blocks(shown: Shown, comparison: Comparison, *, paper: Paper) -> Iterator[Block]:
    """Yield the point-by-point comparison: table by dose, spread, map."""
    yield Heading(text=say("report.heading-comparison", "Point-by-point comparison"))
    yield _band_table(comparison)
    if comparison.gamma_pass_share is not None:
        yield Paragraph(
            text=say(
                "report.gamma-words",
                "Gamma index {criteria}: {share:.1f} % of the compared points at most 1.",
                criteria=comparison.gamma_criteria,
                share=100.0 * comparison.gamma_pass_share,
            )
        )
    yield Picture(
        data=spread_picture(comparison, paper=paper),
        suffix="svg",
        name="differences",
        alternative=say("report.alt-spread", "Histogram of local differences, and their dependence on distance."),
        caption=say(
            "report.caption-spread",
            "Left: share of points by local difference; shaded: tolerance. Right: median and 5th to 95th percentile "
            "against the distance to the nearest source.",
        ),
    )
    yield Picture(
        data=difference_map(shown, comparison, paper=paper),
        suffix="svg",
        name="difference-map",
        alternative=say("report.alt-map", "Local difference of the two doses in colour on axial slices."),
        caption=say("report.caption-map", "Local difference on axial slices. Grey: below the threshold, not compared."),
    )
    if shown.gamma is not None:
        yield Picture(
            data=gamma_picture(shown, shown.gamma, paper=paper),
            suffix="svg",
            name="gamma-map",
            alternative=say("report.alt-gamma", "Gamma index in colour on axial slices."),
            caption=say("report.caption-gamma", "Gamma index on axial slices; at most 1 passes. Grey: not compared."),
        )


def _band_table(comparison: Comparison) -> Table:
    columns = (
        Column(head=say("report.column-band", "Recomputed dose"), share=1.6),
        Column(head=say("report.column-points", "Points"), align=Align.RIGHT, share=1),
        Column(head=say("report.column-median", "Median"), align=Align.RIGHT, share=1),
        Column(head=say("report.column-mean-absolute", "Mean absolute"), align=Align.RIGHT, share=1.1),
        Column(head=say("report.column-5-95", "5th to 95th percentile"), align=Align.RIGHT, share=1.6),
        Column(head=say("report.column-within", "Within tolerance"), align=Align.RIGHT, share=1.1),
    )
    rows: list[tuple[Text, ...]] = [(say("report.all-points", "all compared"), *_spread_cells(comparison.overall))]
    for band in comparison.bands:
        if band.spread.points:
            rows.append((_band_words(band.from_gy, band.to_gy), *_spread_cells(band.spread)))
    caption = say(
        "report.band-table",
        "Local difference (stored − recomputed) / recomputed; tolerance {tolerance:g} %",
        tolerance=comparison.overall.tolerance_percent,
    )
    return Table(columns=columns, rows=tuple(rows), caption=caption, strong_rows=(0,))


def _band_words(from_gy: float, to_gy: float) -> str:
    return f"{from_gy:.3g} – {to_gy:.3g} Gy" if np.isfinite(to_gy) else f"≥ {from_gy:.3g} Gy"


def _spread_cells(spread: Spread) -> tuple[str, str, str, str, str]:
    return (
        f"{spread.points}",
        f"{spread.median_percent:+.2f} %",
        f"{spread.mean_absolute_percent:.2f} %",
        f"{spread.p05_percent:+.1f} … {spread.p95_percent:+.1f} %",
        f"{100.0 * spread.within_share:.1f} %",
    )


def explanation_blocks(explanation: Explanation, *, paper: Paper) -> Iterator[Block]:
    """Yield what explains the difference: the account, and every supposition that was tried."""
    yield Heading(text=say("report.heading-explanation", "What explains the difference"))
    yield Paragraph(
        text=say(
            "report.explanation-words",
            "Mean absolute local difference at a sample of the compared points: {before:.2f} %; under the causes "
            "accepted together {after:.2f} %; rounding of the stored numbers alone {rounding:.2f} %.",
            before=explanation.misfit_percent,
            after=explanation.remaining_percent,
            rounding=explanation.rounding_percent,
        )
    )
    if explanation.account:
        yield _account_table(explanation)
    else:
        yield Paragraph(text=say("report.no-cause", "No supposition explains enough to be accepted."))
    if any(trial.share > 0 for trial in explanation.trials):
        yield Picture(
            data=shares_picture(explanation, most=TRIALS_SHOWN, paper=paper),
            suffix="svg",
            name="explanation",
            alternative=say("report.alt-shares", "Bars: the share of the difference each supposition explains alone."),
            caption=say(
                "report.caption-shares",
                "Each supposition computed alone; shares do not add up. Dark: accepted. {n} suppositions were tried.",
                n=len(explanation.trials),
            ),
        )


def _account_table(explanation: Explanation) -> Table:
    columns = (
        Column(head=say("report.column-cause", "Cause accepted, in order"), share=5),
        Column(head=say("report.column-share", "Share"), align=Align.RIGHT, share=0.8),
        Column(head=say("report.column-left", "Mean difference left"), align=Align.RIGHT, share=1.4),
    )
    rows = tuple(
        (trial.message, f"{100.0 * trial.share:.0f} %", f"{trial.misfit_percent:.2f} %")
        for trial in explanation.account
    )
    return Table(columns=columns, rows=rows)
