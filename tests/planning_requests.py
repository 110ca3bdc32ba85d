"""A small patient for planning as a whole: an ellipsoid of a body with a mass against a cord and a bar of bone."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from access_scenes import BODY, GRID, body_of, drawn
from planning_scenes import goal
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.solids import Ellipsoid
from trocar.plan.access import AccessRules, Obstacle
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.seeds import Strength
from trocar.plan.structures import StructureSet
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock

FRAME = "1.2.3"
PATIENT = Patient(identifier="P1", name="Demo^Patient")
REFERENCE = ImageReference(
    study_uid="1.2.4",
    series_uid="1.2.5",
    frame_uid=FRAME,
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    instance_uids=tuple(f"1.2.6.{k}" for k in range(GRID.shape_kji[0])),
    modality="CT",
)
MASS = Ellipsoid((0.0, -30.0, 0.0), (15.0, 12.0, 13.0))
CORD = Ellipsoid((0.0, -12.0, 0.0), (5.0, 5.0, 60.0))
BAR = Ellipsoid((30.0, -45.0, 0.0), (8.0, 8.0, 40.0))

GOALS = (
    goal("mass", "V100", "≥", 92, "%"),
    goal("mass", "D90", "≥", 100, "Gy"),
    goal("mass", "V200", "≤", 60, "%", "wish"),
    goal("cord", "D0.1cc", "≤", 130, "Gy"),
)


def picture(frame_uid: str = FRAME) -> Image:
    """Return a CT of the body: 30 HU, air about it, bone in the bar."""
    share = body_of(BODY).values_kji
    bone = body_of(BAR).values_kji
    hu = np.rint(-1000.0 + 1030.0 * share + 700.0 * bone).astype(np.int16)
    volume = Volume(grid=GRID, values_kji=hu, quantity=Quantity.HOUNSFIELD, frame_uid=frame_uid)
    return Image(volume=volume, patient=PATIENT, reference=replace(REFERENCE, frame_uid=frame_uid), acquired_at=None)


def structures() -> StructureSet:
    """Return mass, cord and bar."""
    solids = {"mass": MASS, "cord": CORD, "bar": BAR}
    return StructureSet(
        label="set",
        patient=PATIENT,
        frame_uid=FRAME,
        image=REFERENCE,
        structures=tuple(drawn(name, solid, number=n) for n, (name, solid) in enumerate(solids.items(), start=1)),
    )


def stock(count: int | None = None, s_k_u: float = 0.6) -> SeedStock:
    """Return seeds dated on the day of the implant."""
    return SeedStock(
        source_model="I125_6711",
        strength=Strength(s_k_u=s_k_u, reference_at=datetime(2026, 3, 2, 8, 0)),
        count=count,
    )


def request(**changes: object) -> ImplantRequest:
    """Return a request for free needles from the front, quickly planned."""
    drawn_structures = structures()
    rules = AccessRules(
        obstacles=(
            Obstacle(structure=drawn_structures.named("cord"), margin_mm=3.0),
            Obstacle(structure=drawn_structures.named("bar"), margin_mm=2.0),
        ),
        needle_length_mm=150.0,
        needle_radius_mm=0.635,
        most_depth_mm=120.0,
        beyond_target_mm=1.0,
        least_in_target_mm=5.0,
        most_skin_angle_deg=60.0,
    )
    usual = ImplantRequest(
        image=picture(),
        structures=drawn_structures,
        target="mass",
        prescription_gy=100.0,
        goals=GOALS,
        stock=(stock(),),
        implant_at=datetime(2026, 3, 2, 9, 0),
        needles=NeedleWish(
            rules=rules, spacing_mm=4.0, reach_mm=6.0, facing_lps=(0.0, -1.0, 0.0), within_deg=60.0, spread_deg=25.0
        ),
        seeding=Seeding(step_mm=1.0, pitch_mm=5.0, tip_to_seed_mm=2.5, seed_length_mm=4.5, seed_diameter_mm=0.8),
        label="small",
        effort=20_000,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]
