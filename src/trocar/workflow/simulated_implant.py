"""A made-up implant: planned seeds put in with errors, the patient laid down again, and scanned with the seeds in.

For demonstrations and for measuring the verification: the truth is known.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import load_source
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import Rod, seed_layers
from trocar.plan.patient import Image, ImageReference
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed

AIR_HU = -1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImplantErrors(Value):
    """How an implant departs from its plan.

    Parameters
    ----------
    along_mm, across_mm
        Standard deviations of a seed's place along its axis and across it.
    shift_lps_mm
        Of all seeds together, as when the target is pushed away by the needles.
    tilt_deg
        Standard deviation of a seed's direction.
    scale
        Of the seeds' distances from their middle: over 1 where the organ is swollen by the needles.
    not_implanted
        Planned seeds that were left out, by number counted from 0.
    strays_lps_mm
        Further seeds somewhere else, as in the lung, in the frame of the plan.
    """

    along_mm: float
    across_mm: float
    shift_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tilt_deg: float = 5.0
    scale: float = 1.0
    not_implanted: tuple[int, ...] = ()
    strays_lps_mm: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posture(Value):
    """How the patient lies in the second scan: turned about the body's long axis, then moved."""

    turned_deg: float
    moved_lps_mm: tuple[float, float, float]

    def scan_from_plan(self, about_lps_mm: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "4 4"]:
        """Return the matrix from a point of the planning image to the second scan."""
        cosine, sine = np.cos(np.radians(self.turned_deg)), np.sin(np.radians(self.turned_deg))
        matrix = np.eye(4)
        matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
        matrix[:3, 3] = about_lps_mm - matrix[:3, :3] @ about_lps_mm + np.array(self.moved_lps_mm)
        return matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedImplant(Value):
    """The second scan and the truth.

    Parameters
    ----------
    scan
        CT with the seeds in, in a frame of reference of its own.
    seeds
        Where they are, in the frame of the scan; the plan's seeds that were implanted first, then strays.
    scan_from_plan
        The true motion.
    """

    scan: Image
    seeds: tuple[Seed, ...]
    scan_from_plan: Float[np.ndarray, "4 4"]


def simulate_implant(
    image: Image,
    plan: ImplantPlan,
    *,
    errors: ImplantErrors,
    posture: Posture,
    scanner: Scanner,
    slice_mm: float,
    at: datetime,
    rng: np.random.Generator,
    other_metal: tuple[Rod, ...] = (),
) -> SimulatedImplant:
    """Return the scan after an implant with errors.

    Parameters
    ----------
    image, plan
        The planning CT and the plan made on it.
    errors, posture
        What went differently, and how the patient lies.
    scanner, slice_mm
        How the second scan is taken.
    at
        When.
    rng
        Of errors and noise.
    other_metal
        What else is in the body, such as a prosthesis, in the frame of the plan.
    """
    about = image.volume.grid.corners_lps_mm.mean(axis=0)
    matrix = posture.scan_from_plan(about)
    seeds = tuple(_moved(seed, matrix) for seed in _placed(plan, errors, rng))
    frame = _uid(plan.content_hash, errors.content_hash, posture.content_hash, "frame")
    volume = _laid_again(image.volume, matrix, slice_mm=slice_mm, frame_uid=frame)
    rods = [
        Rod(
            centre_lps_mm=seed.position_lps_mm,
            axis_lps=seed.axis_lps if seed.axis_lps is not None else np.array([0.0, 0.0, 1.0]),
            layers=seed_layers(load_source(seed.source_model).capsule_length_mm or 4.5),
        )
        for seed in seeds
    ]
    rods += [
        replace(
            rod,
            centre_lps_mm=apply_affine(matrix, rod.centre_lps_mm[None])[0],
            axis_lps=matrix[:3, :3] @ rod.axis_lps,
        )
        for rod in other_metal
    ]
    scanned = scan_with_rods(volume, rods, scanner, slice_mm=slice_mm, generator=rng)
    reference = ImageReference(
        study_uid=_uid(frame, "study"),
        series_uid=_uid(frame, "series"),
        frame_uid=frame,
        sop_class_uid=image.reference.sop_class_uid,
        instance_uids=tuple(_uid(frame, f"slice {k}") for k in range(scanned.grid.shape_kji[0])),
        modality="CT",
    )
    scan = replace(
        image, volume=scanned, reference=reference, acquired_at=at, description="after the implant, simulated"
    )
    return SimulatedImplant(scan=scan, seeds=seeds, scan_from_plan=matrix)


def _placed(plan: ImplantPlan, errors: ImplantErrors, rng: np.random.Generator) -> list[Seed]:
    """Return the seeds as implanted, in the frame of the plan."""
    placed = []
    middle = np.mean([seed.position_lps_mm for seed in plan.seeds], axis=0)
    for number, seed in enumerate(plan.seeds):
        axis = seed.axis_lps if seed.axis_lps is not None else np.array([0.0, 0.0, 1.0])
        noise = rng.standard_normal(3) * errors.across_mm
        noise += axis * (rng.standard_normal() * errors.along_mm - noise @ axis)
        turned = axis + np.tan(np.radians(errors.tilt_deg)) * rng.standard_normal(3)
        if number not in errors.not_implanted:
            swollen = middle + errors.scale * (seed.position_lps_mm + noise - middle)
            place = swollen + np.array(errors.shift_lps_mm)
            placed.append(replace(seed, position_lps_mm=place, axis_lps=turned, needle=None))
    usual = plan.seeds[0]
    return placed + [replace(usual, position_lps_mm=np.array(stray), needle=None) for stray in errors.strays_lps_mm]


def _moved(seed: Seed, matrix: Float[np.ndarray, "4 4"]) -> Seed:
    axis = None if seed.axis_lps is None else matrix[:3, :3] @ seed.axis_lps
    return replace(seed, position_lps_mm=apply_affine(matrix, seed.position_lps_mm[None])[0], axis_lps=axis)


def _laid_again(volume: Volume, matrix: Float[np.ndarray, "4 4"], *, slice_mm: float, frame_uid: str) -> Volume:
    """Return the patient in the second posture, on a grid that holds what the first showed."""
    grid = volume.grid
    length = grid.shape_kji[0] * grid.spacing_ijk_mm[2]
    second = Grid.axial(
        origin_lps_mm=tuple(grid.origin_lps_mm + np.array([0.0, 0.0, float(matrix[2, 3])])),
        spacing_ijk_mm=(grid.spacing_ijk_mm[0], grid.spacing_ijk_mm[1], slice_mm),
        shape_kji=(max(int(length / slice_mm), 1), grid.shape_kji[1], grid.shape_kji[2]),
    )
    points = apply_affine(np.linalg.inv(matrix), second.centres_lps_mm().reshape(-1, 3))
    values = volume.sample(points, outside=AIR_HU).reshape(second.shape_kji).astype(np.float32)
    return Volume.owning(grid=second, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=frame_uid)


def _uid(*parts: str) -> str:
    """Return a UID under the root 2.25 that depends on content alone."""
    digest = hashlib.sha256(" ".join(("trocar simulated implant", *parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
