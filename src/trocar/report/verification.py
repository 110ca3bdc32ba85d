"""The report of a verification after a permanent implant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trocar.geometry.volume import Volume
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure
from trocar.report.basis import Limit, basis_blocks
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
from trocar.report.names import printed_name
from trocar.report.pictures import Paper
from trocar.report.protection import protection_blocks
from trocar.report.slices import isodose_levels
from trocar.report.verification_pictures import (
    ShownImplant,
    checkerboard_picture,
    crops_picture,
    displacements_picture,
    implant_slices_picture,
    planned_and_implanted_picture,
)
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding, Severity
from trocar.results.indices import ImplantIndices
from trocar.results.protection import ProtectionEstimate
from trocar.results.provenance import Provenance
from trocar.results.registration import Motion, Registration
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import (
    ColdRegion,
    Fate,
    FurtherSeeds,
    Interval,
    SeedComparison,
    SeedCounts,
    StructureOutcome,
)

SHOWN_PERCENTS = (50.0, 100.0, 150.0, 200.0)
MOST_CROPS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCase:
    """All that the report tells; everything in the frame of the scan.

    Parameters
    ----------
    planned, implanted
        The plan carried over, and the seeds seen.
    scan
        The CT after the implant.
    seen, doubtful
        Seeds as the finder saw them.
    registration, mixed
        Between scan and planning image, and the checkerboard of both; None where both lie in one frame.
    comparison, counts, reference_gy
        Seed by seed, in sum, and what 100 % means.
    structures
        Drawn on slices, the target first.
    outcomes, planned_dvhs, implanted_dvhs, planned_indices, implanted_indices
        Doses of both.
    dose
        Of the seeds seen, on a grid.
    indices, cold, further, protection, swollen
        CI, EI, HI; what is cold and what would mend it; protection of others; with the swelling going down.
    errors, corrected_by
        What the intervals rest on, and who corrected seeds by hand.
    findings, provenance
        What must be seen, and where the numbers come from.
    """

    planned: ImplantPlan
    implanted: ImplantPlan
    scan: Image
    seen: tuple[FoundSeed, ...]
    doubtful: tuple[FoundSeed, ...]
    registration: Registration | None
    mixed: Volume | None
    comparison: SeedComparison
    counts: SeedCounts
    reference_gy: float
    structures: tuple[Structure, ...]
    outcomes: tuple[StructureOutcome, ...]
    planned_dvhs: tuple[Dvh, ...]
    implanted_dvhs: tuple[Dvh, ...]
    planned_indices: ImplantIndices | None
    implanted_indices: ImplantIndices | None
    dose: Volume
    indices: tuple[Interval, ...]
    cold: tuple[ColdRegion, ...]
    further: FurtherSeeds | None
    protection: ProtectionEstimate | None
    swollen: tuple[Interval, ...] | None
    errors: tuple[Limit, ...]
    corrected_by: str
    findings: tuple[Finding, ...]
    provenance: Provenance


def verification_document(case: VerifiedCase, *, made_at: datetime, paper: Paper) -> Document:
    """Return the report of a verification.

    Parameters
    ----------
    case
        What it tells.
    made_at
        Printed, and the date of the PDF.
    paper
        Language and fonts of the pictures.
    """
    plan = case.planned
    return Document(
        title=say("report.verify-title", "Verification of a Seed Implant"),
        subtitle=say("report.verify-subtitle", "Seeds found on the CT after the implant, dose in water (AAPM TG-43U1)"),
        running_head=(
            plan.patient.identifier,
            printed_name(plan.patient.name, language=paper.language),
            plan.label,
            f"# {case.implanted.content_hash[:12]}",
        ),
        blocks=tuple(_blocks(case, paper)),
        made_at=made_at,
    )


def _blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    yield _verdict(case)
    yield Facts(rows=tuple(_facts(case, paper)))
    yield from _count_blocks(case.counts)
    yield from _dose_blocks(case, paper)
    yield Heading(text=say("report.heading-findings", "Findings"))
    yield Findings(findings=case.findings)
    yield Signatures(
        roles=(
            say("report.role-verified-by", "Verified by (physicist)"),
            say("report.role-approved-by", "Reviewed by (physicist)"),
            say("report.role-implanting", "Implanting physician"),
        )
    )
    yield from _slice_blocks(case, paper)
    yield from _cold_blocks(case)
    yield from _seed_blocks(case, paper)
    yield from _registration_blocks(case, paper)
    yield from _crop_blocks(case, paper)
    if case.protection is not None:
        yield from protection_blocks(case.protection, paper=paper)
    yield from basis_blocks(case.provenance, limits=case.errors, deviations=(), files=())


def _verdict(case: VerifiedCase) -> Box:
    action = sum(finding.severity is Severity.ACTION for finding in case.findings)
    attention = sum(finding.severity is Severity.ATTENTION for finding in case.findings)
    text = _in_short(case)
    if action:
        return Box(title=say("report.verify-action", "{n} findings need action", n=action), text=text, tone=Tone.ACTION)
    if attention:
        title = say("report.verify-attention", "Nothing needs action; {n} findings to look at", n=attention)
        return Box(title=title, text=text, tone=Tone.ATTENTION)
    return Box(title=say("report.verify-good", "The implant is as planned"), text=text, tone=Tone.GOOD)


def _in_short(case: VerifiedCase) -> Text:
    target = next((each for each in case.outcomes if each.is_target), None)
    seeds = say(
        "report.verify-short-seeds",
        "{seen} of {planned} planned seeds seen, {median_mm:.1f} mm (median) from their planned places.",
        seen=case.counts.seen,
        planned=case.counts.planned,
        median_mm=case.comparison.median_mm,
    )
    if target is None:
        return seeds
    d90, v100 = target.metric("D90"), target.metric("V100")
    return say(
        "report.verify-short",
        "{seeds} {name}: D90 {d90}, planned {d90_planned}; V100 {v100}, planned {v100_planned}.",
        seeds=seeds,
        name=target.name,
        d90=_told(d90),
        d90_planned=_planned(d90),
        v100=_told(v100),
        v100_planned=_planned(v100),
    )


def _told(metric: Interval) -> str:
    interval = "" if metric.low is None or metric.high is None else f" ({metric.low:.1f}–{metric.high:.1f})"
    return f"{metric.value:.1f}{interval} {metric.unit}".strip()


def _planned(metric: Interval) -> str:
    return "–" if metric.planned is None else f"{metric.planned:.1f} {metric.unit}".strip()


def _facts(case: VerifiedCase, paper: Paper) -> Iterator[tuple[Text, Text]]:
    plan = case.planned
    acquired = case.scan.acquired_at
    yield say("report.patient-id", "Patient ID"), plan.patient.identifier
    yield say("report.patient-name", "Name"), printed_name(plan.patient.name, language=paper.language)
    yield say("report.plan-implant-at", "Implant"), plan.implant_at.strftime("%Y-%m-%d %H:%M")
    yield (
        say("report.verify-scan-at", "CT after the implant"),
        acquired.strftime("%Y-%m-%d %H:%M") if acquired else say("report.not-stated", "not stated"),
    )
    days = (acquired - plan.implant_at).total_seconds() / 86400.0 if acquired else None
    yield (
        say("report.verify-day", "Day after the implant"),
        say("report.not-stated", "not stated") if days is None else f"{days:.1f}",
    )
    spacing = case.scan.volume.grid.spacing_ijk_mm
    yield say("report.verify-voxel", "Pixel / slice of the CT"), f"{spacing[0]:.2f} mm / {spacing[2]:.2f} mm"
    yield say("report.verify-reference", "100 % is"), f"{case.reference_gy:g} Gy"
    if case.corrected_by:
        yield say("report.verify-corrected", "Seeds corrected by hand by"), case.corrected_by
    yield say("report.plan-source", "Seeds"), ", ".join(sorted({seed.source_model for seed in plan.seeds}))


def _count_blocks(counts: SeedCounts) -> Iterator[Block]:
    rows = (
        (say("report.verify-count-planned", "Planned"), counts.planned),
        (say("report.verify-count-taken", "Taken from store"), counts.taken),
        (say("report.verify-count-implanted", "Implanted, as counted"), counts.implanted),
        (say("report.verify-count-returned", "Returned to store"), counts.returned),
        (say("report.verify-count-seen", "Seen on the CT"), counts.seen),
        (say("report.verify-count-doubtful", "Doubtful on the CT"), counts.doubtful),
    )
    yield Heading(text=say("report.verify-counts", "Seeds and strength accounted for"))
    yield Table(
        columns=(
            Column(head="", share=1.0),
            Column(head=say("report.verify-count", "Seeds"), align=Align.RIGHT),
            Column(head=say("report.verify-strength", "Strength at the implant (U)"), align=Align.RIGHT),
        ),
        rows=tuple(
            (
                name,
                say("report.not-stated", "not stated") if number is None else str(number),
                "–" if number is None else f"{number * counts.strength_u:.2f}",
            )
            for name, number in rows
        ),
    )


def _dose_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
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


def _cold_blocks(case: VerifiedCase) -> Iterator[Block]:
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
            (f"{c.volume_cc:.2f}", f"{c.least_gy:.0f}", _place(c.centre_lps_mm), _place(c.coldest_lps_mm))
            for c in case.cold
        ),
        caption=say("report.verify-cold-caption", "Connected parts of the target below 100 %, the largest first."),
    )
    if case.further is not None:
        yield _further_box(case.further)


def _place(point_lps_mm: np.ndarray) -> str:
    return ", ".join(f"{part:.1f}" for part in point_lps_mm)


def _further_box(further: FurtherSeeds) -> Box:
    return Box(
        title=say("report.verify-further", "{n} further seeds would mend it", n=len(further.positions_lps_mm)),
        text=say(
            "report.verify-further-text",
            "V100 from {before:.1f} to {after:.1f} %, D90 from {d90_before:.0f} to {d90_after:.0f} Gy, with seeds of "
            "the same "
            "strength at (x, y, z): {places} mm. Places only: whether needles reach them, and whether it is wise, is "
            "for the "
            "physician to say.",
            before=further.v100_before_percent,
            after=further.v100_after_percent,
            d90_before=further.d90_before_gy,
            d90_after=further.d90_after_gy,
            places="; ".join(f"({_place(place)})" for place in further.positions_lps_mm),
        ),
        tone=Tone.PLAIN,
    )


def _slice_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    shown = ShownImplant(
        scan=case.scan.volume,
        dose=case.dose,
        levels=isodose_levels(SHOWN_PERCENTS, reference_gy=case.reference_gy),
        structures=case.structures,
        seen_lps_mm=np.array([seed.position_lps_mm for seed in case.seen]),
        planned_lps_mm=np.array([seed.position_lps_mm for seed in case.planned.seeds]),
    )
    yield Heading(text=say("report.verify-slices", "The implant on the CT"), new_page=True)
    yield Picture(
        data=implant_slices_picture(shown, paper=paper),
        suffix="svg",
        alternative=say(
            "report.verify-slices-alternative", "Slices with isodose lines, outlines, seen and planned seeds."
        ),
        caption=say(
            "report.verify-slices-caption",
            "Isodose lines of the implanted seeds. Dots: seeds seen within 2.5 mm of the plane; rings: planned places.",
        ),
        name="slices",
    )


def _seed_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    comparison = case.comparison
    yield Heading(text=say("report.verify-seeds", "Seed by seed"), new_page=True)
    yield Facts(
        rows=(
            (say("report.verify-paired", "Paired"), str(len(comparison.pairs))),
            (say("report.verify-missing", "Planned, not seen"), str(len(comparison.missing))),
            (say("report.verify-extra", "Seen, not planned"), str(len(comparison.extra))),
            (say("report.verify-migrated", "Migrated"), str(len(comparison.migrated))),
            (
                say("report.verify-distance", "Distance median / largest"),
                f"{comparison.median_mm:.1f} / {comparison.largest_mm:.1f} mm",
            ),
            (
                say("report.verify-shift", "Common shift L, P, H"),
                ", ".join(f"{part:+.1f}" for part in comparison.shift_lps_mm) + " mm",
            ),
        )
    )
    if comparison.pairs:
        yield Picture(
            data=displacements_picture(np.array([p.displacement_lps_mm for p in comparison.pairs]), paper=paper),
            suffix="svg",
            alternative=say("report.verify-displacements-alternative", "Displacement of every paired seed."),
            caption=say(
                "report.verify-displacements-caption",
                "Where each seed lies from its planned place; rings at 5, 10 and 15 mm, the cross is the median.",
            ),
            width_percent=80,
            name="displacements",
        )
    yield _seed_table(case)


_FATES = {
    Fate.MATCHED: say("report.fate-matched", "paired"),
    Fate.EXTRA: say("report.fate-extra", "extra"),
    Fate.MIGRATED: say("report.fate-migrated", "migrated"),
    Fate.MISSING: say("report.fate-missing", "not seen"),
}


def _seed_table(case: VerifiedCase) -> Table:
    pairs = {pair.seen: pair for pair in case.comparison.pairs}
    rows: list[tuple[Text, ...]] = []
    for number, seed in enumerate(case.seen):
        fate = case.comparison.fate_of_seen(number)
        pair = pairs.get(number)
        rows.append(
            (
                str(number + 1),
                *(f"{part:.1f}" for part in seed.position_lps_mm),
                f"{seed.position_sd_mm:.1f}",
                f"{seed.confidence:.2f}",
                str(pair.planned + 1) if pair else "–",
                f"{pair.distance_mm:.1f}" if pair else "–",
                _FATES[fate],
            )
        )
    for missing in case.comparison.missing:
        place = case.planned.seeds[missing].position_lps_mm
        rows.append(("–", *(f"{part:.1f}" for part in place), "–", "–", str(missing + 1), "–", _FATES[Fate.MISSING]))
    right = Align.RIGHT
    return Table(
        columns=(
            Column(head=say("report.needle-number", "No."), align=right),
            *(Column(head=f"{axis} (mm)", align=right) for axis in "xyz"),
            Column(head="± (mm)", align=right),
            Column(head=say("report.verify-confidence", "Confidence"), align=right),
            Column(head=say("report.verify-planned-number", "Planned no."), align=right),
            Column(head=say("report.verify-off", "Off (mm)"), align=right),
            Column(head=say("report.verify-fate", "Fate"), share=1.0),
        ),
        rows=tuple(rows),
        compact=True,
        strong_rows=tuple(n for n, row in enumerate(rows) if row[-1] is not _FATES[Fate.MATCHED]),
    )


_MOTIONS = {
    Motion.RIGID: say("report.motion-rigid", "rigid"),
    Motion.DEFORMABLE: say("report.motion-deformable", "deformable"),
}


def _registration_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    registration = case.registration
    if registration is None:
        return
    yield Heading(text=say("report.verify-registration", "How the two images lie to each other"))
    moved = registration.moving_from_fixed[:3, 3]
    yield Facts(
        rows=(
            (say("report.verify-motion", "Registration"), _MOTIONS[registration.motion]),
            (say("report.verify-likeness", "Likeness before → after"), _likeness(registration)),
            (say("report.verify-rotation", "Rotation"), f"{registration.rotation_deg:.1f}°"),
            (say("report.verify-translation", "Translation L, P, H"), ", ".join(f"{x:+.1f}" for x in moved) + " mm"),
            (say("report.verify-mirrored", "Likeness of the mirror image"), f"{registration.likeness_mirrored:.2f}"),
        )
    )
    if case.mixed is not None:
        places = np.array([seed.position_lps_mm for seed in case.planned.seeds])
        yield Picture(
            data=checkerboard_picture(case.mixed, places, paper=paper),
            suffix="svg",
            alternative=say("report.verify-checkerboard-alternative", "Checkerboard of the two images."),
            caption=say(
                "report.verify-checkerboard-caption",
                "Tiles from the CT after the implant and from the planning CT in turn: edges must run on across tiles.",
            ),
            name="checkerboard",
        )


def _likeness(registration: Registration) -> str:
    return f"{registration.likeness_before:.2f} → {registration.likeness_after:.2f}"


def _crop_blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    unsure = [
        (f"{n + 1}", seed) for n, seed in enumerate(case.seen) if case.comparison.fate_of_seen(n) is Fate.MIGRATED
    ]
    unsure += [(f"D{n + 1}", seed) for n, seed in enumerate(case.doubtful)]
    if not unsure:
        return
    yield Heading(text=say("report.verify-crops", "To be decided by a person"))
    yield Picture(
        data=crops_picture(case.scan.volume, tuple(unsure[:MOST_CROPS]), paper=paper),
        suffix="svg",
        alternative=say("report.verify-crops-alternative", "Crops about each doubtful or migrated seed."),
        caption=say(
            "report.verify-crops-caption",
            "Axial and coronal crops, 28 mm wide, with the line that was fitted and its confidence; D: doubtful, not "
            "counted.",
        ),
        name="crops",
    )
