"""Plans through the command line: a set to choose from, changes by hand, needles that lie already."""

import json
from pathlib import Path

import numpy as np
import pytest

from planned_case import AT, REQUEST, quiet, write_case
from planning_requests import PATIENT, picture
from trocar.cli.edit import EditInputs, read_changes, run_edit
from trocar.cli.plan import PlanInputs, run_plan
from trocar.cli.plan_ways import Way, read_corrections
from trocar.dicom.image_writer import write_image
from trocar.errors import TrocarError, UsageError
from trocar.geometry.volume import Volume
from trocar.plan.patient import Image
from trocar.workflow.plan_edits import DropSeed, ShiftNeedle


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("small"))


def run(files: Path, out: str, *, way: Way | None = None, pareto: bool = False) -> dict[str, object]:
    run_plan(
        PlanInputs(
            request=files / "request.toml",
            images=files / "ct",
            structures=files / "structures.dcm",
            out=files / out,
            replace=True,
            seed=1,
            at=AT,
            pareto=pareto,
            way=way or Way(),
        ),
        quiet(),
    )
    told: dict[str, object] = json.loads((files / out / "trocar.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def planned(files: Path) -> dict[str, object]:
    return run(files, "plan")


def edited(files: Path, changes: str, out: str = "edited") -> dict[str, object]:
    (files / "changes.toml").write_text(changes, encoding="utf-8")
    inputs = EditInputs(
        plan=files / "plan",
        changes=files / "changes.toml",
        images=files / "ct",
        structures=files / "structures.dcm",
        out=files / out,
        replace=True,
        at=AT,
    )
    run_edit(inputs, quiet())
    told: dict[str, object] = json.loads((files / out / "trocar.json").read_text(encoding="utf-8"))
    return told


def test_entries_keep_to_the_box_and_seeds_off_what_they_must_keep_off(planned: dict) -> None:
    entries = np.array([each["entry_lps_mm"] for each in planned["needle_list"]])
    assert (np.abs(entries[:, 2]) <= 45).all()
    assert (np.abs(entries[:, 0]) <= 60).all()
    assert 0 < planned["seeds"] <= 40
    for each in planned["needle_list"]:
        assert each["clearance_mm"]["cord"] >= 3.0
        assert each["clearance_mm"]["bar"] >= 2.0
        assert each["depth_mm"] <= 120


def test_a_seed_dropped_by_hand_is_gone_from_the_written_plan(files: Path, planned: dict) -> None:
    told = edited(files, '[[edit]]\ndo = "drop"\nneedle = 1\nseed = 1\n')
    assert told["seeds"] == planned["seeds"] - 1
    assert told["hash"] != planned["hash"]


def test_a_refused_change_says_which_and_writes_nothing(files: Path, planned: dict) -> None:
    with pytest.raises(TrocarError, match="change 2 was refused"):
        edited(
            files,
            '[[edit]]\ndo = "drop"\nneedle = 1\nseed = 1\n[[edit]]\ndo = "slide"\nneedle = 2\nseed = 1\nby_mm = 60\n',
            out="refused",
        )
    assert not (files / "refused").exists()


def test_changes_are_read_and_slips_are_named(tmp_path: Path) -> None:
    path = tmp_path / "changes.toml"
    path.write_text(
        '[[edit]]\ndo = "shift-needle"\nneedle = 2\nby_lps_mm = [1, 0, 0]\n'
        '[[edit]]\ndo = "drop"\nneedle = 1\nseed = 3\n'
    )
    shift, drop = read_changes(path)
    assert isinstance(shift, ShiftNeedle)
    assert drop == DropSeed(needle=1, seed=3)
    path.write_text('[[edit]]\ndo = "fly"\n')
    with pytest.raises(UsageError, match="asks to fly"):
        read_changes(path)
    path.write_text('[[edit]]\ndo = "drop"\nneedle = 1\nseed = 3\nby = 2\n')
    with pytest.raises(UsageError, match="by"):
        read_changes(path)


def test_ways_that_contradict_one_another_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--from"):
        Way(choose=3)
    with pytest.raises(UsageError, match="--placed"):
        Way(corrections=tmp_path)


def with_needles(told: dict, *, shift_mm: tuple[float, float, float]) -> Image:
    """Return the CT with the planned needles in it as metal, all shifted."""
    image = picture()
    grid = image.volume.grid
    hu = np.array(image.volume.values_kji)
    centres = grid.centres_lps_mm()
    for each in told["needle_list"]:
        entry, tip = (np.array(each[name]) + np.array(shift_mm) for name in ("entry_lps_mm", "tip_lps_mm"))
        way = (tip - entry) / np.linalg.norm(tip - entry)
        along = (centres - entry) @ way
        off = np.linalg.norm(centres - entry - along[..., None] * way, axis=-1)
        hu[(off <= 1.3) & (along > -25.0) & (along < np.linalg.norm(tip - entry))] = 3000
    volume = Volume(grid=grid, values_kji=hu, quantity=image.volume.quantity, frame_uid=image.volume.frame_uid)
    return Image(volume=volume, patient=PATIENT, reference=image.reference, acquired_at=None)


@pytest.mark.slow
def test_seeds_are_planned_anew_in_needles_as_they_lie(files: Path, planned: dict) -> None:
    write_image(with_needles(planned, shift_mm=(2.0, 0.0, 0.0)), files / "needles_in", at=AT)
    told = run(files, "placed", way=Way(placed=files / "needles_in", before=files / "plan"))
    against = told["placed"]["against_plan"]
    assert len(against) >= planned["needles"] - 1
    for each in against:
        assert each["lateral_tip_off_mm"] == pytest.approx(2.0, abs=1.5)
    first = against[0]["number"]
    (files / "corrections.toml").write_text("[[remove]]\nnumber = 1\n", encoding="utf-8")
    fewer = run(
        files,
        "fewer",
        way=Way(placed=files / "needles_in", before=files / "plan", corrections=files / "corrections.toml"),
    )
    assert len(fewer["placed"]["found"]) == len(told["placed"]["found"]) - 1
    assert first


def test_corrections_are_read_and_slips_are_named(tmp_path: Path) -> None:
    path = tmp_path / "corrections.toml"
    path.write_text(
        "[[correct]]\nnumber = 2\ntip_lps_mm = [1, 2, 3]\n[[add]]\nentry_lps_mm = [0, 0, 0]\ntip_lps_mm = [0, 9, 0]\n"
    )
    found = read_corrections(path)
    assert found.tips[2].tolist() == [1, 2, 3]
    assert not found.entries
    assert len(found.added) == 1
    path.write_text("[[remove]]\nnumbre = 2\n")
    with pytest.raises(UsageError, match="number"):
        read_corrections(path)


@pytest.mark.slow
def test_a_plan_is_chosen_from_a_set_and_carried_on(files: Path) -> None:
    front = run(files, "front", pareto=True)
    assert {path.name for path in (files / "front").iterdir()} >= {"pareto.json", "pareto_en.svg", "pareto_zh.svg"}
    wanted = front["plans"][len(front["plans"]) // 2]
    told = run(files, "chosen", way=Way(choose=wanted["number"], before=files / "front"))
    assert (told["needles"], told["seeds"]) == (wanted["needles"], wanted["seeds"])
    with pytest.raises(UsageError, match="holds plans 1 to"):
        run(files, "none", way=Way(choose=9999, before=files / "front"))
    (files / "request.toml").write_text(REQUEST.replace("pitch_mm = 5", "pitch_mm = 6"), encoding="utf-8")
    with pytest.raises(UsageError, match="another request"):
        run(files, "none", way=Way(choose=1, before=files / "front"))
    (files / "request.toml").write_text(REQUEST, encoding="utf-8")
