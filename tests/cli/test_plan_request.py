"""The request file: every quantity stated, nothing assumed, nothing passed over."""

import shutil
from pathlib import Path

import pytest

from trocar.cli.plan_request import _goals, guide_design
from trocar.cli.request_section import Section, carry_request, read_request
from trocar.errors import RuleError, UsageError

GUIDE = {
    "bore_diameter_mm": 1.6,
    "wall_mm": 1.2,
    "sleeve_length_mm": 12,
    "shell_thickness_mm": 3,
    "skin_clearance_mm": 0.2,
    "rim_mm": 8,
    "emboss_mm": 0.8,
    "letter_height_mm": 5,
    "needle_free_length_mm": 10,
    "build_box_mm": [250, 210, 210],
}


def test_a_missing_quantity_is_named() -> None:
    without = {key: value for key, value in GUIDE.items() if key != "wall_mm"}
    with pytest.raises(UsageError, match=r"does not state wall_mm in \[guide\]"):
        guide_design(Section("guide", without))


def test_a_misspelt_quantity_is_not_passed_over() -> None:
    with pytest.raises(UsageError, match="wal_mm"):
        guide_design(Section("guide", {**GUIDE, "wal_mm": 2.0}))


@pytest.mark.parametrize("wrong", ["1.2", True, float("nan"), [1.2]])
def test_a_quantity_that_is_no_number_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="a number is needed"):
        guide_design(Section("guide", {**GUIDE, "wall_mm": wrong}))


def test_a_box_needs_three_numbers() -> None:
    with pytest.raises(UsageError, match="three numbers"):
        guide_design(Section("guide", {**GUIDE, "build_box_mm": [250, 210]}))


def test_a_complete_table_is_read() -> None:
    assert guide_design(Section("guide", dict(GUIDE))).sleeve_radius_mm == pytest.approx(2.0)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "request.toml"
    path.write_text("label = ", encoding="utf-8")
    with pytest.raises(UsageError, match=r"request\.toml"):
        read_request(path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "request.toml"
    path.write_bytes('label = "肝脏"'.encode("gb18030"))
    with pytest.raises(UsageError, match="UTF-8"):
        read_request(path)


PACK = Path(__file__).parents[2] / "src/trocar/rulepacks/trocar/percutaneous_example"


def test_a_departments_own_goals_are_read_beside_the_request(tmp_path: Path) -> None:
    shutil.copytree(PACK, tmp_path / "our_goals")
    clauses = tmp_path / "our_goals" / "clauses.yaml"
    clauses.write_text(clauses.read_text(encoding="utf-8").replace("at_most: 50, unit: Gy", "at_most: 12, unit: Gy"))
    section = Section("goals", {"folder": "our_goals", "roles": {"target": "mass", "cord": "cord"}}, folder=tmp_path)
    assert "cord D0.1cc ≤ 12 Gy" in {goal.text for goal in _goals(section)}
    with pytest.raises(RuleError, match="cannot be read"):
        _goals(Section("goals", {"folder": "nowhere", "roles": {}}, folder=tmp_path))
    with pytest.raises(UsageError, match="pack"):
        _goals(Section("goals", {"folder": "our_goals", "pack": "a/b", "roles": {}}, folder=tmp_path))


def test_the_files_a_request_names_go_with_it(tmp_path: Path) -> None:
    case, plan, changed = (tmp_path / name for name in ("case", "plan", "changed"))
    for folder in (case, plan, changed):
        folder.mkdir()
    shutil.copytree(PACK, case / "our_goals")
    (case / "shelf.csv").write_text("lots", encoding="utf-8")
    (tmp_path / "elsewhere.toml").write_text("", encoding="utf-8")
    text = 'stock_file = "shelf.csv"\n[goals]\nfolder = "our_goals"\n[biology]\nfile = "../elsewhere.toml"\n'
    carry_request(text, beside=case, folder=plan)
    carry_request(text, beside=plan, folder=changed)
    carry_request(text, beside=changed, folder=changed)
    for folder in (plan, changed):
        assert (folder / "request.toml").read_text(encoding="utf-8") == text
        assert (folder / "shelf.csv").read_text(encoding="utf-8") == "lots"
        assert (folder / "our_goals" / "clauses.yaml").read_bytes() == (PACK / "clauses.yaml").read_bytes()
    assert not list(plan.rglob("elsewhere.toml"))
