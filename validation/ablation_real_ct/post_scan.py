"""A scan after an ablation made from a real one: zone and rim painted, patient moved, breath held otherwise, noise."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.evaluate.margins import measure_margin
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.smooth_body import ellipsoid_body
from trocar.geometry.volume import Volume
from trocar.imaging.grow import GrowRules
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.registration import Motion
from trocar.rules.ablation_margin import load_margin_pack
from trocar.workflow.verify_ablation import AblationVerification, AblationVerifyRequest, Landmarks, verify_ablation

LESION_MM = np.array([9.0, 8.0, 9.0])
ZONE_MM = np.array([17.0, 16.0, 20.0])
OFFSET_MM = np.array([3.0, -2.0, 1.0])
MOVED_MM = np.array([6.0, -4.0, 9.0])
"""How the patient lies and breathes otherwise, near the tumour."""
BREATH_MM = 2.0
"""Amplitude of a smooth wave of displacement along the body, 160 mm long."""
NOISE_HU, HYPODENSE_HU, RIM_HU = 8.0, -55.0, 35.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """Scans, structures and the truth."""

    before: Image
    after: Image
    structures: StructureSet
    click: np.ndarray
    landmarks: Landmarks
    truth_mm: float


def liver_case(data: Path, *, seed: int = 3) -> Case:
    """Return the abdominal CT with a lesion about 19 mm from the portal vein, and the scan made after its ablation."""
    folder = data / "ct-abdomen-multiorgan"
    before = read_image(folder / "ct").value
    drawn = read_structures(folder / "rtstruct.dcm", image=before).value
    centre = _beside_the_vein(before, drawn)
    lesion = _outlined(500, "lesion", centre, LESION_MM, before)
    structures = replace(drawn, structures=(*(each for each in drawn if each.contours), lesion))
    zone_at = centre + OFFSET_MM
    axes = np.eye(3)
    exact = measure_margin(
        ellipsoid_body(centre, LESION_MM[:, None] * axes),
        ellipsoid_body(zone_at, ZONE_MM[:, None] * axes),
        wanted_mm=5.0,
    )
    marks = centre + np.array([[30.0, 0, 0], [-25, 10, 5], [0, -20, 20], [10, 25, -15]])
    return Case(
        before=before,
        after=_scan_after(before, zone_at, seed=seed),
        structures=structures,
        click=_to_after(zone_at[None])[0],
        landmarks=Landmarks(before_lps_mm=marks, after_lps_mm=_to_after(marks)),
        truth_mm=exact.least_mm,
    )


def verified(case: Case) -> AblationVerification:
    """Return what Trocar finds, blind to zone and motion: a click in the zone is all it is told."""
    request = AblationVerifyRequest(
        before=case.before,
        structures=case.structures,
        lesion="lesion",
        organ="liver",
        after=case.after,
        zone=None,
        zone_click_lps_mm=case.click,
        grow_rules=GrowRules(blur_mm=1.5, spreads=2.5, neck_mm=4.0, most_radius_mm=30.0),
        wanted_mm=5.0,
        outline_error_mm=0.7,
        registration_error_mm=None,
        landmarks=case.landmarks,
        motion=Motion.RIGID,
        pack=load_margin_pack("published/ablation_margin"),
        organ_kind="liver",
    )
    return verify_ablation(request, progress=lambda _stage, _share: None)


def _wave(points: np.ndarray) -> np.ndarray:
    """Return the breathing-like displacement at points of the scan before."""
    shift = np.zeros_like(points)
    shift[..., 2] = BREATH_MM * np.sin(2 * np.pi * points[..., 1] / 160.0)
    shift[..., 1] = 0.5 * BREATH_MM * np.sin(2 * np.pi * points[..., 0] / 160.0)
    return shift


def _to_after(points: np.ndarray) -> np.ndarray:
    return np.asarray(points + MOVED_MM + _wave(points))


def _to_before(points: np.ndarray) -> np.ndarray:
    back = points - MOVED_MM
    for _ in range(20):
        back = points - MOVED_MM - _wave(back)
    return np.asarray(back)


def _scan_after(before: Image, zone_at: np.ndarray, *, seed: int) -> Image:
    volume = before.volume
    places = _to_before(volume.grid.centres_lps_mm())
    values = volume.sample(places, outside=-1000.0)
    radius = np.sqrt((((places - zone_at) / ZONE_MM) ** 2).sum(axis=-1))
    depth_mm = (1 - radius) * ZONE_MM.mean()
    rim = np.exp(-0.5 * (depth_mm / 1.5) ** 2) * (depth_mm < 0)
    values = values + HYPODENSE_HU / (1 + np.exp(np.clip(-depth_mm / 0.5, -50, 50))) + RIM_HU * rim
    values += np.random.default_rng(seed).normal(0.0, NOISE_HU, values.shape)
    frame = before.reference.frame_uid + ".1"
    moved = Volume(grid=volume.grid, values_kji=values, quantity=volume.quantity, frame_uid=frame)
    reference = replace(before.reference, frame_uid=frame, series_uid=before.reference.series_uid + ".1")
    return replace(before, volume=moved, reference=reference)


def _beside_the_vein(image: Image, drawn: StructureSet) -> np.ndarray:
    grid = image.volume.grid
    liver, vein = (
        mask_on_grid(region_from_contours(drawn.named(name).closed_contours, end_cap=EndCap.HALF_SLICE), grid)
        for name in ("liver", "portal_vein_and_splenic_vein")
    )
    spacing = grid.spacing_ijk_mm[::-1]
    inside = distance_transform_edt(liver, sampling=spacing)
    away = distance_transform_edt(~vein, sampling=spacing)
    shown = np.arange(grid.shape_kji[0])[:, None, None] < grid.shape_kji[0] - 16  # the zone must stay in the scan
    best = np.argmax(np.where((inside > 18) & (away > 14) & shown, -np.abs(away - 19.0), -99.0))
    k, j, i = np.unravel_index(best, grid.shape_kji)
    return np.asarray(grid.origin_lps_mm + np.array([i, j, k]) @ grid.steps_lps_mm)


def _outlined(number: int, name: str, centre: np.ndarray, semi: np.ndarray, image: Image) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 61)[:-1]
    heights = image.volume.grid.origin_lps_mm[2] + image.volume.grid.spacing_ijk_mm[2] * np.arange(
        image.volume.grid.shape_kji[0]
    )
    contours = []
    for z in heights:
        share = 1 - ((z - centre[2]) / semi[2]) ** 2
        if share > 0.01:
            x = centre[0] + semi[0] * np.sqrt(share) * np.cos(turn)
            y = centre[1] + semi[1] * np.sqrt(share) * np.sin(turn)
            points = np.stack([x, y, np.full(60, z)], axis=1)
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=number, name=name, contours=tuple(contours), interpreted_type="GTV")
