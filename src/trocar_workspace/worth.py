"""What a plan under the hand is worth when needles, seeds and tissue err, and to tissues: tried on request."""

from typing import Any

import numpy as np

from trocar.errors import UsageError
from trocar.plan.plan import ImplantPlan
from trocar.results.biology import BiologicalDose
from trocar.results.robustness import Outcomes, Robustness
from trocar.workflow.consequences import TRYING, biological_doses, robustness_of
from trocar.workflow.implant_request import ImplantRequest
from trocar_workspace.saving import Progress

SEED = 1
"""Of the versions: the same for every plan, so that two plans meet the same errors."""


def worth_of(request: ImplantRequest, plan: ImplantPlan, told: Progress) -> dict[str, Any]:
    """Return the robustness and the biology that a request asks for, of any plan, as plain data.

    Raises
    ------
    UsageError
        The plan has no seeds.
    """
    if not plan.seeds:
        raise UsageError("cli.workspace-no-seeds", "the plan has no seeds; there is nothing to try")
    worth: dict[str, Any] = {"biology": [], "robustness": None}
    if request.biology is not None:
        worth["biology"] = [_tissue(each) for each in biological_doses(request, plan, request.biology)]
    if request.robustness is not None:
        found = robustness_of(request, plan, rng=np.random.default_rng(SEED), told=lambda share: told(TRYING, share))
        worth["robustness"] = _robustness(found)
    return worth


def _robustness(found: Robustness) -> dict[str, Any]:
    return {
        "versions": found.versions,
        "covered_percent": round(100.0 * found.covered.value, 1),
        "covered_error": round(100.0 * found.covered.standard_error, 1),
        "d90_gy": _spread(found.d90_gy),
        "v100_percent": _spread(found.v100_percent),
        "goals": [{"goal": text, "percent": round(100.0 * chance.value, 1)} for text, chance in found.chances.items()],
        "needles": [
            {"number": each.number, "percent": round(100.0 * each.total, 0), "without_gy": round(each.without_gy, 1)}
            for each in found.needles[:3]
        ],
    }


def _spread(outcomes: Outcomes) -> dict[str, float]:
    return {
        "planned": round(outcomes.planned, 1),
        "median": round(outcomes.percentile(50.0), 1),
        "low": round(outcomes.percentile(5.0), 1),
        "high": round(outcomes.percentile(95.0), 1),
    }


def _tissue(dose: BiologicalDose) -> dict[str, Any]:
    return {
        "structure": dose.structure,
        "tissue": {"en": dose.tissue.name, "zh": dose.tissue.name_zh},
        "metric": dose.metric,
        "implant_gy": round(dose.implant_gy, 1),
        "external_gy": round(dose.external_gy, 1),
        "bed_gy": round(dose.bed_gy, 1),
        "eqd2_gy": round(dose.eqd2_gy, 1),
    }
