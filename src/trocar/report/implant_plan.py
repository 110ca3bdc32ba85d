"""The report of a permanent implant plan, and the loading sheet that goes to the theatre."""

from dataclasses import dataclass
from datetime import datetime

from trocar.catalogue.sources import Source, load_source
from trocar.plan.access import RiskAccount
from trocar.plan.goals import Achievement, Priority
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.plan.structures import spoken_name
from trocar.report.consequences import biology_blocks, robustness_blocks
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
    Tone,
    in_language,
    say,
)
from trocar.report.page_head import identity_rows, moment_words, place_words, plan_running_head
from trocar.report.pictures import Paper
from trocar.report.seed_map import LoadedNeedle, loaded_needles, seed_map_picture
from trocar.results.biology import BiologicalDose
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding
from trocar.results.indices import Estimate, ImplantIndices
from trocar.results.provenance import Provenance
from trocar.results.robustness import Robustness

MANY_NEEDLES, NEEDLES_A_PAGE = 16, 28

Kind = tuple[str, float, datetime]
"""Seeds of one model with one certificate: model, air-kerma strength in U, and its date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDossier:
    """All that a plan report tells.

    Parameters
    ----------
    plan
        With needles.
    source
        Model of the seeds.
    seed_length_mm
        Of a capsule.
    strength_at_implant_u
        Certified kind of seed (model, S_K, date) to S_K on the implant day.
    accounts
        Needle number to what lies along its way.
    achievements
        Goals and what came of them.
    indices
        Of the target.
    histograms
        Of all structures, the target first.
    robustness
        What becomes of the plan when it is not carried out exactly; None where it was not computed.
    assumed
        What was taken to happen there, a sentence each.
    biology
        Biologically effective doses; empty where they were not computed.
    findings
        All, the severest first.
    made_by
        Who or what made the plan.
    provenance
        Of the dose.
    """

    plan: ImplantPlan
    source: Source
    seed_length_mm: float
    strength_at_implant_u: dict[Kind, float]
    accounts: dict[int, RiskAccount]
    achievements: tuple[Achievement, ...]
    indices: ImplantIndices
    histograms: tuple[Dvh, ...]
    robustness: Robustness | None
    assumed: tuple[Text, ...]
    biology: tuple[BiologicalDose, ...]
    findings: tuple[Finding, ...]
    made_by: Text
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPictures:
    """Pictures of a plan, drawn beforehand as SVG."""

    slices: bytes
    space: bytes
    dvh: bytes


def plan_report(dossier: PlanDossier, pictures: PlanPictures, *, paper: Paper, made_at: datetime) -> Document:
    """Return the plan report.

    Parameters
    ----------
    dossier
        What it tells.
    pictures
        What it shows.
    paper
        Language and fonts of the pictures drawn here.
    made_at
        Printed as the time of making.
    """
    plan = dossier.plan
    needles = loaded_needles(plan)
    kinds = _kinds(plan)
    blocks: list[Block] = [
        Facts(rows=_head_rows(dossier, paper)),
        _verdict(dossier),
        Heading(text=say("report.plan-goals", "Goals")),
        *_goal_blocks(dossier.achievements),
        Heading(text=say("report.plan-target", "The target")),
        Facts(rows=_index_rows(dossier.indices)),
        Picture(
            data=pictures.dvh,
            suffix="svg",
            alternative=say("report.plan-dvh-alternative", "Cumulative dose–volume histograms of all structures."),
            caption=say("report.plan-dvh-caption", "Dose–volume histograms, total dose to complete decay."),
            name="dvh",
        ),
        Heading(text=say("report.plan-slices", "Dose on the images"), new_page=True),
        Picture(
            data=pictures.slices,
            suffix="svg",
            alternative=say("report.plan-slices-alternative", "Slices with isodose lines, outlines and seeds."),
            caption=say("report.plan-slices-caption", "Isodose lines, outlines and seed centres (white dots)."),
            name="slices",
        ),
        Heading(text=say("report.plan-needles", "Needles")),
        _needle_table(needles, kinds),
        _way_table(needles, dossier.accounts, paper),
        Picture(
            data=pictures.space,
            suffix="svg",
            alternative=say("report.plan-space-alternative", "Needles, seeds and outlines in space."),
            caption=say("report.plan-space-caption", "Needles from skin to tip, seeds, and the outlines they pass."),
            name="needles",
        ),
        Heading(text=say("report.plan-map", "Seeds in the needles")),
        *_map_blocks(needles, dossier, paper),
    ]
    if dossier.robustness is not None:
        blocks += robustness_blocks(dossier.robustness, dossier.assumed, paper=paper)
    if dossier.biology:
        blocks += biology_blocks(dossier.biology, language=paper.language)
    blocks += [
        Heading(text=say("report.plan-findings", "Findings")),
        Findings(findings=dossier.findings),
        Heading(text=say("report.plan-provenance", "Where the numbers come from")),
        Facts(rows=_provenance_rows(dossier), columns=1),
        Signatures(
            roles=(
                say("report.role-attending", "Attending physician"),
                say("report.role-implanting", "Implanting physician"),
                say("report.role-physicist", "Medical physicist"),
            )
        ),
    ]
    return Document(
        title=say("report.plan-title", "Plan of a permanent seed implant"),
        subtitle=plan.label,
        running_head=plan_running_head(plan, paper=paper),
        blocks=tuple(blocks),
        made_at=made_at,
    )


def loading_sheet(dossier: PlanDossier, *, paper: Paper, made_at: datetime) -> Document:
    """Return the one sheet for the theatre: which needle, which hole, how deep, which seeds."""
    plan = dossier.plan
    needles = loaded_needles(plan)
    used = [needle for needle in needles if needle.seeds]
    return Document(
        title=say("report.loading-title", "Loading sheet"),
        subtitle=plan.label,
        running_head=plan_running_head(plan, paper=paper),
        blocks=(
            Facts(rows=_head_rows(dossier, paper)),
            Box(
                title=say(
                    "report.loading-count",
                    "{seeds} seeds in {needles} needles",
                    seeds=len(plan.seeds),
                    needles=len(used),
                ),
                text=say(
                    "report.loading-count-text",
                    "Count the seeds before loading, after loading and after the implant. "
                    "Depth is from the skin to the tip.",
                ),
            ),
            _needle_table(tuple(used), _kinds(plan)),
            *_map_blocks(tuple(used), dossier, paper),
            Table(
                columns=tuple(
                    Column(head=head, share=1.0)
                    for head in (
                        say("report.loading-stage", "Stage"),
                        say("report.loading-counted", "Seeds counted"),
                        say("report.loading-time", "Time"),
                        say("report.loading-two", "Two persons"),
                    )
                ),
                rows=tuple(
                    (stage, "", "", "")
                    for stage in (
                        say("report.loading-received", "Received from store"),
                        say("report.loading-loaded", "Loaded"),
                        say("report.loading-implanted", "Implanted"),
                        say("report.loading-left", "Left over, returned to store"),
                    )
                ),
            ),
        ),
        made_at=made_at,
    )


def _head_rows(dossier: PlanDossier, paper: Paper) -> tuple[tuple[Text, Text], ...]:
    plan, source = dossier.plan, dossier.source
    strengths = _strength_words(dossier)
    dose = f"{plan.prescription.dose_gy:g} Gy" if plan.prescription else say("report.not-stated", "not stated")
    target = plan.prescription.target if plan.prescription else ""
    return (
        *identity_rows(plan.patient, paper=paper),
        (say("report.plan-prescription", "Prescription"), dose),
        (say("report.plan-target-name", "Target"), target),
        (say("report.plan-source", "Seeds"), f"{source.nuclide.name} {source.model}"),
        (say("report.plan-strength", "Strength on the implant day"), strengths),
        (say("report.plan-implant-at", "Implant"), moment_words(plan.implant_at)),
        (say("report.plan-count", "Seeds / needles"), f"{len(plan.seeds)} / {_needles_used(plan)}"),
        (say("report.plan-made-by", "Plan made by"), dossier.made_by),
        (say("report.plan-hash", "Plan hash"), plan.content_hash[:16]),
    )


def _strength_words(dossier: PlanDossier) -> str:
    """Return the strengths on the implant day, with letter and number of seeds where there are several kinds."""
    kinds = _kinds(dossier.plan)
    if not kinds:
        return _strength_of(_kind(dossier.plan.seeds[0]), dossier)
    letters = [_letter(seed, kinds) for seed in dossier.plan.seeds]
    certified = {letter: kind for kind, letter in kinds.items()}
    return "; ".join(
        f"{letter}: {letters.count(letter)} × {_strength_of(certified[letter], dossier)}" for letter in certified
    )


def _strength_of(kind: Kind, dossier: PlanDossier) -> str:
    """Return air-kerma strength on the implant day, and the apparent activity where the source model states one."""
    s_k_u, u_per_mci = dossier.strength_at_implant_u[kind], load_source(kind[0]).u_per_mci
    return f"{s_k_u:.3f} U" + (f" ({s_k_u / u_per_mci:.3f} mCi)" if u_per_mci is not None else "")


def _needles_used(plan: ImplantPlan) -> int:
    return len({seed.needle for seed in plan.seeds if seed.needle is not None})


def _verdict(dossier: PlanDossier) -> Box:
    missed = [each for each in dossier.achievements if not each.is_met]
    required = [each for each in missed if each.goal.priority is Priority.MUST]
    if required:
        return Box(
            title=say("report.plan-missed", "Required goals missed: {n}", n=len(required)),
            text="; ".join(each.goal.text for each in required),
            tone=Tone.ACTION,
        )
    if missed:
        return Box(
            title=say("report.plan-wishes-missed", "All required goals are met; wishes missed: {n}", n=len(missed)),
            text="; ".join(each.goal.text for each in missed),
            tone=Tone.ATTENTION,
        )
    return Box(
        title=say("report.plan-all-met", "All goals are met"),
        text=say("report.plan-all-met-text", "{n} goals were judged.", n=len(dossier.achievements)),
        tone=Tone.GOOD,
    )


def _goal_blocks(achievements: tuple[Achievement, ...]) -> tuple[Block, ...]:
    """Return the table of goals, and beneath it the sources it numbers."""
    sources = list(dict.fromkeys(each.goal.reference for each in achievements))
    notes = "  ".join(f"[{number}] {source}" for number, source in enumerate(sources, start=1))
    return _goal_table(achievements, sources), Paragraph(text=notes, small=True)


def _goal_table(achievements: tuple[Achievement, ...], sources: list[str]) -> Table:
    met, missed = say("report.goal-met", "met"), say("report.goal-missed", "missed")
    rows = tuple(
        (
            each.goal.structure,
            each.goal.metric.text,
            f"{each.goal.comparison.value} {each.goal.limit:g} {each.goal.limit_unit.value}",
            f"{each.value:.1f} {each.goal.limit_unit.value}",
            met if each.is_met else missed,
            f"[{sources.index(each.goal.reference) + 1}] {each.goal.key.rsplit('#', 1)[-1]}",
        )
        for each in achievements
    )
    return Table(
        columns=(
            Column(head=say("report.goal-structure", "Structure")),
            Column(head=say("report.goal-metric", "Quantity")),
            Column(head=say("report.goal-limit", "Limit"), align=Align.RIGHT),
            Column(head=say("report.goal-value", "Plan"), align=Align.RIGHT),
            Column(head=say("report.goal-verdict", "Verdict")),
            Column(head=say("report.goal-source", "Source"), share=1.0),
        ),
        rows=rows,
        strong_rows=tuple(n for n, each in enumerate(achievements) if not each.is_met),
    )


def _index_rows(indices: ImplantIndices) -> tuple[tuple[Text, Text], ...]:
    shown: tuple[tuple[str, Estimate | None, str], ...] = (
        ("D90", indices.d90_gy, "Gy"),
        ("D100", indices.d100_gy, "Gy"),
        ("V100", indices.v100_percent, "%"),
        ("V150", indices.v150_percent, "%"),
        ("V200", indices.v200_percent, "%"),
        ("CI", indices.ci, ""),
        ("EI", indices.ei, ""),
        ("HI", indices.hi, ""),
    )
    return tuple((name, f"{estimate} {unit}".strip()) for name, estimate, unit in shown if estimate is not None)


def _kinds(plan: ImplantPlan) -> dict[Kind, str]:
    """Return a letter for each kind of seed of a plan, strongest certificate first; empty where all are alike."""
    found = {_kind(seed) for seed in plan.seeds}
    if len(found) == 1:
        return {}
    ordered = sorted(found, key=lambda kind: (kind[0], -kind[1], kind[2]))
    return {kind: chr(ord("A") + n) for n, kind in enumerate(ordered)}


def _letter(seed: Seed, kinds: dict[Kind, str]) -> str:
    return kinds.get(_kind(seed), "")


def _kind(seed: Seed) -> Kind:
    return seed.source_model, seed.strength.s_k_u, seed.strength.reference_at


def _needle_table(needles: tuple[LoadedNeedle, ...], kinds: dict[Kind, str]) -> Table:
    rows = tuple(
        (
            str(each.needle.number),
            each.needle.label or "–",
            place_words(each.needle.entry_lps_mm),
            place_words(each.needle.tip_lps_mm),
            f"{each.needle.length_mm:.1f}",
            str(len(each.seeds)),
            "  ".join(
                f"{place:.1f}{_letter(seed, kinds)}" for seed, place in zip(each.seeds, each.from_tip_mm, strict=True)
            )
            or "–",
        )
        for each in needles
    )
    return Table(
        columns=(
            Column(head=say("report.needle-number", "No."), align=Align.RIGHT),
            Column(head=say("report.needle-hole", "Hole")),
            Column(head=say("report.needle-entry", "Entry x, y, z (mm)"), align=Align.RIGHT),
            Column(head=say("report.needle-tip", "Tip x, y, z (mm)"), align=Align.RIGHT),
            Column(head=say("report.needle-depth", "Depth (mm)"), align=Align.RIGHT),
            Column(head=say("report.needle-seeds", "Seeds"), align=Align.RIGHT),
            Column(head=say("report.needle-from-tip", "Seed centres from the tip (mm)"), share=1.0),
        ),
        rows=rows,
        caption=say("report.needle-caption", "Needles; coordinates are DICOM LPS."),
        compact=len(needles) > MANY_NEEDLES,
    )


def _way_table(needles: tuple[LoadedNeedle, ...], accounts: dict[int, RiskAccount], paper: Paper) -> Table:
    rows = []
    for each in needles:
        account = accounts.get(each.needle.number)
        if account is not None:
            nearest = "  ".join(
                f"{in_language(spoken_name(name), paper.language)} {clearance:.1f}"
                for name, clearance in sorted(account.clearance_mm.items(), key=lambda i: i[1])[:2]
            )
            rows.append(
                (
                    str(each.needle.number),
                    f"{account.skin_angle_deg:.0f}",
                    f"{account.axial_tilt_deg:.0f}",
                    f"{account.in_target_mm:.1f}",
                    f"{account.slack_mm:.1f}" if account.tightest else "–",
                    nearest or "–",
                )
            )
    return Table(
        columns=(
            Column(head=say("report.needle-number", "No."), align=Align.RIGHT),
            Column(head=say("report.way-skin-angle", "To the skin's normal (°)"), align=Align.RIGHT),
            Column(head=say("report.way-tilt", "Out of axial (°)"), align=Align.RIGHT),
            Column(head=say("report.way-in-target", "In target (mm)"), align=Align.RIGHT),
            Column(head=say("report.way-slack", "Beyond margin (mm)"), align=Align.RIGHT),
            Column(head=say("report.way-nearest", "Nearest obstacles (mm)"), share=1.0),
        ),
        rows=tuple(rows),
        caption=say("report.way-caption", "What each needle passes; distances from the needle's surface."),
        compact=len(rows) > MANY_NEEDLES,
    )


def _map_blocks(needles: tuple[LoadedNeedle, ...], dossier: PlanDossier, paper: Paper) -> list[Picture]:
    """Return the seed map in as few pictures as fit a page each, of about as many needles."""
    used = [needle for needle in needles if needle.seeds]
    pictures = -(-len(used) // NEEDLES_A_PAGE) or 1
    together = -(-len(used) // pictures) or 1
    return [
        _map_block(seed_map_picture(used[start : start + together], seed_length_mm=dossier.seed_length_mm, paper=paper))
        for start in range(0, len(used), together)
    ]


def _map_block(seed_map: bytes) -> Picture:
    return Picture(
        data=seed_map,
        suffix="svg",
        alternative=say("report.map-alternative", "Each needle with its seeds, measured from the tip."),
        caption=say(
            "report.map-caption", "Each needle from its tip (left); numbers are seed centres in mm from the tip."
        ),
    )


def _provenance_rows(dossier: PlanDossier) -> tuple[tuple[Text, Text], ...]:
    rows: list[tuple[Text, Text]] = [
        (
            say("report.provenance-engine", "Engine"),
            f"{dossier.provenance.engine}, Trocar {dossier.provenance.library_version}",
        ),
        (say("report.plan-source-data", "Source data"), dossier.source.citation),
        (say("report.plan-hash-full", "Plan"), dossier.plan.content_hash),
    ]
    rows += [(name, value) for name, value in dossier.provenance.inputs.items() if name != "plan"]
    return tuple(rows)
