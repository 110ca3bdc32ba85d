"""Scans after made-up implants: seeds and other metal projected into real CT and into the project's own phantoms."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from trocar.dicom.image import read_image
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.case import Site, build_phantom
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import SEED_WITH_SILVER_ROD, Layer, Rod, steel_needle
from trocar.phantom.xray import Metal

SHARED = Path(__file__).parents[3] / "shared" / "data"
PIXEL_MM, MOST_PIXELS = 0.8, 320
REACH_MM = (42.0, 42.0, 34.0)
"""Half extent of the box that seeds are put in."""

SAME_SEED_MM = 2.5
"""A found seed this near a true one is that seed: half the length of a capsule, and half the least pitch."""

CLIP = (Layer(radius_mm=0.5, length_mm=6.0, metal=Metal.TITANIUM),)
STONE = (Layer(radius_mm=1.6, length_mm=3.2, metal=Metal.HYDROXYAPATITE),)
STRUT = (Layer(radius_mm=0.12, length_mm=9.0, metal=Metal.NITINOL),)
STEM = (Layer(radius_mm=7.0, length_mm=90.0, metal=Metal.TITANIUM),)
HEAD = tuple(
    Layer(radius_mm=float(np.sqrt(14.0**2 - half**2)), length_mm=2.0 * half, metal=Metal.STEEL)
    for half in (14.0 * 0.6,)
)


@dataclass(frozen=True, kw_only=True)
class Base:
    """A patient without metal, and where the implant goes."""

    name: str
    load: Callable[[], Volume]
    centre_lps_mm: tuple[float, float, float]
    is_real: bool


def _real(folder: str) -> Callable[[], Volume]:
    return lambda: read_image(SHARED / folder).value.volume


def _phantom(site: Site) -> Callable[[], Volume]:
    return lambda: build_phantom(site, seed=3, matrix=320).image.volume


BASES = (
    Base(name="lung", load=_real("ct-lung-lidc-0314"), centre_lps_mm=(-50.0, 130.0, -500.0), is_real=True),
    Base(name="liver", load=_real("ct-liver-cort/ct"), centre_lps_mm=(-90.0, -40.0, -60.0), is_real=True),
    Base(name="abdomen", load=_real("ct-abdomen-multiorgan/ct"), centre_lps_mm=(10.0, -130.0, 250.0), is_real=True),
    Base(
        name="head and neck", load=_real("ct-headneck-submandibular/ct"), centre_lps_mm=(35.0, 0.0, 0.0), is_real=True
    ),
    Base(name="prostate phantom", load=_phantom(Site.PROSTATE), centre_lps_mm=(0.0, -20.0, -280.0), is_real=False),
    Base(name="liver phantom", load=_phantom(Site.LIVER), centre_lps_mm=(-70.0, 0.0, 60.0), is_real=False),
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One scan to simulate.

    Parameters
    ----------
    base
        Index into `BASES`.
    slice_mm
        Thickness and distance.
    cutoff_per_mm
        0.35 soft, 0.45 usual, 0.6 sharp.
    count
        Seeds.
    touching
        Whether seeds lie end to end in trains (4.6 mm apart) instead of 8 to 12 mm apart.
    decoys
        Whether clips, stones, a stent, a needle's remains and a hip stem lie there too.
    seed
        Of everything random.
    kvp
        Tube voltage.
    """

    base: int
    slice_mm: float
    cutoff_per_mm: float
    count: int
    touching: bool
    decoys: bool
    seed: int
    kvp: float = 120.0


def seeds_of(setting: Setting) -> list[Rod]:
    """Return seeds in needles of one common direction, with small departures, none overlapping another."""
    rng = np.random.default_rng([setting.seed, setting.count, int(setting.touching)])
    centre = np.array(BASES[setting.base].centre_lps_mm)
    way = _direction(rng)
    across = np.linalg.svd(way[None])[2][1:]
    pitch = 4.6 if setting.touching else 0.0
    rods: list[Rod] = []
    cells = [(a, b) for a in range(-4, 5) for b in range(-4, 5)]
    for cell in rng.permutation(len(cells)):
        a, b = cells[cell]
        start = centre + across.T @ (np.array([a, b]) * 9.5 + rng.normal(0, 0.8, 2))
        axis = way + rng.normal(0, 0.06, 3)
        axis /= np.linalg.norm(axis)
        along = -float(rng.uniform(8.0, 30.0))
        for _ in range(int(rng.integers(3, 8))):
            if len(rods) == setting.count:
                return rods
            place = start + along * axis
            turned = axis + (0.0 if setting.touching else 1.0) * rng.normal(0, 0.12, 3)
            rods.append(Rod(centre_lps_mm=place, axis_lps=turned, layers=SEED_WITH_SILVER_ROD))
            along += pitch or float(rng.uniform(8.0, 12.0))
    return rods


