"""``trocar ablate`` on a made scan: plan a lesion in an organ, verify a known zone, and say what is wrong."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from trocar.cli.ablate_files import ablation_json
from trocar.cli.main import run
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import write_structures
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.messages import Language
from trocar.plan.ablation import (
    AblationPlan,
    AblationTarget,
    Activation,
    Applicator,
    Control,
    PowerStep,
    Schedule,
)
from trocar.plan.needles import Needle
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.plan import ImplantPlan
from trocar.plan.seeds import Seed, Strength
from trocar.plan.structures import Structure, StructureSet
from trocar.workflow.verify_ablation import mask_of

AT = datetime(2026, 1, 5, 9, 0)
REQUEST = """
label = "demo"
seconds = 5
{spare}
[target]
lesion = "lesion"
organ = "liver"
organ_kind = "liver"
margin_mm = 4.0
[applicator]
model = "microwave/PME_2450"
tissue = "LIVER"
evidence = "IN_VIVO"
power_w = 80
duration_s = {duration}
[needles]
length_mm = 200
most_depth_mm = 150
placement_error_mm = 2.0
"""


def _ellipsoid(
    number: int, name: str, centre: tuple[float, float, float], semi: tuple[float, float, float]
) -> Structure:
    turn = np.linspace(0, 2 * np.pi, 61)[:-1]
    contours = []
    for z in np.arange(-57.0, 58.0, 3.0):
        share = 1 - ((z - centre[2]) / semi[2]) ** 2
        if share > 0.01:
            x = centre[0] + semi[0] * np.sqrt(share) * np.cos(turn)
            y = centre[1] + semi[1] * np.sqrt(share) * np.sin(turn)
            points = np.stack([x, y, np.full(60, z)], axis=1)
            contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=points))
    return Structure(number=number, name=name, contours=tuple(contours))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation")
    grid = Grid.axial(origin_lps_mm=(-120.0, -105.0, -57.0), spacing_ijk_mm=(3.0, 3.0, 3.0), shape_kji=(39, 71, 81))
    at = grid.centres_lps_mm()
    values = np.full(grid.shape_kji, -1000.0)
    values[(at[..., 0] / 105) ** 2 + (at[..., 1] / 85) ** 2 < 1] = -60.0
    values[((at - [20.0, 0, 0]) ** 2 / np.array([60.0, 50, 50]) ** 2).sum(-1) < 1] = 60.0
    patient = Patient(identifier="DEMO-A", name="Demo Patient A")
    uids = tuple(f"2.25.99.3.{n}" for n in range(39))
    reference = ImageReference(
        study_uid="2.25.99.1",
        series_uid="2.25.99.2",
        frame_uid="2.25.99.4",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=uids,
        modality="CT",
    )
    volume = Volume(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=reference.frame_uid)
    image = Image(volume=volume, patient=patient, reference=reference, acquired_at=AT)
    write_image(image, folder / "ct", at=AT)
    other = replace(
        image,
        patient=Patient(identifier="DEMO-B", name="Demo Patient B"),
        reference=replace(
            reference,
            study_uid="2.25.98.1",
            series_uid="2.25.98.2",
            instance_uids=tuple(f"2.25.98.3.{n}" for n in range(39)),
        ),
    )
    write_image(other, folder / "other", at=AT)
    structures = StructureSet(
        label="DRAWN",
        patient=patient,
        frame_uid=reference.frame_uid,
        structures=(
            _ellipsoid(1, "liver", (20, 0, 0), (60, 50, 50)),
            _ellipsoid(2, "lesion", (40, -10, 0), (8, 8, 8)),
            _ellipsoid(3, "zone", (43, -10, 0), (15, 15, 15)),
            _ellipsoid(4, "bowel", (40, -10, 14), (12, 12, 6)),
        ),
        image=reference,
    )
    write_structures(structures, folder / "rs.dcm", at=AT)
    return folder


def _verify(case: Path, out: Path, *more: str) -> int:
    return run(
        [
            "ablate", "verify", "--images", str(case / "ct"), "--structures", str(case / "rs.dcm"),
            "--lesion", "lesion", "--organ", "liver", "--organ-kind", "liver", "--margin", "5",
            "--out", str(out), *more,
        ],
        Surroundings(now=lambda: AT, language=Language.ENGLISH),
    )  # fmt: skip


def test_a_known_margin_is_verified_with_map_and_dicom(case: Path, tmp_path: Path) -> None:
    """Spheres of 8 and 15 mm, 3 mm off: 4 mm, under the 5 mm of the rules, so that the command asks for action."""
    code = _verify(case, tmp_path / "out", "--zone", "zone", "--outline-error", "0.5")
    data = json.loads((tmp_path / "out" / "trocar.json").read_text(encoding="utf-8"))
    assert code != 0
    assert data["least_mm"] == pytest.approx(4.0, abs=0.5)
    assert data["patches"][0]["side"].startswith("R")
    assert data["interval_mm"][0] < data["least_mm"] < data["interval_mm"][2]
    for name in ("margin-en.pdf", "margin-zh.pdf", "margin-zh.dcm", "RTSTRUCT.dcm", "SEG.dcm"):
        assert (tmp_path / "out" / name).stat().st_size > 1000


def test_scans_of_two_patients_are_refused(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _verify(case, tmp_path / "out", "--zone", "zone", "--after", str(case / "other")) != 0
    assert "DEMO-B" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_zone_or_click_the_command_says_what_it_needs(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _verify(case, tmp_path / "out") != 0
    assert "click" in capsys.readouterr().err


def _plan(case: Path, out: Path, *, duration: int, spare: str = "", more: str = "") -> int:
    request = out.parent / f"{out.name}.toml"
    request.write_text(REQUEST.format(duration=duration, spare=spare) + more, encoding="utf-8")
    return run(
        [
            "ablate", "plan", str(request), "--images", str(case / "ct"), "--structures", str(case / "rs.dcm"),
            "--out", str(out),
        ],
        Surroundings(now=lambda: AT, language=Language.ENGLISH),
    )  # fmt: skip


SIMULATE = """
[simulate]
death_model = "ABOVE_54_C"
spacing_mm = 2.0
plan_by = "SIMULATED"
powers_w = [150]
durations_s = [600]
rounds = 2
"""


@pytest.mark.slow
def test_a_plan_is_mended_until_its_simulated_margin_is_reached(case: Path, tmp_path: Path) -> None:
    """No vessel is near: a sphere of 8 mm is reached with its 4 mm, and the report says what the simulation gave."""
    _plan(case, tmp_path / "plan", duration=300, more=SIMULATE)
    data = json.loads((tmp_path / "plan" / "trocar.json").read_text(encoding="utf-8"))
    assert data["least_mm"] == data["simulated"][-1]["least_mm"] >= 4.0
    assert "ablation.simulated-reached" in [each["code"] for each in data["findings"]]


@pytest.mark.slow
def test_a_lesion_is_planned_and_its_margin_covered(case: Path, tmp_path: Path) -> None:
    _plan(case, tmp_path / "plan", duration=300)
    data = json.loads((tmp_path / "plan" / "trocar.json").read_text(encoding="utf-8"))
    assert data["cover"]["insertions"] == 1
    assert data["least_mm"] > 3.0
    assert data["uncovered_ml"] == 0
    assert json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))["hash"]


def test_a_setting_beyond_the_table_is_refused(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _plan(case, tmp_path / "plan", duration=900) != 0
    assert "900" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "instead", "allowed"),
    [
        ('tissue = "LIVER"', 'tissue = "BRAIN"', "LIVER, LUNG"),
        ('evidence = "IN_VIVO"', 'evidence = "DREAM"', "EX_VIVO, IN_VIVO"),
        ("length_mm = 200", 'length_mm = 200\nside = "up"', "front, back"),
    ],
)
def test_a_name_that_the_request_cannot_use_is_told_with_those_it_can(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str, instead: str, allowed: str
) -> None:
    request = tmp_path / "request.toml"
    request.write_text(REQUEST.format(duration=300, spare="").replace(said, instead), encoding="utf-8")
    options = ["--images", str(case / "ct"), "--structures", str(case / "rs.dcm"), "--out", str(tmp_path / "plan")]
    assert run(["ablate", "plan", str(request), *options], Surroundings(now=lambda: AT, language=Language.ENGLISH)) != 0
    assert allowed in capsys.readouterr().err


def _simulate(
    case: Path, out: Path, tip: tuple[float, float, float], *more: str, model: str = "microwave/PME_2450"
) -> int:
    """Simulate a plan written by hand whose antenna ends at a place."""
    step = {"control": "POWER", "duration_s": 60, "power_w": 80, "temperature_k": None, "flow_percent": None}
    plan = {
        "schema": "trocar.ablation-plan/1",
        "label": "by hand",
        "frame_uid": "2.25.99.4",
        "target": {"lesion": "lesion", "margin_mm": 5.0, "organ": "liver"},
        "applicators": [{"number": 1, "model": model, "entry_lps_mm": [110, -10, 0], "tip_lps_mm": list(tip)}],
        "activations": [{"applicator": 1, "start_s": 0, "pulled_back_mm": 0, "steps": [step]}],
    }
    file = out.parent / "by-hand.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    return run(
        [
            "ablate", "simulate", str(file), "--images", str(case / "ct"), "--structures", str(case / "rs.dcm"),
            "--organ-kind", "liver", "--death-model", "ABOVE_54_C", "--out", str(out), *more,
        ],
        Surroundings(now=lambda: AT, language=Language.ENGLISH),
    )  # fmt: skip


@pytest.mark.parametrize(("tip", "told"), [((108, -10, 0), "outside the body"), ((160, -10, 0), "outside the scan")])
def test_an_antenna_that_ends_outside_the_body_or_the_scan_is_refused(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], tip: tuple[float, float, float], told: str
) -> None:
    assert _simulate(case, tmp_path / "out", tip) != 0
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_field_of_an_antenna_is_a_choice_that_is_told(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {}
    for antenna in ("parametric", "field"):
        options = ("--spacing", "2", "--antenna", antenna)
        assert _simulate(case, tmp_path / antenna, (20, -10, 0), *options, model="microwave/coaxial_slot") in (0, 1)
        data = json.loads((tmp_path / antenna / "trocar.json").read_text(encoding="utf-8"))
        assert data["antenna"] == antenna.upper()
        told[antenna] = capsys.readouterr().out
    assert "parametric model" in told["parametric"]
    assert "it reflects 1." in told["field"]


@pytest.mark.parametrize(("antenna", "said"), [("field", "microwave/coaxial_slot"), ("measured", "PARAMETRIC, FIELD")])
def test_a_field_that_cannot_be_computed_says_what_can(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], antenna: str, said: str
) -> None:
    assert _simulate(case, tmp_path / "out", (20, -10, 0), "--antenna", antenna) != 0
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_zone_that_reaches_bowel_is_told_with_its_depth(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bowel begins 8 mm above the middle of a zone of 15 mm."""
    _verify(case, tmp_path / "out", "--zone", "zone", "--spare", "bowel")
    data = json.loads((tmp_path / "out" / "trocar.json").read_text(encoding="utf-8"))
    reached = next(each for each in data["findings"] if each["code"] == "ablation.zone-in-spared")
    assert reached["severity"] == "action"
    assert "into bowel" in capsys.readouterr().out


