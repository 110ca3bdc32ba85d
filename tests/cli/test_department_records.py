import json
from pathlib import Path

import pytest

from demonstration import PERIOD, assessment
from trocar.cli.department_records import load_archives
from trocar.cli.report import assessment_json
from trocar.department.norms import Technique
from trocar.errors import UsageError
from trocar.messages import Language
from trocar.workflow.self_assessment import archived


def _written(folder: Path) -> Path:
    file = folder / "trocar.json"
    told = [assessment_json(assessment(each), (), Language.ENGLISH) for each in Technique]
    file.write_text(json.dumps({"assessments": told}), encoding="utf-8")
    return file


def test_what_report_wrote_is_read_back_as_the_archive_of_each_technique(tmp_path: Path) -> None:
    archives = load_archives(_written(tmp_path))
    assert set(archives) == set(Technique)
    for technique, archive in archives.items():
        assert archive == archived(assessment(technique))
        assert archive.period == PERIOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "not json",
        '{"assessments": [{"technique": "surgery"}]}',
        '{"assessments": [{"technique": "ablation"}]}',
    ],
)
def test_another_file_is_no_archive(tmp_path: Path, text: str) -> None:
    file = tmp_path / "trocar.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_archives(file)
    assert caught.value.code == "cli.archive-unreadable"


def test_without_a_file_there_is_no_archive() -> None:
    assert load_archives(None) == {}
