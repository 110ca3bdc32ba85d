"""A verification as data for scripts."""

from typing import Any

import numpy as np

import trocar
from trocar.cli.as_json import SCHEMA, finding_json, indices_json, plan_json
from trocar.messages import Language
from trocar.results.protection import ProtectionEstimate
from trocar.results.registration import root_mean_square
from trocar.results.seeds_seen import FoundSeed
from trocar.results.two_scans import TwoScans
from trocar.results.verification import FurtherSeeds, Interval
from trocar.workflow.verification import Verification


def verification_data(verified: Verification, language: Language) -> dict[str, Any]:
    """Return a verification as data for scripts."""
    comparison, counts = verified.comparison, verified.counts
    return {
        "schema": SCHEMA,
        "command": "verify",
        "trocar": trocar.__version__,
        "planned": plan_json(verified.planned),
        "implanted": plan_json(verified.implanted),
        "reference_gy": verified.reference_gy,
        "target": verified.target,
        "counts": {name: getattr(counts, name) for name in type(counts).__dataclass_fields__},
        "seeds": {
            "seen": [_seed_json(seed, number, verified) for number, seed in enumerate(verified.seen)],
            "seen_by_picture": verified.seen_by_picture,
            "doubtful": [_found_json(seed) for seed in verified.doubtful],
            "missing_planned": [number + 1 for number in comparison.missing],
            "shift_lps_mm": comparison.shift_lps_mm.tolist(),
            "median_mm": _finite(comparison.median_mm),
            "largest_mm": _finite(comparison.largest_mm),
        },
        "registration": _registration_json(verified),
        "structures": [
            {
                "name": outcome.name,
                "is_target": outcome.is_target,
                "is_carried": outcome.is_carried,
                "volume_cc": outcome.volume_cc,
                "drawn_cc": outcome.drawn_cc,
                "metrics": [_interval_json(metric) for metric in outcome.metrics],
            }
            for outcome in verified.outcomes
        ],
        "indices": {
            "planned": indices_json(verified.planned_indices) if verified.planned_indices else None,
            "implanted": indices_json(verified.implanted_indices) if verified.implanted_indices else None,
            "intervals": [_interval_json(each) for each in verified.indices],
        },
        "cold_regions": [
            {
                "volume_cc": cold.volume_cc,
                "least_gy": cold.least_gy,
                "centre_lps_mm": cold.centre_lps_mm.tolist(),
                "coldest_lps_mm": cold.coldest_lps_mm.tolist(),
            }
            for cold in verified.cold
        ],
        "further_seeds": _further_json(verified.further),
        "swelling_going_down": [_interval_json(each) for each in verified.swollen] if verified.swollen else None,
        "protection": _protection_json(verified.protection),
        "metal": [
            {"volume_cc": body.volume_cc, "centre_lps_mm": body.centre_lps_mm.tolist()} for body in verified.metal
        ],
        "earlier": two_scans_json(verified.two_scans) if verified.two_scans is not None else None,
        "corrected_by": verified.corrected_by,
        "errors": _errors_json(verified),
        "findings": [
            finding_json(finding, language) | {"text_zh": finding.message.text(Language.CHINESE)}
            for finding in verified.findings
        ],
    }


def _errors_json(verified: Verification) -> list[dict[str, Any]]:
    shares = {share.key: share for share in verified.error_shares}
    return [
        {
            "key": number.key,
            "value": number.value,
            "unit": number.unit,
            "source": number.source,
            "confidence": number.confidence,
            "d90_gy": shares[number.key].d90_gy if number.key in shares else None,
            "v100_percent": shares[number.key].v100_percent if number.key in shares else None,
            "share_of_d90": shares[number.key].share_of_d90 if number.key in shares else None,
        }
        for number in (verified.budget.numbers if verified.budget is not None else ())
    ]


