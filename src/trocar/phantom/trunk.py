"""The outside of the person: skin, subcutaneous fat, muscle wall, the great cavity, and the couch.

All lengths are of a made-up adult of middle size. Origin: the centre of the body at the level of the first lumbar
vertebra; x to the left, y to the back, z to the head.
"""

from dataclasses import dataclass

import numpy as np

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.axes import Axes
from trocar.phantom.solids import Ellipsoid, HalfSpace, Intersection, Offset, Rippled, Sheet, Solid, Union
from trocar.phantom.sweeps import Column, curved_tube, rod
from trocar.phantom.vertebrae import canal_y_mm

SKIN_MM = 2.0
PERINEUM_Z_MM = -328.0

TRUNK = (
    (PERINEUM_Z_MM, 0.0, 0.0, 172.0, 88.0, 112.0),
    (-270.0, 0.0, 0.0, 178.0, 92.0, 122.0),
    (-200.0, 0.0, 0.0, 170.0, 100.0, 114.0),
    (-110.0, 0.0, 0.0, 158.0, 106.0, 104.0),
    (-50.0, 0.0, 0.0, 150.0, 108.0, 103.0),
    (0.0, 0.0, 0.0, 153.0, 110.0, 105.0),
    (60.0, 0.0, 0.0, 160.0, 110.0, 110.0),
    (120.0, 0.0, 0.0, 167.0, 112.0, 116.0),
    (200.0, 0.0, 0.0, 172.0, 108.0, 120.0),
    (260.0, 0.0, 0.0, 176.0, 84.0, 116.0),
    (310.0, 0.0, 0.0, 150.0, 60.0, 108.0),
    (345.0, 0.0, 5.0, 70.0, 55.0, 85.0),
)

