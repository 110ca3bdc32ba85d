"""The printed guide: fits, is tight, and its bores are where the needles are — measured on the file read back."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from manifold3d import Manifold, Mesh

from trocar.errors import GuideError, ReportError
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.solid import Solid
from trocar.geometry.volume import Quantity, Volume
from trocar.guide import printed
from trocar.guide.design import GuideDesign, PrintedGuide
from trocar.guide.inspection import MeasuredBore, measure_bore, require_true_bore, wall_thickness_mm
from trocar.guide.printed import build_guide
from trocar.plan.needles import Needle
from trocar.report.solids import SolidFormat, read_solid, solid_bytes

LARGEST_OFFSET_MM = 0.2
LARGEST_TILT_DEG = 0.2
A_QUARTER_OF_A_MASK_VOXEL_MM = 1.5 / 4
SKIN_BY_VOXELS_MM = 0.25
"""The plate's lower side follows a field of 1 mm voxels, and the rays start a tenth of a millimetre off the bore."""
TRUNK_LEFT_MM, TRUNK_FRONT_MM = 170.0, 110.0


@pytest.fixture(scope="module")
def trunk() -> Volume:
    """An elliptic trunk along z."""
    grid = Grid.axial(origin_lps_mm=(-190.0, -130.0, -90.0), spacing_ijk_mm=(1.5, 1.5, 3.0), shape_kji=(61, 174, 254))
    centres = grid.centres_lps_mm()
    inside = (centres[..., 0] / TRUNK_LEFT_MM) ** 2 + (centres[..., 1] / TRUNK_FRONT_MM) ** 2 < 1
    return Volume.owning(grid=grid, values_kji=inside.astype(np.uint8), quantity=Quantity.LABEL, frame_uid="1.2.3")


def needle(number: int, x: float, z: float, *, tip: tuple[float, float, float]) -> Needle:
    y = -TRUNK_FRONT_MM * np.sqrt(1.0 - (x / TRUNK_LEFT_MM) ** 2)
    return Needle(number=number, entry_lps_mm=np.array([x, y, z]), tip_lps_mm=np.array(tip))


def fan() -> list[Needle]:
    """Six needles that converge, none parallel."""
    places = [(x, z) for z in (-10.0, 12.0) for x in (40.0, 58.0, 76.0)]
    return [needle(number, x, z, tip=(0.7 * x + 10.0, -15.0, 0.5 * z)) for number, (x, z) in enumerate(places, start=1)]


