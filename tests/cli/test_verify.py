"""``trocar verify`` from files to files."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy.interpolate import RegularGridInterpolator

import conformance
from implant_scenes import IMPLANTED, SCANNED, TARGET_AT, implanted, mirrored, of_another, plan, structures, torso
from trocar.catalogue.sources import Source, load_source
from trocar.cli.exits import Exit
from trocar.cli.main import run
from trocar.cli.surroundings import Surroundings
from trocar.cli.writing import write_case
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.geometry.affine import apply_affine
from trocar.messages import Language

BY_HAND = 2e-3
"""One stored step and six decimals of a DICOM number; interpolation is the same by the standard's rule."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    image = torso()
    (folder / "before").mkdir()
    write_case(folder / "before", plan=plan(image), dose=None, structures=structures(image), image=image, at=SCANNED)
    write_image(implanted().scan, folder / "after", at=SCANNED)
    write_image(of_another(implanted().scan), folder / "other", at=SCANNED)
    write_image(mirrored(implanted().scan), folder / "mirrored", at=SCANNED)
    across = (-2.0 * float(TARGET_AT[0]), 0.0, 0.0)
    write_image(implanted(shift_lps_mm=across).scan, folder / "other-side", at=SCANNED)
    write_image(torso(frame_uid="1.2.826.0.1.3680043.10.9"), folder / "no-seed", at=SCANNED)
    write_image(implanted(scale=1.08).scan, folder / "day-0", at=SCANNED)
    later = implanted(missing=(4,), at=SCANNED + timedelta(days=29), moved_lps_mm=(-5.0, 3.0, 2.0))
    write_image(later.scan, folder / "day-30", at=SCANNED)
    marks = np.add(TARGET_AT, np.array([[0.0, 0, 0], [12, 0, 0], [0, 12, 0], [0, 0, 12.0]]))
    rows = np.hstack([marks, apply_affine(implanted().scan_from_plan, marks)])
    np.savetxt(folder / "marks.csv", rows, delimiter=",", header="before x,y,z, after x,y,z", fmt="%.3f")
    return folder


def called(case: Path, scan: str, *more: str) -> int:
    before = case / "before"
    arguments = [
        "verify",
        str(case / scan),
        "--plan",
        str(before / "plan.dcm"),
        "--planning-ct",
        str(before / "images"),
    ]
    arguments += ["--structures", str(before / "structures.dcm"), *more]
    here = Surroundings(now=lambda: datetime(2026, 3, 4, 8), language=Language.ENGLISH)
    return run(arguments, here)


def test_everything_is_written(case: Path) -> None:
    out = case / "out"
    code = called(case, "after", "--out", str(out), "--taken", "19", "--implanted", "19", "--returned", "0")
    assert code == Exit.DONE
    for language in ("en", "zh"):
        assert (out / f"verification-{language}.pdf").read_bytes().startswith(b"%PDF-")
        assert (out / f"pictures-{language}" / "slices.svg").is_file()
    data = json.loads((out / "trocar.json").read_text(encoding="utf-8"))
    assert data["counts"]["seen"] == 19
    assert len(read_plan(out / "plan.dcm").value.seeds) == 19
    assert all(each.carried for each in read_structures(out / "structures.dcm").value)
    _an_independent_program_accepts(out)
    _the_dose_follows_from_the_plan_by_hand(out)


def _an_independent_program_accepts(out: Path) -> None:
    dose = pydicom.dcmread(out / "dose.dcm")
    dose.BitsAllocated = dose.BitsStored = 16  # all that dciodvfy of 2022 can read
    dose.HighBit = 15
    dose.PixelData = bytes(2 * dose.NumberOfFrames * dose.Rows * dose.Columns)
    dose.save_as(out / "dose-16.dcm")
    for name in ("plan", "structures", "dose-16", "verification-zh"):
        assert conformance.dciodvfy_errors(out / f"{name}.dcm") == [], name
        assert conformance.dcmtk_complaints(out / f"{name}.dcm") == [], name


def _the_dose_follows_from_the_plan_by_hand(out: Path) -> None:
    """Bare attributes of plan and dose, and the TG-43 formula written out once more, with its own interpolation."""
    plan, stored = pydicom.dcmread(out / "plan.dcm"), pydicom.dcmread(out / "dose.dcm")
    source = load_source("I125_6711")
    (item,) = plan.SourceSequence
    half_life_s = float(item.SourceIsotopeHalfLife) * 86400.0
    channels = [channel for setup in plan.ApplicationSetupSequence for channel in setup.ChannelSequence]
    seeds = [channel.BrachyControlPointSequence[0] for channel in channels]
    assert len(seeds) == 19
    times = [float(channel.ChannelTotalTime) for channel in channels]
    assert times == pytest.approx([half_life_s / np.log(2.0)] * 19, rel=1e-6)
    frames = stored.pixel_array * float(stored.DoseGridScaling)
    k, j, i = (np.array(frames.shape) * [0.45, 0.55, 0.4]).astype(int)
    dy, dx = map(float, stored.PixelSpacing)
    step = np.array([i * dx, j * dy, float(stored.GridFrameOffsetVector[k])])
    point = np.array(stored.ImagePositionPatient, float) + step
    stated_at = datetime.strptime(
        item.SourceStrengthReferenceDate + item.SourceStrengthReferenceTime[:6], "%Y%m%d%H%M%S"
    )
    left = 0.5 ** ((IMPLANTED - stated_at).total_seconds() / half_life_s)
    rates = [_rate_by_hand(source, seed, point) * float(item.ReferenceAirKermaRate) * left for seed in seeds]
    assert 0.01 * sum(rates) * times[0] / 3600.0 == pytest.approx(float(frames[k, j, i]), rel=BY_HAND)


