"""Ribs with their cartilages, breast-bone, shoulder blades, collar bones, hip bones and thigh bones."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.solids import Ellipsoid, HalfSpace, Intersection, Offset, Solid, Union, carve, rotation
from trocar.phantom.sweeps import Column, curved_tube
from trocar.phantom.trunk import CAVITY, Trunk

RIBS = (
    (287.0, 258.0, 150.0, 250.0), (270.0, 236.0, 150.0, 230.0), (250.0, 205.0, 148.0, 212.0),
    (229.0, 178.0, 146.0, 194.0), (207.0, 150.0, 144.0, 176.0), (185.0, 126.0, 141.0, 158.0),
    (162.0, 103.0, 137.0, 144.0), (138.0, 82.0, 130.0, 122.0), (114.0, 64.0, 120.0, 98.0),
    (89.0, 47.0, 111.0, 76.0), (62.0, 28.0, 82.0, 0.0), (35.0, 12.0, 52.0, 0.0),
)  # fmt: skip
"""For ribs 1-12: height at the spine, height of the bony end, angle of the bony end from the back in degrees, height
of the end of the cartilage (0: the rib floats)."""


def _on_cage(angle_deg: float, z_mm: float, side: int, out_mm: float) -> tuple[float, float, float]:
    """Return a point ``out_mm`` outside the great cavity, at an angle from the back."""
    table = np.asarray(CAVITY)
    xc, yc, half, front, back = PchipInterpolator(table[:, 0], table[:, 1:])(z_mm)
    s, c = np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))
    boxy = 1 / np.sqrt(0.75 + 0.25 * np.sqrt(s**4 + c**4))
    depth = (back if c > 0 else front) + out_mm
    return float(xc + side * (half + out_mm) * s * boxy), float(yc + depth * c * boxy), float(z_mm)


def _rib(n: int, side: int) -> tuple[Solid, Solid | None]:
    start, end, last_deg, cartilage_end = RIBS[n]
    angles = np.linspace(13.0, last_deg, 14)
    share = (angles - angles[0]) / (last_deg - angles[0])
    heights = start + (end - start) * (0.35 * share + 0.65 * share**1.5)
    line = [_on_cage(float(a), float(z), side, 5.5) for a, z in zip(angles, heights, strict=True)]
    thick = 3.1 if n in (0, 10, 11) else 3.5
    bone = curved_tube(line, thick, step_mm=9.0, tallness=1.65)
    if cartilage_end == 0.0:
        return bone, None
    to_deg = 172.0 if n < 7 else last_deg + 22.0
    way = [
        _on_cage(last_deg + (to_deg - last_deg) * t, end + (cartilage_end - end) * t**0.8, side, 6.0)
        for t in (0.0, 0.35, 0.7, 1.0)
    ]
    return bone, curved_tube(way, 3.4, step_mm=9.0, tallness=1.5)


def cage(trunk: Trunk) -> Anatomy:
    """Return ribs, cartilages, breast-bone, shoulder blades and collar bones."""
    parts: list[Part] = []
    bones: list[Solid] = []
    for side in (-1, 1):
        for n in range(12):
            bone, cartilage = _rib(n, side)
            if cartilage is not None:
                parts.append(Part(tissue="cartilage", solid=cartilage))
            parts.append(Part(tissue="rib_bone", solid=bone, lining=((1.3, "trabecular_bone"),)))
            bones.append(bone)
        parts += _shoulder(side, trunk)
    sternum = Column(
        (
            (98.0, 0.0, -91.0, 5.0, 3.0, 3.0),
            (112.0, 0.0, -92.0, 12.0, 4.5, 4.5),
            (150.0, 0.0, -87.0, 18.0, 5.5, 5.5),
            (200.0, 0.0, -75.0, 16.0, 5.5, 5.5),
            (226.0, 0.0, -63.0, 15.0, 5.5, 5.5),
            (238.0, 0.0, -57.0, 26.0, 6.5, 6.5),
            (256.0, 0.0, -47.0, 27.0, 6.5, 6.5),
        ),
        boxiness=0.5,
    )
    parts.append(Part(tissue="cortical_bone", solid=sternum, lining=((1.2, "trabecular_bone"),)))
    organs = (
        Organ(name="Ribs", solid=Union(tuple(bones)), interpreted_type="ORGAN", colour_rgb=(240, 240, 220)),
        Organ(name="Sternum", solid=sternum, interpreted_type="ORGAN", colour_rgb=(230, 230, 200)),
    )
    return Anatomy(parts=tuple(parts), organs=organs)


def _shoulder(side: int, trunk: Trunk) -> tuple[Part, ...]:
    blade = Ellipsoid((side * 106.0, 74.0, 212.0), (42.0, 3.5, 60.0), rotation(about_z_deg=-side * 27.0))
    spine_of_blade = curved_tube([(side * 72, 88, 240), (side * 108, 74, 254), (side * 138, 50, 268)], 5.0)
    collar = curved_tube([(side * 16, -50, 258), (side * 60, -46, 276), (side * 115, -12, 292)], 6.0)
    bone = Union((blade, spine_of_blade, collar))
    muscle = Intersection((Offset(blade, 9.0), trunk.muscle))
    return (
        Part(tissue="muscle", solid=muscle),
        Part(tissue="cortical_bone", solid=bone, lining=((1.6, "trabecular_bone"),)),
    )


HIP_CENTRE_MM = (88.0, 2.0, -258.0)


def _hip_bone(side: int) -> Solid:
    x, y, z = side * HIP_CENTRE_MM[0], HIP_CENTRE_MM[1], HIP_CENTRE_MM[2]
    wing = Ellipsoid(
        (side * 96.0, 22.0, -170.0),
        (6.5, 58.0, 66.0),
        rotation(about_x_deg=-12, about_y_deg=side * 22, about_z_deg=-side * 28),
    )
    socket = carve(
        Ellipsoid((x - side * 5, y + 1, z + 4), (31.0, 32.0, 31.0)),
        Ellipsoid((x, y, z), (26.0, 26.0, 26.0)),
        HalfSpace((-side, 0.0, 0.75), -side * x + 0.75 * (z - 6.0) - 6.0),
    )
    neck = curved_tube([(side * 78, 20, -235), (side * 86, 24, -215), (side * 93, 26, -195)], [17.0, 15.0, 11.0])
    upper = curved_tube([(side * 64, -16, -254), (side * 40, -46, -262), (side * 13, -58, -268)], [10.5, 8.0, 8.0])
    body = curved_tube([(side * 11, -58, -262), (side * 10, -56, -288)], [8.5, 7.5])
    lower = curved_tube([(side * 11, -54, -288), (side * 30, -22, -304), (side * 52, 22, -314)], [7.0, 6.0, 10.0])
    sitting = curved_tube([(side * 66, 26, -262), (side * 62, 34, -290), (side * 54, 26, -316)], [13.0, 13.0, 13.0])
    spine = curved_tube([(side * 64, 32, -255), (side * 50, 46, -262)], [8.0, 3.0])
    return carve(
        Union((wing, socket, neck, upper, body, lower, sitting, spine), 8.0), Ellipsoid((x, y, z), (25.5, 25.5, 25.5))
    )


def pelvis_bones() -> Anatomy:
    """Return hip bones, thigh bones and the pubic joint."""
    parts: list[Part] = []
    organs: list[Organ] = []
    for side, letter in ((-1, "R"), (1, "L")):
        x, y, z = side * HIP_CENTRE_MM[0], HIP_CENTRE_MM[1], HIP_CENTRE_MM[2]
        hip = _hip_bone(side)
        head = Ellipsoid((x, y, z), (23.5, 23.5, 23.5))
        shaft = curved_tube(
            [
                (side * 92, 2, -262),
                (side * 112, 8, -279),
                (side * 132, 14, -300),
                (side * 130, 10, -350),
                (side * 122, 4, -430),
            ],
            [16.0, 14.5, 20.0, 15.5, 14.0],
        )
        trochanter = Ellipsoid((side * 140.0, 20.0, -284.0), (13.0, 17.0, 22.0))
        femur = Union((head, shaft, trochanter), 10.0)
        marrow_cavity = Intersection((Offset(shaft, -7.0), HalfSpace((0.0, 0.0, 1.0), -318.0)))
        parts += [
            Part(tissue="cortical_bone", solid=hip, lining=((2.0, "pelvic_marrow"),)),
            Part(tissue="cartilage", solid=Offset(head, 1.8)),
            Part(tissue="cortical_bone", solid=femur),
            Part(
                tissue="pelvic_marrow",
                solid=Intersection((Offset(femur, -2.0), HalfSpace((0.0, 0.0, -1.0), 312.0)), 6.0),
            ),
            Part(tissue="subcutaneous_fat", solid=marrow_cavity),
        ]
        organs.append(
            Organ(name=f"Femur_Head_{letter}", solid=head, interpreted_type="ORGAN", colour_rgb=(180, 200, 255))
        )
        organs.append(Organ(name=f"Pelvis_{letter}", solid=hip, interpreted_type="ORGAN", colour_rgb=(220, 220, 255)))
    joint = Ellipsoid((0.0, -58.0, -274.0), (4.5, 9.0, 18.0), power=3.0)
    parts.append(Part(tissue="disc", solid=joint))
    return Anatomy(parts=tuple(parts), organs=tuple(organs))
