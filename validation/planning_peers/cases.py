"""Cases for the comparison: the project's hard scenes and four real ones, each posed once and given to every solver.

Margins, goals and strengths are examples for these cases, not recommendations.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from trocar.catalogue.sources import load_source
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.dose.influence import influence_matrix
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.bone import bone_structure
from trocar.imaging.grow import GrowRules, grow_mass
from trocar.imaging.skin import find_body, skin_entries
from trocar.optimise.access.scene import build_scene, region_of
from trocar.optimise.base import Problem
from trocar.phantom.axes import Axes
from trocar.phantom.outlines import outline
from trocar.phantom.solids import Ellipsoid
from trocar.plan.access import AccessRules, Obstacle, SkinEntries
from trocar.plan.goals import Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.seeds import Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.plan.template import HoleNames, template_towards
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock
from trocar.workflow.posing import pose
from trocar.workflow.way_in import way_into

AT = datetime(2026, 3, 2, 9, 0)
NEEDLE_RADIUS_MM = 0.635
POINTS, STEP_MM, STRENGTH_U = 12_000, 1.0, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One problem with its goals.

    Parameters
    ----------
    problem
        The matrix that every solver gets.
    goals
        On its structures.
    target
        Whose coverage counts.
    rules
        Of access; None where the needles are given.
    needles
        To choose from.
    request
        None for a scene.
    """

    problem: Problem
    goals: tuple[Goal, ...]
    target: str
    needles: tuple[Needle, ...]
    rules: AccessRules | None = None
    request: ImplantRequest | None = None


def scene_case(name: str) -> Case:
    """Return a scene of `tests/planning_scenes.py` with exact doses."""
    from planning_scenes import SCENES, candidates_of, problem_of

    scene = SCENES[name]()
    problem = problem_of(scene, points=POINTS, step_mm=STEP_MM)
    places = candidates_of(scene, STEP_MM)
    source = load_source("I125_6711")
    doses = influence_matrix(
        source,
        places.positions_lps_mm,
        places.axes_lps,
        problem.points_lps_mm,
        weight_u_h=STRENGTH_U * source.nuclide.mean_life_h,
    )
    return Case(problem=replace(problem, dose_gy=doses), goals=scene.goals, target=scene.target, needles=scene.needles)


def goal(structure: str, metric: str, comparison: str, limit: float, unit: str) -> Goal:
    """Return an example goal."""
    return Goal(
        key=f"example#{structure}-{metric}",
        structure=structure,
        metric=Metric.parse(metric),
        comparison=Comparison(comparison),
        limit=limit,
        limit_unit=Unit(unit),
        priority=Priority.MUST,
        reference="example",
        confidence=Confidence.EXAMPLE,
    )


def target_goals(name: str, prescription_gy: float) -> tuple[Goal, ...]:
    """Return example goals of a target."""
    return (
        goal(name, "V100", "≥", 92, "%"),
        goal(name, "D90", "≥", prescription_gy, "Gy"),
        goal(name, "V150", "≤", 65, "%"),
        goal(name, "V200", "≤", 45, "%"),
    )


def usual_rules(obstacles: tuple[Obstacle, ...], **changes: object) -> AccessRules:
    """Return example rules with obstacles."""
    usual: dict[str, object] = {
        "needle_length_mm": 200.0,
        "needle_radius_mm": NEEDLE_RADIUS_MM,
        "most_depth_mm": 160.0,
        "beyond_target_mm": 2.0,
        "least_in_target_mm": 5.0,
        "most_skin_angle_deg": 65.0,
        "may_stop_short": True,
    }
    return AccessRules(obstacles=obstacles, **(usual | changes))  # type: ignore[arg-type]


def asked(
    image: Image,
    structures: StructureSet,
    *,
    target: str,
    goals: tuple[Goal, ...],
    rules: AccessRules,
    prescription_gy: float,
    wish: dict[str, object],
    keep_off: tuple[tuple[str, float], ...] = (),
) -> ImplantRequest:
    """Return a request with what the cases have in common."""
    usual: dict[str, object] = {"spacing_mm": 5.0, "reach_mm": 7.0, "facing_lps": None, "within_deg": 180.0}
    return ImplantRequest(
        image=image,
        structures=structures,
        target=target,
        prescription_gy=prescription_gy,
        goals=goals,
        stock=(
            SeedStock(
                source_model="I125_6711",
                strength=Strength(s_k_u=STRENGTH_U, reference_at=datetime(2026, 3, 2)),
                count=None,
            ),
        ),
        implant_at=AT,
        needles=NeedleWish(rules=rules, **(usual | wish)),  # type: ignore[arg-type]
        seeding=Seeding(
            step_mm=STEP_MM,
            pitch_mm=5.0,
            tip_to_seed_mm=3.0,
            seed_length_mm=4.5,
            seed_diameter_mm=0.8,
            beyond_mm=2.0,
            keep_off=keep_off,
        ),
        label="peer",
    )


