"""The made-up patients: where organs lie, how they look, and that the truth is the truth."""

from functools import cache

import numpy as np
import pytest

from trocar.errors import CatalogueError, PlanError
from trocar.phantom import PhantomCase, Site, build_phantom
from trocar.phantom.acquisition import Acquisition, axes_of
from trocar.phantom.case import site_anatomy
from trocar.phantom.tissues import Phase, tissue
from trocar.plan.structures import Structure

SITES = tuple(Site)
COARSE = {"matrix": 128, "slice_mm": 5.0, "acquisition": Acquisition(samples_per_slice=1)}
POLYGON_AGAINST_SOLID = 0.04
"""Relative error of an organ's volume from polygons 5 mm apart against the exact solid, for large compact organs."""


@cache
def case_of(site: Site, seed: int = 1) -> PhantomCase:
    return build_phantom(site, seed=seed, **COARSE)  # type: ignore[arg-type]


def polygon_volume_mm3(structure: Structure) -> float:
    """Sum of areas times distance; the phantom draws outer polygons and holes with opposite turning."""
    areas = []
    for contour in structure.contours:
        x, y = contour.points_lps_mm[:, 0], contour.points_lps_mm[:, 1]
        areas.append(0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return abs(sum(areas)) * 5.0


def centre_of(case: PhantomCase, name: str) -> np.ndarray:
    points = np.vstack([contour.points_lps_mm for contour in case.structures.named(name).contours])
    return 0.5 * (points.min(axis=0) + points.max(axis=0))


def some_points(structure: Structure, count: int = 400) -> np.ndarray:
    points = np.vstack([contour.points_lps_mm for contour in structure.contours])
    return points[:: max(1, len(points) // count)]


@pytest.mark.parametrize("site", SITES)
def test_every_structure_lies_in_the_body(site: Site) -> None:
    case = case_of(site)
    for structure in case.structures:
        if structure.name != "BODY":
            assert case.truth["BODY"].contains(some_points(structure)).all(), structure.name


@pytest.mark.parametrize("site", SITES)
def test_outlines_lie_on_the_exact_surface(site: Site) -> None:
    case = case_of(site)
    for structure in case.structures:
        levels = case.truth[structure.name].level_mm(*some_points(structure).T)
        assert np.median(np.abs(levels)) < 0.15, structure.name
        assert np.abs(levels).max() < 1.7, structure.name


@pytest.mark.parametrize(
    ("site", "name"),
    [(Site.LIVER, "Kidney_L"), (Site.LIVER, "Spleen"), (Site.PROSTATE, "Prostate"), (Site.LUNG, "Heart")],
)
def test_polygons_have_the_volume_of_the_solid(site: Site, name: str) -> None:
    case = case_of(site)
    exact = case.truth[name].volume_mm3(step_mm=1.5)
    assert polygon_volume_mm3(case.structures.named(name)) == pytest.approx(exact, rel=POLYGON_AGAINST_SOLID)


def test_organs_have_the_sizes_of_an_adult() -> None:
    """Ranges of healthy adults: liver 1.0-1.9 l, spleen 0.1-0.35 l, kidney 0.11-0.25 l, grown prostate 25-50 cc."""
    belly, pelvis = case_of(Site.LIVER).truth, case_of(Site.PROSTATE).truth
    assert 1.0e6 < belly["Liver"].volume_mm3(step_mm=2.5) < 1.9e6
    assert 1.0e5 < belly["Spleen"].volume_mm3(step_mm=2.0) < 3.5e5
    assert 1.1e5 < belly["Kidney_L"].volume_mm3(step_mm=2.0) < 2.5e5
    assert 2.5e4 < pelvis["Prostate"].volume_mm3(step_mm=1.0) < 5.0e4


def test_right_is_right_and_back_is_back() -> None:
    case = case_of(Site.LIVER)
    assert centre_of(case, "Liver")[0] < -10 < 60 < centre_of(case, "Spleen")[0]
    assert centre_of(case, "Kidney_R")[0] < 0 < centre_of(case, "Kidney_L")[0]
    assert centre_of(case, "Kidney_R")[2] < centre_of(case, "Kidney_L")[2]
    assert centre_of(case, "SpinalCanal")[1] > centre_of(case, "A_Aorta")[1] + 25
    assert centre_of(case, "V_Venacava_I")[0] < centre_of(case, "A_Aorta")[0]
    chest = case_of(Site.LUNG)
    assert centre_of(chest, "Heart")[0] > 10
    assert centre_of(chest, "Lung_R")[0] < 0 < centre_of(chest, "Lung_L")[0]
    pelvis = case_of(Site.PROSTATE)
    assert centre_of(pelvis, "Bladder")[2] > centre_of(pelvis, "Prostate")[2]
    assert centre_of(pelvis, "Rectum")[1] > centre_of(pelvis, "Prostate")[1] + 20


@pytest.mark.parametrize("seed", [1, 17])
def test_the_tumour_lies_in_its_organ_and_is_all_drawn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for site, organ in ((Site.LIVER, "Liver"), (Site.LUNG, "Lung_R"), (Site.PROSTATE, "Prostate")):
        solids = {each.name: each.solid for each in site_anatomy(site, seed=seed)[0].organs}
        low, high = solids["GTV"].bounds_lps_mm
        points = rng.uniform(low, high, size=(4_000, 3))
        inside = points[solids["GTV"].contains(points)]
        assert len(inside) > 500
        assert solids[organ].contains(inside).all()
        assert site.value[0] + 5 < low[2]
        assert high[2] < site.value[1] - 5


def test_the_liver_looks_like_its_table_says() -> None:
    case = case_of(Site.LIVER)
    volume, liver = case.image.volume, case.truth["Liver"]
    axes = axes_of(volume.grid, 0, volume.grid.shape_kji[0], 1)
    deep = liver.levels(axes, reach_mm=7.0) < -6
    for other in ("V_Portal", "V_Hepatic", "GTV", "Gallbladder"):
        deep &= case.truth[other].levels(axes, reach_mm=6.0) > 5
    values = volume.values_kji[deep]
    assert len(values) > 500
    assert np.median(values) == pytest.approx(tissue("liver").hu[Phase.PORTAL_VENOUS], abs=3)
    assert 7 < values.std() < 16


def test_the_same_seed_gives_the_same_patient_and_another_seed_another() -> None:
    first = case_of(Site.PROSTATE)
    again = build_phantom(Site.PROSTATE, seed=1, **COARSE)  # type: ignore[arg-type]
    other = case_of(Site.PROSTATE, 2)
    assert first.image == again.image
    assert first.structures == again.structures
    assert first.image != other.image
    assert first.structures.named("Prostate").contours != other.structures.named("Prostate").contours


def test_the_patient_is_plainly_artificial() -> None:
    case = case_of(Site.LIVER)
    assert case.image.patient.identifier == "TROCAR-DEMO-LIVER-1"
    assert case.image.patient.name == "演示^肝脏"
    assert case.structures.patient == case.image.patient
    assert case.structures.frame_uid == case.image.volume.frame_uid
    assert "not a person" in case.image.study_description


def test_contours_name_the_slice_they_lie_on() -> None:
    case = case_of(Site.LIVER)
    heights = case.image.volume.grid.centres_lps_mm()[:, 0, 0, 2]
    by_uid = dict(zip(case.image.reference.instance_uids, heights, strict=True))
    for structure in case.structures:
        for contour in structure.contours:
            assert np.allclose(contour.points_lps_mm[:, 2], by_uid[contour.image_uid], atol=1e-4)


def test_the_couch_is_under_the_back_and_not_in_the_body() -> None:
    case = case_of(Site.LIVER)
    volume = case.image.volume
    column = volume.values_kji[10, :, 64]
    y = volume.grid.centres_lps_mm()[10, :, 64, 1]
    back = max(float(c.points_lps_mm[:, 1].max()) for c in case.structures.named("BODY").contours)
    assert column[(y > back + 3) & (y < back + 60)].max() > -700
    assert column[y > back + 70].max() < -900


def test_impossible_pictures_are_refused() -> None:
    with pytest.raises(PlanError, match="at least 32 pixels"):
        build_phantom(Site.LIVER, seed=1, matrix=8)
    with pytest.raises(CatalogueError, match="unobtainium"):
        tissue("unobtainium")
