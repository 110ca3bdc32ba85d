"""What a person must see in a verification: counts that do not balance, seeds astray, limits of the picture."""

import numpy as np

from trocar.geometry.volume import Volume
from trocar.messages import Message
from trocar.plan.patient import Image
from trocar.results.findings import Finding, Severity, found
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import SeedCounts, StructureOutcome
from trocar.workflow.verification import Verification
from trocar.workflow.verify_scan_findings import scan_findings

FAR_MM = 10.0
"""A seed displaced by more is named: a centimetre is the usual distance of seeds."""

COMMON_MM = 5.0
"""All seeds together off by more than half a needle spacing is a matter of its own."""

VOLUME_CHANGE_PERCENT = 5.0
"""A carried structure whose volume changes by more was not carried faithfully, or the slices are too thick for it."""

LUNG_HU = -400.0
AROUND_MM = (5.0, 9.0)


def verification_findings(verified: Verification, scan: Image) -> tuple[Finding, ...]:
    """Return all that must be seen, the severest first."""
    told = [
        *count_findings(verified.counts),
        *_seed_findings(verified, scan),
        *_picture_findings(verified),
        *_coverage_findings(verified),
        *scan_findings(verified, scan),
        *(finding for outcome in verified.outcomes for finding in _carried_findings(outcome)),
    ]
    order = list(Severity)[::-1]
    return tuple(sorted(told, key=lambda each: order.index(each.severity)))


def count_findings(counts: SeedCounts) -> list[Finding]:
    """Return where the counts of seeds do not balance, with the strength that is not accounted for."""
    told = []
    implanted = counts.implanted
    if counts.taken is not None and implanted is not None and counts.returned is not None:
        lost = counts.taken - implanted - counts.returned
        if lost:
            told.append(
                found(
                    "verify.count-store",
                    "{taken} seeds were taken from the store, {implanted} implanted and {returned} returned: "
                    "{lost:+d} seeds "
                    "({strength_u:+.2f} U) are not accounted for; search theatre, needles, dressings and waste with a "
                    "monitor",
                    Severity.ACTION,
                    taken=counts.taken,
                    implanted=implanted,
                    returned=counts.returned,
                    lost=lost,
                    strength_u=lost * counts.strength_u,
                )
            )
    else:
        told.append(
            found(
                "verify.count-not-stated",
                "how many seeds were taken from the store, implanted and returned was not stated in full, so that the "
                "count "
                "cannot be closed; give --taken, --implanted and --returned",
                Severity.ATTENTION,
            )
        )
    expected = implanted if implanted is not None else counts.planned
    missing = expected - counts.seen
    if missing:
        told.append(
            found(
                "verify.count-seen",
                "{expected} seeds were {said}, {seen} are seen on the scan ({doubtful} more are doubtful): "
                "{missing:+d} seeds "
                "({strength_u:+.2f} U); look at the doubtful ones, then for seeds outside the scan, passed, or left "
                "in needles",
                Severity.ACTION,
                expected=expected,
                said=_IMPLANTED if implanted is not None else _PLANNED,
                seen=counts.seen,
                doubtful=counts.doubtful,
                missing=missing,
                strength_u=missing * counts.strength_u,
            )
        )
    if implanted is not None and implanted != counts.planned:
        told.append(
            found(
                "verify.count-planned",
                "{implanted} seeds were implanted where {planned} were planned",
                Severity.ATTENTION,
                implanted=implanted,
                planned=counts.planned,
            )
        )
    return told


_IMPLANTED = Message(code="verify.said-implanted", template="implanted")
_PLANNED = Message(code="verify.said-planned", template="planned")


def _seed_findings(verified: Verification, scan: Image) -> list[Finding]:
    comparison = verified.comparison
    told = []
    for number in comparison.migrated:
        seed = verified.seen[number]
        told.append(
            found(
                "verify.seed-migrated",
                "seed {number} lies {away_mm:.0f} mm from the nearest planned place{in_lung}, at ({x:.0f}, {y:.0f}, "
                "{z:.0f}) "
                "mm: it has migrated, or is something else; look at its picture",
                Severity.ACTION,
                number=number + 1,
                away_mm=_away_mm(seed, verified),
                in_lung=_IN_LUNG if lies_in_lung(seed, scan.volume) else "",
                **dict(zip("xyz", map(float, seed.position_lps_mm), strict=True)),
            )
        )
    if comparison.missing:
        told.append(
            found(
                "verify.seeds-missing",
                "{n} planned seeds have no seed near their place: no. {numbers}",
                Severity.ATTENTION,
                n=len(comparison.missing),
                numbers=", ".join(str(number + 1) for number in comparison.missing),
            )
        )
    if comparison.extra:
        told.append(
            found(
                "verify.seeds-extra",
                "{n} seeds are seen for which none was planned there: no. {numbers}",
                Severity.ATTENTION,
                n=len(comparison.extra),
                numbers=", ".join(str(number + 1) for number in comparison.extra),
            )
        )
    shift_mm = float(np.linalg.norm(comparison.shift_lps_mm))
    if shift_mm > COMMON_MM:
        told.append(
            found(
                "verify.common-shift",
                "the seeds lie {shift_mm:.1f} mm together from their planned places ({x:+.1f}, {y:+.1f}, {z:+.1f} mm "
                "L, P, H): the target was pushed aside, the plan was put in the wrong place, or the registration is "
                "off; look at the checkerboard before the doses are believed",
                Severity.ATTENTION,
                shift_mm=shift_mm,
                **dict(zip("xyz", map(float, comparison.shift_lps_mm), strict=True)),
            )
        )
    far = [pair for pair in comparison.pairs if pair.distance_mm > FAR_MM]
    if far:
        told.append(
            found(
                "verify.seeds-displaced",
                "{n} seeds lie more than {far_mm:g} mm from their planned place, the farthest {largest_mm:.1f} mm",
                Severity.ATTENTION,
                n=len(far),
                far_mm=FAR_MM,
                largest_mm=comparison.largest_mm,
            )
        )
    return told