def posed_case(request: ImplantRequest, body: Volume, entries: SkinEntries) -> Case:
    """Return a request posed in needles found by the project's search."""
    scene = build_scene(request.structures.named(request.target), body, request.needles.rules)
    needles = way_into(scene, entries, request.needles).needles
    posed = pose(request, needles)
    return Case(
        problem=posed.problem,
        goals=posed.goals,
        target=request.target,
        needles=needles,
        rules=request.needles.rules,
        request=request,
    )


def named(structures: StructureSet, margins_mm: dict[str, float]) -> tuple[Obstacle, ...]:
    """Return obstacles by structure name."""
    return tuple(Obstacle(structure=structures.named(name), margin_mm=margin) for name, margin in margins_mm.items())


def with_bone(scan: Volume, obstacles: tuple[Obstacle, ...], *, threshold_hu: float) -> tuple[Obstacle, ...]:
    """Return obstacles with the bones of a CT as one more."""
    bone = bone_structure(scan, find_body(scan).mask, threshold_hu=threshold_hu, number=9999)
    return (*obstacles, Obstacle(structure=bone, margin_mm=1.0))


def head_and_neck(data: Path) -> Case:
    """Submandibular target against mandible, cord and brain stem, free needles."""
    folder = data / "ct-headneck-submandibular"
    image = read_image(folder / "ct").value
    structures = read_structures(folder / "rtstruct.dcm").value
    obstacles = named(structures, {"Mandibula": 2.0, "Myelon": 5.0, "Hirnstamm": 5.0, "Larynx": 3.0, "Parotis L": 0.0})
    goals = (
        *target_goals("PTV RT", 100.0),
        goal("Myelon", "D0.1cc", "≤", 45, "Gy"),
        goal("Mandibula", "D2cc", "≤", 110, "Gy"),
    )
    rules = usual_rules(with_bone(image.volume, obstacles, threshold_hu=300.0))
    request = asked(
        image, structures, target="PTV RT", goals=goals, rules=rules, prescription_gy=100.0, wish={"spread_deg": 50.0}
    )
    body = find_body(image.volume)
    return posed_case(request, body.occupancy, skin_entries(body.occupancy, spacing_mm=5.0))


def liver_lesion(data: Path) -> Case:
    """A made-up lesion of 30 mm in the liver beside the portal vein, in a real CT with 59 outlined structures."""
    folder = data / "ct-abdomen-multiorgan"
    image = read_image(folder / "ct").value
    drawn = read_structures(folder / "rtstruct.dcm").value
    vein = np.vstack([contour.points_lps_mm for contour in drawn.named("portal_vein_and_splenic_vein").contours])
    rightmost = vein[np.argmin(vein[:, 0])]
    centre = rightmost + np.array([-20.0, 0.0, 4.0])
    lesion = ball(centre, 15.0, z_mm=image.volume.grid.centres_lps_mm()[:, 0, 0, 2])
    structures = replace(drawn, structures=(*drawn.structures, lesion))
    obstacles = named(
        structures,
        {
            "aorta": 5.0,
            "inferior_vena_cava": 5.0,
            "portal_vein_and_splenic_vein": 3.0,
            "gallbladder": 5.0,
            "colon": 5.0,
            "small_bowel": 5.0,
            "duodenum": 5.0,
            "stomach": 5.0,
            "kidney_right": 3.0,
            "lung_lower_lobe_right": 0.0,
        },
    )
    goals = (
        *target_goals("lesion", 120.0),
        goal("portal_vein_and_splenic_vein", "D0.1cc", "≤", 150, "Gy"),
        goal("duodenum", "D2cc", "≤", 60, "Gy"),
    )
    rules = usual_rules(
        with_bone(image.volume, obstacles, threshold_hu=250.0), most_axial_tilt_deg=35.0, most_depth_mm=180.0
    )
    request = asked(
        image, structures, target="lesion", goals=goals, rules=rules, prescription_gy=120.0, wish={"spread_deg": 45.0}
    )
    body = find_body(image.volume)
    return posed_case(request, body.occupancy, skin_entries(body.occupancy, spacing_mm=6.0))


