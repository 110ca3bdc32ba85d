"""Sources and dose points of a checked plan, row by row."""

import numpy as np

from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.report.document import Align, Column, Table, Text, say
from trocar.results.plan_check import PlanCheck

SECONDS_SHOWN = 0.05
"""A dwell shorter than this is a pass, not a stop; it is not listed."""

Plan = ImplantPlan | AfterloadingPlan


def implant_rows(plan: ImplantPlan) -> list[tuple[Text, Text]]:
    """Return the facts of an implant: seeds, strengths, day."""
    strengths = np.array([seed.strength.s_k_u for seed in plan.seeds])
    low, high = strengths.min(), strengths.max()
    each = f"{low:.4g} U" if high - low < 1e-6 * high else f"{low:.4g} – {high:.4g} U"
    references = {seed.strength.reference_at for seed in plan.seeds}
    models = ", ".join(dict.fromkeys(seed.source_model for seed in plan.seeds))
    return [
        (say("report.fact-seeds", "Seeds"), f"{len(plan.seeds)} × {models}"),
        (
            say("report.fact-strength", "Air-kerma strength"),
            say(
                "report.strength-on",
                "{each} each on {date}",
                each=each,
                date=", ".join(sorted(f"{at:%Y-%m-%d}" for at in references)[:2])
                + (" …" if len(references) > 2 else ""),
            ),
        ),
        (say("report.fact-total-strength", "Total strength"), f"{strengths.sum():.4g} U"),
        (say("report.fact-implanted", "Implanted at"), f"{plan.implant_at:%Y-%m-%d %H:%M}"),
    ]


def afterloading_rows(plan: AfterloadingPlan) -> list[tuple[Text, Text]]:
    """Return the facts of an afterloading plan: source, channels, time, fractions."""
    stops = [dwell for dwell in plan.dwells if dwell.time_s >= SECONDS_SHOWN]
    total = sum(dwell.time_s for dwell in plan.dwells)
    return [
        (say("report.fact-source", "Source"), plan.source_model),
        (
            say("report.fact-strength", "Air-kerma strength"),
            say(
                "report.strength-of-source",
                "{strength} U on {date}",
                strength=f"{plan.strength.s_k_u:.6g}",
                date=f"{plan.strength.reference_at:%Y-%m-%d %H:%M}",
            ),
        ),
        (say("report.fact-channels", "Channels, dwells"), f"{len(plan.channels)}, {len(stops)}"),
        (say("report.fact-total-time", "Total time a fraction"), f"{total:.1f} s"),
        (say("report.fact-fractions", "Fractions"), str(plan.fractions)),
    ]


def difference(recomputed: float, stored: float | None, unit: str) -> str:
    """Return the difference: of doses in percent of the recomputed one, of volumes in percentage points."""
    if stored is None or not (np.isfinite(recomputed) and np.isfinite(stored)) or recomputed == 0:
        return "—"
    return f"{stored - recomputed:+.1f}" if unit == "%" else f"{100.0 * (stored / recomputed - 1.0):+.2f} %"


def point_table(check: PlanCheck) -> Table:
    """Return the points at which a plan states a dose, with the recomputed one."""
    columns = (
        Column(head=say("report.column-point", "Dose point"), share=2),
        Column(head="x, y, z (mm)", share=2),
        Column(head=say("report.column-stated", "Stated (Gy)"), align=Align.RIGHT, share=1),
        Column(head=say("report.column-recomputed-gy", "Recomputed (Gy)"), align=Align.RIGHT, share=1),
        Column(head=say("report.column-difference", "Difference"), align=Align.RIGHT, share=1),
    )
    rows = tuple(
        (
            point.name,
            ", ".join(f"{value:.1f}" for value in point.position_lps_mm),
            f"{point.stated_gy:.4g}",
            f"{point.recomputed_gy:.4g}",
            difference(point.recomputed_gy, point.stated_gy, "Gy"),
        )
        for point in check.points
    )
    return Table(
        columns=columns, rows=rows, caption=say("report.point-table", "Points at which the plan states a dose")
    )


def source_table(plan: Plan) -> Table:
    """Return every seed, or every dwell of one fraction, with its place."""
    if isinstance(plan, ImplantPlan):
        return _seed_table(plan)
    columns = (
        *_place_columns(say("report.column-channel", "Channel")),
        Column(head=say("report.column-time", "Time (s)"), align=Align.RIGHT, share=1),
    )
    rows = tuple(
        (f"{channel.number}", *_place(dwell.position_lps_mm, dwell.axis_lps), f"{dwell.time_s:.1f}")
        for channel in plan.channels
        for dwell in channel.dwells
        if dwell.time_s >= SECONDS_SHOWN
    )
    return Table(columns=columns, rows=rows, caption=say("report.dwell-table", "Dwells of one fraction"), compact=True)


def _seed_table(plan: ImplantPlan) -> Table:
    columns = (
        *_place_columns(say("report.column-seed", "Seed")),
        Column(head=say("report.column-needle", "Needle"), align=Align.RIGHT, share=0.8),
        Column(head="S_K (U)", align=Align.RIGHT, share=1),
    )
    rows = tuple(
        (
            f"{number}",
            *_place(seed.position_lps_mm, seed.axis_lps),
            "—" if seed.needle is None else str(seed.needle),
            f"{seed.strength.s_k_u:.4g}",
        )
        for number, seed in enumerate(plan.seeds, start=1)
    )
    return Table(columns=columns, rows=rows, caption=say("report.seed-table", "Seeds"), compact=True)


def _place_columns(first: Text) -> tuple[Column, ...]:
    return (
        Column(head=first, align=Align.RIGHT, share=0.8),
        *(Column(head=f"{axis} (mm)", align=Align.RIGHT, share=1) for axis in "xyz"),
        Column(head=say("report.column-direction", "Direction"), align=Align.RIGHT, share=2),
    )


def _place(position_lps_mm: np.ndarray, axis_lps: np.ndarray | None) -> tuple[str, str, str, str]:
    x, y, z = (f"{value:.2f}" for value in position_lps_mm)
    direction = "—" if axis_lps is None else ", ".join(f"{value:z.2f}" for value in axis_lps)
    return x, y, z, direction