_IN_LUNG = Message(code="verify.in-lung", template=" in the lung")


def _away_mm(seed: FoundSeed, verified: Verification) -> float:
    places = np.array([each.position_lps_mm for each in verified.planned.seeds])
    return float(np.linalg.norm(places - seed.position_lps_mm, axis=1).min())


def lies_in_lung(seed: FoundSeed, scan: Volume) -> bool:
    """Say whether most of what surrounds a seed has the density of lung."""
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(200, 3))
    ways *= (rng.uniform(*AROUND_MM, size=200) / np.linalg.norm(ways, axis=1))[:, None]
    around = scan.sample(seed.position_lps_mm + ways, outside=-1000.0)
    return bool(np.median(around) < LUNG_HU)


def _picture_findings(verified: Verification) -> list[Finding]:
    told = []
    if verified.doubtful:
        told.append(
            found(
                "verify.doubtful",
                "{n} bright things may be seeds and were left out; look at their pictures and decide with "
                "--corrections",
                Severity.ATTENTION,
                n=len(verified.doubtful),
            )
        )
    found_seeds = len(verified.localisation.seeds)
    if not verified.corrected_by and verified.seen_by_picture != found_seeds:
        told.append(
            found(
                "verify.count-decided",
                "the picture alone shows {alone} seeds; {seen} are told because the count says so, where touching or "
                "broken seeds can be read either way: if a seed was lost or the count is wrong, this hides it; look at "
                "the seeds nearest to each other",
                Severity.ATTENTION,
                alone=verified.seen_by_picture,
                seen=found_seeds,
            )
        )
    loose = sum(seed.axis_lps is None for seed in verified.implanted.seeds)
    if loose:
        told.append(
            found(
                "verify.axes-unknown",
                "the direction of {n} of {total} seeds is not shown well by the scan; they are computed "
                "one-dimensionally",
                Severity.NOTE,
                n=loose,
                total=len(verified.implanted.seeds),
            )
        )
    if verified.structures is None:
        told.append(
            found(
                "verify.no-structures",
                "no structures were given: seeds are compared, doses to target and organs are not",
                Severity.ATTENTION,
            )
        )
    return told


def _coverage_findings(verified: Verification) -> list[Finding]:
    """Return where the target's D90 is under the dose prescribed: surely so if its whole interval is."""
    target = next((each for each in verified.outcomes if each.is_target), None)
    if target is None or target.metric("D90").value >= verified.reference_gy:
        return []
    d90 = target.metric("D90")
    surely = d90.high is not None and d90.high < verified.reference_gy
    return [
        found(
            "verify.d90-below",
            "D90 of {name} is {value:.1f} Gy{interval}, 100 % are {reference:g} Gy; planned were {planned:.1f} Gy: "
            "see what is cold and what would mend it",
            Severity.ACTION if surely else Severity.ATTENTION,
            name=target.name,
            value=d90.value,
            interval="" if d90.low is None or d90.high is None else f" ({d90.low:.1f}–{d90.high:.1f})",
            reference=verified.reference_gy,
            planned=d90.planned if d90.planned is not None else float("nan"),
        )
    ]


def _carried_findings(outcome: StructureOutcome) -> list[Finding]:
    if outcome.drawn_cc is None:
        return []
    change = 100.0 * (outcome.volume_cc / outcome.drawn_cc - 1.0)
    if abs(change) <= VOLUME_CHANGE_PERCENT:
        return []
    return [
        found(
            "verify.carried-volume",
            "structure {name} has {volume_cc:.1f} cc on the scan and {drawn_cc:.1f} cc as drawn ({change:+.0f} %): "
            "the slices "
            "are too thick for it, or it is cut off by the end of the scan",
            Severity.ATTENTION,
            name=outcome.name,
            volume_cc=outcome.volume_cc,
            drawn_cc=outcome.drawn_cc,
            change=change,
        )
    ]
