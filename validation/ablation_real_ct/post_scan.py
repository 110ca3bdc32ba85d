"""Ablations simulated in real scans, the scan after each made from the one before, and the margin found blind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import binary_closing, distance_transform_edt, label

from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.geometry.resample import near
from trocar.geometry.volume import Quantity
from trocar.imaging.grow import GrowRules
from trocar.imaging.level_lines import level_lines
from trocar.phantom.ablation_scan import ScanAfter, scan_after_ablation
from trocar.plan.ablation import (
    AblationPlan,
    AblationTarget,
    Activation,
    Applicator,
    Control,
    PowerStep,
    Schedule,
)
from trocar.plan.needles import Needle
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.registration import Landmarks, Motion
from trocar.results.tissue_death import DeathModel
from trocar.rules.ablation_margin import load_margin_pack
from trocar.workflow.simulated_ablation import Simulated, SimulationWish, simulate_plan
from trocar.workflow.verify_ablation import (
    AblationVerification,
    AblationVerifyRequest,
    verify_ablation,
)

MODEL = "microwave/PME_2450"
BEHIND_TIP_MM = 12.0
OFF_MM = np.array([2.0, -1.5, 1.0])
"""How far the antenna misses the middle of the tumour."""
MARKS_MM = np.array([[30.0, 0, 0], [-25, 10, 5], [0, -20, 20], [10, 25, -15]])


@dataclass(frozen=True, kw_only=True)
class Site:
    """One organ in one scan: its data, the tumour outlined in it, what is done, and how the zone looks after.

    ``zone_hu`` is added to the mean of the organ about the tumour.
    """

    name: str
    kind: str
    lesion_mm: tuple[float, float, float]
    power_w: float
    duration_s: float
    zone_hu: float
    read: Callable[[Path], tuple[Image, StructureSet, str, tuple[str, ...]]]
    least_depth_mm: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """Scans, structures, landmarks and the truth."""

    site: Site
    before: Image
    after: Image
    structures: StructureSet
    organ: str
    click: np.ndarray
    landmarks: Landmarks
    simulated: Simulated


def abdomen(data: Path, organ: str, vessels: tuple[str, ...]) -> tuple[Image, StructureSet, str, tuple[str, ...]]:
    """Return the abdominal CT with its outlines."""
    folder = data / "ct-abdomen-multiorgan"
    image = read_image(folder / "ct").value
    drawn = read_structures(folder / "rtstruct.dcm", image=image).value
    return image, replace(drawn, structures=tuple(each for each in drawn if each.contours)), organ, vessels


def chest(data: Path) -> tuple[Image, StructureSet, str, tuple[str, ...]]:
    """Return the chest CT about its left lung, which is outlined by its air: the right one holds the mass."""
    image = read_image(data / "ct-lung-lidc-0314").value
    lung = replace(image.volume, values_kji=_left_lung(image).astype(np.uint8), quantity=Quantity.LABEL)
    middle = image.volume.grid.centres_lps_mm()[np.asarray(lung.values_kji) > 0].mean(axis=0)
    volume, mask = (near(each, middle[None], reach_mm=95.0) for each in (image.volume, lung))
    contours = level_lines(
        np.asarray(mask.values_kji, dtype=float), volume.grid, level=0.5, outside=0.0, least_area_mm2=60.0
    )
    outlined = Structure(number=1, name="lung_left", contours=contours)
    structures = StructureSet(
        label="OUTLINED", patient=image.patient, frame_uid=image.reference.frame_uid, structures=(outlined,)
    )
    return replace(image, volume=volume), structures, "lung_left", ()


def _left_lung(image: Image) -> Bool[np.ndarray, "k j i"]:
    """Return the largest piece of air within the body on the patient's left, closed over its vessels."""
    parts, count = label(np.asarray(image.volume.values_kji) < -500)
    rims = [parts[:, 0], parts[:, -1], parts[:, :, 0], parts[:, :, -1]]
    outside = np.isin(np.arange(count + 1), np.concatenate([[0], *(np.unique(rim) for rim in rims)]))
    left = image.volume.grid.centres_lps_mm()[..., 0] > 10.0
    parts, _ = label(~outside[parts] & left)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(binary_closing(parts == int(np.argmax(sizes)), iterations=3))


SITES = (
    Site(
        name="liver",
        kind="liver",
        lesion_mm=(7.0, 6.0, 7.0),
        power_w=100.0,
        duration_s=600.0,
        zone_hu=-55.0,
        read=lambda data: abdomen(data, "liver", ("portal_vein_and_splenic_vein",)),
        least_depth_mm=24.0,
    ),
    Site(
        name="kidney",
        kind="kidney",
        lesion_mm=(6.0, 6.0, 6.0),
        power_w=100.0,
        duration_s=600.0,
        zone_hu=-55.0,
        read=lambda data: abdomen(data, "kidney_right", ()),
        least_depth_mm=9.0,
    ),
    Site(
        name="lung",
        kind="lung",
        lesion_mm=(6.0, 6.0, 6.0),
        power_w=60.0,
        duration_s=300.0,
        zone_hu=750.0,
        read=chest,
        least_depth_mm=26.0,
    ),
)