CAVITY = (
    (-312.0, 0.0, 6.0, 30.0, 36.0, 28.0),
    (-280.0, 0.0, 6.0, 42.0, 46.0, 46.0),
    (-240.0, 0.0, 4.0, 56.0, 62.0, 58.0),
    (-190.0, 0.0, 0.0, 92.0, 74.0, 60.0),
    (-110.0, 0.0, 0.0, 122.0, 80.0, 70.0),
    (-50.0, 0.0, 0.0, 122.0, 82.0, 76.0),
    (0.0, 0.0, 0.0, 126.0, 83.0, 80.0),
    (60.0, 0.0, 0.0, 132.0, 84.0, 86.0),
    (105.0, 0.0, 0.0, 134.0, 84.0, 90.0),
    (150.0, 0.0, 0.0, 131.0, 80.0, 93.0),
    (200.0, 0.0, 4.0, 119.0, 72.0, 88.0),
    (240.0, 0.0, 12.0, 97.0, 58.0, 74.0),
    (270.0, 0.0, 20.0, 72.0, 42.0, 57.0),
    (292.0, 0.0, 28.0, 46.0, 26.0, 36.0),
    (304.0, 0.0, 32.0, 20.0, 12.0, 16.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The surfaces that other rooms of the body are cut from."""

    skin: Solid
    muscle: Solid
    cavity: Solid


def build_trunk(*, fat_mm: float, seed: int) -> Trunk:
    """Return the surfaces of the trunk.

    Parameters
    ----------
    fat_mm
        Thickness of the subcutaneous fat.
    seed
        Undulation of the surfaces.
    """
    thighs = tuple(
        Column(
            (
                (-430.0, side * 86.0, 4.0, 68.0, 72.0, 70.0),
                (-340.0, side * 90.0, 4.0, 81.0, 80.0, 88.0),
                (-300.0, side * 88.0, 2.0, 84.0, 84.0, 104.0),
                (-235.0, side * 80.0, 2.0, 60.0, 56.0, 70.0),
            ),
            boxiness=0.2,
        )
        for side in (-1, 1)
    )
    skin = Rippled(Union((Column(TRUNK, boxiness=0.42), *thighs), 14.0), 2.0, 170.0, seed)
    muscle = Rippled(Offset(skin, -(SKIN_MM + fat_mm)), 3.0, 80.0, seed + 1)
    return Trunk(skin=skin, muscle=muscle, cavity=Column(CAVITY, boxiness=0.25))


def lowest_point_mm(trunk: Trunk, *, z_range_mm: tuple[float, float]) -> float:
    """Return the largest y of the skin between two heights: where the couch begins."""
    x_mm = np.arange(-200.0, 201.0, 4.0).astype(np.float32)
    y_mm = np.arange(0.0, 150.0, 0.5).astype(np.float32)
    z_mm = np.arange(z_range_mm[0], z_range_mm[1] + 4.0, 4.0).astype(np.float32)
    levels = trunk.skin.levels(Axes(x_mm=x_mm, y_mm=y_mm, z_mm=z_mm), reach_mm=2.0)
    return float(y_mm[(levels <= 0).any(axis=(0, 2))].max())


def wall(trunk: Trunk) -> Anatomy:
    """Return skin, fat, muscle and the fat that fills the great cavity."""
    return Anatomy(
        parts=(
            Part(tissue="skin", solid=trunk.skin, lining=((SKIN_MM, "subcutaneous_fat"),)),
            Part(tissue="muscle", solid=trunk.muscle),
            *(Part(tissue="intermuscular_fat", solid=plane) for plane in _muscle_planes(trunk)),
            Part(tissue="visceral_fat", solid=trunk.cavity),
            *back_muscles(trunk),
        ),
        organs=(Organ(name="BODY", solid=trunk.skin, interpreted_type="EXTERNAL", colour_rgb=(200, 170, 140)),),
    )


def _muscle_planes(trunk: Trunk) -> tuple[Solid, ...]:
    """Return the thin sheets of fat between the layers of the wall."""
    sheets = []
    for depth_mm, wave in ((9.0, 60.0), (22.0, 45.0)):
        surface = Rippled(Offset(trunk.muscle, -depth_mm), 6.5, wave, int(depth_mm))
        sheets.append(Sheet(surface, 0.8))
    return tuple(sheets)


def back_muscles(trunk: Trunk) -> tuple[Part, ...]:
    """Return the muscles beside the spine, psoas and the crura of the diaphragm."""
    parts = []
    for side in (-1, 1):
        levels = (-195.0, -150.0, -70.0, 0.0, 80.0, 160.0, 230.0, 300.0)
        for offset, radius, shift in ((34.0, 19.0, 16.0), (17.0, 13.0, 20.0)):
            shrink = (0.5, 0.95, 1.1, 1.0, 0.8, 0.68, 0.62, 0.6)
            nodes = [
                (side * offset * s, canal_y_mm(z) + shift * s**0.5, z) for z, s in zip(levels, shrink, strict=True)
            ]
            column = curved_tube(nodes, [radius * s for s in shrink], step_mm=20.0)
            parts.append(
                Part(
                    tissue="paraspinal_muscle",
                    solid=Intersection((Rippled(column, 2.0, 30.0, int(offset) + side), trunk.muscle)),
                )
            )
        psoas = curved_tube(
            [
                (side * 26.0, 48.0, 5.0),
                (side * 40.0, 40.0, -60.0),
                (side * 52.0, 34.0, -120.0),
                (side * 66.0, 0.0, -190.0),
                (side * 80.0, -38.0, -250.0),
                (side * 90.0, -25.0, -310.0),
            ],
            [7.0, 19.0, 23.0, 21.0, 17.0, 12.0],
            step_mm=15.0,
        )
        parts.append(Part(tissue="muscle", solid=psoas))
        crus = curved_tube([(side * 9.0, 24.0, -25.0), (side * 11.0, 28.0, 15.0), (side * 13.0, 34.0, 60.0)], 5.0)
        parts.append(Part(tissue="muscle", solid=crus))
        square = curved_tube([(side * 58.0, 62.0, -100.0), (side * 50.0, 66.0, 20.0)], [13.0, 10.0], step_mm=200.0)
        parts.append(Part(tissue="muscle", solid=square))
    return tuple(parts)


def couch(*, top_mm: float) -> Anatomy:
    """Return the couch with its upper surface at ``y = top_mm``: a carbon shell around foam, and two rails."""
    slab = Intersection(
        (
            Ellipsoid((0.0, top_mm + 24.0, 0.0), (235.0, 24.0, 4000.0), power=6.0),
            HalfSpace((0.0, 0.0, 1.0), 2000.0),
        )
    )
    rail = [
        rod((s * 224.0, top_mm + 24.0, -2000.0), (s * 224.0, top_mm + 24.0, 2000.0), radius_mm=5.0) for s in (-1, 1)
    ]
    return Anatomy(
        parts=(
            Part(tissue="couch_shell", solid=slab, lining=((1.6, "couch_foam"),)),
            Part(tissue="couch_shell", solid=Union(tuple(rail))),
        )
    )
