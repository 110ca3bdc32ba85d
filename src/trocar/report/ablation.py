"""Reports of an ablation: the plan with its sheet of power and time, and the verified margin with its map."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trocar.geometry.mesh import Mesh
from trocar.geometry.volume import Volume
from trocar.plan.ablation import AblationPlan, PowerStep
from trocar.plan.access import RiskAccount
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.structures import Structure
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
from trocar.report.margin_map import margin_views_picture, unrolled_margin_picture
from trocar.report.mesh_slices import margin_slices_picture
from trocar.report.page_head import hash_words, identity_rows, moment_words, place_words, running_head, tone_of
from trocar.report.pictures import Paper
from trocar.report.verification_pictures import checkerboard_picture
from trocar.results.ablation_margin import AblationMargin, side_words
from trocar.results.findings import Finding
from trocar.results.registration import Registration

OVERLAY_MM = 60.0
"""Half width of the picture by which a registration is judged."""
MADE_FROM = {
    "structures": say("ablation.made-from-structures", "Structures"),
    "margin": say("ablation.made-from-margin", "Margin"),
    "plan": say("ablation.made-from-plan", "Plan"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCase:
    """All that is told about a margin.

    Parameters
    ----------
    image
        Scan on which it is shown.
    lesion
        Name of the tumour.
    margin, zone
        The margin, and the zone's surface in the frame of the scan.
    findings
        What to see.
    registration
        None where all was drawn on one scan, or planned.
    landmark_errors_mm
        Distances at landmarks.
    further
        Structures drawn on the slices: vessels, organ.
    made_by
        Program and version.
    inputs
        What it was made from, name to hash.
    mixed
        Checkerboard of the registered scans; None where there was nothing to register.
    needles
        Applicators of a plan, drawn on the slices.
    origin
        What the margin was taken from, told beside it where there is no interval; None for a measured one.
    """

    image: Image
    lesion: str
    margin: AblationMargin
    zone: Mesh
    findings: tuple[Finding, ...]
    registration: Registration | None
    landmark_errors_mm: tuple[float, ...]
    further: tuple[Structure, ...]
    made_by: str
    inputs: tuple[tuple[str, str], ...]
    mixed: Volume | None = None
    needles: tuple[Needle, ...] = ()
    origin: Text | None = None


PLANNED = say("ablation.margin-planned", "by the zones laid out, not simulated")
SIMULATED = say("ablation.margin-simulated", "simulated in this patient's own tissue")


def verification_report(
    case: MarginCase, *, paper: Paper, made_at: datetime, between: tuple[Block, ...] = ()
) -> Document:
    """Return the report of a verified margin; ``between`` stands before its map."""
    return Document(
        title=say("ablation.report-verify", "Margin of an ablation"),
        subtitle=case.lesion,
        running_head=running_head(case.image.patient, case.lesion, paper=paper),
        blocks=(
            _identity(case, paper),
            _verdict(case),
            Findings(findings=case.findings),
            _slices(case, paper),
            *_number_blocks(case.margin),
            *between,
            *_map_blocks(case, paper),
            *_registration_blocks(case, paper),
            _provenance(case),
            Signatures(
                roles=(say("ablation.role-physician", "Treating physician"), say("ablation.role-checker", "Checked by"))
            ),
        ),
        made_at=made_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """A plan to be printed.

    Parameters
    ----------
    shown
        Its margin as it would be measured.
    plan
        Needles and activations.
    accounts
        Number of the needle to its account.
    zone_rows
        What stands in the catalogue for each kind of zone: size, source.
    cover_text
        How the search ended.
    chance_covered
        Given the placement error.
    placement_error_mm
        That error.
    check
        Blocks on its simulation in the patient's own tissue; none where it was not simulated.
    """

    shown: MarginCase
    plan: AblationPlan
    accounts: dict[int, RiskAccount]
    zone_rows: tuple[tuple[Text, ...], ...]
    cover_text: Text
    chance_covered: float
    placement_error_mm: float
    check: tuple[Block, ...] = ()


def planning_report(case: PlannedCase, *, paper: Paper, made_at: datetime) -> Document:
    """Return the report of a plan, with the sheet of power and time for the room."""
    return Document(
        title=say("ablation.report-plan", "Plan of an ablation"),
        subtitle=case.plan.label,
        running_head=running_head(
            case.shown.image.patient, case.plan.label, hash_words(case.plan.content_hash), paper=paper
        ),
        blocks=(
            _identity(case.shown, paper),
            _verdict(case.shown),
            Findings(findings=case.shown.findings),
            Heading(text=say("ablation.heading-sheet", "Sheet for the room: what, where, how long")),
            _step_table(case.plan),
            Paragraph(text=case.cover_text, small=True),
            Paragraph(text=_robust(case)),
            _needle_table(case.plan, case.accounts),
            _zone_table(case.zone_rows),
            _slices(case.shown, paper),
            *_number_blocks(case.shown.margin),
            *case.check,
            _provenance(case.shown),
            Signatures(
                roles=(
                    say("ablation.role-physician", "Treating physician"),
                    say("ablation.role-operator", "Operator"),
                    say("ablation.role-checker", "Checked by"),
                )
            ),
            *_map_blocks(case.shown, paper),
        ),
        made_at=made_at,
    )


def _robust(case: PlannedCase) -> Text:
    data = {"error": case.placement_error_mm, "percent": 100 * case.chance_covered}
    if case.check:
        return say(
            "ablation.robust-simulated",
            "With needles off by {error:.1f} mm (root mean square, sideways) the tumour lies whole in the simulated "
            "zone with a probability of {percent:.0f} %: each place of it is taken to move with its nearest "
            "applicator; that vessels stay is left out.",
            **data,
        )
    return say(
        "ablation.robust",
        "With needles off by {error:.1f} mm (root mean square, sideways) the tumour lies whole in the zones with a "
        "probability of {percent:.0f} %; the zones are ellipsoids, so tissue and vessels are not counted.",
        **data,
    )


def _identity(case: MarginCase, paper: Paper) -> Facts:
    return Facts(
        rows=(
            *identity_rows(case.image.patient, paper=paper),
            (say("ablation.fact-lesion", "Tumour"), case.lesion),
            (say("ablation.fact-scan", "Scan shown, of"), moment_words(case.image.acquired_at)),
        )
    )


def _spread(case: MarginCase) -> Text:
    interval = case.margin.interval
    if interval is not None:
        return say(
            "ablation.interval", "95 % interval {low:.1f} to {high:.1f} mm", low=interval.low_mm, high=interval.high_mm
        )
    return say("ablation.no-interval", "no interval: errors were not stated") if case.origin is None else case.origin


def _verdict(case: MarginCase) -> Box:
    margin = case.margin
    return Box(
        title=say("ablation.mam", "Minimal ablative margin {mam:+.1f} mm", mam=margin.least_mm),
        text=say(
            "ablation.verdict",
            "{spread}; thinnest at {side}; tumour left uncovered {uncovered:.2f} ml of {lesion:.1f} ml; "
            "{thin:.0f} % of its surface has under 5 mm",
            spread=_spread(case),
            side=side_words(margin.worst_side),
            uncovered=margin.uncovered_ml,
            lesion=margin.lesion_ml,
            thin=margin.percent_under[5.0],
        ),
        tone=tone_of(case.findings),
    )


def _slices(case: MarginCase, paper: Paper) -> Picture:
    picture = margin_slices_picture(
        case.image.volume, case.margin, case.zone, further=case.further, paper=paper, needles=case.needles
    )
    if not case.needles:
        return _picture(picture, "margin-slices", SLICES)
    return _picture(picture, "margin-slices", SLICES_WITH_NEEDLES)


SLICES = say(
    "ablation.caption-slices", "Slices by the thinnest place (ring): tumour solid, zone dashed, wanted margin dotted."
)
SLICES_WITH_NEEDLES = say(
    "ablation.caption-slices-needles",
    "Slices by the thinnest place (ring): tumour solid, zone dashed, wanted margin dotted; of applicators the part "
    "within 4 mm of the slice, with their number.",
)


def _map_blocks(case: MarginCase, paper: Paper) -> tuple[Block, ...]:
    margin = case.margin
    return (
        Heading(text=say("ablation.heading-map", "Margin map")),
        _picture(
            margin_views_picture(margin, paper=paper),
            "margin-views",
            say(
                "ablation.caption-views",
                "The tumour from six sides, coloured by the distance from its surface to the border of the ablation "
                "zone. The "
                "ring marks the thinnest place.",
            ),
        ),
        _picture(
            unrolled_margin_picture(margin, paper=paper),
            "margin-unrolled",
            say(
                "ablation.caption-unrolled",
                "The same surface unrolled like a globe: every direction from the tumour's middle, front in the "
                "middle, head "
                "above. Lines join equal margins.",
            ),
        ),
    )


def _number_blocks(margin: AblationMargin) -> tuple[Block, ...]:
    blocks: tuple[Block, ...] = (
        Heading(text=say("ablation.heading-numbers", "Numbers"), level=2),
        Facts(rows=_numbers(margin)),
    )
    if not margin.patches:
        return blocks
    again = Heading(text=say("ablation.heading-again", "Where to ablate again"), level=2)
    return (*blocks, again, _patch_table(margin))


def _picture(data: bytes, name: str, caption: Text) -> Picture:
    return Picture(data=data, suffix="svg", alternative=caption, caption=caption, name=name)


def _numbers(margin: AblationMargin) -> tuple[tuple[Text, Text], ...]:
    rows: list[tuple[Text, Text]] = [
        (say("ablation.fact-mam", "Minimal margin in the organ (MAM)"), f"{margin.least_mm:+.1f} mm"),
        (say("ablation.fact-mam-any", "Minimal margin, capsule included"), f"{margin.least_any_mm:+.1f} mm"),
        (say("ablation.fact-wanted", "Margin aimed at"), f"{margin.wanted_mm:.1f} mm"),
        *(
            (say("ablation.fact-under", "Surface with under {level:g} mm", level=level), f"{percent:.0f} %")
            for level, percent in margin.percent_under.items()
        ),
        (say("ablation.fact-lesion-volume", "Tumour"), f"{margin.lesion_ml:.1f} ml"),
        (say("ablation.fact-zone-volume", "Ablation zone"), f"{margin.zone_ml:.1f} ml"),
        (say("ablation.fact-uncovered", "Tumour left uncovered"), f"{margin.uncovered_ml:.2f} ml"),
        (
            say("ablation.fact-uncovered-margin", "Tumour and wanted margin left uncovered"),
            f"{margin.uncovered_with_margin_ml:.2f} ml",
        ),
        (
            say("ablation.fact-capsule-covered", "On the capsule, covered"),
            f"{margin.capsule_covered_mm2 / 100:.1f} cm²",
        ),
        (
            say("ablation.fact-capsule-uncovered", "On the capsule, uncovered"),
            f"{margin.capsule_uncovered_mm2 / 100:.1f} cm²",
        ),
    ]
    if margin.interval is not None:
        rows += [
            (
                say("ablation.fact-chance", "Probability of at least {level:g} mm", level=level),
                f"{100 * chance:.0f} %",
            )
            for level, chance in margin.interval.chance_at_least.items()
        ]
    return tuple(rows)


def _patch_table(margin: AblationMargin) -> Table:
    columns = (
        Column(head=say("ablation.column-side", "side")),
        Column(head=say("ablation.column-least", "least margin, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-area", "tumour surface, cm²"), align=Align.RIGHT),
        Column(head=say("ablation.column-aim", "aim at (x, y, z), mm"), align=Align.RIGHT),
    )
    rows = tuple(
        (
            side_words(patch.side),
            f"{patch.least_mm:+.1f}",
            f"{patch.area_mm2 / 100:.1f}",
            place_words(patch.aim_lps_mm),
        )
        for patch in margin.patches[:8]
    )
    return Table(columns=columns, rows=rows)


def _registration_blocks(case: MarginCase, paper: Paper) -> tuple[Block, ...]:
    registration = case.registration
    if registration is None:
        return ()
    misses = case.landmark_errors_mm
    told = "—" if not misses else f"{np.sqrt(np.mean(np.square(misses))):.1f} mm (n = {len(misses)})"
    overlay = () if case.mixed is None else (_overlay(case, case.mixed, paper),)
    return (
        Heading(text=say("ablation.heading-registration", "Registration"), level=2),
        Facts(
            rows=(
                (say("ablation.fact-motion", "What may move"), _motion(registration)),
                (
                    say("ablation.fact-likeness", "Likeness before, after"),
                    f"{registration.likeness_before:.2f}, {registration.likeness_after:.2f}",
                ),
                (say("ablation.fact-tre", "Error at landmarks (root mean square)"), told),
                (say("ablation.fact-jacobian", "Least volume ratio"), f"{registration.least_jacobian:.2f}"),
            )
        ),
        *overlay,
    )


def _overlay(case: MarginCase, mixed: Volume, paper: Paper) -> Picture:
    places = np.asarray(case.margin.surface.vertices_lps_mm)
    return _picture(
        checkerboard_picture(mixed, places, half_mm=OVERLAY_MM, paper=paper),
        "margin-overlay",
        say(
            "ablation.caption-overlay",
            "Tiles from the scan before and the scan after in turn, about the tumour: edges of the organ and its "
            "vessels must run on across tiles; the zone itself looks otherwise.",
        ),
    )


def _motion(registration: Registration) -> Text:
    if registration.displacement is None:
        return say("ablation.motion-rigid", "rigid, around the tumour")
    return say("ablation.motion-deformable", "deformable")


def _provenance(case: MarginCase) -> Facts:
    rows: list[tuple[Text, Text]] = [(say("ablation.fact-made-by", "Made by"), case.made_by)]
    rows += [(MADE_FROM.get(name, name), value[:16]) for name, value in case.inputs]
    return Facts(rows=tuple(rows))


def _step_table(plan: AblationPlan) -> Table:
    columns = (
        Column(head=say("ablation.column-start", "start, min"), align=Align.RIGHT),
        Column(head=say("ablation.column-needle", "needle"), align=Align.RIGHT),
        Column(head=say("ablation.column-back", "drawn back, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-what", "what")),
        Column(head=say("ablation.column-setting", "setting"), align=Align.RIGHT),
        Column(head=say("ablation.column-time", "time, min"), align=Align.RIGHT),
    )
    rows: list[tuple[Text, ...]] = []
    for activation in plan.activations:
        begin = activation.start_s
        for step in activation.schedule.steps:
            rows.append(
                (
                    f"{begin / 60:.1f}",
                    str(activation.applicator),
                    f"{activation.pulled_back_mm:.0f}",
                    CONTROLS[step.control.name],
                    _setting(step),
                    f"{step.duration_s / 60:.1f}",
                )
            )
            begin += step.duration_s
    return Table(columns=columns, rows=tuple(rows))


CONTROLS = {
    "POWER": say("ablation.control-power", "constant power"),
    "IMPEDANCE": say("ablation.control-impedance", "power by impedance"),
    "TEMPERATURE": say("ablation.control-temperature", "held temperature"),
    "FREEZE": say("ablation.control-freeze", "freeze"),
    "THAW": say("ablation.control-thaw", "thaw"),
    "PAUSE": say("ablation.control-pause", "pause"),
}


def _setting(step: PowerStep) -> Text:
    if step.flow_percent is not None:
        return f"{step.flow_percent:.0f} %"
    if step.temperature_k is not None:
        return f"{step.temperature_k - 273.15:.0f} °C"
    return say("ablation.generator-decides", "generator") if step.power_w is None else f"{step.power_w:.0f} W"


def _needle_table(plan: AblationPlan, accounts: dict[int, RiskAccount]) -> Table:
    columns = (
        Column(head=say("ablation.column-needle", "needle"), align=Align.RIGHT),
        Column(head=say("ablation.column-model", "model")),
        Column(head=say("ablation.column-entry", "skin (x, y, z), mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-tip", "tip (x, y, z), mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-depth", "depth, mm"), align=Align.RIGHT),
        Column(head=say("ablation.column-tightest", "nearest obstacle, beyond its margin")),
    )
    rows = []
    for each in plan.applicators:
        account = accounts.get(each.number)
        near: Text = (
            "—" if account is None or not account.tightest else f"{account.tightest} +{account.slack_mm:.0f} mm"
        )
        rows.append(
            (
                str(each.number),
                each.model.split("/")[1],
                place_words(each.needle.entry_lps_mm),
                place_words(each.needle.tip_lps_mm),
                f"{each.needle.length_mm:.0f}",
                near,
            )
        )
    return Table(columns=columns, rows=tuple(rows))


def _zone_table(rows: tuple[tuple[Text, ...], ...]) -> Table:
    columns = (
        Column(head=say("ablation.column-zone", "zone counted on, mm (long × short)")),
        Column(head=say("ablation.column-evidence", "evidence")),
        Column(head=say("ablation.column-reading", "how read")),
        Column(head=say("ablation.column-source", "source"), share=3.0),
    )
    return Table(columns=columns, rows=rows)