def _interval_json(metric: Interval) -> dict[str, Any]:
    return {
        name: _finite(value) if isinstance(value := getattr(metric, name), float) else value
        for name in type(metric).__dataclass_fields__
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _seed_json(seed: FoundSeed, number: int, verified: Verification) -> dict[str, Any]:
    pair = next((pair for pair in verified.comparison.pairs if pair.seen == number), None)
    return _found_json(seed) | {
        "number": number + 1,
        "fate": verified.comparison.fate_of_seen(number).value,
        "planned_number": pair.planned + 1 if pair else None,
        "displacement_lps_mm": pair.displacement_lps_mm.tolist() if pair else None,
    }


def _found_json(seed: FoundSeed) -> dict[str, Any]:
    return {
        "position_lps_mm": seed.position_lps_mm.tolist(),
        "axis_lps": seed.axis_lps.tolist() if seed.axis_is_known else None,
        "confidence": seed.confidence,
        "position_sd_mm": seed.position_sd_mm,
        "axis_sd_deg": _finite(seed.axis_sd_deg),
    }


def _registration_json(verified: Verification) -> dict[str, Any] | None:
    registration = verified.registration
    if registration is None:
        return None
    return {
        "motion": registration.motion.value,
        "moving_from_fixed": registration.moving_from_fixed.tolist(),
        "likeness_before": registration.likeness_before,
        "likeness_after": registration.likeness_after,
        "likeness_mirrored": registration.likeness_mirrored,
        "landmark_errors_mm": list(verified.landmark_errors_mm),
        "landmark_rms_mm": _finite(root_mean_square(verified.landmark_errors_mm)),
    }


def _further_json(further: FurtherSeeds | None) -> dict[str, Any] | None:
    if further is None:
        return None
    return {
        "positions_lps_mm": further.positions_lps_mm.tolist(),
        "v100_percent": [further.v100_before_percent, further.v100_after_percent],
        "d90_gy": [further.d90_before_gy, further.d90_after_gy],
        "wanted_v100_percent": further.wanted_percent,
        "is_enough": further.is_enough,
        "ways": [
            {
                "seat_lps_mm": way.seat_lps_mm.tolist(),
                "entry_lps_mm": way.entry_lps_mm.tolist(),
                "hole": way.label,
                "depth_mm": way.depth_mm,
                "slack_mm": way.slack_mm,
            }
            for way in further.ways
        ],
        "blocked_lps_mm": further.blocked_lps_mm.tolist(),
    }


def _protection_json(estimate: ProtectionEstimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "strength_u": estimate.strength_u,
        "surface_usv_h": estimate.surface_usv_h,
        "one_metre_usv_h": estimate.one_metre_usv_h,
        "transmission": estimate.transmission,
        "lifetime_one_metre_msv": estimate.lifetime_one_metre_msv,
        "occupancy": estimate.occupancy,
        "rates": [
            {"day": r.day, "surface_usv_h": r.surface_usv_h, "one_metre_usv_h": r.one_metre_usv_h}
            for r in estimate.rates
        ],
        "contacts": [
            {
                "limit": c.limit.key,
                "limit_msv": c.limit.value,
                "distance_mm": c.distance_mm,
                "hours_a_day": c.hours_a_day,
            }
            for c in estimate.contacts
        ],
        "cremation_after": estimate.cremation_after.isoformat() if estimate.cremation_after else None,
    }


def two_scans_json(change: TwoScans) -> dict[str, Any]:
    """Return what changed since an earlier scan."""
    motion = change.motion
    resolution = change.resolution
    return {
        "days": [change.earlier_day, change.later_day],
        "seen": [change.earlier_seen, change.later_seen],
        "seeds": [
            {
                "earlier_number": pair.earlier + 1,
                "number": pair.later + 1,
                "displacement_lps_mm": pair.displacement_lps_mm.tolist(),
                "own_lps_mm": pair.own_lps_mm.tolist(),
            }
            for pair in motion.pairs
        ],
        "lost": [number + 1 for number in motion.lost],
        "new": [number + 1 for number in motion.new],
        "shift_lps_mm": motion.shift_lps_mm.tolist(),
        "median_mm": _finite(motion.median_mm),
        "own_median_mm": _finite(motion.own_median_mm),
        "volume_ratio": _finite(motion.volume_ratio),
        "volume_ratio_interval": [_finite(each) for each in motion.volume_ratio_interval],
        "target_cc": list(change.target_cc) if change.target_cc is not None else None,
        "metrics": [
            {
                "structure": each.structure,
                "is_target": each.is_target,
                "earlier": _interval_json(each.earlier),
                "later": _interval_json(each.later),
            }
            for each in change.metrics
        ],
        "resolution": None
        if resolution is None
        else {
            "at_implant_percent": resolution.at_implant_percent,
            "half_life_d": resolution.half_life_d,
            "metrics": [_interval_json(each) for each in resolution.metrics],
        },
    }
