"""A small made-up patient with an implant, for tests of the verification: known truth, seconds to make."""

from dataclasses import replace
from datetime import datetime
from functools import cache

import numpy as np

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import Rod
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.workflow.simulated_implant import ImplantErrors, Posture, SimulatedImplant, simulate_implant

IMPLANTED = datetime(2026, 3, 2, 9)
SCANNED = datetime(2026, 3, 3, 9)
PATIENT = Patient(identifier="MADE-UP-1", name="Demo^Patient A=示例患者甲")
FRAME = "1.2.826.0.1.3680043.10.1"
TARGET_AT = np.array([-28.0, 5.0, 4.0])
TARGET_RADIUS_MM = 16.0
QUICK = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.4, views=360, channels=400, pitch_mm=0.9)


def torso(*, slice_mm: float = 2.5, frame_uid: str = FRAME) -> Image:
    """Return an oval body with a spine, one lung-like hole on the left and a lump on the right: no two sides alike."""
    slices = int(100 / slice_mm)
    grid = Grid.axial(
        origin_lps_mm=(-100.0, -70.0, -48.0), spacing_ijk_mm=(1.6, 1.6, slice_mm), shape_kji=(slices, 88, 126)
    )
    x, y, z = np.moveaxis(grid.centres_lps_mm(), -1, 0)
    values = np.where((x / 90.0) ** 2 + (y / 62.0) ** 2 < 1.0, 40.0, -1000.0)
    values[(np.hypot(x, y - 42.0) < 13.0) & (values > 0)] = 450.0
    values[((x - 45.0) / 24.0) ** 2 + ((y + 8.0) / 30.0) ** 2 + ((z - 10.0) / 40.0) ** 2 < 1.0] = -820.0
    values[((x + 50.0) / 20.0) ** 2 + ((y + 25.0) / 14.0) ** 2 + ((z + 15.0) / 18.0) ** 2 < 1.0] = 110.0
    values[np.hypot(x + 10.0, z - 25.0) < 6.0] += 60.0 * (y[np.hypot(x + 10.0, z - 25.0) < 6.0] < 20.0)
    values += np.random.default_rng(4).normal(0.0, 8.0, values.shape)
    reference = ImageReference(
        study_uid="1.2.826.0.1.3680043.10.2",
        series_uid=f"{frame_uid}.3",
        frame_uid=frame_uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"{frame_uid}.4.{k + 1}" for k in range(slices)),
        modality="CT",
    )
    volume = Volume.owning(
        grid=grid, values_kji=np.rint(values).astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid=frame_uid
    )
    return Image(volume=volume, patient=PATIENT, reference=reference, acquired_at=datetime(2026, 3, 1, 9))


def ball(name: str, centre: np.ndarray, radius_mm: float, *, number: int, kind: str, image: Image) -> Structure:
    contours = []
    grid = image.volume.grid
    for k, z in enumerate(grid.origin_lps_mm[2] + grid.spacing_ijk_mm[2] * np.arange(grid.shape_kji[0])):
        half = radius_mm**2 - (z - centre[2]) ** 2
        if half > 1.0:
            angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
            ring = centre[:2] + np.sqrt(half) * np.column_stack([np.cos(angle), np.sin(angle)])
            points = np.column_stack([ring, np.full(len(ring), z)])
            uid = image.reference.instance_uids[k]
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points, image_uid=uid))
    return Structure(number=number, name=name, contours=tuple(contours), interpreted_type=kind)


def structures(image: Image) -> StructureSet:
    drawn = (
        ball("CTV", TARGET_AT, TARGET_RADIUS_MM, number=1, kind="CTV", image=image),
        ball("Gland", np.add(TARGET_AT, [0.0, 26.0, 0.0]), 8.0, number=2, kind="ORGAN", image=image),
    )
    return StructureSet(label="made up", patient=PATIENT, frame_uid=FRAME, structures=drawn, image=image.reference)


def plan(image: Image) -> ImplantPlan:
    """Return a lattice of seeds in the target, along y."""
    steps = np.arange(-1, 2) * 10.0
    places = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3) + np.array(
        [0.0, 0.0, 0.5]
    )
    strength = Strength(s_k_u=0.8, reference_at=datetime(2026, 3, 1, 12))
    seeds = tuple(
        Seed(
            position_lps_mm=TARGET_AT + place,
            axis_lps=np.array([0.1, 1.0, 0.1]),
            source_model="I125_6711",
            strength=strength,
        )
        for place in places
        if np.linalg.norm(place) < TARGET_RADIUS_MM
    )
    return ImplantPlan(
        label="Made up",
        patient=PATIENT,
        frame_uid=FRAME,
        implant_at=IMPLANTED,
        seeds=seeds,
        prescription=Prescription(dose_gy=120.0, target="CTV"),
        image=image.reference,
    )


@cache
def implanted(
    *,
    missing: tuple[int, ...] = (),
    strays_lps_mm: tuple[tuple[float, float, float], ...] = (),
    shift_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    slice_mm: float = 2.5,
    scale: float = 1.0,
    at: datetime = SCANNED,
    moved_lps_mm: tuple[float, float, float] = (6.0, -4.0, 5.0),
    other_metal: tuple[Rod, ...] = (),
) -> SimulatedImplant:
    """Return the scan after an implant with small errors."""
    image = torso()
    errors = ImplantErrors(
        along_mm=1.0,
        across_mm=0.7,
        shift_lps_mm=shift_lps_mm,
        scale=scale,
        not_implanted=missing,
        strays_lps_mm=strays_lps_mm,
    )
    return simulate_implant(
        image,
        plan(image),
        errors=errors,
        posture=Posture(turned_deg=3.0, moved_lps_mm=moved_lps_mm),
        scanner=QUICK,
        slice_mm=slice_mm,
        at=at,
        other_metal=other_metal,
        rng=np.random.default_rng(7),
    )


def with_metal(image: Image, *rods: Rod) -> Image:
    """Return an image scanned with metal in the body."""
    volume = scan_with_rods(
        image.volume, rods, QUICK, slice_mm=image.volume.grid.spacing_ijk_mm[2], generator=np.random.default_rng(1)
    )
    return replace(image, volume=volume)


def of_another(image: Image) -> Image:
    return replace(image, patient=Patient(identifier="MADE-UP-2", name="Demo^Patient B"))


def mirrored(image: Image) -> Image:
    """Return the scan with left and right exchanged in its pixels."""
    values = np.ascontiguousarray(image.volume.values_kji[:, :, ::-1])
    volume = Volume(
        grid=image.volume.grid,
        values_kji=values,
        quantity=image.volume.quantity,
        frame_uid=image.volume.frame_uid,
    )
    return replace(image, volume=volume)
