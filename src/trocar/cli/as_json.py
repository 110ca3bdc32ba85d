"""Results as data for scripts. Names and units are stable; people's names are left out."""

import math
from typing import Any

from trocar.messages import Language, Message
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.results.dvh import Dvh
from trocar.results.findings import Deviation, Finding
from trocar.results.indices import Estimate, ImplantIndices
from trocar.results.plan_check import Comparison, Explanation, PlanCheck, Spread, StructureCheck, Trial
from trocar.results.provenance import Provenance

SCHEMA = "trocar.result/1"


def plain(value: object, language: Language) -> Any:
    """Return a value as JSON can hold it: numbers that are not finite become null, messages their text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, Message):
        return message_json(value, language)
    if isinstance(value, list | tuple):
        return [plain(each, language) for each in value]
    return str(value)


def message_json(message: Message, language: Language) -> dict[str, Any]:
    """Return a message: code, text, data."""
    data = {name: plain(item, language) for name, item in message.data.items()}
    return {"code": message.code, "text": message.text(language), "data": data}


def finding_json(finding: Finding, language: Language) -> dict[str, Any]:
    """Return a finding."""
    return {
        "severity": finding.severity.value,
        **message_json(finding.message, language),
        "reference": finding.reference,
    }


def deviation_json(deviation: Deviation, language: Language) -> dict[str, Any]:
    """Return a deviation tolerated in reading."""
    return {"where": deviation.where, **message_json(deviation.message, language)}


def plan_json(plan: ImplantPlan | AfterloadingPlan) -> dict[str, Any]:
    """Return what a plan is, in a few facts."""
    facts: dict[str, Any] = {
        "label": plan.label,
        "patient_id": plan.patient.identifier,
        "hash": plan.content_hash,
        "prescription_gy": plan.prescription.dose_gy if plan.prescription else None,
    }
    if isinstance(plan, ImplantPlan):
        models = sorted({seed.source_model for seed in plan.seeds})
        return facts | {
            "kind": "permanent implant",
            "seeds": len(plan.seeds),
            "source_models": models,
            "total_strength_u": sum(seed.strength.s_k_u for seed in plan.seeds),
            "implant_at": plan.implant_at.isoformat(),
        }
    return facts | {
        "kind": "afterloading",
        "channels": len(plan.channels),
        "dwells": len(plan.dwells),
        "source_models": [plan.source_model],
        "strength_u": plan.strength.s_k_u,
        "fractions": plan.fractions,
    }


def check_json(check: PlanCheck, language: Language) -> dict[str, Any]:
    """Return the outcome of a plan check."""
    return {
        "verdict": check.verdict.name.lower().replace("_", "-"),
        "reference_dose_gy": plain(check.reference_dose_gy, language),
        "findings": [finding_json(finding, language) for finding in check.findings],
        "comparison": _comparison_json(check.comparison) if check.comparison else None,
        "explanation": _explanation_json(check.explanation, language) if check.explanation else None,
        "structures": [structure_json(structure) for structure in check.structures],
        "points": [
            {
                "name": point.name,
                "position_lps_mm": list(point.position_lps_mm),
                "stated_gy": point.stated_gy,
                "recomputed_gy": point.recomputed_gy,
            }
            for point in check.points
        ],
        "provenance": provenance_json(check.provenance),
    }


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    region = comparison.region
    return {
        "region": {name: getattr(region, name) for name in type(region).__dataclass_fields__},
        "overall": _spread_json(comparison.overall),
        "bands": [
            {"from_gy": band.from_gy, "to_gy": _number(band.to_gy), **_spread_json(band.spread)}
            for band in comparison.bands
        ],
        "stored_step_gy": comparison.step_gy,
        "gamma_pass_share": comparison.gamma_pass_share,
        "gamma_criteria": comparison.gamma_criteria,
    }


def _spread_json(spread: Spread) -> dict[str, Any]:
    return {name: _number(getattr(spread, name)) for name in type(spread).__dataclass_fields__}


def _explanation_json(explanation: Explanation, language: Language) -> dict[str, Any]:
    return {
        "misfit_percent": explanation.misfit_percent,
        "remaining_percent": explanation.remaining_percent,
        "rounding_percent": explanation.rounding_percent,
        "account": [_trial_json(trial, language) for trial in explanation.account],
        "trials": [_trial_json(trial, language) for trial in explanation.trials],
    }


def _trial_json(trial: Trial, language: Language) -> dict[str, Any]:
    return {
        "cause": trial.cause.name.lower().replace("_", "-"),
        **message_json(trial.message, language),
        "misfit_percent": trial.misfit_percent,
        "share": trial.share,
        "rivals": [message_json(rival, language) for rival in trial.rivals],
    }


def structure_json(structure: StructureCheck) -> dict[str, Any]:
    """Return what a structure receives."""
    return {
        "name": structure.name,
        "roi_number": structure.number,
        "is_target": structure.is_target,
        "volume_cc": structure.recomputed.volume_cc,
        "metrics": [
            {
                "name": pair.name,
                "unit": pair.unit,
                "recomputed": _number(pair.recomputed),
                "stored": _number(pair.stored),
            }
            for pair in structure.metrics
        ],
        "indices": indices_json(structure.indices) if structure.indices else None,
    }


def indices_json(indices: ImplantIndices) -> dict[str, Any]:
    """Return the indices of a target, each with its standard error."""
    return {
        name: _estimate_json(value) if isinstance(value, Estimate) else _number(value)
        for name in type(indices).__dataclass_fields__
        if name != "remarks" and (value := getattr(indices, name)) is not None
    }


def _estimate_json(estimate: Estimate) -> dict[str, float | None]:
    return {"value": _number(estimate.value), "standard_error": _number(estimate.standard_error)}


def dvh_json(dvh: Dvh) -> dict[str, Any]:
    """Return a DVH as a curve."""
    return {
        "name": dvh.name,
        "volume_cc": dvh.volume_cc,
        "mean_gy": dvh.mean_gy,
        "minimum_gy": dvh.min_gy,
        "maximum_gy": dvh.max_gy,
        "dose_gy": dvh.dose_gy.tolist(),
        "cumulative_cc": dvh.cumulative_cc.tolist(),
    }


def provenance_json(provenance: Provenance) -> dict[str, Any]:
    """Return where a result comes from."""
    return {
        "engine": provenance.engine,
        "library_version": provenance.library_version,
        "inputs": dict(provenance.inputs),
        "tables": dict(provenance.tables),
        "papers": list(provenance.papers),
    }


def _number(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
