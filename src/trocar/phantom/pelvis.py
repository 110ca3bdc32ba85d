"""Prostate, urethra, seminal vesicles, bladder, rectum, pelvic floor and the vessels of the groin."""

from dataclasses import dataclass

import numpy as np

from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.solids import Ellipsoid, HalfSpace, Intersection, Offset, Rippled, Solid, Union, carve, rotation
from trocar.phantom.sweeps import curved_tube

PROSTATE_CENTRE_MM = (0.0, -8.0, -268.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prostate:
    """The gland, the urethra within and beyond it, and a lesion in the right peripheral zone."""

    solid: Solid
    urethra: Solid
    lesion: Solid


def build_prostate(*, rng: np.random.Generator) -> Prostate:
    """Return a gland of about 30-45 cc."""
    scale = float(rng.uniform(0.96, 1.08))
    half = (24.5 * scale, 17.0 * scale, 20.5 * scale)
    gland = Rippled(
        Ellipsoid(PROSTATE_CENTRE_MM, half, rotation(about_x_deg=-14), power=2.3), 0.7, 26.0, int(rng.integers(1 << 30))
    )
    x, y, z = PROSTATE_CENTRE_MM
    urethra = curved_tube(
        [
            (x, y - 10, z + 26),
            (x, y - 4, z + 14),
            (x, y + 1, z),
            (x, y - 2, z - 14),
            (x, y - 7, z - 26),
            (x, y - 14, z - 40),
        ],
        [3.0, 3.0, 3.2, 3.0, 2.8, 2.6],
        step_mm=3.0,
    )
    place = (x - float(rng.uniform(10, 14)), y + float(rng.uniform(6, 8)), z + float(rng.uniform(-6, 6)))
    lesion = Intersection((Rippled(Ellipsoid(place, (7.0, 5.0, 7.5)), 0.7, 9.0, 5), Offset(gland, -0.5)))
    return Prostate(solid=gland, urethra=urethra, lesion=lesion)


def pelvic_organs(prostate: Prostate) -> Anatomy:
    """Return everything inside the small pelvis."""
    x, y, z = PROSTATE_CENTRE_MM
    bladder = carve(
        Rippled(
            Ellipsoid((0.0, -26.0, -220.0), (42.0, 34.0, 27.0), rotation(about_x_deg=-10), power=2.4), 1.5, 60.0, 8
        ),
        Offset(prostate.solid, 0.5),
        rounding_mm=4.0,
    )
    rectum = Rippled(
        curved_tube(
            [(0, 46, -216), (3, 44, -232), (0, 34, -250), (-1, 27, -268), (0, 30, -286), (0, 34, -300), (0, 36, -312)],
            [15.0, 16.0, 15.5, 13.5, 12.0, 9.5, 8.0],
            step_mm=4.0,
        ),
        1.0, 22.0, 9,
    )  # fmt: skip
    lumen = Offset(rectum, -3.2)
    vesicles = Union(
        tuple(
            curved_tube([(s * 4, 8, -246), (s * 16, 12, -241), (s * 30, 14, -234)], [4.5, 6.5, 5.0]) for s in (-1, 1)
        ),
        2.0,
    )
    bulb = curved_tube([(0, -22, -306), (0, -8, -312), (0, 4, -312)], [7.0, 9.0, 7.0])
    gas = Intersection((lumen, HalfSpace((0.0, 1.0, -0.2), 88.4), HalfSpace((0.0, 0.0, -1.0), 276.0)))
    central = Intersection((Ellipsoid((x, y - 4, z + 3), (16.0, 11.0, 15.0)), Offset(prostate.solid, -2.0)), 3.0)
    parts = (
        *_floor(),
        Part(tissue="bladder_wall", solid=bladder, lining=((3.2, "urine"),)),
        Part(tissue="seminal_vesicle", solid=Rippled(carve(vesicles, bladder, rectum), 0.8, 7.0, 12)),
        Part(tissue="bowel_wall", solid=rectum),
        Part(tissue="stool", solid=Intersection((lumen, HalfSpace((0.0, 0.0, -1.0), 290.0)))),
        Part(tissue="gas", solid=gas),
        Part(tissue="muscle", solid=bulb),
        Part(tissue="prostate", solid=prostate.solid),
        Part(tissue="prostate_central_gland", solid=central),
        Part(tissue="prostate_lesion", solid=prostate.lesion),
        Part(tissue="urethra", solid=prostate.urethra),
    )  # fmt: skip
    organs = (
        Organ(name="Prostate", solid=prostate.solid, interpreted_type="CTV", colour_rgb=(255, 90, 90)),
        Organ(name="GTV", solid=prostate.lesion, interpreted_type="GTV", colour_rgb=(255, 0, 0)),
        Organ(name="Urethra", solid=prostate.urethra, interpreted_type="ORGAN", colour_rgb=(255, 255, 0)),
        Organ(name="Bladder", solid=bladder, interpreted_type="ORGAN", colour_rgb=(255, 200, 0)),
        Organ(name="Rectum", solid=rectum, interpreted_type="ORGAN", colour_rgb=(140, 90, 40)),
        Organ(
            name="SeminalVes",
            solid=carve(vesicles, bladder, rectum),
            interpreted_type="ORGAN",
            colour_rgb=(200, 255, 150),
        ),
        Organ(name="PenileBulb", solid=bulb, interpreted_type="ORGAN", colour_rgb=(90, 200, 200)),
    )
    return Anatomy(parts=parts, organs=organs)


def _floor() -> tuple[Part, ...]:
    """Return pelvic floor, obturator and gluteal fat planes, and the vessels of the groin."""
    parts: list[Part] = []
    for s in (-1, 1):
        levator = curved_tube(
            [(s * 12, -44, -276), (s * 30, -10, -282), (s * 24, 26, -284), (s * 10, 54, -280)], 3.2, tallness=6.0
        )
        obturator = Ellipsoid((s * 54.0, -4.0, -264.0), (9.0, 32.0, 30.0), rotation(about_z_deg=s * 24))
        fossa = curved_tube([(s * 34, 10, -312), (s * 40, 34, -300), (s * 34, 52, -290)], [9.0, 13.0, 10.0])
        gluteal = Ellipsoid((s * 62.0, 50.0, -278.0), (36.0, 5.0, 40.0), rotation(about_z_deg=-s * 28))
        artery = curved_tube(
            [(s * 24, -2, -150), (s * 50, -20, -195), (s * 72, -52, -235), (s * 82, -64, -268), (s * 86, -50, -360)],
            4.6,
        )
        vein = curved_tube(
            [(s * 20, 8, -150), (s * 48, -8, -195), (s * 66, -42, -235), (s * 72, -58, -268), (s * 78, -42, -360)], 5.6
        )
        inner = curved_tube([(s * 24, 6, -160), (s * 44, 30, -200), (s * 52, 34, -232)], 3.0)
        parts += [
            Part(tissue="subcutaneous_fat", solid=Rippled(fossa, 3.0, 18.0, 31 + s)),
            Part(tissue="intermuscular_fat", solid=Rippled(gluteal, 2.0, 20.0, 41 + s)),
            Part(tissue="intermuscular_fat", solid=Ellipsoid((s * 76.0, -62.0, -290.0), (20.0, 14.0, 60.0))),
            Part(tissue="muscle", solid=levator),
            Part(tissue="muscle", solid=obturator),
            Part(tissue="blood", solid=artery),
            Part(tissue="venous_blood", solid=vein),
            Part(tissue="blood", solid=inner),
        ]
    return tuple(parts)
