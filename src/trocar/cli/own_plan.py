"""A plan for the user's own images and structures, by the demonstration's example values."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from trocar.cli.console import Follower
from trocar.cli.plan import write_proposal
from trocar.dicom.image_writer import write_image
from trocar.evaluate.structures import region_of_structure
from trocar.geometry.region import EndCap
from trocar.imaging.bone import bone_structure
from trocar.imaging.skin import find_body
from trocar.messages import Message
from trocar.optimise.access.free import lattice_in
from trocar.plan.access import AccessRules, Obstacle
from trocar.plan.patient import Image
from trocar.plan.seeds import Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.report.document import say
from trocar.results.findings import Finding
from trocar.rules.bind import bind_goals, suggest_binding
from trocar.rules.load import load_pack
from trocar.workflow.implant import plan_implant
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock

EXAMPLE_PACK = "trocar/percutaneous_example"
PRESCRIPTION_GY, SOURCE_MODEL, STRENGTH_U = 120.0, "I125_6711", 0.6
MARGIN_MM, BONE_MARGIN_MM, BONE_HU = 3.0, 1.0, 250.0
LEAST_SPACING_MM, AIM_SPACING_MM = 5.0, 3.0
"""Values to show something with: no recommendation for any patient."""

MOST_OVERLAP = 0.02
"""A structure that holds more of the target than this surrounds it, or is drawn for it, and is no obstacle."""

PLANNED_BY_EXAMPLE = say(
    "cli.demo-own-plan",
    "the plan was made with the demonstration's own values ({dose_gy:g} Gy, seeds of {s_k_u:g} U, {margin_mm:g} mm "
    "from every other structure, goals of an example pack): it shows the way, it is no plan for a patient",
    dose_gy=PRESCRIPTION_GY,
    s_k_u=STRENGTH_U,
    margin_mm=MARGIN_MM,
)


def plan_by_example(
    folder: Path, image: Image, structures: StructureSet, target: Structure, *, at: datetime, follow: Follower
) -> tuple[Finding, ...]:
    """Plan a target by example values, write images and plan into a folder, and return the findings.

    Raises
    ------
    OptimiseError, ImagingError
        No needle reaches the target, or the images are no CT.
    """
    request = example_request(image, structures, target, at=at)
    proposed = plan_implant(request, rng=np.random.default_rng(1), progress=follow, nearest=True)
    write_image(image, folder / "images", at=at)
    write_proposal(folder, request, proposed, design=None, at=at, told=follow)
    return proposed.findings


def example_request(image: Image, structures: StructureSet, target: Structure, *, at: datetime) -> ImplantRequest:
    """Return a request for a target of a structure set, all other structures to be kept off."""
    pack = load_pack(EXAMPLE_PACK)
    others = obstacles_about(structures, target)
    binding = suggest_binding(pack, [each.name for each in others]) | {"target": target.name}
    bone = bone_structure(image.volume, find_body(image.volume).mask, threshold_hu=BONE_HU, number=9001)
    return ImplantRequest(
        image=image,
        structures=structures,
        target=target.name,
        prescription_gy=PRESCRIPTION_GY,
        goals=bind_goals(pack.goals, binding),
        stock=(SeedStock(source_model=SOURCE_MODEL, strength=Strength(s_k_u=STRENGTH_U, reference_at=at), count=None),),
        implant_at=at.replace(hour=9, minute=0, second=0) + timedelta(days=1),
        needles=NeedleWish(
            rules=AccessRules(
                obstacles=(
                    *(Obstacle(structure=each, margin_mm=MARGIN_MM) for each in others),
                    *((Obstacle(structure=bone, margin_mm=BONE_MARGIN_MM),) if bone.contours else ()),
                ),
                needle_length_mm=200.0,
                needle_radius_mm=0.635,
                most_depth_mm=170.0,
                beyond_target_mm=2.0,
                least_in_target_mm=5.0,
                most_skin_angle_deg=60.0,
                may_stop_short=True,
            ),
            spacing_mm=LEAST_SPACING_MM,
            reach_mm=7.0,
            facing_lps=None,
            within_deg=180.0,
            spread_deg=35.0,
        ),
        seeding=Seeding(step_mm=1.0, pitch_mm=5.0, tip_to_seed_mm=3.0, seed_length_mm=4.5, seed_diameter_mm=0.8),
        label="Demonstration",
    )


def obstacles_about(structures: StructureSet, target: Structure) -> tuple[Structure, ...]:
    """Return the structures that needles keep off: all drawn ones but the body, the target and what holds it."""
    aims = lattice_in(region_of_structure(target, end_cap=EndCap.HALF_SLICE), spacing_mm=AIM_SPACING_MM)
    drawn = [
        each
        for each in structures
        if each.is_region and each.name != target.name and each.interpreted_type.upper() != "EXTERNAL"
    ]
    return tuple(
        each
        for each in drawn
        if region_of_structure(each, end_cap=EndCap.HALF_SLICE).contains(aims).mean() <= MOST_OVERLAP
    )


def lattice_instead(reason: Message) -> Message:
    """Return what is said where no plan could be made."""
    return say(
        "cli.demo-lattice-instead",
        "no plan could be made ({reason}); the seeds stand on a plain geometric lattice instead: a demonstration of "
        "computing and checking, not a plan",
        reason=reason,
    )
