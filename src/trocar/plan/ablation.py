"""Ablation plans: applicators, what is done with them step by step, and what the target shall get."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.value import Value
from trocar.plan.needles import Needle
from trocar.plan.patient import ImageReference, Patient


class Control(Enum):
    """What the generator or the gas valve keeps to during a step."""

    POWER = "constant power"
    IMPEDANCE = "power pulsed when the impedance rises"
    TEMPERATURE = "power held to a temperature of the tip"
    FREEZE = "gas at a share of full flow"
    THAW = "passive thaw"
    PAUSE = "nothing flows"


NEEDS_POWER = frozenset({Control.POWER})
NEEDS_TEMPERATURE = frozenset({Control.TEMPERATURE})
NEEDS_FLOW = frozenset({Control.FREEZE})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerStep(Value):
    """One step of a schedule.

    Parameters
    ----------
    control
        What is kept constant.
    duration_s
        How long, above 0.
    power_w
        Power, or its upper bound under impedance or temperature control; None where the generator's own.
    temperature_k
        For `Control.TEMPERATURE` only.
    flow_percent
        For `Control.FREEZE` only, above 0 up to 100.

    Raises
    ------
    PlanError
        A duration, power, temperature or flow that cannot be, or one that the control needs is missing.
    """

    control: Control
    duration_s: float
    power_w: float | None = None
    temperature_k: float | None = None
    flow_percent: float | None = None

    def __post_init__(self) -> None:
        given = (self.power_w, self.temperature_k, self.flow_percent)
        numbers = [self.duration_s, *(each for each in given if each is not None)]
        complete = (
            (self.power_w is not None or self.control not in NEEDS_POWER)
            and (self.temperature_k is not None) == (self.control in NEEDS_TEMPERATURE)
            and (self.flow_percent is not None) == (self.control in NEEDS_FLOW)
        )
        if (
            not complete
            or not all(np.isfinite(each) and each > 0 for each in numbers)
            or (self.flow_percent or 0) > 100
        ):
            raise PlanError(
                "plan.power-step-invalid",
                'a step of "{control}" for {duration_s} s with {power_w} W, {temperature_k} K and {flow_percent} % '
                "flow was "
                "given; constant power needs a power, a held temperature its temperature, freezing a flow up to 100 %, "
                "and every number must be above 0",
                control=self.control.value,
                duration_s=self.duration_s,
                power_w=self.power_w,
                temperature_k=self.temperature_k,
                flow_percent=self.flow_percent,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule(Value):
    """Steps one after the other; at least one."""

    steps: tuple[PowerStep, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise PlanError("plan.schedule-empty", "a schedule without steps was given; it needs at least one")

    @property
    def duration_s(self) -> float:
        """From the first step's start to the last one's end."""
        return float(sum(step.duration_s for step in self.steps))

    @property
    def active_s(self) -> float:
        """Time in which something heats or freezes."""
        resting = {Control.THAW, Control.PAUSE}
        return float(sum(step.duration_s for step in self.steps if step.control not in resting))

    @property
    def energy_j(self) -> float | None:
        """Set energy at constant power; None where the generator or the gas decides."""
        if any(step.control not in (Control.POWER, Control.PAUSE) for step in self.steps):
            return None
        return float(sum((step.power_w or 0.0) * step.duration_s for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Applicator(Value):
    """An electrode, antenna or probe in its place.

    Parameters
    ----------
    needle
        The way in; its tip is the applicator's tip at the deepest.
    model
        Key of the catalogue, ``microwave/Emprint``.
    """

    needle: Needle
    model: str

    @property
    def number(self) -> int:
        """Number of its needle."""
        return self.needle.number

    def tip_lps_mm(self, *, pulled_back_mm: float) -> Float[np.ndarray, " 3"]:
        """Return where the tip lies after it was pulled back."""
        tip: np.ndarray = self.needle.tip_lps_mm - pulled_back_mm * self.needle.direction_lps
        return tip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activation(Value):
    """One application of energy or cold.

    Parameters
    ----------
    applicator
        Number of the applicator.
    start_s
        After the first activation of the plan; equal starts act together.
    schedule
        What is done.
    pulled_back_mm
        How far the tip has been drawn back from its deepest place, 0 or more.

    Raises
    ------
    PlanError
        A start or a way back below 0.
    """

    applicator: int
    start_s: float
    schedule: Schedule
    pulled_back_mm: float = 0.0

    def __post_init__(self) -> None:
        if not (self.start_s >= 0 and self.pulled_back_mm >= 0):
            raise PlanError(
                "plan.activation-invalid",
                "an activation of applicator {applicator} starts at {start_s} s, {pulled_back_mm} mm back; both must "
                "be 0 "
                "or more",
                applicator=self.applicator,
                start_s=self.start_s,
                pulled_back_mm=self.pulled_back_mm,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationTarget(Value):
    """What shall be destroyed.

    Parameters
    ----------
    lesion
        Name of the tumour's structure.
    margin_mm
        Wanted all around it, 0 or more.
    organ
        Name of the structure it lies in; empty where unknown. Beyond the organ no margin is asked.

    Raises
    ------
    PlanError
        A margin below 0.
    """

    lesion: str
    margin_mm: float
    organ: str = ""

    def __post_init__(self) -> None:
        if not self.margin_mm >= 0:
            raise PlanError(
                "plan.ablation-margin-negative",
                "a margin of {margin_mm} mm around {lesion} was asked for; it must be 0 mm or more",
                margin_mm=self.margin_mm,
                lesion=self.lesion,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationPlan(Value):
    """One ablation.

    Parameters
    ----------
    label
        As named.
    patient
        Whose.
    frame_uid
        Frame of reference of all positions.
    applicators
        At least one, each with its own number.
    activations
        At least one; they name applicators of the plan.
    target
        Lesion and wanted margin.
    image
        The images it was made on; None where unknown.

    Raises
    ------
    PlanError
        No applicator or activation, a number twice, an activation of an unknown applicator, or one that is started
        again while it is still running.
    """

    label: str
    patient: Patient
    frame_uid: str
    applicators: tuple[Applicator, ...]
    activations: tuple[Activation, ...]
    target: AblationTarget
    image: ImageReference | None = None

    def __post_init__(self) -> None:
        numbers = [each.number for each in self.applicators]
        named = {each.applicator for each in self.activations}
        if not numbers or not self.activations or len(set(numbers)) != len(numbers) or named - set(numbers):
            raise PlanError(
                "plan.ablation-incomplete",
                "ablation plan {label} holds applicators {numbers} and activates {named}; it needs at least one of "
                "each, "
                "every number once, and activates only applicators it has",
                label=self.label,
                numbers=numbers,
                named=sorted(named),
            )
        for number in named:
            _require_one_at_a_time(number, [each for each in self.activations if each.applicator == number])

    def applicator(self, number: int) -> Applicator:
        """Return an applicator by its number."""
        return next(each for each in self.applicators if each.number == number)

    @property
    def models(self) -> tuple[str, ...]:
        """Keys of the models used, sorted."""
        return tuple(sorted({each.model for each in self.applicators}))

    @property
    def duration_s(self) -> float:
        """Until the last activation ends."""
        return max(each.start_s + each.schedule.duration_s for each in self.activations)


def _require_one_at_a_time(number: int, activations: Sequence[Activation]) -> None:
    in_order = sorted(activations, key=lambda each: each.start_s)
    for first, second in pairwise(in_order):
        if second.start_s < first.start_s + first.schedule.duration_s:
            raise PlanError(
                "plan.activations-overlap",
                "applicator {number} is started at {second_s:g} s while its activation of {first_s:g} s is still "
                "running; "
                "let one end before the next starts",
                number=number,
                first_s=first.start_s,
                second_s=second.start_s,
            )
