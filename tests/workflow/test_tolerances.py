from importlib import resources

import pytest
import yaml

from checked_cases import tolerances
from trocar.errors import RuleError
from trocar.results.findings import UNVERIFIED, Severity
from trocar.results.plan_check import Cause
from trocar.workflow.tolerances import UNITS, tolerances_from_text

PACK = resources.files("trocar") / "rulepacks" / "aapm" / "brachy_plan_check"
TEXT = (PACK / "pack.yaml").read_text(encoding="utf-8")
SITUATIONS = yaml.safe_load((PACK / "situations.yaml").read_text(encoding="utf-8"))


def test_the_pack_holds_every_limit_with_its_source():
    pack = tolerances()
    assert set(pack.limits) == set(UNITS)
    assert pack.value("point_median_percent") == 2.0
    assert "10.1118/1.1646040" in pack.reference("point_median_percent")


def test_what_is_only_remembered_is_marked_wherever_it_is_quoted():
    pack = tolerances()
    remembered = [limit for limit in pack.limits.values() if limit.confidence == "memory_unverified"]
    assert remembered
    assert all(limit.reference.endswith(UNVERIFIED) for limit in remembered)
    assert UNVERIFIED not in pack.reference("gamma_dose_percent")


def test_every_cause_has_a_severity_and_a_wrong_unit_needs_action():
    pack = tolerances()
    assert set(pack.severities) == set(Cause)
    assert pack.severities[Cause.STRENGTH_UNIT] is Severity.ACTION


def test_every_limit_is_said_in_chinese():
    assert all(limit.meaning_zh != limit.meaning for limit in tolerances().limits.values())


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each["title"] for each in SITUATIONS])
def test_the_pack_judges_its_situations_as_it_must(situation):
    agrees = tolerances().points_agree(
        median_percent=situation["median_percent"],
        share_within=situation["share_within"],
        gamma_share=situation["gamma_share"],
    )
    assert agrees is situation["agrees"]


def altered(change) -> str:
    pack = yaml.safe_load(TEXT)
    change(pack)
    return yaml.safe_dump(pack, allow_unicode=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda pack: pack.update(schema="other/2"),
        lambda pack: pack["tolerances"].pop("nearest_mm"),
        lambda pack: pack["tolerances"]["nearest_mm"].update(unit="cm"),
        lambda pack: pack["tolerances"]["point_share"].update(value=0),
        lambda pack: pack["tolerances"]["point_share"].update(value="many"),
        lambda pack: pack["tolerances"]["point_share"].update(confidence="surely"),
        lambda pack: pack["tolerances"]["point_median_percent"].update(source="NOWHERE"),
        lambda pack: pack["severities"].pop("grid"),
        lambda pack: pack["severities"].update(grid="terrible"),
    ],
)
def test_an_incomplete_pack_is_refused_with_a_reason(change):
    with pytest.raises(RuleError, match="cannot be read"):
        tolerances_from_text(altered(change))


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "schema: 3"])
def test_a_text_that_is_no_pack_is_refused(text):
    with pytest.raises(RuleError):
        tolerances_from_text(text)
