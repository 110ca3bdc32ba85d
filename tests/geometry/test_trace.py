"""From voxels to contours and back: nothing is lost, on any grid."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from strategies import shapes
from trocar.errors import GeometryError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, region_from_contours
from trocar.geometry.trace import contours_from_mask, smooth_contours_from_mask

masks = arrays(np.bool_, st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))).filter(np.any)


def posed_grid(shape_kji: tuple[int, int, int], *, shear: float = 0.0, flip: float = 1.0) -> Grid:
    matrix = np.eye(4)
    steps = np.diag([0.9, 1.2, 2.5 * flip])
    steps[1, 2] = shear
    matrix[:3, :3] = shapes.rotation_about((1, -2, 0.5), 0.8) @ steps
    matrix[:3, 3] = [-31.2, 17.9, 240.0]
    return Grid(shape_kji=shape_kji, lps_from_ijk=matrix)


def refilled(contours: tuple[Contour, ...], grid: Grid) -> np.ndarray:
    region = region_from_contours(contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=grid.spacing_ijk_mm[2])
    return mask_on_grid(region, grid)


@given(mask=masks, shear=st.sampled_from([0.0, 0.7]), flip=st.sampled_from([1.0, -1.0]))
@settings(max_examples=60, deadline=None)
def test_tracing_any_mask_and_filling_gives_it_back_on_oblique_sheared_and_left_handed_grids(
    mask: np.ndarray, shear: float, flip: float
) -> None:
    grid = posed_grid(mask.shape, shear=shear, flip=flip)
    assert np.array_equal(refilled(contours_from_mask(mask, grid), grid), mask)


@given(mask=masks)
@settings(max_examples=30, deadline=None)
def test_smooth_tracing_keeps_every_centre_on_its_side(mask: np.ndarray) -> None:
    grid = posed_grid(mask.shape)
    assert np.array_equal(refilled(smooth_contours_from_mask(mask, grid), grid), mask)


@given(mask=masks)
@settings(max_examples=30, deadline=None)
def test_traced_contours_have_the_area_of_the_voxels_and_corners_only(mask: np.ndarray) -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 2), shape_kji=mask.shape)
    contours = contours_from_mask(mask, grid)
    region = region_from_contours(contours, end_cap=EndCap.HALF_SLICE, plane_spacing_mm=2.0)
    assert region.volume_mm3 == pytest.approx(2.0 * np.count_nonzero(mask))
    for contour in contours:
        step = np.roll(contour.points_lps_mm, -1, axis=0) - contour.points_lps_mm
        assert (np.count_nonzero(step, axis=1) == 1).all()
        assert (np.einsum("ij,ij->i", step, np.roll(step, -1, axis=0)) == 0).all()


def test_a_ring_becomes_an_outline_and_a_hole() -> None:
    mask = np.ones((1, 5, 5), dtype=bool)
    mask[0, 2, 2] = False
    grid = Grid.axial(origin_lps_mm=(0, 0, 7), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 5, 5))
    outline, hole = contours_from_mask(mask, grid, image_uids=["1.2.3"])
    assert len(outline.points_lps_mm) == len(hole.points_lps_mm) == 4
    assert outline.image_uid == "1.2.3"
    assert (outline.points_lps_mm[:, 2] == 7).all()


def test_voxels_that_touch_at_a_corner_get_an_outline_each() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(1, 2, 2))
    for mask in (np.eye(2, dtype=bool)[None], np.eye(2, dtype=bool)[None, :, ::-1]):
        assert [len(contour.points_lps_mm) for contour in contours_from_mask(mask, grid)] == [4, 4]


def test_a_mask_of_another_shape_or_too_few_uids_are_refused() -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))
    with pytest.raises(GeometryError, match="shapes must agree"):
        contours_from_mask(np.ones((2, 2, 3), dtype=bool), grid)
    with pytest.raises(GeometryError, match="one UID a slice"):
        contours_from_mask(np.ones((2, 2, 2), dtype=bool), grid, image_uids=["1.2"])


def grid_of_series(folder: Path) -> Grid:
    """Return the grid of an axial series whose file order is rising z (said in the data's own README)."""
    files = sorted(folder.glob("*.dcm"))
    first, second = (pydicom.dcmread(file, stop_before_pixels=True) for file in files[:2])
    origin = [float(each) for each in first.ImagePositionPatient]
    row_mm, column_mm = (float(each) for each in first.PixelSpacing)
    step = float(second.ImagePositionPatient[2]) - origin[2]
    return Grid.axial(
        origin_lps_mm=(origin[0], origin[1], origin[2]),
        spacing_ijk_mm=(column_mm, row_mm, step),
        shape_kji=(len(files), int(first.Rows), int(first.Columns)),
    )


def contours_of(structures: Path) -> dict[str, list[Contour]]:
    dataset = pydicom.dcmread(structures)
    names = {roi.ROINumber: roi.ROIName for roi in dataset.StructureSetROISequence}
    return {
        names[roi.ReferencedROINumber]: [
            Contour(
                kind=ContourKind(contour.ContourGeometricType),
                points_lps_mm=np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3),
            )
            for contour in roi.get("ContourSequence", [])
        ]
        for roi in dataset.ROIContourSequence
    }


