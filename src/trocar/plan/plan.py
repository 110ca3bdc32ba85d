"""Plans: permanent implants and afterloading treatments."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trocar.errors import PlanError
from trocar.geometry.value import Value
from trocar.plan.needles import Needle
from trocar.plan.patient import ImageReference, Patient
from trocar.plan.seeds import Dwell, Seed, Strength

LONGEST_KEPT = timedelta(days=731)
"""I-125 lives longest of what is implanted for good; after two years a four-thousandth of it is left."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prescription(Value):
    """What the target shall receive.

    Parameters
    ----------
    dose_gy
        Total dose of a permanent implant, or of all fractions of an afterloading plan; positive.
    target
        Name of the target structure, empty where the plan does not say.
    """

    dose_gy: float
    target: str = ""

    def __post_init__(self) -> None:
        if not self.dose_gy > 0:
            raise PlanError(
                "plan.prescription-not-positive",
                "a prescription of {dose_gy} Gy was given; it must be above 0 Gy",
                dose_gy=self.dose_gy,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImplantPlan(Value):
    """A permanent implant.

    Parameters
    ----------
    label
        As named.
    patient
        Whose.
    frame_uid
        Frame of reference of all positions.
    implant_at
        When the seeds are, or were, implanted: strengths are decayed to this moment.
    seeds
        At least one.
    needles
        The way in, where known; seeds refer to their numbers.
    prescription
        None where the plan states none.
    image
        The images it was made on.

    Raises
    ------
    PlanError
        No seed, a seed in an unknown needle, or a strength measured after the implant or years before it.
    """

    label: str
    patient: Patient
    frame_uid: str
    implant_at: datetime
    seeds: tuple[Seed, ...]
    needles: tuple[Needle, ...] = ()
    prescription: Prescription | None = None
    image: ImageReference | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise PlanError(
                "plan.no-seeds", "plan {label} holds no seed; an implant needs at least one", label=self.label
            )
        numbers = {needle.number for needle in self.needles}
        strangers = sorted({seed.needle for seed in self.seeds if seed.needle is not None} - numbers)
        if numbers and strangers:
            raise PlanError(
                "plan.seed-in-unknown-needle",
                "seeds of plan {label} lie in needles {strangers}, but the plan has needles {numbers}",
                label=self.label,
                strangers=strangers,
                numbers=sorted(numbers),
            )
        late = [seed for seed in self.seeds if seed.strength.reference_at > self.implant_at]
        if late:
            raise PlanError(
                "plan.calibrated-after-implant",
                "{n} seeds of plan {label} carry a strength dated {reference_at}, after the implant at {implant_at}; "
                "check the calibration date on the certificate",
                n=len(late),
                label=self.label,
                reference_at=late[0].strength.reference_at.isoformat(sep=" "),
                implant_at=self.implant_at.isoformat(sep=" "),
            )
        old = [seed for seed in self.seeds if self.implant_at - seed.strength.reference_at > LONGEST_KEPT]
        if old:
            raise PlanError(
                "plan.calibrated-years-before",
                "{n} seeds of plan {label} carry a strength dated {reference_at}, more than two years before the "
                "implant at {implant_at}; nothing implanted for good has any strength left by then: check both dates",
                n=len(old),
                label=self.label,
                reference_at=old[0].strength.reference_at.isoformat(sep=" "),
                implant_at=self.implant_at.isoformat(sep=" "),
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel(Value):
    """One catheter of an afterloading plan with its dwells, tip first or last as the machine counts."""

    number: int
    label: str
    dwells: tuple[Dwell, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AfterloadingPlan(Value):
    """A temporary treatment by one stepping source.

    Parameters
    ----------
    source_model
        Key of the source in the catalogue, such as ``Ir192_mHDR-v2``.
    strength
        S_K and its reference time.
    treat_at
        When; the strength is decayed to this moment before dwell times count.
    strength_is_for_treatment
        Whether the dwell times already belong to the stated strength (the usual case in an export): no decay then.
    fractions
        How often the dwells are repeated.
    """

    label: str
    patient: Patient
    frame_uid: str
    source_model: str
    strength: Strength
    treat_at: datetime | None
    strength_is_for_treatment: bool
    channels: tuple[Channel, ...]
    fractions: int = 1
    prescription: Prescription | None = None
    image: ImageReference | None = None

    @property
    def dwells(self) -> tuple[Dwell, ...]:
        """All dwells of all channels."""
        return tuple(dwell for channel in self.channels for dwell in channel.dwells)
