"""What a verification is given, and the two questions that are answered from it alone."""

from dataclasses import dataclass

from trocar.errors import PlanError
from trocar.geometry.region import EndCap
from trocar.imaging.seed_corrections import Corrections
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.results.protection import Measured
from trocar.results.registration import Landmarks, Motion
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.swelling import Swelling
from trocar.workflow.verify_errors import ErrorBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCounts:
    """Seeds as people counted them; None where nobody stated it."""

    taken: int | None = None
    implanted: int | None = None
    returned: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierScan:
    """A CT after the same implant, taken before the one that is verified.

    Parameters
    ----------
    scan
        Such as that of the implant day.
    structures
        Drawn on it; None to carry those of the request.
    corrections
        What a person decided about the seeds found on it.
    """

    scan: Image
    structures: StructureSet | None = None
    corrections: Corrections | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """All that is given.

    Parameters
    ----------
    plan
        The permanent implant as planned.
    scan
        CT after the implant.
    structures
        Drawn on the planning image or on the scan; None where there are none: seeds are then matched only.
    planning
        The planning image; needed where the plan lies in another frame of reference than the scan.
    counts
        Seeds as counted.
    target
        Name of the target; None to take the plan's, or the only one drawn as CTV, PTV or GTV.
    reference_gy
        What 100 % means; None for the plan's prescription.
    motion
        What may move between the two images.
    end_cap
        What closes structures at their ends.
    corrections
        What a person decided about the seeds found; None for nothing.
    budget
        Errors for the intervals; None for no intervals.
    measured
        A survey reading; None where there is none.
    swelling
        Of the target, going down after the scan; None to take it as it lies on the scan.
    landmarks
        Marked on the planning image (before) and on the scan (after); None where nobody marked any.
    earlier
        Another scan after the same implant to compare with; None where there is none.
    needles
        The request the plan was made from, in the frame of the plan: its rules say which needles could bring further
        seeds; None to tell places only.
    swelling_half_life_d
        With an earlier scan: in how many days half of the swelling goes, so that its size follows from both scans.
    """

    plan: ImplantPlan
    scan: Image
    structures: StructureSet | None
    planning: Image | None = None
    counts: StatedCounts = StatedCounts()
    target: str | None = None
    reference_gy: float | None = None
    motion: Motion = Motion.RIGID
    end_cap: EndCap = EndCap.HALF_SLICE
    corrections: Corrections | None = None
    budget: ErrorBudget | None = None
    measured: Measured | None = None
    swelling: Swelling | None = None
    landmarks: Landmarks | None = None
    earlier: EarlierScan | None = None
    needles: ImplantRequest | None = None
    swelling_half_life_d: float | None = None


def days_after(plan: ImplantPlan, scan: Image) -> float | None:
    """Return the days from the implant to a scan; None where the scan states no time."""
    return None if scan.acquired_at is None else (scan.acquired_at - plan.implant_at).total_seconds() / 86400.0


def expected_seeds(request: VerifyRequest) -> int:
    """Return how many seeds the scan should show: those counted, or else those planned."""
    return request.counts.implanted if request.counts.implanted is not None else len(request.plan.seeds)


def reference_dose_gy(request: VerifyRequest) -> float:
    """Return what 100 % means.

    Raises
    ------
    PlanError
        Neither the request nor the plan says.
    """
    if request.reference_gy is not None:
        return request.reference_gy
    if request.plan.prescription is None:
        raise PlanError(
            "verify.no-prescription",
            "plan {label} states no prescription, so that 100 % has no meaning; give it with --reference-dose",
            label=request.plan.label,
        )
    return request.plan.prescription.dose_gy
