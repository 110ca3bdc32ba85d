"""Scans after made-up implants: seeds and other metal projected into real CT and into the project's own phantoms."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
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
TISSUE_HU = (-950.0, 350.0)
"""Seeds lie where the scan shows this: not in free air, not in bone."""

REACH_MM = (42.0, 42.0, 34.0)
"""Half extent of the box that seeds are put in."""

SAME_SEED_MM = 2.5
"""A found seed this near a true one is that seed: half the length of a capsule, and half the least pitch."""

TOUCHING_MM = 4.6
PLAN_SHIFT_MM, PLAN_SPREAD_MM = 2.0, 3.0
"""How far the plan lies from the implant, per axis: as a whole, and each seed by itself."""

CLEAR_MM = 4.0
"""Metal that is no seed keeps this distance from the axis of every seed."""

CLIP = (Layer(radius_mm=0.5, length_mm=6.0, metal=Metal.TITANIUM),)
STONE = (Layer(radius_mm=1.6, length_mm=3.2, metal=Metal.HYDROXYAPATITE),)
STRUT = (Layer(radius_mm=0.12, length_mm=9.0, metal=Metal.NITINOL),)
STEM = (Layer(radius_mm=7.0, length_mm=90.0, metal=Metal.TITANIUM),)
SCREW = (Layer(radius_mm=2.8, length_mm=40.0, metal=Metal.TITANIUM),)
FILLING = (Layer(radius_mm=2.0, length_mm=3.5, metal=Metal.STEEL),)
OTHER_SEED = (
    Layer(radius_mm=0.40, length_mm=4.50, metal=Metal.TITANIUM),
    Layer(radius_mm=0.33, length_mm=3.75, metal=Metal.TITANIUM, sign=-1),
    Layer(radius_mm=0.25, length_mm=1.10, metal=Metal.SILVER),
)
"""A seed with a short marker in the middle of its capsule, as palladium seeds have: dimmer, its ends hardly seen."""


class Kind(Enum):
    """What makes a scan hard."""

    SPACED = "8 to 12 mm apart"
    TOUCHING = "end to end"
    BONE = "beside bone"
    METAL = "clips, stones, stent, contrast"
    STREAKS = "hip, screws, fillings"
    OTHER = "another seed"


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
    kind
        What makes it hard.
    slice_mm
        Thickness and distance.
    cutoff_per_mm
        0.35 soft, 0.45 usual, 0.6 sharp.
    count
        Seeds.
    seed
        Of everything random.
    kvp
        Tube voltage.
    """

    base: int
    kind: Kind
    slice_mm: float
    cutoff_per_mm: float
    count: int
    seed: int
    kvp: float = 120.0

    @property
    def name(self) -> str:
        """What tells it from every other scan."""
        patient = BASES[self.base].name.replace(" ", "-")
        return f"{self.kind.name.lower()}_{patient}_{self.slice_mm:g}mm_{self.cutoff_per_mm:g}_{self.count}_{self.seed}"

    def generator(self, purpose: int) -> np.random.Generator:
        """Return the random numbers of one purpose."""
        return np.random.default_rng([self.seed, self.base, list(Kind).index(self.kind), self.count, purpose])


def seeds_of(setting: Setting) -> list[Rod]:
    """Return seeds in needles of one common direction, with small departures, none in bone or in free air."""
    rng = setting.generator(1)
    volume = _base_volume(setting.base)
    centre = np.array(BASES[setting.base].centre_lps_mm)
    way = _direction(rng)
    across = np.linalg.svd(way[None])[2][1:]
    cells = [(a, b) for a in range(-4, 5) for b in range(-4, 5)]
    starts = [
        centre + across.T @ (np.array(cells[n]) * 9.5 + rng.normal(0, 0.8, 2)) for n in rng.permutation(len(cells))
    ]
    if setting.kind is Kind.BONE:
        starts = sorted(starts, key=lambda start: _from_bone_mm(volume, start, way))
    rods: list[Rod] = []
    for start in starts:
        rods += _needle(setting, volume, start, way, rng)
        if len(rods) >= setting.count:
            return rods[: setting.count]
    return rods


