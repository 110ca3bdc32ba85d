"""What a plan's simulation shows in its report: the rounds of planning, temperature, and the models of death."""

from trocar.plan.ablation import AblationPlan
from trocar.report.document import Align, Block, Column, Heading, Paragraph, Table, Text, say
from trocar.report.pictures import Paper
from trocar.report.temperature_film import heat_blocks
from trocar.results.ablation_margin import AblationMargin, side_words
from trocar.results.ablation_outcome import AblationOutcome, PlanningRound


def checked_blocks(
    plan: AblationPlan,
    outcome: AblationOutcome,
    margin: AblationMargin,
    *,
    planned: AblationMargin,
    rounds: tuple[PlanningRound, ...],
    paper: Paper,
) -> tuple[Block, ...]:
    """Return the blocks on the simulation of a plan.

    Parameters
    ----------
    plan
        As it stands.
    outcome, margin
        Of its last simulation.
    planned
        Margin of the zones by which it was laid out.
    rounds
        One a simulation.
    paper
        To draw on.
    """
    return (
        Heading(text=say("ablation.heading-check", "Checked in this patient's own tissue")),
        Paragraph(text=_how_zones_join(plan, planned, outcome)),
        _rounds_table(rounds, margin),
        *heat_blocks(outcome, margin, paper=paper),
    )


def _how_zones_join(plan: AblationPlan, planned: AblationMargin, outcome: AblationOutcome) -> Text:
    data = {"union": planned.zone_ml, "mam": planned.least_mm, "zone": outcome.zone.volume_cc}
    if len(plan.activations) == 1:
        return say(
            "ablation.one-zone",
            "The zone laid out holds {union:.1f} ml (margin {mam:+.1f} mm), the simulated one {zone:.1f} ml.",
            **data,
        )
    starts = [each.start_s for each in plan.activations]
    if len(set(starts)) < len(starts):
        return say(
            "ablation.zones-together",
            "Laid out, the zones simply add up: their union holds {union:.1f} ml (margin {mam:+.1f} mm). Applicators "
            "that act together heat the tissue between them as well; the simulation counts that: {zone:.1f} ml.",
            **data,
        )
    return say(
        "ablation.zones-in-turn",
        "Laid out, the zones simply add up: their union holds {union:.1f} ml (margin {mam:+.1f} mm). Acting in turn "
        "each starts in tissue that the one before has warmed and cut off from blood; the simulation counts that: "
        "{zone:.1f} ml.",
        **data,
    )


def _rounds_table(rounds: tuple[PlanningRound, ...], margin: AblationMargin) -> Table:
    columns = (
        Column(head=say("ablation.column-round", "simulation"), align=Align.RIGHT),
        Column(head=say("ablation.column-setting", "setting"), align=Align.RIGHT),
        Column(head=say("ablation.column-time", "time, min"), align=Align.RIGHT),
        Column(head=say("ablation.column-insertions", "insertions"), align=Align.RIGHT),
        Column(head=say("ablation.column-activations", "activations"), align=Align.RIGHT),
        Column(head=say("ablation.column-volume", "zone, ml"), align=Align.RIGHT),
        Column(head=say("ablation.column-least", "least margin, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-side", "side")),
        Column(head=say("ablation.column-choice", "choice")),
    )
    rows: list[tuple[Text, ...]] = [
        (
            str(number),
            say("ablation.generator-decides", "generator") if each.power_w is None else f"{each.power_w:.0f} W",
            f"{each.duration_s / 60:.1f}",
            str(each.insertions),
            str(each.activations),
            f"{each.zone_ml:.1f}",
            f"{each.least_mm:+.1f}",
            side_words(each.side),
            say("ablation.model-chosen", "chosen") if each.least_mm == margin.least_mm else "",
        )
        for number, each in enumerate(rounds, start=1)
    ]
    return Table(columns=columns, rows=tuple(rows))