def design(**changes: object) -> GuideDesign:
    measures: dict[str, object] = {
        "bore_diameter_mm": 1.6,
        "wall_mm": 1.5,
        "sleeve_length_mm": 12.0,
        "shell_thickness_mm": 3.0,
        "skin_clearance_mm": 0.2,
        "rim_mm": 8.0,
        "emboss_mm": 1.0,
        "letter_height_mm": 5.0,
        "build_box_mm": (250.0, 210.0, 210.0),
        "needle_free_length_mm": 20.0,
    }
    return GuideDesign(**{**measures, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def guide(trunk: Volume) -> PrintedGuide:
    return build_guide(trunk, fan(), design(), patient_key="P-7F3A")


@pytest.mark.parametrize("file_format", list(SolidFormat))
def test_bores_of_the_file_read_back_lie_on_the_needles(
    guide: PrintedGuide, file_format: SolidFormat, tmp_path: Path
) -> None:
    path = tmp_path / f"guide.{file_format.value}"
    path.write_bytes(solid_bytes(guide.solid, file_format))
    printed = read_solid(path)
    assert printed.is_watertight
    for sleeve in guide.sleeves:
        entry, top, tip = apply_affine(
            guide.print_from_lps,
            np.array([sleeve.needle.entry_lps_mm, sleeve.top_lps_mm, sleeve.needle.tip_lps_mm]),
        )
        bore = measure_bore(printed, from_mm=top, to_mm=entry, reach_mm=0.8 + 0.75)
        assert bore.offset_mm(top) < LARGEST_OFFSET_MM
        assert bore.offset_mm(tip) < LARGEST_OFFSET_MM
        assert bore.tilt_deg((tip - top) / np.linalg.norm(tip - top)) < LARGEST_TILT_DEG
        assert bore.diameter_mm == pytest.approx(1.6, abs=0.02)


def test_a_bore_beside_the_needle_is_measured_as_such(guide: PrintedGuide) -> None:
    sleeve = guide.sleeves[0]
    entry, top = apply_affine(guide.print_from_lps, np.array([sleeve.needle.entry_lps_mm, sleeve.top_lps_mm]))
    shift = np.array([0.3, 0.0, 0.0])
    bore = measure_bore(guide.solid, from_mm=top + shift, to_mm=entry + shift, reach_mm=0.8 + 0.75)
    assert bore.offset_mm(top + shift) == pytest.approx(0.3, abs=0.05)


def test_the_plate_touches_the_skin_and_nowhere_enters_it(guide: PrintedGuide) -> None:
    lps = apply_affine(np.linalg.inv(guide.print_from_lps), guide.solid.vertices_mm)
    radius = np.hypot(lps[:, 0] / TRUNK_LEFT_MM, lps[:, 1] / TRUNK_FRONT_MM)
    height_mm = (radius - 1.0) * TRUNK_FRONT_MM
    assert height_mm.min() > 0.2 - A_QUARTER_OF_A_MASK_VOXEL_MM
    assert np.percentile(height_mm, 1) < 0.2 + A_QUARTER_OF_A_MASK_VOXEL_MM


@pytest.fixture(scope="module")
def plain_guide(trunk: Volume) -> PrintedGuide:
    """The guide with letters of no height: their strokes are no walls."""
    return build_guide(trunk, fan(), design(emboss_mm=1e-3), patient_key="P-7F3A")


def test_walls_are_as_thick_as_designed(plain_guide: PrintedGuide) -> None:
    walls = wall_thickness_mm(plain_guide.solid, samples=3000, generator=np.random.default_rng(7))
    assert len(walls) > 1000
    assert np.percentile(walls, 0.5) > 0.95 * 1.5


def test_letters_stand_above_the_plate(guide: PrintedGuide, plain_guide: PrintedGuide) -> None:
    assert guide.solid.volume_mm3 - plain_guide.solid.volume_mm3 > 6 * 5.0


def test_depth_from_the_sleeve_adds_what_stands_above_the_skin(guide: PrintedGuide) -> None:
    sleeve = guide.sleeves[2]
    assert sleeve.stop_to_tip_mm == pytest.approx(sleeve.needle.length_mm + 0.2 + 3.0 + 12.0)


def test_needles_too_close_are_refused_by_name(trunk: Volume) -> None:
    close = [needle(1, 50.0, 0.0, tip=(45.0, -20.0, 0.0)), needle(2, 52.0, 0.0, tip=(45.5, -20.0, 0.0))]
    with pytest.raises(GuideError, match="needles 1–2"):
        build_guide(trunk, close, design(), patient_key="K")


def test_a_needle_that_would_run_into_a_neighbours_sleeve_is_refused(trunk: Volume) -> None:
    crossing = [needle(1, 50.0, 0.0, tip=(50.0, -20.0, 0.0)), needle(2, 58.0, 0.0, tip=(110.0, -40.0, 0.0))]
    with pytest.raises(GuideError, match="1–2"):
        build_guide(trunk, crossing, design(), patient_key="K")


def test_an_entry_off_the_skin_is_refused(trunk: Volume) -> None:
    inside = Needle(number=1, entry_lps_mm=np.array([50.0, -60.0, 0.0]), tip_lps_mm=np.array([50.0, 0.0, 0.0]))
    with pytest.raises(GuideError, match="skin"):
        build_guide(trunk, [inside], design(), patient_key="K")


def test_opposite_approaches_need_two_guides(trunk: Volume) -> None:
    front = needle(1, 50.0, 0.0, tip=(45.0, 0.0, 0.0))
    back = Needle(number=2, entry_lps_mm=np.array([50.0, 105.0, 0.0]), tip_lps_mm=np.array([50.0, 20.0, 0.0]))
    with pytest.raises(GuideError, match="one guide for each direction"):
        build_guide(trunk, [front, back], design(), patient_key="K")


def test_a_guide_larger_than_the_printer_is_refused(trunk: Volume) -> None:
    with pytest.raises(GuideError, match="printer"):
        build_guide(trunk, fan(), design(build_box_mm=(40.0, 40.0, 40.0)), patient_key="K")


def test_a_plate_thinner_than_its_walls_is_refused() -> None:
    with pytest.raises(GuideError, match="wall"):
        design(shell_thickness_mm=1.0)


def test_an_open_solid_is_not_written() -> None:
    triangle = Solid(vertices_mm=np.eye(3), triangles=np.array([[0, 1, 2]]))
    with pytest.raises(ReportError, match="not closed"):
        solid_bytes(triangle, SolidFormat.STL)


def test_a_text_file_is_no_solid(tmp_path: Path) -> None:
    path = tmp_path / "guide.3mf"
    path.write_text("not a zip")
    with pytest.raises(ReportError, match=r"guide\.3mf"):
        read_solid(path)


def test_a_bore_off_its_needle_is_refused() -> None:
    axis = np.array([0.0, 0.0, 1.0])
    bore = MeasuredBore(centre_mm=np.array([0.15, 0.0, 5.0]), axis=axis, diameter_mm=1.5, roundness_mm=0.0)
    require_true_bore(bore, 3, entry_mm=np.zeros(3), way=axis)
    with pytest.raises(GuideError, match="needle 3"):
        require_true_bore(bore, 3, entry_mm=np.array([0.4, 0.0, 0.0]), way=axis)
    tilted = np.array([0.0, np.sin(np.radians(0.3)), np.cos(np.radians(0.3))])
    with pytest.raises(GuideError, match="needle 3"):
        require_true_bore(bore, 3, entry_mm=np.zeros(3), way=tilted)


def test_a_foreign_reader_finds_the_written_guide_watertight(guide: PrintedGuide, tmp_path: Path) -> None:
    for kind in SolidFormat:
        path = tmp_path / f"guide.{kind.value}"
        path.write_bytes(solid_bytes(guide.solid, kind))
        assert trimesh.load(path, force="mesh").is_watertight


def thinnest_below_bores_mm(guide: PrintedGuide, lean_out_of: np.ndarray) -> float:
    """Return the least thickness of the plate, straight towards the skin, under the low side of any bore."""
    mesh = Mesh(
        vert_properties=guide.solid.vertices_mm.astype(np.float32), tri_verts=guide.solid.triangles.astype(np.uint32)
    )
    body = Manifold(mesh)
    least = np.inf
    for sleeve in guide.sleeves:
        axis, normal = -sleeve.needle.direction_lps, lean_out_of
        low = np.cross(axis, np.cross(axis, normal))
        low /= np.linalg.norm(low)
        for along in np.arange(0.2, 8.0, 0.1):
            start = sleeve.needle.entry_lps_mm + along * axis + (0.5 * guide.design.bore_diameter_mm + 0.1) * low
            ends = apply_affine(guide.print_from_lps, np.array([start, start - 30.0 * normal]))
            hits = body.ray_cast(tuple(ends[0]), tuple(ends[1]))
            if len(hits) % 2 == 1:
                least = min(least, float(np.linalg.norm(np.asarray(hits[-1].position) - ends[0])))
    return least


def test_no_thin_edge_is_left_under_leaning_bores(trunk: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    leaning = [needle(n, x, -30.0, tip=(x, -60.0, 20.0)) for n, x in enumerate((-14.0, 0.0, 14.0), start=1)]
    normal = np.array([0.0, -1.0, 0.0])
    made = build_guide(trunk, leaning, design(), patient_key="P-7F3A")
    assert made.solid.is_watertight
    assert thinnest_below_bores_mm(made, normal) > design().wall_mm - SKIN_BY_VOXELS_MM
    monkeypatch.setattr(printed, "blunted", lambda *_: None)
    sharp = build_guide(trunk, leaning, design(), patient_key="P-7F3A")
    assert thinnest_below_bores_mm(sharp, normal) < 0.5
    for sleeve in made.sleeves:
        ends = np.array([sleeve.needle.entry_lps_mm, sleeve.top_lps_mm, sleeve.needle.tip_lps_mm])
        entry, top, tip = apply_affine(made.print_from_lps, ends)
        bore = measure_bore(made.solid, from_mm=top, to_mm=entry, reach_mm=0.8 + 0.75)
        assert bore.offset_mm(tip) < LARGEST_OFFSET_MM
        assert bore.tilt_deg((tip - top) / np.linalg.norm(tip - top)) < LARGEST_TILT_DEG
