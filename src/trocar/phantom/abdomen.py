"""Liver with its vessels, gall bladder, spleen, pancreas, kidneys, stomach and bowel."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.axes import Axes
from trocar.phantom.chest import AORTA, CAVA_BELOW, DIAPHRAGM_MM, DOME_LEFT, DOME_RIGHT
from trocar.phantom.solids import (
    Ellipsoid,
    HalfSpace,
    Intersection,
    Offset,
    Rippled,
    Solid,
    Union,
    carve,
    rotation,
)
from trocar.phantom.sweeps import Tube, curved_tube
from trocar.phantom.trees import vessel_tree
from trocar.phantom.trunk import Trunk

PORTA_MM = (-34.0, -20.0, 26.0)
GALLBLADDER = Ellipsoid((-52.0, -54.0, -2.0), (14.0, 15.0, 33.0), rotation(about_x_deg=34, about_y_deg=8))
PORTAL = Union(
    (
        curved_tube([(-6.0, -14.0, -90.0), (-7.0, -13.0, -40.0), (-8.0, -9.0, -6.0)], [4.8, 5.2, 5.8]),
        curved_tube([(-8.0, -9.0, -6.0), (-20.0, -14.0, 10.0), PORTA_MM], [6.5, 6.5, 6.2]),
        curved_tube(
            [(-8.0, -9.0, -6.0), (25.0, -6.0, 12.0), (50.0, 14.0, 28.0), (70.0, 34.0, 42.0)], [5.2, 4.6, 4.2, 3.8]
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Liver:
    """The liver, tumour and vessels included, and its two trees."""

    solid: Solid
    portal: Solid
    hepatic: Solid


def build_liver(trunk: Trunk, *, rng: np.random.Generator) -> Liver:
    """Return a liver under the right dome with portal and hepatic veins."""
    under_dome = Intersection((Offset(DOME_RIGHT, -DIAPHRAGM_MM), Offset(trunk.cavity, -2.5)))
    right = carve(
        Intersection(
            (
                under_dome,
                HalfSpace((0.72, 0.34, -1.0), 3.0),
                HalfSpace((1.0, 0.0, -0.45), -6.0),
                HalfSpace((0.75, 1.0, 0.0), 22.0),
            ),
            26.0,
        ),
        Ellipsoid((-62.0, 50.0, -44.0), (33.0, 34.0, 62.0)),
        rounding_mm=18.0,
    )
    left = Intersection(
        (
            Ellipsoid((14.0, -40.0, 66.0), (82.0, 44.0, 36.0), rotation(about_y_deg=-12, about_z_deg=-14)),
            Offset(Union((DOME_RIGHT, DOME_LEFT), 20.0), -DIAPHRAGM_MM),
            Offset(trunk.cavity, -2.5),
        ),
        10.0,
    )
    caudate = Ellipsoid((-12.0, 0.0, 48.0), (15.0, 14.0, 24.0))
    lump = Rippled(Union((right, left, caudate), 24.0), 1.8, 70.0, int(rng.integers(1 << 30)))
    fissure = Ellipsoid((-8.0, -62.0, 30.0), (3.5, 24.0, 26.0), rotation(about_z_deg=-14))
    solid = carve(lump, Offset(CAVA_BELOW, 0.8), Offset(GALLBLADDER, 1.0), fissure, Offset(AORTA, 6.0), rounding_mm=4.0)
    portal = vessel_tree(PORTA_MM, solid, count=110, tip_radius_mm=1.15, depth_mm=6.0, rng=rng)
    hepatic = vessel_tree((-22.0, 8.0, 93.0), solid, count=80, tip_radius_mm=1.15, depth_mm=8.0, rng=rng)
    return Liver(solid=solid, portal=Union((portal, PORTAL)), hepatic=hepatic)


def liver_parts(liver: Liver) -> Anatomy:
    """Return liver, veins and gall bladder."""
    inside_hepatic = Intersection((liver.hepatic, liver.solid))
    parts = (
        Part(tissue="liver", solid=liver.solid),
        Part(tissue="venous_blood", solid=inside_hepatic),
        Part(tissue="portal_blood", solid=liver.portal),
        Part(tissue="bowel_wall", solid=GALLBLADDER, lining=((1.4, "gallbladder_bile"),)),
    )
    organs = (
        Organ(name="Liver", solid=liver.solid, interpreted_type="ORGAN", colour_rgb=(150, 80, 40)),
        Organ(name="V_Portal", solid=liver.portal, interpreted_type="ORGAN", colour_rgb=(0, 160, 255)),
        Organ(name="V_Hepatic", solid=inside_hepatic, interpreted_type="ORGAN", colour_rgb=(60, 60, 220)),
        Organ(name="Gallbladder", solid=GALLBLADDER, interpreted_type="ORGAN", colour_rgb=(60, 180, 60)),
    )
    return Anatomy(parts=parts, organs=organs)


def liver_tumour(liver: Liver, *, rng: np.random.Generator) -> Solid:
    """Return a lobulated tumour of 26-36 mm in the right lobe, at least 8 mm below the capsule."""
    radius = float(rng.uniform(13.0, 18.0))
    aim = np.array([-78.0, -2.0, 52.0])
    centre = aim + rng.uniform(-10.0, 10.0, size=3)
    while float(liver.solid.level_mm(*centre[:, None])[0]) > -(radius + 8.0) and np.linalg.norm(centre - aim) > 1.0:
        centre = centre + 0.2 * (aim - centre)
    half = radius * rng.uniform(0.88, 1.12, size=3)
    place = (float(centre[0]), float(centre[1]), float(centre[2]))
    return Rippled(
        Ellipsoid(place, (float(half[0]), float(half[1]), float(half[2]))), 2.2, 24.0, int(rng.integers(1 << 30))
    )


NODULE_MM = 9.0
LARGE_VESSEL_MM = 1.5
"""Radius from which a vessel cools an ablation."""


def liver_nodule(liver: Liver, tumour: Solid) -> Solid:
    """Return a metastasis of 18 mm, as far as it can be from large vessels, capsule and the other tumour."""
    low, high = liver.solid.bounds_lps_mm
    x, y, z = (np.arange(a, b, 2.5, dtype=np.float32) for a, b in zip(low, high, strict=True))
    axes = Axes(x_mm=x, y_mm=y, z_mm=z)
    veins = Union((liver.portal, liver.hepatic)).levels(axes, reach_mm=4.0)
    clear = distance_transform_edt(veins > -LARGE_VESSEL_MM, sampling=2.5)
    away = -liver.solid.levels(axes, reach_mm=60.0) - 8.0
    apart = tumour.levels(axes, reach_mm=60.0) - 10.0
    k, j, i = np.unravel_index(int(np.argmax(np.minimum(clear, np.minimum(away, apart)))), axes.shape_kji)
    place = (float(x[i]), float(y[j]), float(z[k]))
    return Rippled(Ellipsoid(place, (NODULE_MM, NODULE_MM, NODULE_MM)), 0.8, 14.0, 5)


def spleen_parts(trunk: Trunk) -> Anatomy:
    """Return the spleen under the left dome."""
    bean = carve(
        Ellipsoid((94.0, 40.0, 48.0), (30.0, 46.0, 54.0), rotation(about_x_deg=30, about_z_deg=24)),
        Ellipsoid((56.0, 20.0, 44.0), (30.0, 40.0, 50.0)),
        rounding_mm=12.0,
    )
    solid = Intersection(
        (Rippled(bean, 1.5, 50.0, 11), Offset(DOME_LEFT, -DIAPHRAGM_MM), Offset(trunk.cavity, -2.5)), 8.0
    )
    organ = Organ(name="Spleen", solid=solid, interpreted_type="ORGAN", colour_rgb=(150, 40, 120))
    return Anatomy(parts=(Part(tissue="spleen", solid=solid),), organs=(organ,))


def kidney_parts() -> Anatomy:
    """Return both kidneys with renal sinus and vessels, and the adrenals."""
    parts: list[Part] = []
    organs: list[Organ] = []
    for side, letter, z_mm in ((-1, "R", -42.0), (1, "L", -26.0)):
        x_mm = side * 58.0
        turn = rotation(about_x_deg=-12, about_y_deg=side * 14, about_z_deg=side * 28)
        hilum = Ellipsoid((x_mm - side * 17, 38.0, z_mm), (15.0, 12.0, 17.0), turn)
        bean = carve(Ellipsoid((x_mm, 46.0, z_mm), (28.0, 24.0, 54.0), turn), hilum, rounding_mm=10.0)
        sinus = Ellipsoid((x_mm - side * 8, 42.0, z_mm), (13.0, 9.0, 26.0), turn)
        basin = Tube(
            np.array(
                [
                    [x_mm - side * 12, 40.0, z_mm + 12],
                    [x_mm - side * 16, 38.0, z_mm],
                    [x_mm - side * 12, 40.0, z_mm - 12],
                ]
            ),
            np.array([3.0, 5.0, 3.0]),
        )
        artery = curved_tube(
            [(8.0, 12.0, -12.0), (side * 30, 24.0, z_mm + 14), (x_mm - side * 18, 38.0, z_mm + 6)], 2.8
        )
        vein = curved_tube([(-16.0, 10.0, -22.0), (side * 28, 20.0, z_mm + 4), (x_mm - side * 18, 36.0, z_mm - 2)], 4.2)
        parts += [
            Part(tissue="kidney_cortex", solid=bean),
            Part(tissue="visceral_fat", solid=sinus),
            Part(tissue="kidney_pelvis", solid=basin),
            Part(tissue="blood", solid=artery),
            Part(tissue="venous_blood", solid=vein),
            Part(tissue="adrenal", solid=_adrenal(side)),
        ]
        organs.append(Organ(name=f"Kidney_{letter}", solid=bean, interpreted_type="ORGAN", colour_rgb=(200, 120, 40)))
    return Anatomy(parts=tuple(parts), organs=tuple(organs))


def _adrenal(side: int) -> Solid:
    x, z = side * 36.0, 26.0 if side > 0 else 30.0
    return Union(
        (
            curved_tube([(x, 30.0, z), (x + side * 4, 42.0, z - 6)], [2.6, 1.8]),
            curved_tube([(x, 30.0, z), (x - side * 6, 42.0, z - 6)], [2.4, 1.8]),
        )
    )


STOMACH = curved_tube(
    [
        (34.0, 24.0, 84.0), (52.0, 16.0, 66.0), (62.0, -12.0, 38.0), (52.0, -44.0, 4.0), (28.0, -54.0, -16.0),
        (2.0, -50.0, -14.0), (-18.0, -42.0, -6.0),
    ],
    [20.0, 28.0, 26.0, 22.0, 17.0, 12.0, 8.0],
)  # fmt: skip
DUODENUM = curved_tube(
    [
        (-18.0, -42.0, -6.0), (-40.0, -30.0, -8.0), (-44.0, -14.0, -30.0), (-40.0, -6.0, -60.0), (-10.0, -2.0, -70.0),
        (26.0, -6.0, -48.0),
    ],
    11.0,
)  # fmt: skip
PANCREAS = curved_tube(
    [(-24.0, -20.0, -32.0), (-18.0, -22.0, -8.0), (8.0, -24.0, 8.0), (36.0, -8.0, 20.0), (64.0, 22.0, 36.0)],
    [13.0, 13.0, 9.0, 10.0, 7.0],
)
COLON_WAY = [
    (-92.0, 10.0, -150.0), (-96.0, 18.0, -105.0), (-98.0, 14.0, -62.0), (-88.0, -14.0, -48.0), (-58.0, -56.0, -62.0),
    (-10.0, -66.0, -78.0), (40.0, -62.0, -52.0), (78.0, -38.0, -14.0), (98.0, 2.0, 4.0), (100.0, 30.0, -22.0),
    (100.0, 28.0, -80.0), (98.0, 10.0, -140.0), (76.0, -12.0, -172.0), (30.0, -6.0, -182.0), (6.0, 20.0, -196.0),
    (0.0, 46.0, -222.0),
]  # fmt: skip


def _haustra(rng: np.random.Generator) -> tuple[Tube, Tube]:
    """Return the colon with its pouches, and the gas that lies in front in it."""
    smooth = curved_tube(COLON_WAY, 17.0, step_mm=5.0)
    nodes = smooth.nodes_lps_mm
    station = np.arange(len(nodes)) * 5.0
    pouches = 17.0 + 2.6 * np.abs(np.sin(np.pi * station / 34.0)) - 1.0 + rng.uniform(-0.6, 0.6, size=len(nodes))
    pouches[station > 0.82 * station[-1]] *= 0.72
    gas = nodes + np.array([0.0, -3.5, 0.0])
    fill = np.clip(np.sin(2 * np.pi * station / 230.0 + 0.8) * 1.2, 0.12, 0.82)
    return Tube(nodes, pouches), Tube(gas, np.maximum(pouches * fill - 1.0, 0.8))


def _loops(trunk: Trunk, rng: np.random.Generator) -> Tube:
    """Return the small bowel as rows of loops across the middle of the belly."""
    nodes = []
    for row, z in enumerate(np.arange(-38.0, -188.0, -21.0)):
        right = (20.0, -12.0, -52.0)[row] if row < 3 else -66.0
        ends = (right, 80.0 - 2.0 * row + rng.uniform(-5, 5))
        for x in np.linspace(ends[row % 2], ends[1 - row % 2], 7):
            y = -32.0 + 18.0 * np.sin(x / 17.0 + row * 1.9) + rng.uniform(-4, 4)
            nodes.append((float(x), float(y), float(z + rng.uniform(-4, 4))))
    return curved_tube(nodes, 11.0, step_mm=7.0)


def bowel_parts(trunk: Trunk, liver: Liver | None, *, rng: np.random.Generator) -> Anatomy:
    """Return stomach, duodenum, pancreas, small bowel and colon."""
    colon, colon_gas = _haustra(rng)
    loops = _loops(trunk, rng)
    room = Offset(trunk.cavity, -1.5)
    taken = [GALLBLADDER] if liver is None else [GALLBLADDER, liver.solid]
    stomach = Intersection((carve(STOMACH, *taken), Offset(DOME_LEFT, -4.0), room), 3.0)
    colon_solid = carve(Intersection((colon, room), 3.0), *taken)
    loops_solid = carve(
        Intersection((loops, room)), colon, STOMACH, DUODENUM, Offset(AORTA, 2.0), Offset(CAVA_BELOW, 2.0), *taken
    )
    duodenum = carve(DUODENUM, *taken)
    pancreas = carve(PANCREAS, *taken)
    fluid = Offset(stomach, -3.5)
    air = Intersection((fluid, HalfSpace((0.0, 1.0, 0.0), -30.0)))
    parts = (
        Part(tissue="pancreas", solid=Rippled(pancreas, 1.6, 14.0, 21)),
        Part(tissue="portal_blood", solid=PORTAL),
        Part(tissue="bowel_wall", solid=loops_solid, lining=((2.2, "bowel_content"),)),
        Part(tissue="bowel_wall", solid=duodenum, lining=((2.4, "bowel_content"),)),
        Part(tissue="bowel_wall", solid=stomach, lining=((3.5, "stomach_content"),)),
        Part(tissue="gas", solid=air),
        Part(tissue="bowel_wall", solid=colon_solid, lining=((2.0, "stool"),)),
        Part(tissue="gas", solid=Intersection((colon_gas, Offset(colon_solid, -2.0)))),
    )
    organs = (
        Organ(name="Stomach", solid=stomach, interpreted_type="ORGAN", colour_rgb=(255, 120, 180)),
        Organ(name="Duodenum", solid=duodenum, interpreted_type="ORGAN", colour_rgb=(255, 160, 120)),
        Organ(name="Pancreas", solid=pancreas, interpreted_type="ORGAN", colour_rgb=(230, 200, 90)),
        Organ(name="Colon", solid=colon_solid, interpreted_type="ORGAN", colour_rgb=(160, 120, 60)),
        Organ(name="Bowel_Small", solid=loops_solid, interpreted_type="ORGAN", colour_rgb=(200, 160, 100)),
    )
    return Anatomy(parts=parts, organs=organs)
