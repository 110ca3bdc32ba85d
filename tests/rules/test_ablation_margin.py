"""Margin packs: their own situations, and what their findings say."""

from dataclasses import replace

import numpy as np
import pytest

from trocar.errors import RuleError
from trocar.evaluate.margins import measure_margin
from trocar.geometry.smooth_body import ellipsoid_body
from trocar.messages import Language
from trocar.results.ablation_margin import AblationMargin, MarginErrors
from trocar.results.findings import Severity
from trocar.rules.ablation_margin import judge_margin, load_margin_pack, margin_pack_keys

PACK = "published/ablation_margin"


@pytest.fixture(scope="module")
def margin() -> AblationMargin:
    lesion = ellipsoid_body(np.zeros(3), 10 * np.eye(3))
    zone = ellipsoid_body(np.zeros(3), 15.5 * np.eye(3))
    errors = MarginErrors(registration_mm=3.0, lesion_mm=0.5, zone_mm=0.5)
    return measure_margin(lesion, zone, wanted_mm=5.0, errors=errors)


@pytest.mark.parametrize("key", margin_pack_keys())
def test_every_pack_finds_what_its_situations_say(key: str, margin: AblationMargin) -> None:
    pack = load_margin_pack(key)
    assert pack.situations
    for situation in pack.situations:
        made = replace(margin, least_mm=situation["least_mm"], uncovered_ml=situation["uncovered_ml"], interval=None)
        found = judge_margin(made, pack, organ=situation["organ"])
        missed = [each.reference.split(":")[0].split("#")[1] for each in found]
        assert missed == situation["missed"], situation["name"]


def test_a_margin_that_is_met_within_its_errors_only_is_doubtful(margin: AblationMargin) -> None:
    codes = [each.message.code for each in judge_margin(margin, load_margin_pack(PACK), organ="liver")]
    assert codes == ["rules.margin-doubtful", "rules.margin-missed"]


def test_a_finding_speaks_both_languages(margin: AblationMargin) -> None:
    thin = replace(margin, least_mm=2.0, interval=None)
    finding = judge_margin(thin, load_margin_pack(PACK), organ="liver")[0]
    assert finding.severity is Severity.ACTION
    assert "2.0 mm" in finding.message.text(Language.ENGLISH)
    assert "肝转移瘤" in finding.message.text(Language.CHINESE)


def test_an_unknown_pack_is_named_with_those_there_are() -> None:
    with pytest.raises(RuleError, match="published/ablation_margin"):
        load_margin_pack("nobody/none")
