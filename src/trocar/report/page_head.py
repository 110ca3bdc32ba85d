"""What every report about a patient begins with: who it is, what names a loose sheet, the tone of its verdict."""

from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.plan.patient import Patient
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.report.document import Text, Tone, say
from trocar.report.names import printed_name
from trocar.report.pictures import Paper
from trocar.results.findings import Finding, Severity

HASH_LETTERS = 12
NOTHING = "—"
"""Printed where a file states nothing."""

_SEXES = {"M": say("report.sex-male", "male"), "F": say("report.sex-female", "female")}


def running_head(patient: Patient, *further: Text, paper: Paper) -> tuple[Text, ...]:
    """Return what stands on every sheet: the patient, and what else finds its file."""
    return (patient.identifier, printed_name(patient.name, language=paper.language), *further)


def plan_running_head(plan: ImplantPlan | AfterloadingPlan, *, paper: Paper) -> tuple[Text, ...]:
    """Return what stands on every sheet of a report on a plan: patient, plan, the first letters of its hash."""
    return running_head(plan.patient, plan.label, hash_words(plan.content_hash), paper=paper)


def hash_words(content_hash: str) -> str:
    """Return a hash as a head prints it."""
    return f"# {content_hash[:HASH_LETTERS]}"


def identity_rows(patient: Patient, *, paper: Paper) -> tuple[tuple[Text, Text], ...]:
    """Return who the patient is, a row a fact."""
    born = patient.birth_date.isoformat() if patient.birth_date is not None else NOTHING
    sex = _SEXES.get(patient.sex, NOTHING)
    return (
        (say("report.patient-id", "Patient ID"), patient.identifier or NOTHING),
        (say("report.patient-name", "Name"), printed_name(patient.name, language=paper.language) or NOTHING),
        (
            say("report.fact-sex-birth", "Sex, born"),
            say("report.sex-and-birth", "{sex}, {born}", sex=sex, born=born),
        ),
    )


def moment_words(at: datetime | None) -> Text:
    """Return a date and time, or that none is stated."""
    return say("report.not-stated", "not stated") if at is None else f"{at:%Y-%m-%d %H:%M}"


def place_words(point_lps_mm: Float[np.ndarray, " 3"]) -> str:
    """Return a place as tables print it: x, y, z to a tenth of a millimetre."""
    return ", ".join(f"{part:.1f}" for part in point_lps_mm)


def count_of(findings: tuple[Finding, ...], severity: Severity) -> int:
    """Return how many findings are of a severity."""
    return sum(finding.severity is severity for finding in findings)


def tone_of(findings: tuple[Finding, ...]) -> Tone:
    """Return the tone of a verdict: that of the severest finding."""
    if count_of(findings, Severity.ACTION):
        return Tone.ACTION
    return Tone.ATTENTION if count_of(findings, Severity.ATTENTION) else Tone.GOOD
