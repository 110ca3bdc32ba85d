"""What is drawn reaches the measurement as a solid: on tilted slices, and on a single one."""

from datetime import datetime

import numpy as np
import pytest

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.structures import Structure, StructureSet
from trocar.workflow.ablation_intake import with_thickness
from trocar.workflow.verify_ablation import body_of, mask_of

PATIENT = Patient(identifier="DEMO-A", name="Demo Patient A")
RADIUS_MM = 10.0


def _turned(tilt_deg: float) -> np.ndarray:
    """Return the directions of row, column and slice of a stack tilted about the patient's left-right axis."""
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def _ball(turn: np.ndarray, centre: np.ndarray, radius_mm: float, slice_mm: float) -> Structure:
    """Return a ball drawn on slices of a turned stack through the origin."""
    angle = np.linspace(0, 2 * np.pi, 73)[:-1]
    contours = []
    for height in slice_mm * np.arange(-20, 21):
        off = float(centre @ turn[:, 2]) - height
        wide = radius_mm**2 - off**2
        if wide > 0.05:
            ring = np.sqrt(wide) * (np.cos(angle)[:, None] * turn[:, 0] + np.sin(angle)[:, None] * turn[:, 1])
            points = centre - off * turn[:, 2] + ring
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=1, name="lesion", contours=tuple(contours))


@pytest.mark.parametrize("tilt_deg", [0.0, 12.0, 90.0])
@pytest.mark.parametrize("slice_mm", [1.0, 5.0])
def test_a_ball_keeps_its_radius_whatever_the_tilt_of_the_slices(tilt_deg: float, slice_mm: float) -> None:
    centre = np.array([4.0, -3.0, 2.0])
    made = body_of(_ball(_turned(tilt_deg), centre, RADIUS_MM, slice_mm)).mesh
    off = np.linalg.norm(np.asarray(made.vertices_lps_mm) - centre, axis=1) - RADIUS_MM
    assert abs(off.mean()) < (0.1 if slice_mm < 2 else 0.3)
    assert np.abs(off).max() < (0.3 if slice_mm < 2 else 1.2)
    assert made.volume_mm3 > 0


def _image(turn: np.ndarray, slice_mm: float) -> Image:
    matrix = np.eye(4)
    matrix[:3, :3] = turn * (1.0, 1.0, slice_mm)
    grid = Grid(shape_kji=(5, 6, 7), lps_from_ijk=matrix)
    reference = ImageReference(
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_uid="2.25.7",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"2.25.3.{n}" for n in range(5)),
        modality="CT",
    )
    volume = Volume(grid=grid, values_kji=np.zeros((5, 6, 7)), quantity=Quantity.HOUNSFIELD, frame_uid="2.25.7")
    return Image(volume=volume, patient=PATIENT, reference=reference, acquired_at=datetime(2026, 1, 5))


@pytest.mark.parametrize("tilt_deg", [0.0, 12.0])
def test_a_tumour_on_one_slice_is_as_thick_as_the_slice(tilt_deg: float) -> None:
    turn = _turned(tilt_deg)
    lesion = _ball(turn, np.zeros(3), 1.5, 3.0)
    assert len(lesion.contours) == 1
    drawn = StructureSet(label="D", patient=PATIENT, frame_uid="2.25.7", structures=(lesion,))
    thick = with_thickness(drawn, _image(turn, 3.0)).named("lesion")
    mask, grid = mask_of(thick)
    assert mask.sum() * grid.voxel_volume_mm3 == pytest.approx(np.pi * 1.5**2 * 3.0, rel=0.12)
    assert np.vstack([each.points_lps_mm for each in thick.contours]).mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-9)


def test_what_is_drawn_on_several_slices_stays_as_it_is() -> None:
    turn = _turned(0.0)
    ball = _ball(turn, np.zeros(3), RADIUS_MM, 3.0)
    drawn = StructureSet(label="D", patient=PATIENT, frame_uid="2.25.7", structures=(ball,))
    assert with_thickness(drawn, _image(turn, 3.0)).named("lesion") is ball
