"""The request file: every quantity stated, nothing assumed, nothing passed over."""

from pathlib import Path

import pytest

from trocar.cli.plan_request import guide_design
from trocar.cli.request_section import Section, read_request
from trocar.errors import UsageError

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