def lung_mass(data: Path) -> Case:
    """The mass of a real lung CT, grown from one click."""
    image = read_image(data / "ct-lung-lidc-0314").value
    rules_of_growth = GrowRules(blur_mm=1.0, spreads=4.0, neck_mm=14.0, most_radius_mm=36.0)
    mass = grow_mass(image.volume, np.array([-55.0, 145.0, -478.0]), rules_of_growth)
    structures = StructureSet(
        label="grown",
        patient=image.patient,
        frame_uid=image.volume.frame_uid,
        structures=(mass.structure(number=1, name="GTV"),),
    )
    rules = usual_rules(with_bone(image.volume, (), threshold_hu=250.0), most_axial_tilt_deg=30.0)
    request = asked(
        image,
        structures,
        target="GTV",
        goals=target_goals("GTV", 110.0),
        rules=rules,
        prescription_gy=110.0,
        wish={"spread_deg": 45.0, "facing_lps": (0.0, 1.0, 0.0), "within_deg": 80.0},
    )
    body = find_body(image.volume)
    return posed_case(request, body.occupancy, skin_entries(body.occupancy, spacing_mm=8.0))


def prostate_template(data: Path) -> Case:
    """Outlines of a prostate bed with a 5 mm perineal template; without a scan, the cut face at the feet is skin.

    The bed lies on the wall of the bladder, which needles may enter as they do in a prostate; seeds keep off it.
    """
    structures = read_structures(data / "contours-prostate-cort" / "rtstruct.dcm").value
    image = read_image(data / "contours-prostate-cort" / "ct_painted_not_a_scan").value
    share = occupancy_on_grid(region_of(structures.named("BODY")), image.volume.grid, points_per_axis=2)
    body = Volume.owning(
        grid=image.volume.grid, values_kji=share, quantity=Quantity.PROBABILITY, frame_uid=image.volume.frame_uid
    )
    low, high = region_of(structures.named("prostate_bed")).bounds_lps_mm
    feet = float(image.volume.grid.centres_lps_mm()[0, 0, 0, 2])
    middle = 0.5 * (low + high)
    template = template_towards(
        np.array([0.0, 0.0, 1.0]),
        centre_lps_mm=np.array([middle[0], middle[1], feet - 10.0]),
        up_lps=np.array([0.0, -1.0, 0.0]),
        pitch_mm=5.0,
        columns=17,
        rows=15,
        names=HoleNames.HALF_STEPS,
    )
    rules = usual_rules(
        named(structures, {"Rectum": 0.5}),
        needle_length_mm=240.0,
        most_depth_mm=220.0,
        most_skin_angle_deg=None,
    )
    goals = (
        *target_goals("prostate_bed", 120.0),
        goal("Rectum", "D2cc", "≤", 120, "Gy"),
        goal("Bladder", "D2cc", "≤", 140, "Gy"),
    )
    request = asked(
        image,
        structures,
        target="prostate_bed",
        goals=goals,
        rules=rules,
        prescription_gy=120.0,
        wish={"template": template, "reach_mm": 6.0, "spacing_mm": 4.9},
        keep_off=(("Bladder", 1.0), ("Rectum", 1.0)),
    )
    points = np.array(template.holes_lps_mm)
    points[:, 2] = feet
    entries = SkinEntries(points_lps_mm=points, normals_lps=np.tile([0.0, 0.0, -1.0], (len(points), 1)))
    return posed_case(request, body, entries)


def ball(centre: np.ndarray, radius_mm: float, *, z_mm: np.ndarray) -> Structure:
    """Return a ball drawn on the slices of a scan."""
    solid = Ellipsoid((float(centre[0]), float(centre[1]), float(centre[2])), (radius_mm,) * 3)
    low, high = solid.bounds_lps_mm
    axes = Axes(
        x_mm=np.arange(low[0] - 3, high[0] + 3, 0.8).astype(np.float32),
        y_mm=np.arange(low[1] - 3, high[1] + 3, 0.8).astype(np.float32),
        z_mm=np.sort(z_mm).astype(np.float32),
    )
    return Structure(number=900, name="lesion", contours=outline(solid, axes, image_uids=("",) * len(z_mm)))


SCENE_NAMES = ("prostate", "spine", "paravertebral", "bowel", "vessel")
REAL = {
    "H&N, submandibular": head_and_neck,
    "liver, lesion at portal vein": liver_lesion,
    "lung, mass from one click": lung_mass,
    "prostate bed, template": prostate_template,
}