def _rate_by_hand(source: Source, seed: pydicom.Dataset, point: np.ndarray) -> float:
    """Return cGy/h per U of one seed at a point; without an axis by the one-dimensional anisotropy factor."""
    away = (point - np.array(seed.ControlPoint3DPosition, float)) / 10.0
    r, half = float(np.linalg.norm(away)), 0.5 * source.active_length_cm
    g = np.exp(np.interp(r, source.g_L.radius_cm, np.log(source.g_L.values)))
    beta = 2.0 * np.arctan(half / 1.0)
    if "ControlPointOrientation" not in seed:
        phi = np.interp(r, source.phi_an.radius_cm, source.phi_an.values)
        across = 2.0 * np.arctan(half / r) / (2.0 * half * r)
        return float(source.dose_rate_constant_cgy_per_h_per_u * across / (beta / (2.0 * half)) * g * phi)
    axis = np.array(seed.ControlPointOrientation, float)
    along = float(away @ axis)
    rho = float(np.sqrt(r**2 - along**2))
    line = (np.arctan2(along + half, rho) - np.arctan2(along - half, rho)) / (2.0 * half * rho)
    theta = float(np.degrees(np.arccos(along / r)))
    table = source.F
    at = 90.0 - abs(90.0 - theta) if table.is_symmetric else theta
    values = RegularGridInterpolator((table.theta_deg, table.radius_cm), table.filled())
    inside = np.clip(r, table.radius_cm[0], table.radius_cm[-1])
    return float(
        source.dose_rate_constant_cgy_per_h_per_u * line / (beta / (2.0 * half)) * g * values([[at, inside]])[0]
    )


@pytest.mark.parametrize(
    ("scan", "english", "chinese"),
    [
        ("other", "belongs to patient", "属于患者"),
        ("mirrored", "mirrored", "左右"),
        ("other-side", "other side", "身体另一侧"),
        ("no-seed", "no seed was found", "未找到粒子"),
    ],
)
def test_what_cannot_be_is_refused_in_both_languages_and_leaves_nothing(
    case: Path, capsys: pytest.CaptureFixture[str], scan: str, english: str, chinese: str
) -> None:
    out = case / f"refused-{scan}"
    assert called(case, scan, "--out", str(out)) == Exit.BAD_INPUT
    assert english in capsys.readouterr().err
    assert called(case, scan, "--out", str(out), "--lang", "zh") == Exit.BAD_INPUT
    assert chinese in capsys.readouterr().err
    assert not list(case.glob(f"*refused-{scan}*"))


def test_twice_the_seeds_are_refused_with_the_way_out(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(case, "after", "--implanted", "9", "--out", str(case / "twice")) == Exit.BAD_INPUT
    told = capsys.readouterr().err
    assert "19 seeds are seen where 9 were implanted" in told
    assert "--corrections" in told


def test_day_0_and_day_30_are_compared_with_landmarks_as_data(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = called(
        case,
        "day-30",
        "--earlier",
        str(case / "day-0"),
        "--swelling-half-life",
        "10",
        "--taken",
        "19",
        "--implanted",
        "19",
        "--returned",
        "0",
        "--json",
    )
    assert code == Exit.ACTION  # a seed was lost in between
    data = json.loads(capsys.readouterr().out)
    earlier = data["earlier"]
    assert earlier["days"] == pytest.approx([1.0, 30.0])
    assert earlier["seen"] == [19, 18]
    assert len(earlier["lost"]) == 1
    assert 0.7 < earlier["volume_ratio"] < 0.9
    assert earlier["resolution"]["half_life_d"] == 10.0
    assert {"D90", "V100"} <= {each["later"]["name"] for each in earlier["metrics"] if each["is_target"]}


def test_landmarks_are_measured_and_stand_in_the_data(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    called(case, "after", "--landmarks", str(case / "marks.csv"), "--json")
    data = json.loads(capsys.readouterr().out)
    assert len(data["registration"]["landmark_errors_mm"]) == 4
    assert data["registration"]["landmark_rms_mm"] < 1.5
    (row,) = [each for each in data["errors"] if each["key"] == "registration"]
    assert row["confidence"] == "measured_here"


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (("20", "19", "0"), "verify.count-store"),
        (("23", "22", "1"), "verify.count-seen"),
        (("19", "19", None), "verify.count-not-stated"),
    ],
)
def test_an_account_of_seeds_that_does_not_close_is_a_finding(
    case: Path, capsys: pytest.CaptureFixture[str], stated: tuple[str, str, str | None], code: str
) -> None:
    options = [
        part
        for name, n in zip(("taken", "implanted", "returned"), stated, strict=True)
        if n
        for part in (f"--{name}", n)
    ]
    called(case, "after", *options, "--json")
    data = json.loads(capsys.readouterr().out)
    assert code in {each["code"] for each in data["findings"]}


def test_an_option_of_one_case_is_refused_for_a_folder_of_cases(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = Surroundings(now=lambda: datetime(2026, 3, 4, 8), language=Language.ENGLISH)
    assert run(["verify", str(case), "--batch", "--taken", "20"], here) == Exit.USAGE
    assert "--taken" in capsys.readouterr().err
