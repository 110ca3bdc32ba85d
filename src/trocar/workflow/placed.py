"""Needles as they really lie: found on a CT, corrected by hand, and seeds planned anew in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.grid import Grid
from trocar.imaging.needles import FoundNeedle, corrected, find_needles, set_by_hand
from trocar.imaging.placement import PlacementReview, compare_placement
from trocar.imaging.skin import find_body
from trocar.messages import Message
from trocar.optimise.access.given import account_needles, broken_by
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.results.findings import Finding, Severity
from trocar.workflow.consequences import with_consequences
from trocar.workflow.implant_request import ImplantRequest, require_together
from trocar.workflow.placed_frame import LaidOver, lay_over
from trocar.workflow.placed_seeds import seeds_or_reasons
from trocar.workflow.plan_judging import ProposedImplant, judged
from trocar.workflow.way_in import scene_of

SAME_WITHIN_MM, SAME_WITHIN_DEG = 20.0, 15.0
"""A placed needle is the planned one if it lies this near; the pairing with the least total distance is taken."""


WORTH_SAYING_MM = 1.0
"""A doubt about where a needle lies smaller than this is that of any CT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What a person changes about the needles found.

    Parameters
    ----------
    removed
        Numbers, as found, of tracks that are no needles.
    entries, tips
        Number, as found, to a new end.
    added
        Entry and tip of each needle the search missed.
    """

    removed: tuple[int, ...] = ()
    entries: Mapping[int, Float[np.ndarray, " 3"]] = field(default_factory=dict)
    tips: Mapping[int, Float[np.ndarray, " 3"]] = field(default_factory=dict)
    added: tuple[tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInPlaced:
    """A plan in needles that lie already.

    Parameters
    ----------
    proposed
        The plan; its needles carry the planned numbers where they were planned.
    found
        Needles after correction, in the order found, in the frame of the CT with needles.
    carried
        The same in the frame of the plan.
    review
        Each against its plan; empty where no plan was given.
    laid
        How the two frames lie to each other; None where they are one.
    """

    proposed: ProposedImplant
    found: tuple[FoundNeedle, ...]
    carried: tuple[FoundNeedle, ...]
    review: PlacementReview
    laid: LaidOver | None


def plan_in_placed(
    request: ImplantRequest,
    scan: Image,
    *,
    corrections: Corrections,
    planned: tuple[Needle, ...],
    rng: np.random.Generator,
    bound: bool = False,
    progress: Callable[[Message, float], None] | None = None,
) -> PlannedInPlaced:
    """Return the best seeds in the needles that a CT shows.

    Parameters
    ----------
    request
        Image, structures, goals and rules as planned.
    scan
        CT with the needles in; where it lies in another frame of reference than the structures, the planning CT is laid
        over it.
    corrections
        By hand, in the frame of the scan.
    planned
        Needles of the plan before; none where there was none.
    rng
        Of the search.
    bound
        Whether to prove how good any plan in these needles could be.
    progress
        Called as it goes on.

    Raises
    ------
    PlanError
        Another patient, no needle found, or a correction of a needle that was not found.
    ImagingError
        The scan lies in another frame of reference and does not fit the planning CT: another body or region, or
        mirrored.
    OptimiseError
        No place for a seed in these needles.
    """
    told = progress or (lambda stage, share: None)
    laying = Message(code="workflow.stage-overlay", template="Laying the planning CT over the CT with needles")
    finding = Message(code="workflow.stage-needles", template="Finding the needles")
    placing = Message(code="workflow.stage-seeds", template="Placing seeds")
    require_together(request)
    _require_same_patient(request, scan)
    told(laying, 0.0)
    laid = lay_over(request, scan)
    told(laying, 1.0)
    told(finding, 0.0)
    radius_mm = request.needles.rules.needle_radius_mm
    seen = find_needles(scan.volume, find_body(scan.volume).occupancy, needle_radius_mm=radius_mm)
    found = corrected_by_hand(seen, corrections)
    carried = found if laid is None else tuple(laid.carried(each) for each in found)
    needles, review = numbered_as_planned(carried, planned)
    told(finding, 1.0)
    told(placing, 0.0)
    request = replace(request, robustness=None)  # needles that lie do not err any more
    placed = seeds_or_reasons(request, needles, rng=rng, bound=bound, in_place=True)
    told(placing, 1.0)
    scene, entries = scene_of(request)
    accesses = account_needles(scene, entries, placed.plan.needles)
    broken = [
        Finding(severity=Severity.ATTENTION, message=message)
        for row, needle in enumerate(placed.plan.needles)
        for message in broken_by(scene, accesses, row, number=needle.number)
    ]
    proposed = judged(
        request,
        placed.plan,
        outcome=placed.outcome,
        accounts={needle.number: accesses.account(row) for row, needle in enumerate(placed.plan.needles)},
        covered=None,
        remarks=(
            *(laid.findings if laid is not None else ()),
            *placed.remarks,
            *broken,
            *doubtful_heights(found, carried, needles, scan.volume.grid),
            *_unused(needles, placed.plan.needles),
        ),
    )
    proposed = with_consequences(request, proposed, rng=rng, told=told)
    return PlannedInPlaced(proposed=proposed, found=found, carried=carried, review=review, laid=laid)


def _require_same_patient(request: ImplantRequest, scan: Image) -> None:
    if scan.patient.identifier != request.structures.patient.identifier:
        raise PlanError(
            "workflow.placed-other-patient",
            "the CT with needles belongs to patient {scan_id}, the structures to {structures_id}; give objects of one "
            "patient",
            scan_id=scan.patient.identifier,
            structures_id=request.structures.patient.identifier,
        )


def corrected_by_hand(found: tuple[FoundNeedle, ...], corrections: Corrections) -> tuple[FoundNeedle, ...]:
    """Return the needles with corrections carried out; numbers count from 1 in the order found.

    Raises
    ------
    PlanError
        A correction names a needle that was not found, or none is left.
    """
    named = {*corrections.removed, *corrections.entries, *corrections.tips}
    strangers = sorted(number for number in named if not 1 <= number <= len(found))
    if strangers:
        raise PlanError(
            "workflow.correction-unknown",
            "needles {strangers} were to be corrected, but {count} were found",
            strangers=", ".join(str(number) for number in strangers),
            count=len(found),
        )
    kept = [
        _corrected(needle, corrections.entries.get(number), corrections.tips.get(number))
        for number, needle in enumerate(found, start=1)
        if number not in corrections.removed
    ]
    drawn = [set_by_hand(entry_lps_mm=entry, tip_lps_mm=tip) for entry, tip in corrections.added]
    if not kept and not drawn:
        raise PlanError(
            "workflow.no-needle-found",
            "no needle was found on the CT; check that it was taken with the needles in, or draw them by hand",
        )
    return (*kept, *drawn)


def _corrected(needle: FoundNeedle, entry: np.ndarray | None, tip: np.ndarray | None) -> FoundNeedle:
    return needle if entry is None and tip is None else corrected(needle, entry_lps_mm=entry, tip_lps_mm=tip)


def numbered_as_planned(
    found: tuple[FoundNeedle, ...], planned: tuple[Needle, ...]
) -> tuple[tuple[Needle, ...], PlacementReview]:
    """Return the needles with the numbers of those they were planned as, new numbers for others, and the review."""
    given = tuple(each.needle(number=number) for number, each in enumerate(found, start=1))
    review = compare_placement(planned, given, within_mm=SAME_WITHIN_MM, within_deg=SAME_WITHIN_DEG)
    last = max((needle.number for needle in planned), default=0)
    others = tuple(replace(each, number=last + n) for n, each in enumerate(review.not_planned, start=1))
    return (*(each.placed for each in review.placements), *others), review


def doubtful_heights(
    found: tuple[FoundNeedle, ...], carried: tuple[FoundNeedle, ...], needles: tuple[Needle, ...], grid: Grid
) -> list[Finding]:
    """Return what cannot be seen of needles that stay in one slice: at which height within it they lie."""
    doubts = {
        needle.number: doubt
        for each, there in zip(found, carried, strict=True)
        for needle in needles
        if np.array_equal(there.entry_lps_mm, needle.entry_lps_mm)
        and (doubt := each.height_doubt_mm(grid)) >= WORTH_SAYING_MM
    }
    if not doubts:
        return []
    message = Message(
        code="workflow.needles-in-one-slice",
        template="needles {numbers} hardly leave their slice of the CT, so across it they may lie up to {doubt_mm:.1f} "
        "mm off; take thinner slices, or correct them by hand",
        data={"numbers": ", ".join(map(str, sorted(doubts))), "doubt_mm": max(doubts.values())},
    )
    return [Finding(severity=Severity.ATTENTION, message=message)]


def _unused(needles: tuple[Needle, ...], used: tuple[Needle, ...]) -> list[Finding]:
    empty = sorted({needle.number for needle in needles} - {needle.number for needle in used})
    if not empty:
        return []
    message = Message(
        code="workflow.needles-empty",
        template="needles {numbers} lie in the patient but take no seed",
        data={"numbers": ", ".join(str(number) for number in empty)},
    )
    return [Finding(severity=Severity.NOTE, message=message)]