def made(site: Site, data: Path, *, seed: int = 3) -> Case:
    """Return a tumour outlined in a real organ, its ablation simulated, and the scan made after it."""
    before, drawn, organ, vessels = site.read(data)
    centre = _deep_in(before, drawn, organ, vessels, site.least_depth_mm)
    lesion = _outlined(max(each.number for each in drawn) + 1, centre, np.array(site.lesion_mm), before)
    structures = replace(drawn, structures=(*drawn, lesion))
    wish = SimulationWish(
        organ_kind=site.kind,
        vessels=vessels,
        death_model=DeathModel.ABOVE_54_C,
        spacing_mm=1.5,
        pack=load_margin_pack("published/ablation_margin"),
    )
    simulated = simulate_plan(_plan(before, site, organ, centre + OFF_MM), structures, wish, progress=_quiet)
    how = _how(before, structures, organ, centre, site)
    after = scan_after_ablation(before, simulated.outcome.zone.score, how=how, rng=np.random.default_rng(seed))
    marks = centre + MARKS_MM
    return Case(
        site=site,
        before=before,
        after=after,
        structures=structures,
        organ=organ,
        click=how.to_after((centre + OFF_MM)[None])[0],
        landmarks=Landmarks(before_lps_mm=marks, after_lps_mm=how.to_after(marks)),
        simulated=simulated,
    )


def found(case: Case) -> AblationVerification:
    """Return what Trocar finds, blind to zone and motion: a click in the zone is all it is told."""
    request = AblationVerifyRequest(
        before=case.before,
        structures=case.structures,
        lesion="lesion",
        organ=case.organ,
        after=case.after,
        zone=None,
        zone_click_lps_mm=case.click,
        grow_rules=GrowRules(blur_mm=1.5, spreads=2.5, neck_mm=4.0, most_radius_mm=32.0),
        wanted_mm=5.0,
        outline_error_mm=0.7,
        registration_error_mm=None,
        landmarks=case.landmarks,
        motion=Motion.RIGID,
        pack=load_margin_pack("published/ablation_margin"),
        organ_kind=case.site.kind,
    )
    return verify_ablation(request, progress=_quiet)


def _quiet(_stage: object, _share: float) -> None:
    return None


def _how(image: Image, drawn: StructureSet, organ: str, centre: np.ndarray, site: Site) -> ScanAfter:
    grid = image.volume.grid
    about = np.linalg.norm(grid.centres_lps_mm() - centre, axis=-1) < 25.0
    inside = mask_on_grid(_region(drawn.named(organ)), grid) & about
    mean = float(np.asarray(image.volume.values_kji)[inside].mean())
    return ScanAfter(
        moved_lps_mm=(6.0, -4.0, 9.0),
        breath_mm=2.0,
        wave_mm=160.0,
        zone_hu=mean + site.zone_hu,
        rim_hu=35.0,
        noise_hu=8.0,
    )


def _deep_in(
    image: Image, drawn: StructureSet, organ: str, vessels: tuple[str, ...], least_depth_mm: float
) -> np.ndarray:
    """Return a place deep in the organ and the scan, as near to a vessel as the tumour allows, if there is one."""
    grid = image.volume.grid
    spacing = grid.spacing_ijk_mm[::-1]
    inside = mask_on_grid(_region(drawn.named(organ)), grid)
    depth = distance_transform_edt(np.pad(inside, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    k = np.arange(grid.shape_kji[0]) * spacing[0]
    shown = (np.minimum(k, k[-1] - k) > 34.0)[:, None, None]
    worth = np.where(shown, np.minimum(depth, least_depth_mm), -1.0)
    for name in vessels:
        away = distance_transform_edt(~mask_on_grid(_region(drawn.named(name)), grid), sampling=spacing)
        worth = worth - 0.2 * np.abs(away - 19.0)
    place = np.unravel_index(int(np.argmax(worth)), grid.shape_kji)
    return np.asarray(grid.origin_lps_mm + np.array(place[::-1]) @ grid.steps_lps_mm)


def _plan(image: Image, site: Site, organ: str, aim: np.ndarray) -> AblationPlan:
    """Return one antenna from the front whose zone has its middle at the aim."""
    way = np.array([0.0, 1.0, 0.0])
    tip = aim + BEHIND_TIP_MM * way
    step = PowerStep(control=Control.POWER, duration_s=site.duration_s, power_w=site.power_w)
    return AblationPlan(
        label=site.name,
        patient=image.patient,
        frame_uid=image.reference.frame_uid,
        applicators=(Applicator(needle=Needle(number=1, entry_lps_mm=tip - 120.0 * way, tip_lps_mm=tip), model=MODEL),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=Schedule(steps=(step,))),),
        target=AblationTarget(lesion="lesion", margin_mm=5.0, organ=organ),
    )


def _region(structure: Structure) -> Region:
    return region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)


def _outlined(number: int, centre: np.ndarray, semi: np.ndarray, image: Image) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 61)[:-1]
    grid = image.volume.grid
    contours = []
    for z in grid.origin_lps_mm[2] + grid.spacing_ijk_mm[2] * np.arange(grid.shape_kji[0]):
        share = 1 - ((z - centre[2]) / semi[2]) ** 2
        if share > 0.01:
            x = centre[0] + semi[0] * np.sqrt(share) * np.cos(turn)
            y = centre[1] + semi[1] * np.sqrt(share) * np.sin(turn)
            points = np.stack([x, y, np.full(60, z)], axis=1)
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=number, name="lesion", contours=tuple(contours), interpreted_type="GTV")
