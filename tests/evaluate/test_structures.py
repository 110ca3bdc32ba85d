"""Structures as drawn and doses as stored: what does not belong together is refused."""

import numpy as np
import pytest

from strategies import shapes
from trocar.errors import EvaluateError, GeometryError
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.evaluate.dvh import Uncovered
from trocar.evaluate.structures import region_of_structure, structure_dvh
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Patient
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose, DoseKind

GRID = Grid.axial(origin_lps_mm=(-20, -20, -20), spacing_ijk_mm=(2, 2, 2), shape_kji=(21, 21, 21))
NEEDLE = Contour(kind=ContourKind.OPEN_NONPLANAR, points_lps_mm=np.eye(3))


def a_dose(values: np.ndarray | None = None, *, quantity: Quantity = Quantity.DOSE_GY, frame_uid: str = "1.2") -> Dose:
    values = 100.0 + GRID.centres_lps_mm()[..., 0] if values is None else values
    volume = Volume(grid=GRID, values_kji=values, quantity=quantity, frame_uid=frame_uid)
    return Dose(volume=volume, kind=DoseKind.TOTAL, patient_id="p")


def a_set() -> StructureSet:
    inside = [shapes.rectangle(-5, 5, -5, 5, z=z) for z in (-4.0, -2.0, 0.0, 2.0, 4.0)]
    large = [shapes.rectangle(-42, 42, -5, 5, z=z) for z in (-4.0, -2.0, 0.0, 2.0, 4.0)]
    return StructureSet(
        label="s",
        patient=Patient(identifier="p", name="P"),
        frame_uid="1.2",
        structures=(
            Structure(number=1, name="GTV", contours=tuple(inside)),
            Structure(number=2, name="Body", contours=tuple(large)),
            Structure(number=3, name="Empty", contours=()),
            Structure(number=4, name="Needle", contours=(NEEDLE,)),
        ),
    )


def test_a_structure_in_a_grid_of_linear_dose_is_a_ramp() -> None:
    dvh = structure_dvh(a_set(), "gtv", a_dose(), end_cap=EndCap.HALF_SLICE)
    assert dvh.name == "GTV"
    assert dvh.dose_at_percent(90) == pytest.approx(96, abs=0.05)
    assert (dvh.min_gy, dvh.max_gy) == pytest.approx((95, 105), abs=1e-3)


def test_a_relative_dose_needs_its_prescription() -> None:
    relative = a_dose((100.0 + GRID.centres_lps_mm()[..., 0]) / 100.0, quantity=Quantity.RELATIVE_DOSE)
    with pytest.raises(EvaluateError, match="give the prescribed dose"):
        structure_dvh(a_set(), "GTV", relative, end_cap=EndCap.HALF_SLICE)
    dvh = structure_dvh(a_set(), "GTV", relative, end_cap=EndCap.HALF_SLICE, prescription_gy=50.0)
    assert dvh.dose_at_percent(50) == pytest.approx(50, abs=0.05)


def test_a_dose_rate_is_no_dose() -> None:
    with pytest.raises(EvaluateError, match="dose rate"):
        dose_from_grid(a_dose(quantity=Quantity.DOSE_RATE_GY_PER_H))


def test_voxels_without_a_number_are_counted_and_refused() -> None:
    values = np.ones(GRID.shape_kji)
    values[3, 4, 5:8] = [np.nan, np.inf, -np.inf]
    with pytest.raises(EvaluateError, match="3 of 9261 voxels"):
        dose_from_grid(a_dose(values))


def test_two_frames_of_reference_are_refused() -> None:
    with pytest.raises(GeometryError, match="frame of reference"):
        structure_dvh(a_set(), "GTV", a_dose(frame_uid="9.9"), end_cap=EndCap.HALF_SLICE)


def test_a_structure_beyond_the_grid_is_refused_or_taken_on_demand() -> None:
    with pytest.raises(EvaluateError, match=r'5\d\.\d % of "Body"'):
        structure_dvh(a_set(), "Body", a_dose(), end_cap=EndCap.HALF_SLICE)
    dvh = structure_dvh(a_set(), "Body", a_dose(), end_cap=EndCap.HALF_SLICE, uncovered=Uncovered.WITHOUT_DOSE)
    assert dvh.percent_at_dose(1.0) == pytest.approx(50, abs=0.5)


def test_a_structure_nobody_drew_and_one_of_open_curves_only_are_refused() -> None:
    with pytest.raises(EvaluateError, match='"Empty" has no contours'):
        region_of_structure(a_set().named("Empty"), end_cap=EndCap.HALF_SLICE)
    with pytest.raises(GeometryError, match='"Needle" has 1 contours and none of them is closed'):
        region_of_structure(a_set().named("Needle"), end_cap=EndCap.HALF_SLICE)
