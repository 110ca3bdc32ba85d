"""What an ablation is planned from: scan, target, applicator, rules, and how the plan is checked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from trocar.messages import Message
from trocar.plan.ablation import AblationTarget, Schedule
from trocar.plan.access import AccessRules
from trocar.plan.patient import Image
from trocar.plan.structures import StructureSet
from trocar.results.tissue_death import DeathModel
from trocar.rules.ablation_margin import MarginPack
from trocar.workflow.ablation_heat import AntennaModel
from trocar.workflow.ablation_zones import ZoneChoice

Progress = Callable[[Message, float], None]
SAME_PLACE_MM = 5.0
"""Applicators nearer than this act in one place."""


class ZoneBelief(Enum):
    """By which zones the first plan is laid out; the check is by simulation in either case."""

    PUBLISHED = "the catalogue's, or a hospital's own"
    SIMULATED = "simulated for one activation in the organ"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCheck:
    """How a plan is simulated in the patient's own tissue, and mended until the margin is reached.

    Parameters
    ----------
    death_model
        What counts as dead.
    spacing_mm
        Voxel of the heat.
    belief
        By which zones the first plan is laid out.
    schedules
        Allowed, the weakest first: the fewest insertions decide, then the weakest of these.
    rounds
        How often activations may be added where tissue lived; 0 for a check only.
    antenna
        Where the heat of a microwave antenna comes from.
    """

    death_model: DeathModel
    spacing_mm: float
    belief: ZoneBelief
    schedules: tuple[Schedule, ...]
    rounds: int
    antenna: AntennaModel = AntennaModel.PARAMETRIC


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRequest:
    """What is to be planned.

    Parameters
    ----------
    label
        Of the plan.
    image, structures
        Scan and outlines.
    target
        Lesion, margin, organ.
    model, schedule
        Applicator and what one activation does.
    choice
        Which zones are believed.
    rules
        What needles must obey.
    facing_lps, within_deg
        Which skin may be entered; None for all.
    spared
        Structures that no zone may reach.
    vessels
        Structures that cool: a zone that comes near is doubtful there.
    placement_error_mm
        Pooled lateral error of needles, root mean square: how sure the cover is.
    most_insertions
        None for as many as it takes.
    at_once
        Whether the applicators act together.
    seconds
        For the exact solver.
    pack, organ_kind
        Rules.
    check
        How the plan is simulated in the patient's own tissue; None where it is not, which is told as a finding.
    spacing_mm
        Least distance between two insertions: all along them where they act together, between the places where they
        act and for tracks that would be one hole where they act in turn.
    temperature_limits_c
        Structure to the highest temperature it may reach, in freezing the lowest; told from the simulation.
    tumours, tumours_a_side
        How many tumours there are, and on this side of the body; None where not stated.
    """

    label: str
    image: Image
    structures: StructureSet
    target: AblationTarget
    model: str
    schedule: Schedule
    choice: ZoneChoice
    rules: AccessRules
    facing_lps: tuple[float, float, float] | None
    within_deg: float
    spared: tuple[str, ...]
    vessels: tuple[str, ...]
    placement_error_mm: float
    most_insertions: int | None
    at_once: bool
    seconds: float
    pack: MarginPack
    organ_kind: str
    check: PlanCheck | None = None
    spacing_mm: float = SAME_PLACE_MM
    temperature_limits_c: tuple[tuple[str, float], ...] = ()
    tumours: int | None = None
    tumours_a_side: int | None = None
