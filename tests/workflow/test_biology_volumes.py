"""BED and EQD2 on a grid agree with the numbers of the histogram, and are no physical dose to any reader."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from planning_requests import request
from trocar.catalogue.nuclides import load_nuclide
from trocar.catalogue.radiobiology import load_radiobiology
from trocar.dicom.rtdose import read_dose
from trocar.dicom.rtdose_writing import EffectiveDose, write_dose
from trocar.errors import RefusedObject
from trocar.evaluate.biology import ExternalBeam, eqd2_gy, implant_bed_gy
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.results.dose import Dose, DoseKind
from trocar.workflow.biology_volumes import BiologicalVolumes, biological_volumes
from trocar.workflow.implant_request import BiologyWish

I125 = load_nuclide("I-125")
TUMOUR, CORD = load_radiobiology("prostate_cancer"), load_radiobiology("spinal_cord")
BEAM = ExternalBeam(fractions=10, dose_per_fraction_gy=2.0, overall_d=12.0, implant_after_d=30.0)


def dose_volume() -> Volume:
    """Return a dose that falls off from the middle of the mass, over mass and cord."""
    grid = Grid.around(np.array([[-18.0, -45.0, -16.0], [18.0, 0.0, 16.0]]), margin_mm=0.0, spacing_mm=1.0)
    away = np.linalg.norm(grid.centres_lps_mm() - np.array([0.0, -30.0, 0.0]), axis=-1)
    return Volume(
        grid=grid,
        values_kji=200.0 * np.exp(-away / 15.0),
        quantity=Quantity.DOSE_GY,
        frame_uid=request().image.volume.frame_uid,
    )


def volumes(external: dict[str, ExternalBeam] | None = None) -> BiologicalVolumes:
    wish = BiologyWish(tissues={"mass": TUMOUR, "cord": CORD}, external=external or {})
    return biological_volumes(request(), wish, dose_volume(), nuclide=I125)


def test_each_structure_is_weighted_by_its_own_tissue_and_nothing_elsewhere() -> None:
    found, dose = volumes(), dose_volume()
    middle = tuple(np.rint(dose.grid.index_ijk(np.array([[0.0, -30.0, 0.0]]))[0]).astype(int)[::-1])
    in_cord = tuple(np.rint(dose.grid.index_ijk(np.array([[0.0, -12.0, 0.0]]))[0]).astype(int)[::-1])
    for place, tissue in ((middle, TUMOUR), (in_cord, CORD)):
        bed = implant_bed_gy(np.array([float(dose.values_kji[place])]), I125, tissue)[0]
        assert found.bed.values_kji[place] == pytest.approx(bed, rel=1e-6)
        assert found.eqd2.values_kji[place] == pytest.approx(eqd2_gy(bed, tissue.alpha_beta_gy), rel=1e-6)
    assert found.bed.values_kji[0, 0, 0] == 0.0
    assert 0.05 < (found.bed.values_kji > 0).mean() < 0.6


def test_external_beam_is_added_where_it_was_given_and_not_elsewhere() -> None:
    without, with_beam = volumes(), volumes({"mass": BEAM})
    rise = with_beam.bed.values_kji - without.bed.values_kji
    assert rise.max() > 10.0
    dose = dose_volume()
    in_cord = tuple(np.rint(dose.grid.index_ijk(np.array([[0.0, -10.0, 0.0]]))[0]).astype(int)[::-1])
    assert without.bed.values_kji[in_cord] > 0
    assert rise[in_cord] == 0.0


def test_the_volume_has_the_same_histogram_as_the_dose_by_the_law() -> None:
    found, dose = volumes(), dose_volume()
    inside = (found.bed.values_kji > 0) & (dose.grid.centres_lps_mm()[..., 1] < -18.5)
    for percent in (10.0, 50.0, 90.0):
        expected = implant_bed_gy(np.array([np.percentile(dose.values_kji[inside], percent)]), I125, TUMOUR)[0]
        assert np.percentile(found.bed.values_kji[inside], percent) == pytest.approx(expected, rel=0.01)


def test_the_file_says_what_it_is_and_is_not_read_as_a_physical_dose(tmp_path: Path) -> None:
    found = volumes()
    dose = Dose(volume=found.eqd2, kind=DoseKind.TOTAL, patient_id="P1", plan_uid="1.2.3.9")
    effective = EffectiveDose(quantity="EQD2", structures=found.structures)
    at = datetime(2026, 3, 1, 9, 0)
    path = tmp_path / "eqd2.dcm"
    write_dose(dose, path, patient=request().image.patient, study_uid="1.2.4", at=at, effective=effective)
    stored = pydicom.dcmread(path)
    assert (stored.DoseType, stored.DoseUnits) == ("EFFECTIVE", "GY")
    assert stored.DoseComment == "EQD2 in mass, cord; 0 elsewhere"
    assert stored.pixel_array.max() * stored.DoseGridScaling == pytest.approx(found.eqd2.values_kji.max(), rel=1e-6)
    with pytest.raises(RefusedObject, match="effective"):
        read_dose(path)
