"""``trocar verify`` from files to files."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from implant_scenes import SCANNED, implanted, of_another, plan, structures, torso
from trocar.cli.exits import Exit
from trocar.cli.main import run
from trocar.cli.surroundings import Surroundings
from trocar.cli.writing import write_case
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtplan import read_plan
from trocar.dicom.rtstruct import read_structures
from trocar.messages import Language


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    image = torso()
    (folder / "before").mkdir()
    write_case(folder / "before", plan=plan(image), dose=None, structures=structures(image), image=image, at=SCANNED)
    write_image(implanted().scan, folder / "after", at=SCANNED)
    write_image(of_another(implanted().scan), folder / "other", at=SCANNED)
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


def test_another_patient_leaves_nothing(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = case / "refused"
    assert called(case, "other", "--out", str(out)) == Exit.BAD_INPUT
    assert "MADE-UP-2" in capsys.readouterr().err
    assert not list(case.glob("*refused*"))
