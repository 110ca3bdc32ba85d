import pytest

from trocar.errors import ReportError
from trocar.report.glyphs import font_families, require_glyphs, vendored_fonts


def test_the_vendored_font_holds_the_words_of_reports():
    require_glyphs(["粒子植入治疗计划独立核对报告 ≥ μGy·m²/h ± 5 % φ λ Δ — “”"], fonts=vendored_fonts())


def test_a_character_without_a_glyph_is_refused_with_its_code_point():
    with pytest.raises(ReportError, match="U\\+20BB7") as caught:
        require_glyphs(["张", "𠮷田"], fonts=vendored_fonts())
    assert caught.value.message.data["letter"] == "𠮷"


def test_a_file_that_is_no_font_is_refused_by_name(tmp_path):
    file = tmp_path / "face.otf"
    file.write_bytes(b"not a font")
    with pytest.raises(ReportError, match=r"face\.otf"):
        require_glyphs(["a"], fonts=(file,))


def test_families_are_named_once():
    assert font_families((*vendored_fonts(), *vendored_fonts())) == ("Noto Sans SC",)