def _needle(
    setting: Setting, volume: Volume, start: np.ndarray, way: np.ndarray, rng: np.random.Generator
) -> list[Rod]:
    """Return the seeds of one needle: apart, end to end, or some of both."""
    axis = way + rng.normal(0, 0.06, 3)
    axis /= np.linalg.norm(axis)
    along = -float(rng.uniform(8.0, 30.0))
    layers = OTHER_SEED if setting.kind is Kind.OTHER else SEED_WITH_SILVER_ROD
    rods = []
    for _ in range(int(rng.integers(3, 8))):
        touches = setting.kind is Kind.TOUCHING or (setting.kind is not Kind.SPACED and rng.uniform() < 0.3)
        turned = axis + (0.0 if touches else 1.0) * rng.normal(0, 0.12, 3)
        rod = Rod(centre_lps_mm=start + along * axis, axis_lps=turned, layers=layers)
        if _lies_in_tissue(volume, rod):
            rods.append(rod)
        along += TOUCHING_MM if touches else float(rng.uniform(8.0, 12.0))
    return rods


def _lies_in_tissue(volume: Volume, rod: Rod) -> bool:
    points = rod.centre_lps_mm + np.linspace(-2.2, 2.2, 3)[:, None] * rod.axis_lps
    values = volume.sample(points, outside=-1000.0)
    return bool(values.min() > TISSUE_HU[0] and values.max() < TISSUE_HU[1])


def _from_bone_mm(volume: Volume, start: np.ndarray, way: np.ndarray) -> float:
    """Return the mean distance of a needle's middle part from bone, looked for along rays across and along it."""
    rays = np.random.default_rng(0).normal(size=(60, 3))
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    steps = np.arange(1.0, 25.0)
    nearest = []
    for along in (-12.0, 0.0, 12.0):
        points = start + along * way + rays[:, None] * steps[:, None]
        is_bone = volume.sample(points.reshape(-1, 3), outside=-1000.0).reshape(len(rays), -1) > TISSUE_HU[1]
        nearest.append(float(np.where(is_bone, steps, 30.0).min()))
    return float(np.mean(nearest))


def plan_of(setting: Setting, seeds: list[Rod]) -> np.ndarray:
    """Return where the seeds were planned: not where they lie."""
    rng = setting.generator(2)
    truth = np.array([rod.centre_lps_mm for rod in seeds])
    return np.asarray(truth + rng.normal(0, PLAN_SHIFT_MM, 3) + rng.normal(0, PLAN_SPREAD_MM, truth.shape))


def _direction(rng: np.random.Generator) -> np.ndarray:
    """Return a needle direction: across the body, along it, or oblique."""
    ways = ((0.3, 1.0, 0.0), (0.05, 0.1, 1.0), (0.5, 0.7, 0.5), (1.0, 0.2, 0.1))
    way = np.array(ways[int(rng.integers(len(ways)))]) + rng.normal(0, 0.05, 3)
    return np.asarray(way / np.linalg.norm(way))


def metal_of(setting: Setting, seeds: list[Rod]) -> list[Rod]:
    """Return metal and stones that are no seeds, beside and within the implant, touching none."""
    if setting.kind is Kind.METAL:
        return [*_small_things(setting, seeds), *_stent(setting), *_needle_left(setting)]
    return _large_metal(setting) if setting.kind is Kind.STREAKS else []


def _small_things(setting: Setting, seeds: list[Rod]) -> list[Rod]:
    rng, rods = setting.generator(3), []
    centre = np.array(BASES[setting.base].centre_lps_mm)
    axes = np.concatenate([rod.centre_lps_mm + np.linspace(-3.0, 3.0, 7)[:, None] * rod.axis_lps for rod in seeds])
    for layers, count in ((CLIP, 4), (STONE, 3)):
        while sum(rod.layers is layers for rod in rods) < count:
            rod = Rod(
                centre_lps_mm=centre + rng.uniform(-1, 1, 3) * np.array(REACH_MM),
                axis_lps=rng.normal(size=3),
                layers=layers,
            )
            own = rod.centre_lps_mm + np.linspace(-3.0, 3.0, 7)[:, None] * rod.axis_lps
            if np.linalg.norm(axes[:, None] - own[None], axis=2).min() > CLEAR_MM:
                rods.append(rod)
    return rods


