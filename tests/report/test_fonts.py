"""The vendored font is the one its account describes, and it can say what reports say."""

import hashlib
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

FONTS = Path(__file__).parents[2] / "src" / "trocar" / "report" / "fonts"
FONT = FONTS / "NotoSansSC-Regular.otf"


@pytest.fixture(scope="module")
def characters() -> set[int]:
    return set(TTFont(FONT).getBestCmap())


def test_the_font_is_the_file_whose_hash_its_account_names() -> None:
    assert hashlib.sha256(FONT.read_bytes()).hexdigest() in (FONTS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "放射性粒子植入治疗计划复核报告",
        "肿瘤消融边缘",
        "0123456789.,;:%/()[]",
        "≥≤±×·µμ²³°→✓—…",
        "D90 V100 Gy cGy/h mCi MBq U",
        "，。；：（）《》“”",
    ],
)
def test_the_font_has_every_character_reports_are_made_of(text: str, characters: set[int]) -> None:
    assert [letter for letter in text if ord(letter) not in characters] == []


def test_the_licence_lies_beside_the_font() -> None:
    licence = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert licence.startswith("Copyright © 2014-2021 Adobe")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
