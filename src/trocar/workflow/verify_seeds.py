"""Seeds of a verification: found on the scan, corrected by hand, counted, and made a plan of their own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import load_source
from trocar.dose.decay import strength_at_u
from trocar.errors import ImagingError, PlanError
from trocar.imaging.seed_corrections import corrected_seeds
from trocar.imaging.seeds import find_seeds
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed
from trocar.results.registration import Registration
from trocar.results.seeds_seen import FoundSeed, Localisation, SeedBody
from trocar.results.verification import SeedComparison, SeedCounts
from trocar.workflow.verify_request import VerifyRequest, expected_seeds

NOTHING_FOUND = Localisation(found=(), blur_mm=(np.nan, np.nan, np.nan), seed_mass_hu_mm3=np.nan)
"""What the finder makes of a scan whose seeds a person enters by hand."""


def located_seeds(
    request: VerifyRequest, planned: ImplantPlan, *, progress: Callable[[float], None]
) -> tuple[Localisation, int]:
    """Return the seeds of the scan, corrected as a person decided, and how many the picture shows by itself.

    The count of the theatre decides close calls between readings of touching seeds. Where it changes how many are
    seen, both numbers are kept: a count that is wrong, or a seed lost since, must not be read into the picture unsaid.
    With an earlier scan the count decides nothing on the later one: whether a seed was lost is what is asked.

    Raises
    ------
    ImagingError
        No seed on the scan, and none added by hand.
    PlanError
        Corrections made on another scan, or capsules of several lengths.
    """
    body, places = _seed_body(planned), places_of(planned.seeds)

    corrections = request.corrections

    def look(count: int | None) -> Localisation:
        try:
            return find_seeds(request.scan.volume, body, expected=count, planned_lps_mm=places, progress=progress)
        except ImagingError as nothing:
            if nothing.message.code != "imaging.no-seed-found" or corrections is None or not corrections.add_lps_mm:
                raise
            return NOTHING_FOUND

    found = look(None)
    by_picture = len(found.seeds)
    expected = expected_seeds(request)
    if by_picture != expected and request.earlier is None:
        found = look(expected)
    if corrections is None:
        return found, by_picture
    series = request.scan.reference.series_uid
    if corrections.series_uid and corrections.series_uid != series:
        raise PlanError(
            "verify.corrections-elsewhere",
            "the corrections were made on series {theirs}, the scan is series {ours}; use those made on this scan",
            theirs=corrections.series_uid,
            ours=series,
        )
    return corrected_seeds(found, corrections), by_picture


def places_of(seeds: tuple[Seed, ...] | tuple[FoundSeed, ...]) -> Float[np.ndarray, "n 3"]:
    """Return the centres of seeds."""
    return np.array([seed.position_lps_mm for seed in seeds]).reshape(-1, 3)


def _seed_body(plan: ImplantPlan) -> SeedBody:
    lengths = {load_source(model).capsule_length_mm for model in {seed.source_model for seed in plan.seeds}}
    known = [length for length in lengths if length is not None]
    if len(known) != len(lengths) or max(known) - min(known) > 1.0:
        raise PlanError(
            "verify.seed-length",
            "the capsules of this plan's seeds have lengths {lengths} mm; seeds are looked for on the scan by one "
            "length",
            lengths=sorted(map(str, lengths)),
        )
    return SeedBody(length_mm=float(np.mean(known)))


def moved_plan(plan: ImplantPlan, registration: Registration | None, scan: Image) -> ImplantPlan:
    """Return a plan with its seeds carried to the frame of a scan; needles are left behind."""
    if registration is None:
        return replace(plan, needles=(), seeds=tuple(replace(seed, needle=None) for seed in plan.seeds))
    places = registration.to_fixed(places_of(plan.seeds))
    turn = registration.moving_from_fixed[:3, :3].T
    seeds = tuple(
        replace(
            seed,
            position_lps_mm=place,
            axis_lps=None if seed.axis_lps is None else turn @ seed.axis_lps,
            needle=None,
        )
        for seed, place in zip(plan.seeds, places, strict=True)
    )
    return replace(plan, seeds=seeds, needles=(), frame_uid=scan.volume.frame_uid, image=scan.reference)


def implanted_plan(planned: ImplantPlan, seen: tuple[FoundSeed, ...], comparison: SeedComparison) -> ImplantPlan:
    """Return the seeds seen as a plan: each with the strength of the planned seed it is, or else the usual strength.

    An axis that the scan does not show well is left open, and the seed is computed one-dimensionally.
    """
    of = {pair.seen: planned.seeds[pair.planned] for pair in comparison.pairs}
    usual = Counter((seed.source_model, seed.strength) for seed in planned.seeds).most_common(1)[0][0]
    seeds = []
    for number, found in enumerate(seen):
        model, strength = (of[number].source_model, of[number].strength) if number in of else usual
        seeds.append(
            Seed(
                position_lps_mm=found.position_lps_mm,
                axis_lps=found.axis_lps if found.axis_is_known else None,
                source_model=model,
                strength=strength,
            )
        )
    return replace(planned, label=f"{planned.label} +", seeds=tuple(seeds))


def seed_counts(request: VerifyRequest, localisation: Localisation) -> SeedCounts:
    """Return the seeds counted along their way."""
    plan = request.plan
    strengths = [
        strength_at_u(seed.strength, load_source(seed.source_model).nuclide, at=plan.implant_at) for seed in plan.seeds
    ]
    return SeedCounts(
        planned=len(plan.seeds),
        seen=len(localisation.seeds),
        doubtful=len(localisation.doubtful),
        taken=request.counts.taken,
        implanted=request.counts.implanted,
        returned=request.counts.returned,
        strength_u=float(np.mean(strengths)),
    )
