"""The report of a verification after a permanent implant."""

from collections.abc import Iterator
from datetime import datetime

from trocar.report.basis import basis_blocks
from trocar.report.document import (
    Align,
    Block,
    Box,
    Column,
    Document,
    Facts,
    Findings,
    Heading,
    Signatures,
    Table,
    Text,
    Tone,
    say,
)
from trocar.report.page_head import count_of, hash_words, identity_rows, moment_words, running_head
from trocar.report.pictures import Paper
from trocar.report.protection import protection_blocks
from trocar.report.verification_doses import cold_blocks, dose_blocks, error_blocks
from trocar.report.verification_registration import registration_blocks
from trocar.report.verification_seeds import crop_blocks, seed_blocks, slice_blocks
from trocar.report.verification_two_scans import two_scan_blocks
from trocar.report.verified_case import VerifiedCase
from trocar.results.findings import Severity
from trocar.results.verification import Interval, SeedCounts


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
        running_head=running_head(plan.patient, plan.label, hash_words(case.implanted.content_hash), paper=paper),
        blocks=tuple(_blocks(case, paper)),
        made_at=made_at,
    )


def _blocks(case: VerifiedCase, paper: Paper) -> Iterator[Block]:
    yield _verdict(case)
    yield Facts(rows=tuple(_facts(case, paper)))
    yield from _count_blocks(case.counts)
    yield from dose_blocks(case, paper)
    yield Heading(text=say("report.heading-findings", "Findings"))
    yield Findings(findings=case.findings)
    yield Signatures(
        roles=(
            say("report.role-verified-by", "Verified by (physicist)"),
            say("report.role-approved-by", "Reviewed by (physicist)"),
            say("report.role-implanting", "Implanting physician"),
        )
    )
    yield from slice_blocks(case, paper)
    if case.two_scans is not None:
        yield from two_scan_blocks(case.two_scans, paper)
    yield from error_blocks(case)
    yield from cold_blocks(case)
    yield from seed_blocks(case, paper)
    yield from registration_blocks(case, paper)
    yield from crop_blocks(case, paper)
    if case.protection is not None:
        yield from protection_blocks(case.protection, paper=paper)
    yield from basis_blocks(case.provenance, limits=(), deviations=(), files=())


def _verdict(case: VerifiedCase) -> Box:
    action, attention = (count_of(case.findings, each) for each in (Severity.ACTION, Severity.ATTENTION))
    text = _in_short(case)
    if action:
        return Box(
            title=say("report.verify-action", "Findings that need action: {n}", n=action), text=text, tone=Tone.ACTION
        )
    if attention:
        title = say("report.verify-attention", "Nothing needs action; findings to look at: {n}", n=attention)
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
    yield from identity_rows(plan.patient, paper=paper)
    yield say("report.plan-implant-at", "Implant"), moment_words(plan.implant_at)
    yield say("report.verify-scan-at", "CT after the implant"), moment_words(acquired)
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
