"""What kinds of job there are: a name, and where the function stands that does it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol


class Progress(Protocol):
    """Told how far a job is: the share of the whole, and the stage in English and Chinese."""

    def __call__(self, share: float, stage: str, stage_zh: str = "") -> None:
        """Tell."""


KINDS: dict[str, str] = {
    "images.sort": "trocar_clinic.images.jobs:sort",
    "planning.seeds": "trocar_clinic.planning.jobs:plan_seeds",
    "planning.ablation": "trocar_clinic.planning.jobs:plan_heat",
    "planning.edit": "trocar_clinic.planning.jobs:edit_seeds",
    "planning.front": "trocar_clinic.planning.ways_job:make_set",
    "planning.chosen": "trocar_clinic.planning.ways_job:carry_on",
    "planning.placed": "trocar_clinic.planning.ways_job:plan_in_needles",
    "planning.check": "trocar_clinic.planning.check_job:check",
    "procedures.dose": "trocar_clinic.procedures.jobs:verify_dose",
    "procedures.margin": "trocar_clinic.procedures.jobs:verify_margin",
}
"""``app.verb`` → ``module:function``; the function takes ``(job, progress)`` and returns the outcome to be kept."""


def function_of(name: str) -> Callable[[Any, Progress], dict[str, Any]]:
    """Return the function of a kind."""
    module, _, attribute = KINDS[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
