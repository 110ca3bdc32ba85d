"""Real cases: needles from skin to target past everything a doctor would name, and the rules they were found under.

Margins and angles are examples for these cases, not recommendations.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.geometry.rasterise import occupancy_on_grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.bone import bone_structure
from trocar.imaging.grow import GrowRules, grow_mass
from trocar.imaging.skin import find_body, skin_entries
from trocar.optimise.access.choose import Selection, select_needles
from trocar.optimise.access.coplanar import search_template
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import Scene, build_scene, region_of
from trocar.optimise.access.search import AccessSearch
from trocar.phantom.axes import Axes
from trocar.phantom.outlines import outline
from trocar.phantom.solids import Ellipsoid
from trocar.plan.access import AccessRules, Obstacle, SkinEntries
from trocar.plan.structures import Structure, StructureSet
from trocar.plan.template import HoleNames, template_towards

NEEDLE_RADIUS_MM, SPACING_MM = 0.635, 4.9
"""18 G; and the least distance between two needles of any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case searched and chosen."""

    scene: Scene
    search: AccessSearch
    chosen: Selection


def rules_of(obstacles: tuple[Obstacle, ...], **changes: object) -> AccessRules:
    """Return example rules with obstacles."""
    usual: dict[str, object] = {
        "needle_length_mm": 180.0,
        "needle_radius_mm": NEEDLE_RADIUS_MM,
        "most_depth_mm": 150.0,
        "beyond_target_mm": 0.0,
        "least_in_target_mm": 5.0,
        "most_skin_angle_deg": 65.0,
        "may_stop_short": True,
    }
    return AccessRules(obstacles=obstacles, **(usual | changes))  # type: ignore[arg-type]


def named(structures: StructureSet, **margins_mm: float) -> tuple[Obstacle, ...]:
    """Return obstacles by structure name; underscores stand for blanks where the set has blanks."""
    known = {name.replace(" ", "_"): name for name in structures.names}
    return tuple(
        Obstacle(structure=structures.named(known[name]), margin_mm=margin) for name, margin in margins_mm.items()
    )


def _free(target: Structure, scan: Volume, obstacles: tuple[Obstacle, ...], *, bone_hu: float, **more: object) -> Case:
    spacing = float(more.pop("aim_spacing_mm", 9.0))  # type: ignore[arg-type]
    facing = more.pop("facing", None)
    body = find_body(scan)
    skin = skin_entries(body.occupancy, spacing_mm=6.0)
    if facing is not None:
        skin = skin.facing(np.asarray(facing), within_deg=100.0)
    bone = Obstacle(structure=bone_structure(scan, body.mask, threshold_hu=bone_hu, number=9999), margin_mm=1.0)
    scene = build_scene(target, body.occupancy, rules_of((*obstacles, bone), **more))
    search = search_free(scene, skin, aim_spacing_mm=spacing)
    return Case(scene=scene, search=search, chosen=select_needles(scene, search.accesses, reach_mm=7.0, spacing_mm=7.0))


def head_and_neck(data: Path) -> Case:
    """Submandibular target beside mandible, cord and brain stem."""
    folder = data / "ct-headneck-submandibular"
    structures = read_structures(folder / "rtstruct.dcm").value
    obstacles = named(structures, Mandibula=2.0, Myelon=5.0, Hirnstamm=5.0, Larynx=3.0, Parotis_L=0.0)
    return _free(structures.named("PTV RT"), read_image(folder / "ct").value.volume, obstacles, bone_hu=300.0)


def liver_lesion(data: Path) -> Case:
    """A made-up lesion of 30 mm in the right liver of a real CT with 59 outlined structures."""
    folder = data / "ct-abdomen-multiorgan"
    structures = read_structures(folder / "rtstruct.dcm").value
    scan = read_image(folder / "ct").value.volume
    points = np.vstack([contour.points_lps_mm for contour in structures.named("liver").contours])
    low, high = points.min(axis=0), points.max(axis=0)
    centre = np.array(
        [low[0] + 0.3 * (high[0] - low[0]), 0.45 * low[1] + 0.55 * high[1], low[2] + 0.55 * (high[2] - low[2])]
    )
    lesion = ball(centre, 15.0, z_mm=scan.grid.centres_lps_mm()[:, 0, 0, 2])
    obstacles = named(
        structures,
        aorta=5.0,
        inferior_vena_cava=5.0,
        portal_vein_and_splenic_vein=3.0,
        gallbladder=5.0,
        colon=5.0,
        small_bowel=5.0,
        duodenum=5.0,
        stomach=5.0,
        kidney_right=3.0,
        lung_lower_lobe_right=0.0,
        rib_right_8=1.0,
        rib_right_9=1.0,
        rib_right_10=1.0,
        rib_right_11=1.0,
    )
    return _free(lesion, scan, obstacles, bone_hu=250.0, most_axial_tilt_deg=35.0)


def lung_mass(data: Path) -> Case:
    """The mass of a real lung CT, grown from one click; the needles may cross the chest wall into the lung once."""
    folder = data / "ct-lung-lidc-0314"
    scan = read_image(folder).value.volume
    mass = grow_mass(
        scan,
        np.array([-55.0, 145.0, -478.0]),
        GrowRules(blur_mm=1.0, spreads=4.0, neck_mm=14.0, most_radius_mm=36.0),
    )
    return _free(mass.structure(number=1, name="GTV"), scan, (), bone_hu=250.0, most_axial_tilt_deg=30.0)


def prostate_template(data: Path) -> Case:
    """The outlines of a prostate bed with a 5 mm perineal template; there is no scan, so that the skin is BODY's."""
    structures = read_structures(data / "contours-prostate-cort" / "rtstruct.dcm").value
    target = structures.named("prostate_bed")
    obstacles = named(structures, Rectum=2.0, Bladder=0.0, Penile_bulb=0.0, Lt_femoral_head=2.0, Rt_femoral_head=2.0)
    image = read_image(data / "contours-prostate-cort" / "ct_painted_not_a_scan").value.volume
    share = occupancy_on_grid(region_of(structures.named("BODY")), image.grid, points_per_axis=2)
    body = Volume.owning(grid=image.grid, values_kji=share, quantity=Quantity.PROBABILITY, frame_uid=image.frame_uid)
    scene = build_scene(
        target, body, rules_of(obstacles, needle_length_mm=220.0, most_depth_mm=200.0, most_skin_angle_deg=None)
    )
    low, high = scene.target.bounds_lps_mm
    middle = 0.5 * (low + high)
    feet = float(image.grid.centres_lps_mm()[0, 0, 0, 2])
    template = template_towards(
        np.array([0.0, 0.0, 1.0]),
        centre_lps_mm=np.array([middle[0], middle[1], feet - 10.0]),
        up_lps=np.array([0.0, -1.0, 0.0]),
        pitch_mm=5.0,
        columns=15,
        rows=13,
        names=HoleNames.HALF_STEPS,
    )
    entries = _lowest_skin(template.holes_lps_mm, feet)
    search = search_template(scene, entries, template)
    return Case(scene=scene, search=search, chosen=select_needles(scene, search.accesses, reach_mm=5.0, spacing_mm=4.9))


def _lowest_skin(holes_lps_mm: np.ndarray, feet_mm: float) -> SkinEntries:
    """Return the cut face at the feet as skin: the outlines end there, and the needles go in there."""
    points = np.array(holes_lps_mm)
    points[:, 2] = feet_mm
    return SkinEntries(points_lps_mm=points, normals_lps=np.tile([0.0, 0.0, -1.0], (len(points), 1)))


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


CASES = {
    "head and neck, submandibular": head_and_neck,
    "liver, made-up lesion of 30 mm": liver_lesion,
    "lung, mass from one click": lung_mass,
    "prostate bed, 5 mm template": prostate_template,
}
