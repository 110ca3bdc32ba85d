"""A plain geometric seed pattern in a target: no planning, only something to compute, print and check.

The pattern is a lattice of parallel needles with seeds at equal steps. Its one free number, the strength, is scaled so
that the target's D90 equals the prescription, which is possible because dose is linear in strength.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.dvh import compute_dvh
from trocar.geometry.region import Region
from trocar.geometry.value import Value
from trocar.plan.needles import Needle
from trocar.plan.patient import ImageReference, Patient
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength, unit_axis
from trocar.workflow.compute import compute_dose_at_points

WALK_MM = 1.0
LONGEST_WALK_MM = 400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern(Value):
    """What the lattice shall look like and deliver.

    Parameters
    ----------
    direction_lps
        Of all needles, from skin to tip.
    source_model
        Key of the seed in the catalogue.
    dose_gy
        Wanted D90.
    spacings_mm
        Distances between needles and between seeds to try, the widest first.
    strength_range_u
        Strength a seed may have; the first spacing whose strength falls into it is taken.
    inset_mm
        Seeds lie at least so deep in the target, along each axis of the lattice.
    """

    direction_lps: Float[np.ndarray, " 3"]
    source_model: str
    dose_gy: float
    spacings_mm: tuple[float, ...]
    strength_range_u: tuple[float, float]
    inset_mm: float


def lattice_implant(
    target: Region,
    *,
    body: Region | None,
    pattern: Pattern,
    label: str,
    patient: Patient,
    frame_uid: str,
    implant_at: datetime,
    image: ImageReference | None = None,
) -> ImplantPlan:
    """Return a lattice implant whose D90 equals the wanted dose.

    Parameters
    ----------
    target
        Where the seeds go.
    body
        Where the needles enter; None where no outline is known, and then the plan has no needles.
    pattern
        What it shall look like.
    label, patient, frame_uid, implant_at, image
        Of the plan.

    Raises
    ------
    PlanError
        No spacing gives a strength in the allowed range, or the target is too small for a seed.
    """
    tried = []
    for spacing_mm in pattern.spacings_mm:
        seats = lattice_seats(
            target, direction_lps=pattern.direction_lps, spacing_mm=spacing_mm, inset_mm=pattern.inset_mm
        )
        if not len(seats[0]):
            continue
        strength_u = _strength_for_d90(target, seats[0], pattern=pattern, implant_at=implant_at, patient=patient)
        tried.append((spacing_mm, strength_u))
        low, high = pattern.strength_range_u
        if low <= strength_u <= high:
            seeds, needles = _loaded(seats, strength_u, body=body, pattern=pattern, implant_at=implant_at)
            return ImplantPlan(
                label=label,
                patient=patient,
                frame_uid=frame_uid,
                implant_at=implant_at,
                seeds=seeds,
                needles=needles,
                prescription=Prescription(dose_gy=pattern.dose_gy, target=target.name),
                image=image,
            )
    raise PlanError(
        "workflow.no-lattice",
        "no lattice of seeds gives {target} a D90 of {dose_gy} Gy with {low} to {high} U a seed; tried: {tried}",
        target=target.name,
        dose_gy=pattern.dose_gy,
        low=pattern.strength_range_u[0],
        high=pattern.strength_range_u[1],
        tried=", ".join(f"{spacing:g} mm: {strength:.2f} U" for spacing, strength in tried) or "-",
    )


def lattice_seats(
    target: Region, *, direction_lps: Float[np.ndarray, " 3"], spacing_mm: float, inset_mm: float
) -> tuple[Float[np.ndarray, "n 3"], np.ndarray]:
    """Return seed positions on a lattice inside a target, and the needle number of each (from 1).

    Every other needle is moved on by half a step, so that seeds do not lie side by side.
    """
    along = unit_axis(np.asarray(direction_lps, dtype=np.float64))
    across = _perpendicular(along)
    frame = np.vstack([across, np.cross(along, across), along])
    corners = target.bounds_lps_mm
    middle = corners.mean(axis=0)
    reach = int(np.ceil(0.5 * float(np.linalg.norm(corners[1] - corners[0])) / spacing_mm)) + 1
    steps = np.arange(-reach, reach + 1)
    u, v, w = np.meshgrid(steps, steps, steps, indexing="ij")
    offset = 0.5 * ((u + v) % 2)
    lattice = spacing_mm * np.stack([u, v, w + offset], axis=-1).reshape(-1, 3)
    needle = (u * 1000 + v).reshape(-1)
    points = middle + lattice @ frame
    inside = np.ones(len(points), dtype=bool)
    for shift in (*frame, *-frame):
        inside &= target.contains(points + inset_mm * shift)
    numbers = {int(code): number for number, code in enumerate(np.unique(needle[inside]), start=1)}
    return points[inside], np.array([numbers[int(code)] for code in needle[inside]], dtype=int)


def _perpendicular(along: np.ndarray) -> np.ndarray:
    helper = np.eye(3)[int(np.argmin(np.abs(along)))]
    across = np.cross(along, helper)
    return np.asarray(across / np.linalg.norm(across))


def _strength_for_d90(
    target: Region, positions: np.ndarray, *, pattern: Pattern, implant_at: datetime, patient: Patient
) -> float:
    """Return the strength at which 90 % of the target receives the wanted dose."""
    unit = Strength(s_k_u=1.0, reference_at=implant_at)
    axis = pattern.direction_lps
    seeds = tuple(
        Seed(position_lps_mm=place, axis_lps=axis, source_model=pattern.source_model, strength=unit)
        for place in positions
    )
    plan = ImplantPlan(label="unit", patient=patient, frame_uid="", implant_at=implant_at, seeds=seeds)
    dvh = compute_dvh(target, lambda points: compute_dose_at_points(plan, points, formalism=Formalism.LINE_2D))
    return pattern.dose_gy / dvh.dose_at_percent(90.0)


def _loaded(
    seats: tuple[np.ndarray, np.ndarray],
    strength_u: float,
    *,
    body: Region | None,
    pattern: Pattern,
    implant_at: datetime,
) -> tuple[tuple[Seed, ...], tuple[Needle, ...]]:
    positions, numbers = seats
    strength = Strength(s_k_u=strength_u, reference_at=implant_at)
    seeds = tuple(
        Seed(
            position_lps_mm=place,
            axis_lps=pattern.direction_lps,
            source_model=pattern.source_model,
            strength=strength,
            needle=int(number),
        )
        for place, number in zip(positions, numbers, strict=True)
    )
    if body is None:
        return tuple(replace(seed, needle=None) for seed in seeds), ()
    along = unit_axis(np.asarray(pattern.direction_lps, dtype=np.float64))
    needles = tuple(_needle(positions[numbers == n], int(n), along, body) for n in np.unique(numbers))
    return seeds, needles


def _needle(positions: np.ndarray, number: int, along: np.ndarray, body: Region) -> Needle:
    """Return the needle that carries seeds: its tip at the deepest, its entry where it leaves the body backwards."""
    tip = positions[np.argmax(positions @ along)]
    way = tip - np.arange(0.0, LONGEST_WALK_MM, WALK_MM)[:, None] * along
    outside = np.flatnonzero(~body.contains(way))
    last = int(outside[0]) if len(outside) else len(way) - 1
    return Needle(number=number, entry_lps_mm=way[max(last, 1)], tip_lps_mm=tip)
