"""`VerifiedCase`: all that the report of a verification tells."""

from dataclasses import dataclass

from trocar.geometry.volume import Volume
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure
from trocar.report.document import Text
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding
from trocar.results.indices import ImplantIndices
from trocar.results.protection import ProtectionEstimate
from trocar.results.provenance import Provenance
from trocar.results.registration import Registration
from trocar.results.seeds_seen import FoundSeed
from trocar.results.two_scans import TwoScans
from trocar.results.verification import (
    ColdRegion,
    ErrorShare,
    FurtherSeeds,
    Interval,
    SeedComparison,
    SeedCounts,
    StructureOutcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedError:
    """An error that intervals rest on, as printed.

    Parameters
    ----------
    meaning, size
        What it is, and one standard deviation with its unit.
    source, confidence
        Where it comes from and how sure that is.
    share
        What it alone does to the target; None where there is no target.
    """

    meaning: Text
    size: str
    source: Text
    confidence: Text
    share: ErrorShare | None


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
    two_scans, landmark_errors_mm
        What changed since an earlier scan; how far the registration misses landmarks.
    errors, corrected_by
        What the intervals rest on, the weightiest first, and who corrected seeds by hand.
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
    two_scans: TwoScans | None
    landmark_errors_mm: tuple[float, ...]
    errors: tuple[NamedError, ...]
    corrected_by: str
    findings: tuple[Finding, ...]
    provenance: Provenance
