"""The spine: vertebral bodies, discs, arches, canal, dural sac and cord."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.solids import Ellipsoid, Solid, Union, carve, rotation
from trocar.phantom.sweeps import Column, curved_tube, rod

LEVELS_MM = (
    ("L5", -146.0), ("L4", -110.0), ("L3", -73.0), ("L2", -36.0), ("L1", 0.0), ("T12", 32.0), ("T11", 60.0),
    ("T10", 87.0), ("T9", 112.0), ("T8", 136.0), ("T7", 160.0), ("T6", 183.0), ("T5", 205.0), ("T4", 227.0),
    ("T3", 248.0), ("T2", 268.0), ("T1", 287.0), ("C7", 304.0), ("C6", 320.0),
)  # fmt: skip
"""Height of the middle of each vertebral body."""

_CURVE = np.array(
    [(-300, 66), (-270, 76), (-215, 70), (-175, 52), (-146, 40), (-110, 33), (-73, 32), (-36, 36), (0, 42), (60, 52),
     (112, 60), (160, 64), (205, 62), (248, 54), (287, 42), (330, 30)],
    dtype=np.float64,
)  # fmt: skip
"""Height and y of the middle of the vertebral bodies: lumbar lordosis, thoracic kyphosis, sacral bend."""


def spine_y_mm(z_mm: float) -> float:
    """Return y of the middle of the vertebral bodies at a height."""
    return float(PchipInterpolator(_CURVE[:, 0], _CURVE[:, 1], extrapolate=True)(z_mm))


def _half_depth_mm(z_mm: float) -> float:
    return float(np.interp(z_mm, [-146, 0, 160, 300], [17.0, 16.0, 13.0, 9.0]))


def _half_width_mm(z_mm: float) -> float:
    return float(np.interp(z_mm, [-146, 0, 112, 200, 300], [25.0, 21.5, 17.0, 14.0, 13.0]))


def canal_y_mm(z_mm: float) -> float:
    """Return y of the middle of the spinal canal at a height."""
    return spine_y_mm(z_mm) + _half_depth_mm(z_mm) + 8.5


def _vertebra(z_mm: float, height_mm: float) -> tuple[Part, ...]:
    y, depth, width = spine_y_mm(z_mm), _half_depth_mm(z_mm), _half_width_mm(z_mm)
    half = 0.5 * height_mm
    profile = tuple(
        (z_mm + s * half, 0.0, y, width * waist, depth * waist, depth * waist)
        for s, waist in ((-1, 1.0), (-0.55, 0.9), (0, 0.86), (0.55, 0.9), (1, 1.0))
    )
    body = Column(profile, boxiness=0.3)
    back = canal_y_mm(z_mm)
    arch = Union((*_arch(z_mm, back, width), *_processes(z_mm, back, width)))
    return (
        Part(tissue="cortical_bone", solid=body, lining=((1.0, "trabecular_bone"),)),
        Part(tissue="cortical_bone", solid=arch, lining=((1.3, "trabecular_bone"),)),
    )


def _arch(z_mm: float, back: float, width: float) -> tuple[Solid, ...]:
    pieces = []
    for side in (-1, 1):
        pieces += [
            rod((side * width * 0.66, back - 9.0, z_mm + 4), (side * 14.0, back - 2.0, z_mm + 3), radius_mm=4.6),
            rod((side * 14.0, back - 1.0, z_mm + 3), (side * 14.5, back + 5.0, z_mm - 8), radius_mm=5.0),
            rod((side * 13.0, back + 4.0, z_mm - 2), (side * 2.0, back + 13.0, z_mm - 6), radius_mm=3.8),
        ]
    return tuple(pieces)


def _processes(z_mm: float, back: float, width: float) -> tuple[Solid, ...]:
    thoracic = z_mm > 20
    reach, drop = (34.0, 22.0) if thoracic else (30.0, 6.0)
    tip = (0.0, back + reach - (6.0 if thoracic else 0.0), z_mm - 6 - drop)
    spinous = curved_tube([(0.0, back + 12.0, z_mm - 5), tip], [3.6, 3.2], tallness=1.0 if thoracic else 2.2)
    sideways = width + (17.0 if thoracic else 22.0)
    wings = [
        rod(
            (side * 14.0, back + 1.0, z_mm + 3),
            (side * sideways, back + (12.0 if thoracic else 2.0), z_mm + 3),
            radius_mm=3.6,
        )
        for side in (-1, 1)
    ]
    return (spinous, *wings)


def spine() -> Anatomy:
    """Return the spine from sacrum to neck with canal, dural sac and cord."""
    parts: list[Part] = []
    for n, (_, z_mm) in enumerate(LEVELS_MM):
        above = LEVELS_MM[n + 1][1] if n + 1 < len(LEVELS_MM) else z_mm + 16.0
        height = 0.76 * (above - z_mm if n + 1 < len(LEVELS_MM) else 16.0)
        parts += _vertebra(z_mm, height)
        middle = 0.5 * (z_mm + above)
        disc = Ellipsoid(
            (0.0, spine_y_mm(middle), middle),
            (_half_width_mm(middle), _half_depth_mm(middle), 0.17 * (above - z_mm)),
            power=4.0,
        )
        parts.append(Part(tissue="disc", solid=disc))
    parts += _sacrum()
    heights = np.arange(-170.0, 331.0, 10.0)
    line = [(0.0, canal_y_mm(float(z)), float(z)) for z in heights]
    canal = curved_tube(line, [8.5 if z > -150 else 6.5 for z in heights], step_mm=8.0)
    cord = curved_tube(
        [p for p in line if p[2] >= -10], [2.2 if z < 5 else 4.3 for z in heights if z >= -10], step_mm=8.0
    )
    parts += [
        Part(tissue="visceral_fat", solid=canal, lining=((2.2, "cerebrospinal_fluid"),)),
        Part(tissue="spinal_cord", solid=cord),
    ]
    organs = (
        Organ(name="SpinalCanal", solid=canal, interpreted_type="ORGAN", colour_rgb=(255, 255, 120)),
        Organ(name="SpinalCord", solid=cord, interpreted_type="ORGAN", colour_rgb=(255, 220, 0)),
    )
    return Anatomy(parts=tuple(parts), organs=organs)


def _sacrum() -> tuple[Part, ...]:
    wedge = Union(
        (
            Ellipsoid((0.0, 58.0, -188.0), (54.0, 19.0, 28.0), rotation(about_x_deg=28), power=3.0),
            Ellipsoid((0.0, 70.0, -225.0), (36.0, 13.0, 26.0), rotation(about_x_deg=8), power=3.0),
            curved_tube([(0, 74, -245), (0, 73, -265), (0, 66, -284)], [11.0, 8.0, 4.5]),
        ),
        10.0,
    )
    solid = carve(wedge, curved_tube([(0, 70, -165), (0, 78, -200), (0, 80, -235)], [8.0, 7.0, 3.0]))
    return (Part(tissue="cortical_bone", solid=solid, lining=((1.6, "pelvic_marrow"),)),)
