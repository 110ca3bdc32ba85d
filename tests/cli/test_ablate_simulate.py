"""``trocar ablate simulate`` on real files: a small scan, outlines and a plan, and plans that the engine refuses."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from trocar.cli.main import run
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtstruct_writing import write_structures
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.messages import Language
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.structures import Structure, StructureSet
from trocar.results.tissue_death import HEAT_MODELS

AT = datetime(2026, 1, 5, 9, 0)
FRAME = "2.25.97.4"
PULSED = {"control": "IMPEDANCE", "duration_s": 20, "power_w": 30, "temperature_k": None, "flow_percent": None}


def ball(number: int, name: str, centre: tuple[float, float, float], radius_mm: float) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 49)[:-1]
    contours = []
    for z in np.arange(-36.0, 37.0, 4.0):
        ring2 = radius_mm**2 - (z - centre[2]) ** 2
        if ring2 > 1.0:
            ring = np.sqrt(ring2)
            points = np.stack([centre[0] + ring * np.cos(turn), centre[1] + ring * np.sin(turn), 0 * turn + z], axis=1)
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=number, name=name, contours=tuple(contours))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A round body of 80 mm radius on voxels of 4 mm, with liver, lesion and a vessel 12 mm beside it."""
    folder = tmp_path_factory.mktemp("simulate")
    grid = Grid.axial(origin_lps_mm=(-100.0, -100.0, -36.0), spacing_ijk_mm=(4.0,) * 3, shape_kji=(19, 51, 51))
    at = grid.centres_lps_mm()
    values = np.where(np.hypot(at[..., 0], at[..., 1]) < 80.0, 40.0, -1000.0)
    patient = Patient(identifier="DEMO-S", name="Demo Patient S")
    reference = ImageReference(
        study_uid="2.25.97.1",
        series_uid="2.25.97.2",
        frame_uid=FRAME,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"2.25.97.3.{n}" for n in range(19)),
        modality="CT",
    )
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=FRAME)
    image = Image(volume=volume, patient=patient, reference=reference, acquired_at=AT)
    write_image(image, folder / "ct", at=AT)
    drawn = (
        ball(1, "liver", (10, 0, 0), 34.0),
        ball(2, "lesion", (10, 0, 0), 8.0),
        ball(3, "vein", (10, 16, 0), 6.0),
    )
    structures = StructureSet(label="DRAWN", patient=patient, frame_uid=FRAME, structures=drawn, image=reference)
    write_structures(structures, folder / "rs.dcm", at=AT)
    return folder


def simulated(files: Path, out: Path, *, tips: list[list[float]], more: tuple[str, ...] = ()) -> int:
    """Simulate a plan written by hand: pulsed electrodes of 2 cm that come from the front and act together."""
    numbers = range(1, len(tips) + 1)
    plan = {
        "schema": "trocar.ablation-plan/1",
        "label": "by hand",
        "frame_uid": FRAME,
        "target": {"lesion": "lesion", "margin_mm": 3.0, "organ": "liver"},
        "applicators": [
            {"number": n, "model": "radiofrequency/IC_20mm", "entry_lps_mm": [tip[0], -79, tip[2]], "tip_lps_mm": tip}
            for n, tip in zip(numbers, tips, strict=True)
        ],
        "activations": [{"applicator": n, "start_s": 0, "pulled_back_mm": 0, "steps": [PULSED]} for n in numbers],
    }
    file = out.parent / "plan.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    arguments = [
        "ablate", "simulate", str(file), "--images", str(files / "ct"), "--structures", str(files / "rs.dcm"),
        "--organ-kind", "liver", "--spacing", "2", "--out", str(out), *(more or ("--death-model", "CEM43_240")),
    ]  # fmt: skip
    return run(arguments, Surroundings(now=lambda: AT, language=Language.ENGLISH))


def test_a_plan_is_simulated_with_its_vessel_and_everything_is_written(files: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    limits = ("--limit", "vein=80", "--limit", "lesion=45")
    more = ("--death-model", "CEM43_240", "--vessel", "vein", "--samples", "2", *limits)
    simulated(files, out, tips=[[10.0, 10.0, 0.0]], more=more)
    data = json.loads((out / "trocar.json").read_text(encoding="utf-8"))
    assert set(data["zone_cc"]) == {model.name for model in HEAT_MODELS}
    assert data["zone_cc"]["CEM43_240"] > 0.2
    assert 60.0 < data["hottest_c"] < 101.0
    assert data["energy_j"][0] > 200.0
    # twenty seconds do not kill the whole of a lesion of 16 mm
    assert data["least_mm"] < 0.0
    codes = {each["code"]: each["data"] for each in data["findings"]}
    assert codes["ablation.spared-temperature"]["name"] == "vein"
    assert 45.0 < codes["ablation.spared-too-hot"]["reached"] <= data["hottest_c"]
    assert data["chance"]["samples"] == 2
    assert data["chance"]["tumour_least"] == 0.0
    assert data["chance"]["zone_cc"]["0.05"] <= data["chance"]["zone_cc"]["0.95"]
    for name in ("simulation-en.pdf", "simulation-zh.pdf", "simulation-zh.dcm", "SEG.dcm", "temperature.gif"):
        assert (out / name).stat().st_size > 1000


def test_two_electrodes_in_one_place_are_refused_by_their_numbers(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulated(files, tmp_path / "out", tips=[[10.0, 10.0, 0.0], [10.0, 10.0, 0.2]]) != 0
    told = capsys.readouterr().err
    assert "1 and 2" in told
    assert "0.2 mm apart" in told
    assert not (tmp_path / "out").exists()


def test_a_model_of_death_that_does_not_exist_is_refused_with_the_choices(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulated(files, tmp_path / "out", tips=[[10.0, 10.0, 0.0]], more=("--death-model", "HOT")) != 0
    assert "THREE_STATE" in capsys.readouterr().err


def test_a_limit_that_means_nothing_is_refused(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--death-model", "CEM43_240", "--limit", "vein")
    assert simulated(files, tmp_path / "out", tips=[[10.0, 10.0, 0.0]], more=more) != 0
    assert "colon=45" in capsys.readouterr().err
