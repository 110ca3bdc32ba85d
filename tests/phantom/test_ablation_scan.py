"""The scan after an ablation shows the zone where it was carried to, and goes back to where it came from."""

from dataclasses import replace

import numpy as np
import pytest

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.ablation_scan import ScanAfter, scan_after_ablation
from trocar.plan.patient import Image, ImageReference, Patient

HOW = ScanAfter(moved_lps_mm=(5.0, -4.0, 6.0), breath_mm=2.0, wave_mm=160.0, zone_hu=45.0, rim_hu=30.0, noise_hu=0.0)
FIXED_POINT = 1e-6
"""Twenty rounds of a map that shrinks distances by more than ten."""


@pytest.fixture
def before() -> Image:
    grid = Grid.axial(origin_lps_mm=(-30.0, -30.0, -30.0), spacing_ijk_mm=(2.0, 2.0, 2.0), shape_kji=(31, 31, 31))
    volume = Volume(grid=grid, values_kji=np.full((31, 31, 31), 100.0), quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
    reference = ImageReference(
        study_uid="1.2", series_uid="1.2.1", frame_uid="1.2.3", sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"1.2.1.{k}" for k in range(31)), modality="CT",
    )  # fmt: skip
    return Image(volume=volume, patient=PERSON, reference=reference, acquired_at=None)


PERSON = Patient(identifier="DEMO-1", name="Demo^Patient", birth_date=None, sex="O")


def ball(before: Image, radius_mm: float) -> Volume:
    depth = radius_mm - np.linalg.norm(before.volume.grid.centres_lps_mm(), axis=-1)
    return Volume(
        grid=before.volume.grid, values_kji=depth, quantity=Quantity.DEATH_SCORE, frame_uid=before.volume.frame_uid
    )


def test_going_there_and_back_ends_where_it_began() -> None:
    points = np.random.default_rng(0).uniform(-80.0, 80.0, (200, 3))
    assert np.abs(HOW.to_before(HOW.to_after(points)) - points).max() < FIXED_POINT


def test_dead_tissue_is_dark_where_the_patient_now_lies(before: Image) -> None:
    after = scan_after_ablation(before, ball(before, 10.0), how=HOW, rng=np.random.default_rng(1))
    middle = HOW.to_after(np.zeros((1, 3)))
    assert after.volume.sample(middle, outside=0.0)[0] == pytest.approx(45.0, abs=1.0)
    values = np.asarray(after.volume.values_kji)
    dark = (values > 0.0) & (values < 70.0)  # what lay outside the first scan is air
    assert dark.sum() * 8.0 / 1000.0 == pytest.approx(4 / 3 * np.pi * 1.0**3, rel=0.15)


def test_it_is_another_scan_of_the_same_patient(before: Image) -> None:
    after = scan_after_ablation(
        before, ball(before, 10.0), how=replace(HOW, noise_hu=5.0), rng=np.random.default_rng(1)
    )
    assert after.patient == before.patient
    assert after.volume.frame_uid != before.volume.frame_uid
    assert set(after.reference.instance_uids).isdisjoint(before.reference.instance_uids)
