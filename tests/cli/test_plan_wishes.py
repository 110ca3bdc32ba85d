"""What a request may ask about robustness and biology."""

from pathlib import Path

import pytest

from trocar.cli.plan_assumptions import assumed_words
from trocar.cli.plan_wishes import biology_wish, robustness_wish
from trocar.cli.request_section import Section
from trocar.errors import CatalogueError, UsageError
from trocar.messages import Language
from trocar.plan.patient import Patient
from trocar.plan.structures import Structure, StructureSet
from trocar.report.document import in_language

ROBUSTNESS = {
    "needles": "thorax_3d_template",
    "versions": 200,
    "seeds": {"slide_sd_mm": 1, "loss_probability": 0.01},
    "oedema": {"volume_increase": {"mean": 0.2, "sd": 0.1}, "half_life_d": 10},
}


def structures() -> StructureSet:
    return StructureSet(
        label="s",
        patient=Patient(identifier="P", name=""),
        frame_uid="1",
        structures=(Structure(number=1, name="CTV", contours=()), Structure(number=2, name="Cord", contours=())),
    )


def test_all_mishaps_of_a_request_are_read_and_said_in_both_languages() -> None:
    wish = robustness_wish(Section("robustness", ROBUSTNESS))
    assert wish.versions == 200
    assert wish.mishaps.needles is not None
    assert wish.mishaps.needles.tip_mm.mean == 4.4
    assert wish.mishaps.seeds is not None
    assert wish.mishaps.seeds.slide_sd_mm == 1.0
    for language in Language:
        words = [in_language(text, language) for text in assumed_words(wish)]
        assert len(words) == 3
        assert "4.4 ± 2.9" in words[0]


def test_a_hospitals_own_errors_are_read_beside_the_request(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        '[ours]\nname = "ours"\nentry_mm = { mean = 1, sd = 1 }\ntip_mm = { mean = 2, sd = 1 }\n', encoding="utf-8"
    )
    entries = {"file": "own.toml", "needles": "ours", "versions": 50}
    wish = robustness_wish(Section("robustness", entries, folder=tmp_path))
    assert wish.mishaps.needles is not None
    assert wish.mishaps.needles.confidence == "hospital"
    with pytest.raises(UsageError, match="cannot be read"):
        robustness_wish(Section("robustness", {**entries, "file": "other.toml"}, folder=tmp_path))


def test_a_misspelt_mishap_is_not_passed_over() -> None:
    with pytest.raises(UsageError, match="slide_mm"):
        robustness_wish(Section("robustness", {**ROBUSTNESS, "seeds": {"slide_mm": 1}}))
    with pytest.raises(CatalogueError, match="nowhere"):
        robustness_wish(Section("robustness", {**ROBUSTNESS, "needles": "nowhere"}))


def test_tissues_and_beams_are_bound_to_structures() -> None:
    course = {"fractions": 25, "dose_per_fraction_gy": 1.8, "overall_d": 32, "implant_after_d": 30}
    entries = {"tissues": {"ctv": "prostate_cancer", "Cord": "spinal_cord"}, "external_beam": {"CTV": course}}
    wish = biology_wish(Section("biology", entries), structures())
    assert list(wish.tissues) == ["CTV", "Cord"]
    assert wish.external["CTV"].dose_gy == pytest.approx(45.0)
    with pytest.raises(UsageError, match="does not state tissues"):
        biology_wish(Section("biology", {}), structures())
