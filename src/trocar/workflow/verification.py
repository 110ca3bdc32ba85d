"""`Verification`: what came of verifying an implant."""

from dataclasses import dataclass

from trocar.geometry.value import Value
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.results.dvh import Dvh
from trocar.results.findings import Finding
from trocar.results.indices import ImplantIndices
from trocar.results.metal import MetalBody
from trocar.results.protection import ProtectionEstimate
from trocar.results.registration import Registration
from trocar.results.seeds_seen import FoundSeed, Localisation
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
from trocar.workflow.verify_errors import ErrorBudget


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification(Value):
    """What came of it. Everything lies in the frame of the scan.

    Parameters
    ----------
    planned
        The plan, carried to the scan.
    implanted
        The seeds seen, as a plan of their own.
    seen
        The seeds seen, in the same order.
    doubtful
        Bright things that a person must decide.
    localisation
        All the finder says.
    registration
        None where plan and scan lie in one frame.
    structures
        On the scan, carried or drawn there; None where there are none.
    comparison, counts
        Seed by seed, and in sum.
    reference_gy, target
        What 100 % means and of which structure; the name is empty without structures.
    planned_indices, implanted_indices
        Of the target; None without structures.
    outcomes, planned_dvhs, implanted_dvhs
        Of every structure, the target first.
    indices
        CI, EI and HI with their intervals.
    error_shares
        What each named error alone does to the target, the weightiest first; empty without errors or a target.
    cold, further
        What is below the reference dose, and where further seeds would mend it.
    protection
        Of others; None where the scan shows no skin.
    swollen
        D90 and V100 with the swelling going down; None where none was stated.
    findings
        The severest first.
    seen_by_picture
        How many seeds the picture shows when no count decides close calls.
    metal
        Thick metal in the scan, where no seed is looked for.
    landmark_errors_mm
        How far the registration misses each landmark; empty where none was marked.
    two_scans
        What changed since an earlier scan; None where none was given.
    """

    planned: ImplantPlan
    implanted: ImplantPlan
    seen: tuple[FoundSeed, ...]
    doubtful: tuple[FoundSeed, ...]
    localisation: Localisation
    registration: Registration | None
    structures: StructureSet | None
    comparison: SeedComparison
    counts: SeedCounts
    reference_gy: float
    target: str
    planned_indices: ImplantIndices | None
    implanted_indices: ImplantIndices | None
    outcomes: tuple[StructureOutcome, ...]
    planned_dvhs: tuple[Dvh, ...]
    implanted_dvhs: tuple[Dvh, ...]
    indices: tuple[Interval, ...]
    error_shares: tuple[ErrorShare, ...]
    cold: tuple[ColdRegion, ...]
    further: FurtherSeeds | None
    protection: ProtectionEstimate | None
    swollen: tuple[Interval, ...] | None
    budget: ErrorBudget | None
    corrected_by: str
    findings: tuple[Finding, ...]
    seen_by_picture: int = 0
    metal: tuple[MetalBody, ...] = ()
    landmark_errors_mm: tuple[float, ...] = ()
    two_scans: TwoScans | None = None
