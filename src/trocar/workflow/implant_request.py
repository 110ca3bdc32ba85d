"""What is asked of a plan: stock, ways for needles, places for seeds, and the whole request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trocar.catalogue.radiobiology import Radiobiology
from trocar.errors import PlanError
from trocar.evaluate.biology import ExternalBeam
from trocar.evaluate.scenarios import Mishaps
from trocar.geometry.region import EndCap
from trocar.geometry.value import Value
from trocar.geometry.volume import require_same_frame
from trocar.plan.access import AccessRules
from trocar.plan.goals import Goal
from trocar.plan.patient import Image
from trocar.plan.seeds import Strength
from trocar.plan.structures import StructureSet
from trocar.plan.template import GridTemplate

NEEDLE_PICTURE = EndCap.HALF_SLICE
"""How far a structure goes beyond its last outline, for needles, seeds and doses alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedStock(Value):
    """Seeds that may be used: a model, its strength with its date, and how many there are.

    Parameters
    ----------
    source_model
        Key in the catalogue.
    strength
        Of one seed.
    count
        How many; None for any number.
    lot
        Number of the lot, empty where not told.
    """

    source_model: str
    strength: Strength
    count: int | None
    lot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeding(Value):
    """How seeds may sit.

    Parameters
    ----------
    step_mm
        Distance between the places tried along a needle.
    pitch_mm
        Least distance between the centres of two seeds of a needle.
    tip_to_seed_mm
        From a needle's tip to the centre of the deepest seed it can drop.
    seed_length_mm, seed_diameter_mm
        Of a capsule.
    within
        Structure that seeds lie in; empty for the target.
    beyond_mm
        How far a capsule may reach beyond it.
    keep_off
        Structures that no capsule may come nearer to than a distance in mm.
    most
        Largest number of seeds in all; None for any.

    Raises
    ------
    PlanError
        A distance below 0, or no seed allowed.
    """

    step_mm: float
    pitch_mm: float
    tip_to_seed_mm: float
    seed_length_mm: float
    seed_diameter_mm: float
    within: str = ""
    beyond_mm: float = 0.0
    keep_off: tuple[tuple[str, float], ...] = ()
    most: int | None = None

    def __post_init__(self) -> None:
        least = min(self.beyond_mm, *(margin for _, margin in self.keep_off), 0.0)
        if not least >= 0 or (self.most is not None and self.most < 1):
            raise PlanError(
                "workflow.seeding-invalid",
                "seeds may reach {beyond_mm} mm beyond their region, keep off {keep_off} and number at most {most}; "
                "distances must be 0 or more, and at least one seed allowed",
                beyond_mm=self.beyond_mm,
                keep_off=str(dict(self.keep_off)),
                most=self.most,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeedleWish(Value):
    """How needles may go in.

    Parameters
    ----------
    rules
        Obstacles, lengths, angles.
    spacing_mm
        Least distance between two needles along their whole length.
    reach_mm
        How near every part of the target should have a needle.
    facing_lps
        Skin that looks this way may be entered; None for any.
    within_deg
        How far from that direction.
    template
        Coplanar template; None for free needles.
    most
        Largest number of needles; None for as many as it takes.
    spread_deg
        Largest angle between a needle and the common approach, so that one printed guide can carry all; None for any.
    entry_box_lps_mm
        Two corners of a box that entries lie in; None for anywhere.
    """

    rules: AccessRules
    spacing_mm: float
    reach_mm: float
    facing_lps: tuple[float, float, float] | None
    within_deg: float
    template: GridTemplate | None = None
    most: int | None = None
    spread_deg: float | None = None
    entry_box_lps_mm: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RobustnessWish(Value):
    """What a plan shall be tested against, and whether it is made for it.

    Parameters
    ----------
    mishaps
        What may go otherwise than planned.
    versions
        How many versions of the plan are computed.
    planned_for
        Scenarios the seeds are placed for, beside the plan itself; 0 to place them as if all went well.
    """

    mishaps: Mishaps
    versions: int
    planned_for: int = 0

    def __post_init__(self) -> None:
        if self.versions < 10 or self.planned_for < 0:
            raise PlanError(
                "workflow.robustness-wish",
                "{versions} versions and {scenarios} scenarios were asked for; at least 10 versions are needed to say "
                "anything, scenarios may be 0 or more",
                versions=self.versions,
                scenarios=self.planned_for,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BiologyWish:
    """For which structures a biologically effective dose is wanted.

    Parameters
    ----------
    tissues
        Structure name to tissue.
    external
        External beam to each structure; left out where there is none.
    """

    tissues: Mapping[str, Radiobiology]
    external: Mapping[str, ExternalBeam]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplantRequest:
    """All that is given.

    Parameters
    ----------
    image
        The planning CT.
    structures
        Drawn on it.
    target
        Name of the target structure.
    prescription_gy
        Total dose to the target's margin.
    goals
        Bound to structure names.
    stock
        What lies in the store, one entry a strength.
    implant_at
        When.
    needles
        How needles may go in.
    seeding
        How seeds may sit.
    label
        Of the plan.
    effort
        Changes the search tries.
    robustness
        Tests of the plan; None for none.
    biology
        Biologically effective doses; None for none.
    """

    image: Image
    structures: StructureSet
    target: str
    prescription_gy: float
    goals: tuple[Goal, ...]
    stock: tuple[SeedStock, ...]
    implant_at: datetime
    needles: NeedleWish
    seeding: Seeding
    label: str
    effort: int = 200_000
    robustness: RobustnessWish | None = None
    biology: BiologyWish | None = None


def require_together(request: ImplantRequest) -> None:
    """Raise unless image, structures and stock of a request belong together.

    Raises
    ------
    PlanError
        Another patient or frame of reference, or no stock.
    """
    require_same_frame(
        request.image.volume.frame_uid, request.structures.frame_uid, first="the image", second="the structure set"
    )
    if request.image.patient.identifier != request.structures.patient.identifier:
        raise PlanError(
            "workflow.plan-other-patient",
            "the image belongs to patient {image_id}, the structures to {structures_id}; give objects of one patient",
            image_id=request.image.patient.identifier,
            structures_id=request.structures.patient.identifier,
        )
    if not request.stock:
        raise PlanError(
            "workflow.plan-no-stock", "no seeds are in stock; enter what the store holds, or order seeds first"
        )
