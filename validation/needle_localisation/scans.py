"""CT with needles in: steel needles projected into real scans, entering through the skin and missing bone."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from trocar.dicom.image import read_image
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.skin import find_body
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import Rod, steel_needle

SHARED = Path(__file__).parents[3] / "shared" / "data"
PIXEL_MM, MOST_PIXELS = 1.1, 340
NEEDLE_MM, MOST_INSIDE_MM, LEAST_INSIDE_MM = 150.0, 120.0, 25.0
APART_MM = 6.0
BONE_HU = 350.0
LEANS_DEG = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 25.0, 35.0)
"""How far each needle in turn leans out of the slices: percutaneous ones mostly lie in them, or nearly."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A real scan, and where needles end."""

    name: str
    folder: str
    target_lps_mm: tuple[float, float, float]
    spread_mm: float = 15.0


PATIENTS = (
    Patient(name="lung", folder="ct-lung-lidc-0314", target_lps_mm=(-60.0, 140.0, -490.0)),
    Patient(name="liver", folder="ct-liver-cort/ct", target_lps_mm=(-90.0, -40.0, -60.0)),
    Patient(name="abdomen", folder="ct-abdomen-multiorgan/ct", target_lps_mm=(-90.0, -130.0, 290.0)),
    Patient(name="head and neck", folder="ct-headneck-submandibular/ct", target_lps_mm=(35.0, 0.0, 0.0)),
)


@dataclass(frozen=True, kw_only=True)
class Needle:
    """A true needle: its tip, and its direction from the skin inwards."""

    tip_lps_mm: np.ndarray
    way_lps: np.ndarray


@cache
def before(patient: int) -> Volume:
    """Return the scan without needles."""
    return read_image(SHARED / PATIENTS[patient].folder).value.volume


@cache
def body_of(patient: int) -> Volume:
    """Return the inside of the patient."""
    return find_body(before(patient)).occupancy


@cache
def needles_in(patient: int, count: int) -> tuple[Needle, ...]:
    """Return needles that enter from the nearer skin, miss bone and keep their distance from one another."""
    rng = np.random.default_rng([7, patient, count])
    chosen: list[Needle] = []
    for _ in range(6000):
        needle = _one(rng, PATIENTS[patient], LEANS_DEG[len(chosen) % len(LEANS_DEG)])
        if _passes(needle, patient) and all(_distance_mm(needle, other) > APART_MM for other in chosen):
            chosen.append(needle)
        if len(chosen) == count:
            break
    return tuple(chosen)


def _one(rng: np.random.Generator, patient: Patient, lean_deg: float) -> Needle:
    turn, lean = rng.uniform(0.0, 2.0 * np.pi), np.radians(lean_deg) * rng.choice([-1.0, 1.0])
    way = np.array([np.cos(turn) * np.cos(lean), np.sin(turn) * np.cos(lean), np.sin(lean)])
    return Needle(tip_lps_mm=np.array(patient.target_lps_mm) + rng.normal(0.0, patient.spread_mm, 3), way_lps=way)


def _passes(needle: Needle, patient: int) -> bool:
    t = np.arange(0.0, NEEDLE_MM, 1.0)
    line = needle.tip_lps_mm - t[:, None] * needle.way_lps
    inside = body_of(patient).sample(line, outside=np.nan)
    if np.isnan(inside).any() or not inside[0] > 0.5 or inside[-1] > 0.5:
        return False
    depth = float(t[inside > 0.5][-1])
    within = before(patient).sample(line[t <= depth + 3.0], outside=-1000.0)
    is_once = np.count_nonzero(np.diff((inside > 0.5).astype(int))) == 1
    return bool(is_once and LEAST_INSIDE_MM < depth < MOST_INSIDE_MM and within.max() < BONE_HU)


def _distance_mm(one: Needle, other: Needle) -> float:
    t = np.arange(0.0, NEEDLE_MM, 1.5)
    lines = [each.tip_lps_mm - t[:, None] * each.way_lps for each in (one, other)]
    return float(np.linalg.norm(lines[0][:, None] - lines[1][None], axis=2).min())


def scan_of(patient: int, slice_mm: float, count: int) -> tuple[Volume, tuple[Needle, ...]]:
    """Return the scan with needles in, in slices of a thickness, and the truth."""
    needles = needles_in(patient, count)
    empty = _resliced(patient, slice_mm, needles)
    rods = [
        Rod(
            centre_lps_mm=each.tip_lps_mm - 0.5 * NEEDLE_MM * each.way_lps,
            axis_lps=each.way_lps,
            layers=steel_needle(NEEDLE_MM),
        )
        for each in needles
    ]
    machine = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.45, views=480)
    generator = np.random.default_rng([8, patient, int(10 * slice_mm)])
    return scan_with_rods(empty, rods, machine, slice_mm=slice_mm, generator=generator), needles


def _resliced(patient: int, slice_mm: float, needles: tuple[Needle, ...]) -> Volume:
    """Return the patient about the needles: means over the thickness of a slice, with noise."""
    volume = before(patient)
    low, high = volume.grid.corners_lps_mm.min(axis=0), volume.grid.corners_lps_mm.max(axis=0)
    ends = np.array([[each.tip_lps_mm, each.tip_lps_mm - NEEDLE_MM * each.way_lps] for each in needles])
    bottom = max(float(ends[..., 2].min()) - 12.0, low[2] + 1.0)
    top = min(float(ends[..., 2].max()) + 12.0, high[2] - 1.0)
    pixel = max(PIXEL_MM, float((high - low)[:2].max()) / MOST_PIXELS)
    columns, rows = ((high - low)[:2] / pixel).astype(int)
    grid = Grid.axial(
        origin_lps_mm=(float(low[0] + pixel), float(low[1] + pixel), bottom),
        spacing_ijk_mm=(pixel, pixel, slice_mm),
        shape_kji=(int((top - bottom) / slice_mm), int(rows) - 1, int(columns) - 1),
    )
    parts = max(round(slice_mm), 1)
    values = np.zeros(grid.shape_kji, np.float32)
    for shift in slice_mm * ((np.arange(parts) + 0.5) / parts - 0.5):
        values += volume.sample(grid.centres_lps_mm() + np.array([0.0, 0.0, shift]), outside=-1000.0) / parts
    values += np.random.default_rng([9, patient]).normal(0.0, 9.0, values.shape)
    return Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
