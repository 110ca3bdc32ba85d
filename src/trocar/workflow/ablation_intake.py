"""What is looked at before a plan that somebody else may have made is simulated."""

import numpy as np

from trocar.errors import PlanError
from trocar.geometry.volume import Volume
from trocar.imaging.skin import find_body
from trocar.plan.ablation import AblationPlan
from trocar.plan.patient import Image


def require_in_body(plan: AblationPlan, image: Image) -> None:
    """Raise unless every tip lies in the body shown, at every place where its applicator acts.

    Raises
    ------
    PlanError
        Names the applicator, its tip and whether it lies outside the scan or outside the body.
    """
    body = find_body(image.volume).occupancy
    for each in plan.activations:
        tip = plan.applicator(each.applicator).tip_lps_mm(pulled_back_mm=each.pulled_back_mm)
        if not image.volume.grid.contains(tip[None])[0]:
            raise PlanError(
                "ablation.tip-outside-scan",
                "the tip of applicator {number} at {tip} mm lies outside the scan; nothing was simulated: check that "
                "plan and images belong together, or take a scan that shows all of it",
                number=each.applicator,
                tip=_place(tip),
            )
        if _inside(body, tip) < 0.5:
            raise PlanError(
                "ablation.tip-outside-body",
                "the tip of applicator {number} at {tip} mm lies in air, outside the body; nothing was simulated: "
                "check that plan and images belong together, or correct the needle",
                number=each.applicator,
                tip=_place(tip),
            )


def _inside(body: Volume, tip: np.ndarray) -> float:
    return float(body.sample(tip[None], outside=0.0)[0])


def _place(point: np.ndarray) -> str:
    return ", ".join(f"{value:.1f}" for value in point)
