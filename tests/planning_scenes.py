"""Analytic scenes in which planning is hard: targets pressed against what must be spared; for tests and benchmarks.

The dose is a stand-in, a 6711-like line of fit numbers, so that these scenes need no other room of the library.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from trocar.optimise.base import Problem
from trocar.optimise.candidates import Candidates, candidates_in_needles, crossing_needles, touching_pairs
from trocar.optimise.points import SampledStructure, join_structures, sample_structure
from trocar.plan.goals import Comparison, Confidence, Goal, Metric, Priority, Unit
from trocar.plan.needles import Needle

SEED_LENGTH_MM = 4.5
SEED_DIAMETER_MM = 0.8
PITCH_MM = 5.0
GY_CM2_PER_U = 0.965 * 24 * 59.40 / np.log(2) / 100 * 0.94
"""Total dose at 1 cm, g and F apart, of a seed of 1 U: Λ mean life φ_an."""


@njit(cache=True, fastmath=True)
def stand_in_influence(positions, points, strength_u, out):
    """Fill the total dose of a point-like I-125 seed: S_K Λ τ (1/r²) g(r)."""
    for c in range(positions.shape[0]):
        for p in range(points.shape[0]):
            dx = positions[c, 0] - points[p, 0]
            dy = positions[c, 1] - points[p, 1]
            dz = positions[c, 2] - points[p, 2]
            r2 = max(1.0, dx * dx + dy * dy + dz * dz) * np.float32(0.01)
            r = np.sqrt(r2)
            g = 1.084 - 0.0315 * r - 0.0587 * r2 + 0.00715 * r2 * r
            out[c, p] = strength_u[c] * GY_CM2_PER_U * max(g, np.float32(0.0)) / r2


@dataclass(frozen=True, kw_only=True)
class Scene:
    name: str
    prescription_gy: float
    target: str
    regions: dict[str, tuple[Callable[[np.ndarray], np.ndarray], np.ndarray, np.ndarray]]
    needles: tuple[Needle, ...]
    allowed: Callable[[np.ndarray], np.ndarray]
    goals: tuple[Goal, ...]


def goal(structure: str, metric: str, comparison: str, limit: float, unit: str, priority: str = "must") -> Goal:
    return Goal(
        key=f"scene#{structure}-{metric}-{limit:g}",
        structure=structure,
        metric=Metric.parse(metric),
        comparison=Comparison(comparison),
        limit=limit,
        limit_unit=Unit(unit),
        priority=Priority(priority),
        reference="scene",
        confidence=Confidence.EXAMPLE,
    )


def ellipsoid(centre, semi_axes):
    centre, semi_axes = np.array(centre, float), np.array(semi_axes, float)
    return (
        lambda p: (((p - centre) / semi_axes) ** 2).sum(axis=1) <= 1.0,
        centre - semi_axes,
        centre + semi_axes,
    )


def tube(centre, radius, half_length, axis=2):
    centre = np.array(centre, float)
    across = [k for k in range(3) if k != axis]

    def contains(p):
        return (((p - centre)[:, across] ** 2).sum(axis=1) <= radius**2) & (
            np.abs(p[:, axis] - centre[axis]) <= half_length
        )

    half = np.full(3, radius)
    half[axis] = half_length
    return contains, centre - half, centre + half


def minus(region, *others):
    contains, low, high = region

    def inside(p):
        result = contains(p)
        for other in others:
            result &= ~other[0](p)
        return result

    return inside, low, high


def template_needles(low, high, *, spacing_mm=5.0, axis=2, keep=lambda p: np.ones(len(p), bool)) -> tuple[Needle, ...]:
    """Parallel needles through every hole of a template over a box, entering 60 mm before it."""
    across = [k for k in range(3) if k != axis]
    grids = [np.arange(low[k] + 0.5 * ((high[k] - low[k]) % spacing_mm), high[k] + 1e-9, spacing_mm) for k in across]
    needles = []
    for a in grids[0]:
        for b in grids[1]:
            tip, entry = np.zeros(3), np.zeros(3)
            tip[across] = entry[across] = (a, b)
            tip[axis], entry[axis] = high[axis] + 3.0, low[axis] - 60.0
            if keep(np.array([[a, b]]))[0]:
                needles.append(Needle(number=len(needles) + 1, entry_lps_mm=entry, tip_lps_mm=tip))
    return tuple(needles)


def fan_needles(low, high, *, angles_deg, spacing_mm) -> tuple[Needle, ...]:
    """Non-coplanar needles: several bundles of parallel needles, each tilted, as 3D-printed templates allow."""
    needles: list[Needle] = []
    middle = 0.5 * (np.array(low) + np.array(high))
    reach = 0.5 * float(np.linalg.norm(np.array(high) - np.array(low)))
    for tilt, turn in angles_deg:
        t, f = np.deg2rad(tilt), np.deg2rad(turn)
        way = np.array([np.sin(t) * np.cos(f), np.sin(t) * np.sin(f), np.cos(t)])
        side = np.cross(way, [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        up = np.cross(side, way)
        steps = np.arange(-np.floor(reach / spacing_mm), np.floor(reach / spacing_mm) + 1) * spacing_mm
        for a in steps:
            for b in steps:
                foot = middle + a * side + b * up
                needles.append(
                    Needle(
                        number=len(needles) + 1,
                        entry_lps_mm=foot - (reach + 60.0) * way,
                        tip_lps_mm=foot + reach * way,
                    )
                )
    return tuple(needles)


def prostate() -> Scene:
    """40 cc with the urethra through it and the rectum pressed 1 mm deep into its back."""
    urethra = tube((0, 0, 0), 3.5, 22.0)
    rectum = tube((0, 27.0, 0), 11.0, 25.0)
    gland = minus(ellipsoid((0, 0, 0), (24.5, 18.0, 22.0)), rectum)
    no_go = tube((0, 0, 0), 5.0, 40.0)
    wider = ellipsoid((0, 0, 0), (27.5, 20.0, 24.0))
    return Scene(
        name="prostate",
        prescription_gy=145.0,
        target="prostate",
        regions={"prostate": minus(gland, urethra), "urethra": urethra, "rectum": rectum},
        needles=template_needles((-25, -18, -22), (25, 18, 22)),
        allowed=lambda p: wider[0](p) & ~no_go[0](p) & ~rectum[0](p),
        goals=(
            goal("prostate", "V100", "≥", 97, "%"),
            goal("prostate", "D90", "≥", 145, "Gy"),
            goal("prostate", "V150", "≤", 55, "%"),
            goal("prostate", "V200", "≤", 20, "%"),
            goal("urethra", "D10", "≤", 190, "Gy"),
            goal("urethra", "D30", "≤", 175, "Gy"),
            goal("rectum", "D2cc", "≤", 145, "Gy"),
            goal("rectum", "D0.1cc", "≤", 200, "Gy"),
        ),
    )


def paravertebral() -> Scene:
    """A mass wrapped round the spinal cord, 4 mm of bone and fluid between; needles in three tilted bundles.

    It asks for more than any search has found: coverage of 95 % and a cool cord all the same.
    """
    cord = tube((0, 0, 0), 5.0, 30.0)
    canal = tube((0, 0, 0), 9.0, 60.0)
    mass = minus(ellipsoid((-17, 4, 0), (20, 18, 18)), canal)
    wider = ellipsoid((-17, 4, 0), (22, 20, 20))
    return Scene(
        name="paravertebral",
        prescription_gy=120.0,
        target="mass",
        regions={"mass": mass, "cord": cord},
        needles=fan_needles((-37, -14, -18), (3, 22, 18), angles_deg=((0, 0), (18, 20), (18, 200)), spacing_mm=8.0),
        allowed=lambda p: wider[0](p) & ~canal[0](p),
        goals=(
            goal("mass", "V100", "≥", 95, "%"),
            goal("mass", "D90", "≥", 120, "Gy"),
            goal("mass", "V200", "≤", 35, "%"),
            goal("cord", "D0.1cc", "≤", 62, "Gy"),
            goal("cord", "D2cc", "≤", 45, "Gy"),
        ),
    )


def spine() -> Scene:
    """A mass leaning on the spinal canal, 4 mm off the cord, with the prescription of a recurrence after external beam.

    Goals of the rule pack trocar.percutaneous_example: what a department would ask that lets the cord decide how much
    of the mass is covered.
    """
    cord = tube((0, 0, 0), 5.0, 30.0)
    canal = tube((0, 0, 0), 9.0, 60.0)
    mass = minus(ellipsoid((-24, 4, 0), (20, 18, 18)), canal)
    wider = ellipsoid((-24, 4, 0), (22, 20, 20))
    return Scene(
        name="spine",
        prescription_gy=110.0,
        target="mass",
        regions={"mass": mass, "cord": cord},
        needles=fan_needles((-44, -14, -18), (3, 22, 18), angles_deg=((0, 0), (18, 20), (18, 200)), spacing_mm=8.0),
        allowed=lambda p: wider[0](p) & ~canal[0](p),
        goals=(
            goal("mass", "V100", "≥", 90, "%"),
            goal("mass", "D90", "≥", 110, "Gy"),
            goal("mass", "V200", "≤", 50, "%", "wish"),
            goal("cord", "D0.1cc", "≤", 50, "Gy"),
        ),
    )


def bowel() -> Scene:
    """A pelvic recurrence with a loop of bowel lying on it and the bladder pressed flat against it."""
    loop = tube((0, -22, 6), 9.0, 30.0, axis=0)
    bladder = ellipsoid((0, 10, 48), (40, 32, 28))
    mass = minus(ellipsoid((0, 0, 0), (23, 19, 21)), loop, bladder)
    wider = ellipsoid((0, 0, 0), (25, 21, 23))
    near = lambda p: bladder[0](p) & (p[:, 2] < 45)  # noqa: E731
    return Scene(
        name="bowel",
        prescription_gy=130.0,
        target="mass",
        regions={"mass": mass, "bowel": loop, "bladder": (near, bladder[1], np.array([40.0, 42.0, 45.0]))},
        needles=template_needles((-23, -19, -21), (23, 19, 21), spacing_mm=7.5),
        allowed=lambda p: wider[0](p) & ~loop[0](p) & ~bladder[0](p),
        goals=(
            goal("mass", "V100", "≥", 95, "%"),
            goal("mass", "D90", "≥", 130, "Gy"),
            goal("mass", "V200", "≤", 40, "%"),
            goal("bowel", "D2cc", "≤", 90, "Gy"),
            goal("bowel", "D0.1cc", "≤", 160, "Gy"),
            goal("bladder", "D2cc", "≤", 110, "Gy"),
        ),
    )


def vessel() -> Scene:
    """A node with an artery through it: no seed within 2 mm of the vessel, its wall spared."""
    artery = tube((3, 0, 0), 4.0, 25.0, axis=1)
    around = tube((3, 0, 0), 6.0, 60.0, axis=1)
    node = minus(ellipsoid((0, 0, 0), (17, 15, 16)), artery)
    wider = ellipsoid((0, 0, 0), (18, 16, 17))
    return Scene(
        name="vessel",
        prescription_gy=120.0,
        target="node",
        regions={"node": node, "artery": artery},
        needles=fan_needles((-17, -15, -16), (17, 15, 16), angles_deg=((0, 0), (25, 90)), spacing_mm=6.0),
        allowed=lambda p: wider[0](p) & ~around[0](p),
        goals=(
            goal("node", "V100", "≥", 95, "%"),
            goal("node", "D90", "≥", 120, "Gy"),
            goal("node", "V200", "≤", 45, "%"),
            goal("artery", "D0.1cc", "≤", 190, "Gy"),
        ),
    )


SCENES = {"prostate": prostate, "spine": spine, "paravertebral": paravertebral, "bowel": bowel, "vessel": vessel}


def sampled(scene: Scene, points: int) -> tuple[SampledStructure, ...]:
    """Half of the points in the target, the rest shared among the organs."""
    others = len(scene.regions) - 1
    structures = []
    for name, (contains, low, high) in scene.regions.items():
        count = points // 2 if name == scene.target else points // (2 * others)
        structures.append(sample_structure(name, contains, low_lps_mm=low, high_lps_mm=high, count=count))
    return tuple(structures)


def candidates_of(scene: Scene, step_mm: float) -> Candidates:
    return candidates_in_needles(
        scene.needles, step_mm=step_mm, seed_length_mm=SEED_LENGTH_MM, tip_to_seed_mm=3.0, allowed=scene.allowed
    )


def problem_of(
    scene: Scene,
    *,
    points: int = 6000,
    step_mm: float = 1.0,
    strengths_u: tuple[float, ...] = (0.6,),
    available: tuple[int | None, ...] | None = None,
) -> Problem:
    candidates = candidates_of(scene, step_mm)
    where, structures = join_structures(sampled(scene, points))
    used = np.unique(candidates.needle)
    renumbered = np.searchsorted(used, candidates.needle).astype(np.int32)
    needles = [scene.needles[k] for k in used]
    kinds = len(strengths_u)
    touching = touching_pairs(candidates, seed_length_mm=SEED_LENGTH_MM, seed_diameter_mm=SEED_DIAMETER_MM)
    touching = np.concatenate([touching * kinds + np.array([a, b]) for a in range(kinds) for b in range(kinds)])
    strength = np.tile(np.arange(kinds, dtype=np.int32), len(candidates))
    positions = np.repeat(candidates.positions_lps_mm, kinds, axis=0)
    matrix = np.empty((len(positions), len(where)), np.float32)
    strength_u = np.array(strengths_u, np.float32)[strength]
    stand_in_influence(positions.astype(np.float32), where.astype(np.float32), strength_u, matrix)
    return Problem(
        dose_gy=matrix,
        points_lps_mm=where,
        structures=structures,
        prescription_gy=scene.prescription_gy,
        positions_lps_mm=positions,
        needle=np.repeat(renumbered, kinds),
        along_mm=np.repeat(candidates.depth_mm, kinds),
        pitch_mm=PITCH_MM,
        needle_price=np.ones(len(used)),
        strength=strength,
        available=available or (None,) * kinds,
        touching=touching.astype(np.int32),
        crossing=crossing_needles(needles, spacing_mm=1.5),
        fixed=np.empty(0, np.int32),
        background_gy=np.zeros(len(where), np.float32),
        prefix_is_sample=True,
    )