def test_a_folder_without_images_is_told(case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert _verify(case, tmp_path / "out", "--zone", "zone", "--after", str(empty)) != 0
    assert "no CT" in capsys.readouterr().err


def _outline(case: Path, out: Path, *more: str, click: str = "20,0,0") -> float:
    code = run(
        [
            "ablate", "outline", "--images", str(case / "ct"), "--structures", str(case / "rs.dcm"), "--name", "grown",
            "--click", click, "--reach", "30", "--out", str(out), *more,
        ],
        Surroundings(now=lambda: AT, language=Language.ENGLISH),
    )  # fmt: skip
    assert code == 0
    image = read_image(case / "ct").value
    drawn = read_structures(out / "RTSTRUCT.dcm", image=image).value
    assert {each.name for each in drawn} >= {"grown", "liver", "lesion"}
    mask, grid = mask_of(drawn.named("grown"))
    return float(mask.sum()) * grid.voxel_volume_mm3 / 1000


def test_an_outline_grows_from_a_click_and_takes_strokes_and_bounds(case: Path, tmp_path: Path) -> None:
    """Within 30 mm of a click in even liver a ball of 113 ml grows; strokes add, take away, and bounds hold it."""
    plain = _outline(case, tmp_path / "a")
    assert plain == pytest.approx(113.1, rel=0.06)
    assert _outline(case, tmp_path / "b", "--remove", "20,0,0,15") == pytest.approx(plain - 14.1, rel=0.06)
    assert _outline(case, tmp_path / "c", "--add", "55,0,0,12") > plain + 3
    assert _outline(case, tmp_path / "d", "--within", "lesion", click="40,-10,0") < 4.0


def test_seeds_take_what_an_ablation_leaves_and_one_report_adds_up(case: Path, tmp_path: Path) -> None:
    image = read_image(case / "ct").value
    drawn = read_structures(case / "rs.dcm", image=image).value
    plan, seeds = tmp_path / "plan", tmp_path / "seeds.dcm"
    plan.mkdir()
    ablation = _one_antenna(image)
    (plan / "plan.json").write_text(json.dumps(ablation_json(ablation)), encoding="utf-8")
    told = {"severity": "action", "code": "x.y", "reference": "", "en": "heat reaches no more", "zh": "热力不及"}
    (plan / "outcome.json").write_text(json.dumps({"findings": [told]}), encoding="utf-8")
    heated = replace(drawn.named("zone"), name="ablation zone")
    write_structures(replace(drawn, structures=(*drawn, replace(heated, number=9))), plan / "RTSTRUCT.dcm", at=AT)
    given = ["--images", str(case / "ct"), "--structures", str(case / "rs.dcm"), "--ablation", str(plan)]
    around = Surroundings(now=lambda: AT, language=Language.ENGLISH)
    wanted = ["--margin", "5", "--overlap", "1", "--out", str(tmp_path / "rim")]
    assert run(["ablate", "rim", *given, *wanted], around) == 0
    left = read_structures(tmp_path / "rim" / "RTSTRUCT.dcm", image=image).value
    assert {"Rim", "ablation zone", "lesion"} <= {each.name for each in left}
    write_plan(_seeds_beside(image), seeds, at=AT, study_uid=image.reference.study_uid)
    (tmp_path / "both.toml").write_text(BOTH, encoding="utf-8")
    out = tmp_path / "both"
    assert run(
        ["ablate", "combine", str(tmp_path / "both.toml"), *given, "--seeds", str(seeds), "--out", str(out)], around
    )
    data = json.loads((out / "trocar.json").read_text(encoding="utf-8"))
    assert sum(
        data["parts"]["tumour"][key] for key in ("heat_ml", "seeds_ml", "both_ml", "neither_ml")
    ) == pytest.approx(data["parts"]["tumour"]["total_ml"])
    assert data["heat_is_over_before_seeds"] is False
    assert data["organs"]["bowel"]["kept"] is False
    assert [each["text"] for each in data["findings_of_ablation"]] == ["Heat reaches no more"]
    for name in ("combined-en.pdf", "combined-zh.pdf", "combined-zh.dcm", "RTSTRUCT.dcm"):
        assert (out / name).stat().st_size > 1000


BOTH = """
ablate_at = 2026-01-05T09:05:00
implant_at = 2026-01-05T09:00:00
margin_mm = 5.0
prescription_gy = 100.0
[[limit]]
structure = "bowel"
zone_mm = 5.0
dose_gy = 100.0
cc = 0.5
enter_at_most = 0
"""


def _one_antenna(image: Image) -> AblationPlan:
    needle = Needle(number=1, entry_lps_mm=np.array([43.0, -78, 0]), tip_lps_mm=np.array([43.0, 2.0, 0]))
    step = PowerStep(control=Control.POWER, duration_s=300.0, power_w=60.0)
    return AblationPlan(
        label="core",
        patient=image.patient,
        frame_uid=image.reference.frame_uid,
        applicators=(Applicator(needle=needle, model="microwave/PME_2450"),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=Schedule(steps=(step,))),),
        target=AblationTarget(lesion="lesion", margin_mm=0.0, organ="liver"),
        image=image.reference,
    )


def _seeds_beside(image: Image) -> ImplantPlan:
    """Return three seeds on the side that the zone leaves."""
    needle = Needle(number=1, entry_lps_mm=np.array([27.0, -78, 0]), tip_lps_mm=np.array([27.0, 5.0, 0]))
    seeds = tuple(
        Seed(
            position_lps_mm=np.array([27.0, y, 0.0]),
            axis_lps=np.array([0.0, 1.0, 0.0]),
            source_model="I125_6711",
            strength=Strength(s_k_u=0.7, reference_at=AT),
            needle=1,
        )
        for y in (-18.0, -10.0, -2.0)
    )
    return ImplantPlan(
        label="rim",
        patient=image.patient,
        frame_uid=image.reference.frame_uid,
        implant_at=AT,
        seeds=seeds,
        needles=(needle,),
        image=image.reference,
    )
