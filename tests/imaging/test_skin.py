"""Body, skin and bone of the phantom, whose truth is known."""

from functools import cache

import numpy as np
import pytest

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.bone import bone_structure
from trocar.imaging.level_lines import level_lines
from trocar.imaging.skin import Body, find_body, skin_entries
from trocar.phantom import PhantomCase, Site, build_phantom
from trocar.phantom.acquisition import Acquisition


@cache
def scanned(site: Site) -> tuple[PhantomCase, Body]:
    case = build_phantom(site, seed=3, matrix=160, slice_mm=5.0, acquisition=Acquisition(samples_per_slice=1))
    return case, find_body(case.image.volume)


@pytest.mark.parametrize("site", [Site.LIVER, Site.PROSTATE])
def test_the_body_is_the_phantoms_body_and_not_the_couch(site: Site) -> None:
    case, body = scanned(site)
    centres = body.mask.grid.centres_lps_mm().reshape(-1, 3)
    truth = case.truth["BODY"].contains(centres)
    found = body.mask.values_kji.reshape(-1) > 0
    dice = 2 * np.count_nonzero(truth & found) / (np.count_nonzero(truth) + np.count_nonzero(found))
    assert dice > 0.995
    assert not found[case.truth["BODY"].level_mm(*centres.T) > 8.0].any()


def test_skin_points_lie_on_the_skin_and_their_normals_point_out() -> None:
    case, body = scanned(Site.LIVER)
    skin = skin_entries(body.occupancy, spacing_mm=8.0)
    level = case.truth["BODY"].level_mm(*skin.points_lps_mm.T)
    assert np.median(np.abs(level)) < 0.3
    assert np.quantile(np.abs(level), 0.95) < 1.0
    assert np.abs(level).max() < 6.0, "where the couch touches the back"
    outside = case.truth["BODY"].level_mm(*(skin.points_lps_mm + 5 * skin.normals_lps).T)
    assert (outside > 4.0).mean() > 0.99
    np.testing.assert_allclose(np.linalg.norm(skin.normals_lps, axis=1), 1.0, atol=1e-9)
    low, high = skin.points_lps_mm[:, 2].min(), skin.points_lps_mm[:, 2].max()
    heights = body.mask.grid.centres_lps_mm()[:, 0, 0, 2]
    assert low >= heights[0]
    assert high <= heights[-1]


def test_skin_points_are_about_their_spacing_apart() -> None:
    _, body = scanned(Site.LIVER)
    skin = skin_entries(body.occupancy, spacing_mm=10.0)
    gaps = np.linalg.norm(skin.points_lps_mm[:, None] - skin.points_lps_mm, axis=2) + 1e9 * np.eye(len(skin))
    assert 4.0 < np.median(gaps.min(axis=1)) < 12.0


def test_the_body_structure_encloses_the_truth() -> None:
    case, body = scanned(Site.LIVER)
    structure = body.structure(number=1, instance_uids=case.image.reference.instance_uids)
    points = np.vstack([contour.points_lps_mm for contour in structure.contours])
    assert structure.interpreted_type == "EXTERNAL"
    assert np.quantile(np.abs(case.truth["BODY"].level_mm(*points.T)), 0.95) < 1.0


def test_bone_holds_ribs_and_pelvis_and_no_soft_tissue() -> None:
    for site, name in ((Site.LIVER, "Ribs"), (Site.PROSTATE, "Pelvis_R")):
        case, body = scanned(site)
        bone = bone_structure(case.image.volume, body.mask, threshold_hu=250.0, number=1)
        points = np.vstack([contour.points_lps_mm for contour in bone.contours])
        near = np.abs(case.truth[name].level_mm(*points.T)) < 1.5
        assert near.sum() > 200
        drawn = np.vstack([contour.points_lps_mm for contour in case.structures.named(name).contours])[::5]
        gaps = np.sqrt(((drawn[:, None] - points[None, ::2]) ** 2).sum(axis=2).min(axis=1))
        assert np.quantile(gaps, 0.9) < 6.5
        for soft in ("Liver", "Bladder"):
            if soft in case.truth:
                assert (case.truth[soft].level_mm(*points.T) > -1.0).all()


def test_a_ball_is_outlined_between_voxels() -> None:
    grid = Grid.axial(origin_lps_mm=(-20.0, -20.0, -20.0), spacing_ijk_mm=(2.0, 2.0, 2.0), shape_kji=(21, 21, 21))
    height = 15.0 - np.linalg.norm(grid.centres_lps_mm(), axis=-1)
    contours = level_lines(height, grid, level=0.0, outside=-99.0)
    radii = np.concatenate([np.linalg.norm(contour.points_lps_mm, axis=1) for contour in contours])
    np.testing.assert_allclose(radii, 15.0, atol=0.1)


def test_a_body_cut_by_the_picture_is_closed_at_its_rim() -> None:
    grid = Grid.axial(origin_lps_mm=(0.0, 0.0, 0.0), spacing_ijk_mm=(1.0, 1.0, 1.0), shape_kji=(1, 10, 10))
    (contour,) = level_lines(np.ones((1, 10, 10)), grid, level=0.5, outside=0.0)
    assert contour.points_lps_mm[:, 0].min() < 0.0
    assert contour.points_lps_mm[:, 0].max() > 9.0


def blank(value: int, quantity: Quantity = Quantity.HOUNSFIELD) -> Volume:
    grid = Grid.axial(origin_lps_mm=(0.0, 0.0, 0.0), spacing_ijk_mm=(2.0, 2.0, 2.0), shape_kji=(5, 20, 20))
    return Volume(grid=grid, values_kji=np.full((5, 20, 20), value, np.int16), quantity=quantity, frame_uid="1.2")


def test_pictures_without_a_body_are_refused() -> None:
    with pytest.raises(ImagingError, match="nothing on the scan"):
        find_body(blank(-1000))
    with pytest.raises(ImagingError, match="CT in HU only"):
        find_body(blank(40, Quantity.MR_SIGNAL))
    with pytest.raises(ImagingError, match="has no skin"):
        skin_entries(blank(1, Quantity.PROBABILITY), spacing_mm=5.0)
    with pytest.raises(ImagingError, match="100 to 1500 HU"):
        bone_structure(blank(40), blank(1), threshold_hu=20.0, number=1)


def test_real_couches_and_masks_are_left_out(shared_data: object) -> None:
    from pathlib import Path

    from trocar.dicom.image import read_image

    folder = Path(str(shared_data)) / "ct-headneck-submandibular"
    scan = read_image(folder / "ct" if (folder / "ct").is_dir() else folder).value.volume
    body = find_body(scan)
    volume_cc = body.mask.values_kji.sum() * scan.grid.voxel_volume_mm3 * 1e-3
    assert volume_cc == pytest.approx(1376.0, rel=0.03), "published BODY of this case: 1375.99 cc"