def _direction(rng: np.random.Generator) -> np.ndarray:
    """Return a needle direction: across the body, along it, or oblique."""
    ways = ((0.3, 1.0, 0.0), (0.05, 0.1, 1.0), (0.5, 0.7, 0.5), (1.0, 0.2, 0.1))
    way = np.array(ways[int(rng.integers(len(ways)))]) + rng.normal(0, 0.05, 3)
    return np.asarray(way / np.linalg.norm(way))


def decoys_of(setting: Setting) -> list[Rod]:
    """Return metal and stones that are no seeds, beside and within the implant."""
    rng = np.random.default_rng([setting.seed, 99])
    centre = np.array(BASES[setting.base].centre_lps_mm)
    rods = []
    for layers, count in ((CLIP, 4), (STONE, 3)):
        for _ in range(count):
            place = centre + rng.uniform(-1, 1, 3) * np.array(REACH_MM) + np.array([0.0, 0.0, 4.0])
            rods.append(Rod(centre_lps_mm=place, axis_lps=rng.normal(size=3), layers=layers))
    stent = centre + np.array([52.0, 10.0, 0.0])
    for turn in range(3):
        for n in range(12):
            angle = n * np.pi / 6
            place = stent + np.array([4.0 * np.cos(angle), 4.0 * np.sin(angle), 9.0 * (turn - 1)])
            way = np.array([-np.sin(angle), np.cos(angle), 1.6 * (-1) ** n])
            rods.append(Rod(centre_lps_mm=place, axis_lps=way, layers=STRUT))
    rods.append(
        Rod(
            centre_lps_mm=np.add(centre, [-48.0, 20.0, 5.0]),
            axis_lps=np.array([0.5, 1.0, 0.1]),
            layers=steel_needle(30.0),
        )
    )
    if BASES[setting.base].name == "prostate phantom":
        rods.append(
            Rod(centre_lps_mm=np.add(centre, [85.0, 0.0, 20.0]), axis_lps=np.array([0.15, 0.0, 1.0]), layers=STEM)
        )
    return rods


@cache
def _base_volume(base: int) -> Volume:
    return BASES[base].load()


def scan_of(setting: Setting) -> tuple[Volume, list[Rod]]:
    """Return the simulated scan and its true seeds."""
    seeds = seeds_of(setting)
    rods = seeds + (decoys_of(setting) if setting.decoys else [])
    before = _again(_base_volume(setting.base), seeds, setting)
    machine = Scanner(kvp=setting.kvp, photons=3e5, cutoff_per_mm=setting.cutoff_per_mm, views=480)
    generator = np.random.default_rng([setting.seed, 5])
    return scan_with_rods(before, rods, machine, slice_mm=setting.slice_mm, generator=generator), seeds


def _again(volume: Volume, seeds: list[Rod], setting: Setting) -> Volume:
    """Return the patient on pixels of `PIXEL_MM` and slices of the setting, as high as the implant and some more."""
    heights = np.array([rod.centre_lps_mm[2] for rod in seeds])
    low, high = volume.grid.corners_lps_mm.min(axis=0), volume.grid.corners_lps_mm.max(axis=0)
    bottom, top = max(heights.min() - 25.0, low[2] + 1.0), min(heights.max() + 25.0, high[2] - 1.0)
    size = np.minimum(((high - low)[:2] / PIXEL_MM).astype(int), MOST_PIXELS)
    centre = np.array(BASES[setting.base].centre_lps_mm)[:2]
    start = np.clip(
        centre - 0.5 * size * PIXEL_MM, low[:2] + 1.0, np.maximum(high[:2] - size * PIXEL_MM, low[:2] + 1.0)
    )
    grid = Grid.axial(
        origin_lps_mm=(float(start[0]), float(start[1]), float(bottom)),
        spacing_ijk_mm=(PIXEL_MM, PIXEL_MM, setting.slice_mm),
        shape_kji=(int((top - bottom) / setting.slice_mm), int(size[1]), int(size[0])),
    )
    parts = max(round(setting.slice_mm / 1.0), 1)
    values = np.zeros(grid.shape_kji, dtype=np.float32)
    shifts = setting.slice_mm * ((np.arange(parts) + 0.5) / parts - 0.5)
    for k in range(grid.shape_kji[0]):
        j, i = np.meshgrid(np.arange(size[1]), np.arange(size[0]), indexing="ij")
        for shift in shifts:
            z = bottom + k * setting.slice_mm + shift
            points = np.stack([start[0] + PIXEL_MM * i, start[1] + PIXEL_MM * j, np.full(i.shape, z)], axis=-1)
            values[k] += volume.sample(points, outside=-1000.0) / parts
    rng = np.random.default_rng([setting.seed, 6])
    values += rng.normal(0.0, 9.0, values.shape)
    return Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