PUBLISHED_CC = {
    "contours-prostate-cort": {"BODY": 18446.10, "Bladder": 313.06, "PTV_56": 256.58, "Penile_bulb": 2.75},
    "ct-headneck-submandibular": {"BODY": 1375.99, "PTV RT": 52.71, "Mandibula": 32.12, "Hirnstamm": 2.15},
}


@pytest.mark.parametrize("case", sorted(PUBLISHED_CC))
def test_real_contours_fill_to_the_published_volume_and_trace_back_to_themselves(case: str, shared_data: Path) -> None:
    folder = next(path for path in (shared_data / case).iterdir() if path.is_dir())
    grid = grid_of_series(folder)
    structures = contours_of(shared_data / case / "rtstruct.dcm")
    for name, published_cc in PUBLISHED_CC[case].items():
        region = region_from_contours(
            structures[name], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=grid.spacing_ijk_mm[2], name=name
        )
        mask = mask_on_grid(region, grid)
        assert mask.sum() * grid.voxel_volume_mm3 / 1000 == pytest.approx(published_cc, abs=0.006)
        assert np.array_equal(refilled(contours_from_mask(mask, grid), grid), mask)


@pytest.mark.slow
def test_every_real_organ_of_the_abdomen_fills_to_its_published_volume(shared_data: Path) -> None:
    grid = grid_of_series(shared_data / "ct-abdomen-multiorgan" / "ct")
    readme = (shared_data / "README.md").read_text(encoding="utf-8")
    section = readme.split("## ct-abdomen-multiorgan")[1].split("Structures (cc): ")[1].split("\n")[0].rstrip(".")
    published = {name: float(cc) for name, cc in (entry.rsplit(" ", 1) for entry in section.split(", "))}
    structures = contours_of(shared_data / "ct-abdomen-multiorgan" / "rtstruct.dcm")
    for name, published_cc in published.items():
        region = region_from_contours(
            structures[name], end_cap=EndCap.HALF_SLICE, plane_spacing_mm=grid.spacing_ijk_mm[2], name=name
        )
        mask = mask_on_grid(region, grid)
        assert mask.sum() * grid.voxel_volume_mm3 / 1000 == pytest.approx(published_cc, abs=0.06), name
        assert np.array_equal(refilled(contours_from_mask(mask, grid), grid), mask), name


Tracer = Callable[..., tuple[Contour, ...]]


@pytest.mark.parametrize("trace", [contours_from_mask, smooth_contours_from_mask])
def test_an_empty_mask_has_no_contours(trace: Tracer) -> None:
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))
    assert trace(np.zeros((2, 2, 2), dtype=bool), grid) == ()
