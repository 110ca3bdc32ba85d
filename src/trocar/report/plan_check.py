"""The report of an independent plan check, as a department files it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.geometry.volume import Volume
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.report.basis import Limit, basis_blocks, input_rows
from trocar.report.comparison import comparison_blocks, explanation_blocks
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
    say,
)
from trocar.report.page_head import identity_rows, plan_running_head
from trocar.report.pictures import Paper
from trocar.report.plan_check_pictures import (
    Shown,
    axial_picture,
    histogram_picture,
    positions_picture,
    upright_picture,
)
from trocar.report.plan_check_tables import afterloading_rows, difference, implant_rows, point_table, source_table
from trocar.results.findings import UNVERIFIED, Deviation, Severity
from trocar.results.gamma import GammaMap
from trocar.results.indices import Estimate
from trocar.results.plan_check import PlanCheck, StructureCheck, Verdict

CAUSE_CODES = frozenset({"workflow.found-cause", "workflow.found-cause-or"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file the check was made from."""

    role: Text
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCase:
    """All that the report is made from.

    Parameters
    ----------
    plan, check
        What was checked and what came of it.
    recomputed
        Trocar's dose all around the sources, for isodose lines.
    compared, stored
        The two doses on the stored grid; None where none was given.
    structures, image
        None where not given.
    limits
        Tolerances with their sources.
    deviations
        What was tolerated in the files read.
    files
        The files read.
    gamma
        Gamma index of the stored dose; None where there is none.
    """

    plan: ImplantPlan | AfterloadingPlan
    check: PlanCheck
    recomputed: Volume
    compared: Volume | None
    stored: Volume | None
    structures: StructureSet | None
    image: Image | None
    limits: tuple[Limit, ...]
    deviations: tuple[Deviation, ...]
    files: tuple[InputFile, ...]
    gamma: GammaMap | None = None

    @property
    def sources_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Centres of all seeds or dwells."""
        plan = self.plan
        stops = plan.dwells if isinstance(plan, AfterloadingPlan) else plan.seeds
        return np.array([stop.position_lps_mm for stop in stops]).reshape(-1, 3)

    @property
    def shown(self) -> Shown:
        """What the pictures are drawn from."""
        return Shown(
            check=self.check,
            recomputed=self.recomputed,
            compared=self.compared,
            stored=self.stored,
            structures=self.structures,
            image=self.image,
            sources_lps_mm=self.sources_lps_mm,
            gamma=self.gamma,
        )


_VERDICTS = {
    Verdict.AGREES: (Tone.GOOD, say("report.verdict-agrees", "The doses agree")),
    Verdict.EXPLAINED: (Tone.ATTENTION, say("report.verdict-explained", "The doses differ; the cause was found")),
    Verdict.UNEXPLAINED: (Tone.ACTION, say("report.verdict-unexplained", "The doses differ; the cause is unknown")),
    Verdict.NOT_COMPARED: (Tone.PLAIN, say("report.verdict-computed", "Computed; no stored dose to compare with")),
}


def plan_check_document(case: CheckedCase, *, made_at: datetime, paper: Paper) -> Document:
    """Return the report of a plan check.

    Parameters
    ----------
    case
        Plan, outcome, doses.
    made_at
        Printed, and the date of the PDF.
    paper
        Language and fonts of the pictures; the document itself is set in a language by `trocar.report.typeset`.
    """
    plan = case.plan
    return Document(
        title=_title(case),
        subtitle=say("report.check-subtitle", "Second calculation with published source data (AAPM TG-43U1, in water)"),
        running_head=plan_running_head(plan, paper=paper),
        blocks=tuple(_blocks(case, paper)),
        made_at=made_at,
    )


def _title(case: CheckedCase) -> Text:
    if case.check.verdict is Verdict.NOT_COMPARED:
        if isinstance(case.plan, ImplantPlan):
            return say("report.title-implant-dose", "Dose Report of a Seed Implant Plan")
        return say("report.title-afterloading-dose", "Dose Report of an Afterloading Plan")
    if isinstance(case.plan, ImplantPlan):
        return say("report.title-implant-check", "Independent Check of a Seed Implant Plan")
    return say("report.title-afterloading-check", "Independent Check of an Afterloading Plan")


def _blocks(case: CheckedCase, paper: Paper) -> Iterator[Block]:
    yield _verdict_box(case.check)
    yield _facts(case, paper)
    yield from _target_blocks(case.check)
    yield Heading(text=say("report.heading-findings", "Findings"))
    yield Findings(findings=case.check.findings)
    if any(UNVERIFIED in finding.reference for finding in case.check.findings):
        yield Paragraph(
            text=say("report.unverified", "† From memory of the publication; not yet verified against it."), small=True
        )
    yield Signatures(
        roles=(
            say("report.role-checked-by", "Checked by (physicist)"),
            say("report.role-approved-by", "Reviewed by (physicist)"),
            say("report.role-physician", "Physician"),
        )
    )
    yield from _slice_blocks(case, paper)
    if case.check.comparison is not None and case.check.explanation is not None:
        yield from comparison_blocks(case.shown, case.check.comparison, paper=paper)
        yield from explanation_blocks(case.check.explanation, paper=paper)
    yield from _histogram_blocks(case, paper)
    yield from _source_blocks(case, paper)
    yield from basis_blocks(
        case.check.provenance,
        limits=case.limits,
        deviations=case.deviations,
        files=input_rows([(file.role, file.name, file.sha256) for file in case.files]),
    )


def _verdict_box(check: PlanCheck) -> Box:
    tone, title = _VERDICTS[check.verdict]
    if check.comparison is None:
        text = say(
            "report.verdict-computed-only",
            "No dose of the planning system was given. The dose below is Trocar's own calculation from source "
            "positions, strengths and published source data.",
        )
        return Box(title=title, text=_with_points(text, check), tone=tone)
    overall = check.comparison.overall
    numbers = say(
        "report.verdict-numbers",
        "Local difference at {points} points: median {median:+.2f} %, {share:.1f} % of them within {tolerance:g} %.",
        points=overall.points,
        median=overall.median_percent,
        share=100.0 * overall.within_share,
        tolerance=overall.tolerance_percent,
    )
    told = [finding for finding in check.findings if finding.message.code in CAUSE_CODES]
    severities = {finding.severity for finding in told} - {Severity.NOTE}
    if check.verdict is Verdict.UNEXPLAINED or not severities or check.explanation is None:
        return Box(title=title, text=numbers, tone=tone)
    tone = Tone.ACTION if Severity.ACTION in severities else Tone.ATTENTION
    if check.verdict is Verdict.AGREES:
        title = say(
            "report.verdict-agrees-but", "The doses agree within tolerance; the cause of the rest needs attention"
        )
    text = say(
        "report.verdict-causes",
        "{numbers} Found: {causes}. With this the mean difference falls from {before:.2f} % to {after:.2f} %.",
        numbers=numbers,
        causes=tuple(trial.message for trial in check.explanation.account),
        before=check.explanation.misfit_percent,
        after=check.explanation.remaining_percent,
    )
    return Box(title=title, text=text, tone=tone)


def _with_points(text: Message, check: PlanCheck) -> Message:
    """Return a text with the outcome at the points where the plan states a dose itself, if there are any."""
    if not check.points:
        return text
    percents = [100.0 * (point.stated_gy / point.recomputed_gy - 1.0) for point in check.points]
    return say(
        "report.verdict-points",
        "{text} At {n} points the plan states a dose; the largest difference there is {percent:+.2f} %.",
        text=text,
        n=len(percents),
        percent=max(percents, key=abs),
    )


def _facts(case: CheckedCase, paper: Paper) -> Facts:
    plan = case.plan
    rows: list[tuple[Text, Text]] = [
        *identity_rows(plan.patient, paper=paper),
        (say("report.fact-plan", "Plan"), plan.label or "—"),
    ]
    rows += implant_rows(plan) if isinstance(plan, ImplantPlan) else afterloading_rows(plan)
    if plan.prescription is not None:
        dose = f"{plan.prescription.dose_gy:.4g} Gy"
        target = plan.prescription.target
        rows.append((say("report.fact-prescription", "Prescription"), f"{dose} · {target}" if target else dose))
    if case.stored is not None:
        nk, nj, ni = case.stored.grid.shape_kji
        spacing = " × ".join(f"{step:.2f}" for step in case.stored.grid.spacing_ijk_mm)
        rows.append((say("report.fact-grid", "Stored dose grid"), f"{ni} × {nj} × {nk}, {spacing} mm"))
    if case.structures is not None:
        rows.append((say("report.fact-structures", "Structure set"), case.structures.label or "—"))
    if case.image is not None:
        rows.append((say("report.fact-images", "Images"), _image_words(case.image)))
    return Facts(rows=tuple(rows))


def _image_words(image: Image) -> str:
    nk, nj, ni = image.volume.grid.shape_kji
    return f"{image.reference.modality}, {ni} × {nj} × {nk}"


def _target_blocks(check: PlanCheck) -> Iterator[Block]:
    targets = [structure for structure in check.structures if structure.is_target]
    for structure in targets:
        yield _metric_table(structure)


def _metric_table(structure: StructureCheck) -> Table:
    compared = structure.stored is not None
    columns = [
        Column(head=say("report.column-quantity", "Quantity"), share=1.2),
        Column(head=say("report.column-recomputed", "Recomputed"), align=Align.RIGHT, share=1),
    ]
    if compared:
        columns += [
            Column(head=say("report.column-stored", "Stored"), align=Align.RIGHT, share=1),
            Column(head=say("report.column-difference", "Difference"), align=Align.RIGHT, share=1),
        ]
    rows: list[tuple[Text, ...]] = []
    for pair in structure.metrics:
        cells = [pair.name, _number(pair.recomputed, pair.unit)]
        if compared:
            cells += [_number(pair.stored, pair.unit), difference(pair.recomputed, pair.stored, pair.unit)]
        rows.append(tuple(cells))
    for name, estimate in _conformity(structure):
        blank = ("—", "—") if compared else ()
        rows.append((name, "—" if estimate is None else f"{estimate.value:.3f}", *blank))
    caption = say(
        "report.target-table",
        "{name}, {volume} cc",
        name=structure.name,
        volume=f"{structure.recomputed.volume_cc:.2f}",
    )
    return Table(columns=tuple(columns), rows=tuple(rows), caption=caption)


def _conformity(structure: StructureCheck) -> tuple[tuple[str, Estimate | None], ...]:
    """Return CI, EI and HI of the recomputed dose."""
    indices = structure.indices
    return () if indices is None else (("CI", indices.ci), ("EI", indices.ei), ("HI", indices.hi))


def _number(value: float | None, unit: str) -> str:
    if value is None or not np.isfinite(value):
        return "—"
    return f"{value:.1f} %" if unit == "%" else f"{value:.4g} {unit}"


def _slice_blocks(case: CheckedCase, paper: Paper) -> Iterator[Block]:
    shown = case.shown
    yield Heading(text=say("report.heading-slices", "Dose on slices"))
    yield Picture(
        data=axial_picture(shown, paper=paper),
        suffix="svg",
        name="slices-axial",
        alternative=say("report.alt-axial", "Axial slices with outlines of structures and isodose lines."),
        caption=_slice_caption(case),
    )
    yield Picture(
        data=upright_picture(shown, paper=paper),
        suffix="svg",
        name="slices-upright",
        alternative=say("report.alt-upright", "A coronal and a sagittal slice with outlines and isodose lines."),
        caption=say(
            "report.caption-upright",
            "Through the middle of the implant. White dots: sources within 2.5 mm of the plane.",
        ),
    )


def _slice_caption(case: CheckedCase) -> Text:
    if case.image is None:
        return say("report.caption-axial-no-image", "Seen from the feet. No image series was given.")
    if case.stored is None:
        return say("report.caption-axial", "Seen from the feet. Isodose lines of the recomputed dose.")
    return say(
        "report.caption-axial-both",
        "Seen from the feet. Isodose lines: solid recomputed, dashed stored by the planning system.",
    )


def _histogram_blocks(case: CheckedCase, paper: Paper) -> Iterator[Block]:
    if not case.check.structures:
        return
    yield Heading(text=say("report.heading-dvh", "Dose-volume histograms"))
    yield Picture(
        data=histogram_picture(case.shown, paper=paper),
        suffix="svg",
        name="dvh",
        alternative=say("report.alt-dvh", "Cumulative dose-volume histograms of target and organs."),
        caption=say("report.caption-dvh", "Dotted: the reference dose, 100 %."),
    )
    organs = [structure for structure in case.check.structures if not structure.is_target]
    if organs:
        yield _organ_table(organs)


def _organ_table(organs: list[StructureCheck]) -> Table:
    names = [pair.name for pair in organs[0].metrics]
    columns = [
        Column(head=say("report.column-structure", "Structure"), share=1.6),
        Column(head=say("report.column-volume", "Volume (cc)"), align=Align.RIGHT, share=1),
        *(Column(head=f"{name} (Gy)", align=Align.RIGHT, share=1.2) for name in names),
    ]
    rows = [(organ.name, f"{organ.recomputed.volume_cc:.2f}", *_organ_cells(organ)) for organ in organs]
    caption = say("report.organ-table", "Organs: recomputed dose / dose stored by the planning system")
    return Table(columns=tuple(columns), rows=tuple(rows), caption=caption)


def _organ_cells(organ: StructureCheck) -> list[str]:
    cells = []
    for pair in organ.metrics:
        ours = "—" if not np.isfinite(pair.recomputed) else f"{pair.recomputed:.4g}"
        theirs = "" if pair.stored is None or not np.isfinite(pair.stored) else f" / {pair.stored:.4g}"
        cells.append(ours + theirs)
    return cells


def _source_blocks(case: CheckedCase, paper: Paper) -> Iterator[Block]:
    yield Heading(text=say("report.heading-sources", "Sources"))
    yield Picture(
        data=positions_picture(case.shown, paper=paper),
        suffix="svg",
        name="sources",
        alternative=say("report.alt-sources", "Positions of the sources from the front and from the left."),
        caption=say("report.caption-sources", "Left: from the front. Right: from the left. Outlines: target."),
    )
    if case.check.points:
        yield point_table(case.check)
    yield source_table(case.plan)
    yield Paragraph(
        text=say(
            "report.coordinates",
            "Coordinates are DICOM patient coordinates: x to the left, y to the back, z to the head.",
        ),
        small=True,
    )