def _stent(setting: Setting) -> list[Rod]:
    rods = []
    middle = np.array(BASES[setting.base].centre_lps_mm) + np.array([52.0, 10.0, 0.0])
    for turn in range(3):
        for n in range(12):
            angle = n * np.pi / 6
            place = middle + np.array([4.0 * np.cos(angle), 4.0 * np.sin(angle), 9.0 * (turn - 1)])
            way = np.array([-np.sin(angle), np.cos(angle), 1.6 * (-1) ** n])
            rods.append(Rod(centre_lps_mm=place, axis_lps=way, layers=STRUT))
    return rods


def _needle_left(setting: Setting) -> list[Rod]:
    place = np.add(BASES[setting.base].centre_lps_mm, [-50.0, 20.0, 5.0])
    return [Rod(centre_lps_mm=place, axis_lps=np.array([0.5, 1.0, 0.1]), layers=steel_needle(30.0))]


def _large_metal(setting: Setting) -> list[Rod]:
    """Return a hip on either side, fillings in teeth, or screws in bone 35 to 80 mm from the implant."""
    centre = np.array(BASES[setting.base].centre_lps_mm)
    if BASES[setting.base].name == "prostate phantom":
        sides = np.array([[85.0, 0.0, 20.0], [-85.0, 0.0, 20.0]])
        return [Rod(centre_lps_mm=centre + side, axis_lps=np.array([0.15, 0.0, 1.0]), layers=STEM) for side in sides]
    rng = setting.generator(4)
    volume = _base_volume(setting.base)
    places = rng.uniform(-80.0, 80.0, (20_000, 3)) * np.array([1.0, 1.0, 0.3])
    away = np.linalg.norm(places[:, :2], axis=1)
    places = places[(away > 35.0) & (away < 80.0)] + centre
    bone = places[volume.sample(places, outside=-1000.0) > TISSUE_HU[1]]
    is_head = BASES[setting.base].name == "head and neck"
    chosen: list[np.ndarray] = []
    for place in bone:
        if len(chosen) < 4 and all(np.linalg.norm(place - other) > 9.0 for other in chosen):
            chosen.append(place)
    layers, way = (FILLING, (0.0, 0.0, 1.0)) if is_head else (SCREW, (0.3, 1.0, 0.1))
    return [Rod(centre_lps_mm=place, axis_lps=np.array(way), layers=layers) for place in chosen]


@cache
def _base_volume(base: int) -> Volume:
    return BASES[base].load()


def scan_of(setting: Setting) -> tuple[Volume, list[Rod]]:
    """Return the simulated scan and its true seeds."""
    seeds = seeds_of(setting)
    rods = seeds + metal_of(setting, seeds)
    before = _again(_base_volume(setting.base), seeds, setting)
    machine = Scanner(kvp=setting.kvp, photons=3e5, cutoff_per_mm=setting.cutoff_per_mm, views=480)
    return scan_with_rods(before, rods, machine, slice_mm=setting.slice_mm, generator=setting.generator(5)), seeds


def _contrast_hu(points_mm: np.ndarray, setting: Setting) -> np.ndarray:
    """Return what a vessel and a bowel loop filled with contrast add."""
    away = points_mm - np.array(BASES[setting.base].centre_lps_mm)
    vessel = np.hypot(away[..., 0] + 20.0, away[..., 1] - 30.0) < 4.5
    loop = np.linalg.norm(away - np.array([30.0, -34.0, 6.0]), axis=-1) < 9.0
    return np.asarray(350.0 * vessel + 700.0 * loop)


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
            if setting.kind is Kind.METAL:
                values[k] += _contrast_hu(points, setting) / parts
    rng = setting.generator(6)
    values += rng.normal(0.0, 9.0, values.shape)
    return Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
