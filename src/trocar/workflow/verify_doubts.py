"""What makes a verification impossible: another patient, far too many seeds, seeds on the other side or elsewhere."""

import numpy as np

from trocar.errors import PlanError
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seed_match import match_seeds
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import StructureSet
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import SeedComparison

TOO_MANY, TOO_MANY_MORE = 1.5, 3
"""More seeds than this share of those expected, and this many more, are not this implant alone."""

LEAST_PAIRED = 0.2
"""A scan on which fewer of the planned seeds have a partner does not show this plan's implant."""

TISSUE_HU = -300.0

MOST_PLACES = 5
"""Of things that may be seeds, told where no report shows them."""


_SCAN = Message(code="verify.what-scan", template="scan")
_STRUCTURES = Message(code="verify.what-structures", template="structure set")
_PLANNING = Message(code="verify.what-planning", template="planning image")


def require_one_patient(
    scan: Image, plan: ImplantPlan, structures: StructureSet | None, planning: Image | None
) -> None:
    """Raise unless everything given belongs to the patient of the plan, and the scan is a CT.

    Raises
    ------
    PlanError
        Another patient's object, another date of birth, or not a CT.
    """
    patients = [(_SCAN, scan.patient)]
    if structures is not None:
        patients.append((_STRUCTURES, structures.patient))
    if planning is not None:
        patients.append((_PLANNING, planning.patient))
    for what, patient in patients:
        born = (patient.birth_date, plan.patient.birth_date)
        if patient.identifier.strip() != plan.patient.identifier.strip() or (all(born) and born[0] != born[1]):
            raise PlanError(
                "verify.other-patient",
                "the {what} belongs to patient {other}, the plan to patient {patient} (or their dates of birth "
                "differ); "
                "nothing was verified: give objects of one patient",
                what=what,
                other=patient.identifier or "-",
                patient=plan.patient.identifier or "-",
            )
    if scan.volume.quantity is not Quantity.HOUNSFIELD:
        raise PlanError(
            "verify.scan-not-ct",
            "the scan after the implant is in {quantity}; seeds are found on CT in HU",
            quantity=scan.volume.quantity.value,
        )


def require_seeds_of_plan(
    planned: ImplantPlan,
    seen: tuple[FoundSeed, ...],
    comparison: SeedComparison,
    scan: Image,
    *,
    doubtful: tuple[FoundSeed, ...],
    expected: int,
) -> None:
    """Raise unless the seeds seen can be those of the plan.

    Parameters
    ----------
    planned, seen, doubtful
        The plan in the frame of the scan, seeds seen on it, and things that may be seeds.
    comparison
        Of planned and seen seeds.
    scan, expected
        The scan, and how many seeds it should show.

    Raises
    ------
    PlanError
        No sure seed, far more seeds than were implanted, seeds on the other side of the body, or seeds elsewhere.
    """
    if not seen:
        raise PlanError(
            "verify.no-sure-seed",
            "no seed is seen for certain: {doubtful} bright things may be seeds, bone or other metal{places}; check "
            "that this is the scan after the implant; seeds that you see there yourself can be entered with "
            "--corrections ([[add]]); nothing was verified",
            doubtful=len(doubtful),
            places=_places(doubtful),
        )
    if len(seen) > TOO_MANY * expected and len(seen) >= expected + TOO_MANY_MORE:
        raise PlanError(
            "verify.too-many-seeds",
            "{seen} seeds are seen where {expected} were implanted: this is another's scan, another plan, or an "
            "earlier "
            "implant lies there too; drop the seeds of an earlier implant with --corrections, or state the count with "
            "--implanted; nothing was verified",
            seen=len(seen),
            expected=expected,
        )
    if len(comparison.pairs) >= LEAST_PAIRED * min(len(planned.seeds), len(seen)):
        return
    mirrored = _mirrored_pairs(planned, seen, scan.volume)
    if mirrored > max(2 * len(comparison.pairs), LEAST_PAIRED * min(len(planned.seeds), len(seen))):
        raise PlanError(
            "verify.other-side",
            "the seeds lie on the other side of the body: {mirrored} of {planned} planned seeds have a partner if the "
            "plan "
            "is mirrored left to right, {paired} as it is; either the scan is labelled the wrong way round or the "
            "implant "
            "is on the wrong side: look at both before anything else; nothing was verified",
            mirrored=mirrored,
            planned=len(planned.seeds),
            paired=len(comparison.pairs),
        )
    away = np.median([each.position_lps_mm for each in seen], axis=0) - np.median(
        [each.position_lps_mm for each in planned.seeds], axis=0
    )
    raise PlanError(
        "verify.seeds-elsewhere",
        "only {paired} of {planned} planned seeds have a seed near their place; what looks like seeds ({seen}) lies "
        "{away_mm:.0f} mm from the planned ones: check that scan, plan and planning image belong together, and that "
        "the scan was taken after the implant; nothing was verified",
        paired=len(comparison.pairs),
        planned=len(planned.seeds),
        seen=len(seen),
        away_mm=float(np.linalg.norm(away)),
    )


def _places(doubtful: tuple[FoundSeed, ...]) -> str:
    """Return the first places as text in brackets, empty without any."""
    told = ["({:.0f}, {:.0f}, {:.0f})".format(*each.position_lps_mm) for each in doubtful[:MOST_PLACES]]
    return f" [{'; '.join(told)} mm]" if told else ""


def _mirrored_pairs(planned: ImplantPlan, seen: tuple[FoundSeed, ...], scan: Volume) -> int:
    """Return how many seeds would be paired if the plan were mirrored about the middle of the body."""
    places = np.array([seed.position_lps_mm for seed in planned.seeds])
    body = scan.values_kji[:: max(scan.grid.shape_kji[0] // 20, 1), ::4, ::4] > TISSUE_HU
    if not body.any():
        return 0
    i = np.flatnonzero(body.any(axis=(0, 1))) * 4.0
    j, k = 0.5 * scan.grid.shape_kji[1], 0.5 * scan.grid.shape_kji[0]
    middle = scan.grid.lps_from_ijk[:3, :3] @ np.array([0.5 * (i[0] + i[-1]), j, k]) + scan.grid.origin_lps_mm
    places[:, 0] = 2.0 * middle[0] - places[:, 0]
    return len(match_seeds(places, np.array([seed.position_lps_mm for seed in seen])).pairs)
