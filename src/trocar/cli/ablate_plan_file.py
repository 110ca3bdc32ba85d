"""Reading ``plan.json`` of an ablation again."""

from typing import Any

import numpy as np

from trocar.errors import UsageError
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Control, PowerStep, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Image

SCHEMA = "trocar.ablation-plan/1"


def ablation_plan_from(data: dict[str, Any], image: Image) -> AblationPlan:
    """Return a plan from its data, for the image it was made on.

    Raises
    ------
    UsageError
        It is no plan, or was made in another frame of reference.
    """
    try:
        if data["schema"] != SCHEMA:
            raise ValueError(data["schema"])
        plan = _plan(data, image)
    except (KeyError, TypeError, ValueError) as problem:
        raise UsageError(
            "cli.no-ablation-plan",
            "the file is no plan of an ablation ({reason}); give plan.json as `trocar ablate plan` writes it",
            reason=f"{type(problem).__name__} {problem}",
        ) from problem
    if data["frame_uid"] != image.reference.frame_uid:
        raise UsageError(
            "cli.ablation-plan-frame",
            "the plan was made in frame of reference {plan}, the images lie in {images}; give the images of the plan",
            plan=data["frame_uid"],
            images=image.reference.frame_uid,
        )
    return plan


def _plan(data: dict[str, Any], image: Image) -> AblationPlan:
    return AblationPlan(
        label=data["label"],
        patient=image.patient,
        frame_uid=data["frame_uid"],
        applicators=tuple(
            Applicator(
                needle=Needle(
                    number=each["number"],
                    entry_lps_mm=np.array(each["entry_lps_mm"], dtype=np.float64),
                    tip_lps_mm=np.array(each["tip_lps_mm"], dtype=np.float64),
                ),
                model=each["model"],
            )
            for each in data["applicators"]
        ),
        activations=tuple(
            Activation(
                applicator=each["applicator"],
                start_s=each["start_s"],
                pulled_back_mm=each["pulled_back_mm"],
                schedule=Schedule(
                    steps=tuple(PowerStep(**{**step, "control": Control[step["control"]]}) for step in each["steps"])
                ),
            )
            for each in data["activations"]
        ),
        target=AblationTarget(**data["target"]),
        image=image.reference,
    )
