"""A small implant with its structures, images and dose, for tests that check plans and print reports."""

from dataclasses import replace
from datetime import datetime
from importlib import resources
from pathlib import Path

import numpy as np

from trocar.dicom.image_writer import write_image
from trocar.dicom.rtdose_writing import write_dose
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct_writing import write_structures
from trocar.dose.tg43 import Formalism
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.plan import AfterloadingPlan, Channel, ImplantPlan, Prescription
from trocar.plan.seeds import Dwell, Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose, DoseKind
from trocar.workflow.suppose import Model, model_dose_gy
from trocar.workflow.tolerances import CheckTolerances, tolerances_from_text

FRAME = "2.25.1001"
STUDY = "2.25.1002"
CALIBRATED = datetime(2026, 3, 2, 12)
IMPLANTED = datetime(2026, 3, 12, 12)
WRITTEN = datetime(2026, 3, 13, 9, 30)
PATIENT = Patient(identifier="T-001", name="Test^Case=测试^案例=", sex="F")
PRESCRIBED_GY = 100.0


def implant(model: str = "I125_6711") -> ImplantPlan:
    """Twelve seeds in three needles, somewhat tilted, of two strengths, calibrated ten days before the implant."""
    seeds = []
    for number, (x, y) in enumerate(((-6.0, -4.0), (6.0, -4.0), (0.0, 7.0)), start=1):
        for step in range(4):
            seeds.append(
                Seed(
                    position_lps_mm=np.array([x + 0.7 * step, y, -13.5 + 9.0 * step]),
                    axis_lps=np.array([0.7, 0.0, 9.0]),
                    source_model=model,
                    strength=Strength(s_k_u=0.55 if number < 3 else 0.65, reference_at=CALIBRATED),
                    needle=number,
                )
            )
    return ImplantPlan(
        label="Test plan",
        patient=PATIENT,
        frame_uid=FRAME,
        implant_at=IMPLANTED,
        seeds=tuple(seeds),
        prescription=Prescription(dose_gy=PRESCRIBED_GY, target="CTV"),
    )


def afterloading() -> AfterloadingPlan:
    """Two catheters with three dwells each, in two fractions."""
    channels = tuple(
        Channel(
            number=number,
            label=str(number),
            dwells=tuple(
                Dwell(
                    position_lps_mm=np.array([x, 0.0, 5.0 * step]),
                    axis_lps=np.array([0.0, 0.1, 1.0]),
                    time_s=6.0 + step,
                )
                for step in range(3)
            ),
        )
        for number, x in ((1, -5.0), (2, 5.0))
    )
    return AfterloadingPlan(
        label="HDR",
        patient=PATIENT,
        frame_uid=FRAME,
        source_model="Ir192_GammaMedPlus",
        strength=Strength(s_k_u=40_000.0, reference_at=CALIBRATED),
        treat_at=IMPLANTED,
        strength_is_for_treatment=True,
        channels=channels,
        fractions=2,
        prescription=Prescription(dose_gy=12.0),
    )


def grid(spacing_mm: float = 3.0) -> Grid:
    """A stored grid with three different spacings and slices from head to feet, as real systems write."""
    steps = np.diag([spacing_mm, 0.9 * spacing_mm, -1.1 * spacing_mm])
    matrix = np.eye(4)
    matrix[:3, :3] = steps
    matrix[:3, 3] = [-28.0, -26.0, 31.0]
    return Grid(
        shape_kji=(round(60 / (1.1 * spacing_mm)), round(52 / (0.9 * spacing_mm)), round(56 / spacing_mm)),
        lps_from_ijk=matrix,
    )


def stored_by(model: Model, lattice: Grid | None = None, *, step_gy: float = 0.0) -> Dose:
    """The dose that a system working like a model stores, rounded to a step."""
    lattice = lattice or grid()
    values = model_dose_gy(model, lattice.centres_lps_mm().reshape(-1, 3)).reshape(lattice.shape_kji)
    if step_gy:
        values = np.round(values / step_gy) * step_gy
    volume = Volume(grid=lattice, values_kji=values.astype(np.float32), quantity=Quantity.DOSE_GY, frame_uid=FRAME)
    return Dose(volume=volume, kind=DoseKind.TOTAL, patient_id=PATIENT.identifier, plan_uid="2.25.77")


def as_planned(plan: ImplantPlan | AfterloadingPlan) -> Model:
    """How Trocar computes a plan."""
    return Model(plan=plan, formalism=Formalism.LINE_2D)


def structures() -> StructureSet:
    """A round target, an organ beside it, a body, and one that nobody drew."""
    return StructureSet(
        label="Drawn",
        patient=PATIENT,
        frame_uid=FRAME,
        structures=(
            Structure(number=1, name="BODY", contours=_tube(26.0, (0.0, 0.0), 24.0), interpreted_type="EXTERNAL"),
            Structure(number=2, name="CTV", contours=_tube(11.0, (0.0, 0.0), 15.0), interpreted_type="CTV"),
            Structure(number=3, name="Organ", contours=_tube(4.0, (16.0, 0.0), 12.0), interpreted_type="ORGAN"),
            Structure(number=4, name="Later", contours=()),
        ),
    )


def _tube(radius_mm: float, centre: tuple[float, float], half_length_mm: float) -> tuple[Contour, ...]:
    angle = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    ring = np.column_stack([centre[0] + radius_mm * np.cos(angle), centre[1] + radius_mm * np.sin(angle)])
    heights = np.arange(-half_length_mm, half_length_mm + 0.1, 3.0)
    return tuple(
        Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=np.column_stack([ring, np.full(len(ring), z)]))
        for z in heights
    )


def image() -> Image:
    """A CT of a water cylinder in air."""
    lattice = Grid.axial(origin_lps_mm=(-32.0, -32.0, -27.0), spacing_ijk_mm=(2.0, 2.0, 3.0), shape_kji=(19, 33, 33))
    centres = lattice.centres_lps_mm()
    values = np.where(np.hypot(centres[..., 0], centres[..., 1]) < 26.0, 0, -1000).astype(np.int16)
    reference = ImageReference(
        study_uid=STUDY,
        series_uid="2.25.1003",
        frame_uid=FRAME,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"2.25.{2000 + k}" for k in range(19)),
        modality="CT",
    )
    volume = Volume(grid=lattice, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=FRAME)
    return Image(volume=volume, patient=PATIENT, reference=reference, acquired_at=CALIBRATED)


def write_case(folder: Path, model: Model, *, step_gy: float = 0.0, with_dose: bool = True) -> ImplantPlan:
    """Write plan, structures, images and the dose of a model as DICOM; the plan written is always `implant`."""
    plan = replace(implant(), image=image().reference)
    write_image(image(), folder / "images", at=WRITTEN)
    drawn = write_structures(replace(structures(), image=image().reference), folder / "structures.dcm", at=WRITTEN)
    planned = write_plan(plan, folder / "plan.dcm", at=WRITTEN, structures=drawn)
    if with_dose:
        dose = replace(stored_by(model, step_gy=step_gy), plan_uid=planned.sop_instance_uid)
        write_dose(dose, folder / "dose.dcm", patient=PATIENT, study_uid=STUDY, at=WRITTEN)
    return plan


def tolerances() -> CheckTolerances:
    """The tolerances that come with Trocar."""
    pack = resources.files("trocar") / "rulepacks" / "aapm" / "brachy_plan_check" / "pack.yaml"
    return tolerances_from_text(pack.read_text(encoding="utf-8"))
