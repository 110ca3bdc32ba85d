"""Lungs with vessels, fissures and airways; heart and the great vessels; gullet."""

from dataclasses import dataclass

import numpy as np

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.solids import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Offset,
    Rippled,
    Sheet,
    Solid,
    Union,
    carve,
    rotation,
)
from trocar.phantom.sweeps import Column, Tube, curved_tube
from trocar.phantom.trees import vessel_tree
from trocar.phantom.trunk import Trunk
from trocar.phantom.vertebrae import LEVELS_MM, spine_y_mm

HEART = Ellipsoid((24.0, -36.0, 146.0), (62.0, 42.0, 44.0), rotation(about_y_deg=24, about_z_deg=-34))
DOME_RIGHT = Ellipsoid((-60.0, -12.0, -12.0), (92.0, 100.0, 120.0))
DOME_LEFT = Ellipsoid((58.0, -8.0, -10.0), (90.0, 100.0, 108.0))
DIAPHRAGM_MM = 3.0

AORTA = curved_tube(
    [
        (10.0, -22.0, 165.0), (-8.0, -28.0, 205.0), (-4.0, -12.0, 238.0), (8.0, 14.0, 250.0), (19.0, 36.0, 236.0),
        (22.0, 44.0, 205.0), (22.0, 42.0, 150.0), (17.0, 32.0, 95.0), (11.0, 20.0, 40.0), (9.0, 13.0, 0.0),
        (8.0, 6.0, -60.0), (5.0, 6.0, -105.0),
    ],
    [15.0, 15.0, 14.0, 13.5, 13.0, 12.5, 12.0, 11.5, 10.5, 9.5, 8.5, 8.0],
)  # fmt: skip
CAVA_BELOW = curved_tube(
    [
        (-6.0, 14.0, -112.0), (-15.0, 12.0, -60.0), (-19.0, 15.0, 0.0), (-23.0, 19.0, 50.0), (-22.0, 12.0, 92.0),
        (-16.0, -6.0, 118.0),
    ],
    [9.5, 10.5, 11.5, 12.5, 13.0, 12.5],
)  # fmt: skip
CAVA_ABOVE = curved_tube([(-22.0, -14.0, 160.0), (-24.0, -14.0, 200.0), (-24.0, -18.0, 245.0)], 9.0)
GULLET = curved_tube(
    [(2.0, 28.0, 300.0), (5.0, 32.0, 240.0), (4.0, 30.0, 180.0), (10.0, 20.0, 115.0), (20.0, 8.0, 90.0)], 7.5
)
WINDPIPE = Union(
    (
        curved_tube([(0.0, 14.0, 330.0), (0.0, 20.0, 280.0), (-1.0, 22.0, 226.0)], 8.8),
        curved_tube([(-1.0, 22.0, 226.0), (-20.0, 22.0, 206.0), (-42.0, 20.0, 188.0)], [7.6, 6.6, 4.5]),
        curved_tube([(-1.0, 22.0, 226.0), (24.0, 24.0, 206.0), (46.0, 24.0, 186.0)], [7.2, 6.0, 4.2]),
        curved_tube([(-24.0, 22.0, 203.0), (-40.0, 10.0, 215.0)], [4.6, 3.2]),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lungs:
    """Both lungs, right first."""

    right: Solid
    left: Solid


def build_lungs(trunk: Trunk) -> Lungs:
    """Return the lungs: the cavity above the diaphragm without the mediastinum."""
    middle = Union(
        (
            Offset(HEART, 3.0),
            Column(
                (
                    (20.0, 2.0, 20.0, 30.0, 60.0, 90.0), (100.0, 2.0, 20.0, 23.0, 100.0, 60.0),
                    (150.0, 0.0, 14.0, 20.0, 95.0, 48.0), (225.0, 0.0, 10.0, 29.0, 82.0, 50.0),
                    (260.0, 0.0, 15.0, 32.0, 70.0, 40.0), (310.0, 0.0, 20.0, 30.0, 60.0, 40.0),
                ),
                boxiness=0.1,
            ),
            Offset(AORTA, 2.0),
            *(Ellipsoid((0.0, spine_y_mm(z) + 4, z), (26.0, 24.0, 16.0)) for _, z in LEVELS_MM if z > 10),
        ),
        12.0,
    )  # fmt: skip
    lungs = []
    for side, dome in ((-1, DOME_RIGHT), (1, DOME_LEFT)):
        half = HalfSpace((-side, 0.0, 0.0), -4.0)
        floor = HalfSpace((0.0, -0.30, -1.0), -46.0)
        lungs.append(carve(Intersection((Offset(trunk.cavity, -1.0), half, floor)), dome, middle, rounding_mm=9.0))
    return Lungs(right=lungs[0], left=lungs[1])


def _fissure(lung: Solid, normal: tuple[float, float, float], offset_mm: float, seed: int) -> Part:
    plane = Rippled(HalfSpace(normal, offset_mm), 6.0, 110.0, seed)
    sheet = Intersection((Sheet(plane, 0.8), lung))
    return Part(tissue="fissure", solid=sheet)


def lung_parts(lungs: Lungs, *, rng: np.random.Generator) -> Anatomy:
    """Return the lungs with vessels, fissures and airways."""
    parts: list[Part] = []
    gradient = (0.0, 0.45, -0.12)
    for lung in (lungs.right, lungs.left):
        parts.append(Part(tissue="lung", solid=lung, gradient_hu_per_mm=gradient))
    parts += [
        _fissure(lungs.right, (0.0, 0.78, -0.62), -98.0, 3),
        _fissure(lungs.right, (0.0, 0.10, 1.0), 178.0, 4),
        _fissure(lungs.left, (0.0, 0.78, -0.62), -98.0, 5),
    ]
    for side, lung in ((-1, lungs.right), (1, lungs.left)):
        for hilum in ((side * 34.0, 10.0, 192.0), (side * 32.0, 22.0, 172.0)):
            tree = vessel_tree(hilum, lung, count=220, tip_radius_mm=0.8, depth_mm=3.5, rng=rng)
            parts.append(Part(tissue="lung_vessel", solid=tree))
    parts.append(Part(tissue="airway_wall", solid=Offset(WINDPIPE, 1.6), lining=((1.6, "gas"),)))
    organs = (
        Organ(name="Lung_R", solid=lungs.right, interpreted_type="ORGAN", colour_rgb=(120, 180, 255)),
        Organ(name="Lung_L", solid=lungs.left, interpreted_type="ORGAN", colour_rgb=(90, 150, 240)),
        Organ(name="Trachea", solid=Offset(WINDPIPE, 1.6), interpreted_type="ORGAN", colour_rgb=(160, 255, 255)),
    )
    return Anatomy(parts=tuple(parts), organs=organs)


def heart_parts() -> Anatomy:
    """Return the heart with its chambers, the great vessels and the gullet."""
    turn = rotation(about_y_deg=24, about_z_deg=-34)
    left_chamber = Ellipsoid((42.0, -38.0, 138.0), (30.0, 18.0, 19.0), turn)
    right_chamber = Ellipsoid((14.0, -60.0, 140.0), (32.0, 13.0, 22.0), turn)
    left_atrium = Ellipsoid((8.0, -6.0, 166.0), (27.0, 17.0, 18.0))
    right_atrium = Ellipsoid((-20.0, -26.0, 146.0), (17.0, 21.0, 26.0))
    pulmonary = Union(
        (
            curved_tube([(20.0, -52.0, 172.0), (16.0, -34.0, 200.0), (6.0, -10.0, 208.0)], [12.0, 12.5, 11.5]),
            curved_tube([(6.0, -10.0, 208.0), (-22.0, 2.0, 203.0), (-42.0, 10.0, 192.0)], [11.0, 9.5, 7.0]),
            curved_tube([(14.0, -20.0, 206.0), (32.0, 4.0, 204.0), (44.0, 14.0, 192.0)], [10.5, 9.0, 7.0]),
        )
    )
    azygos = curved_tube([(-10.0, 44.0, 60.0), (-12.0, 50.0, 150.0), (-14.0, 44.0, 222.0), (-22.0, 2.0, 228.0)], 3.2)
    parts = (
        Part(tissue="visceral_fat", solid=HEART, lining=((3.5, "myocardium"),)),
        *(Part(tissue="blood", solid=room) for room in (left_chamber, left_atrium, right_chamber, right_atrium)),
        Part(tissue="blood", solid=pulmonary),
        Part(tissue="blood", solid=AORTA),
        *(Part(tissue="venous_blood", solid=vein) for vein in (CAVA_ABOVE, CAVA_BELOW, azygos)),
        Part(tissue="muscle", solid=GULLET, lining=((5.6, "gas"),)),
    )
    organs = (
        Organ(name="Heart", solid=HEART, interpreted_type="ORGAN", colour_rgb=(220, 40, 60)),
        Organ(name="A_Aorta", solid=AORTA, interpreted_type="ORGAN", colour_rgb=(255, 0, 0)),
        Organ(name="V_Venacava_I", solid=CAVA_BELOW, interpreted_type="ORGAN", colour_rgb=(0, 60, 255)),
        Organ(name="V_Venacava_S", solid=CAVA_ABOVE, interpreted_type="ORGAN", colour_rgb=(40, 90, 255)),
        Organ(name="A_Pulmonary", solid=pulmonary, interpreted_type="ORGAN", colour_rgb=(120, 60, 200)),
        Organ(name="Esophagus", solid=GULLET, interpreted_type="ORGAN", colour_rgb=(255, 170, 60)),
    )
    return Anatomy(parts=parts, organs=organs)


def lung_tumour(lungs: Lungs, *, rng: np.random.Generator) -> tuple[Solid, Solid]:
    """Return a nodule of 22-30 mm in the right upper lobe, clear of chest wall and mediastinum, and its spicules."""
    radius = float(rng.uniform(11.0, 15.0))
    centre = np.array([-70.0, 6.0, 208.0]) + rng.uniform(-9.0, 9.0, size=3)
    while float(lungs.right.level_mm(*centre[:, None])[0]) > -(radius + 5.0):
        centre = centre + 0.2 * (np.array([-68.0, 10.0, 195.0]) - centre)
    shape = radius * rng.uniform(0.9, 1.12, size=3)
    place, half = (tuple(float(v) for v in values) for values in (centre, shape))
    core = Rippled(Ellipsoid(place, half), 1.8, 12.0, int(rng.integers(1 << 30)))  # type: ignore[arg-type]
    return core, Union(_spicules(centre, radius, rng))


def _spicules(centre: np.ndarray, radius: float, rng: np.random.Generator) -> tuple[Tube, ...]:
    ways = rng.normal(size=(14, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    lengths = rng.uniform(1.1, 1.45, size=14)
    return tuple(
        Tube(np.array([centre + 0.7 * radius * w, centre + radius * s * w]), np.array([1.6, 0.4]))
        for w, s in zip(ways, lengths, strict=True)
    )
