import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

from trocar.department.norms import Enforcement, NormPack, Technique, Unit
from trocar.department.period import Period
from trocar.errors import RuleError
from trocar.plan.goals import Confidence
from trocar.rules.conditions import CONDITIONS, KINDS, PUNCTURE, RADIATION
from trocar.rules.norm_choice import norms_on, stretches
from trocar.rules.norm_loading import read_norm, shipped_norms

NORMS = shipped_norms()
DRAFT = Path(__file__).parents[3] / "shared" / "regulation" / "rules_draft.yaml"


def _norm(key: str) -> NormPack:
    return next(each for each in NORMS if each.key == key)


REFERENCES = [norm for norm in NORMS if norm.key.startswith("published/")]


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.key)
def test_every_norm_names_its_sources_speaks_chinese_and_tests_itself(norm: NormPack) -> None:
    assert norm.situations
    assert any(situation.verdicts or situation.counts for situation in norm.situations)
    for each in norm.requirements:
        assert each.sources
        assert any("一" <= letter <= "鿿" for letter in each.text_zh)
        assert each.evidence
    for each in norm.indicators:
        assert each.sources
        assert each.name_zh != each.name
        assert each.numerator_zh
        assert each.denominator_zh


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.key)
def test_what_is_only_remembered_never_blocks(norm: NormPack) -> None:
    assert not [
        each.key
        for each in norm.requirements
        if each.confidence is Confidence.MEMORY_UNVERIFIED and each.enforcement is Enforcement.BLOCK
    ]


BEYOND_THE_DRAFT = {"CLN-ABL-09"}
"""Found in publications after the draft was written."""


def test_every_entry_of_the_draft_stands_in_a_norm() -> None:
    if not DRAFT.is_file():
        pytest.skip("the draft of the rules is not here: ../shared/regulation beside the checkout is absent")
    draft = yaml.safe_load(DRAFT.read_text("utf-8"))
    asked = {each["id"]: each for each in draft["common_requirements"]}
    asked |= {each["id"]: each for technology in draft["technologies"] for each in technology["requirements"]}
    counted = {each["id"] for technology in draft["technologies"] for each in technology["indicators"]}
    norms = [norm for norm in NORMS if norm not in REFERENCES]
    assert set(asked) == {each.key for norm in norms for each in norm.requirements}
    topics = {each["id"] for group in draft["clinical_defaults"].values() for each in group}
    assert topics | BEYOND_THE_DRAFT == {
        "-".join(each.key.split("-")[:3]) for norm in REFERENCES for each in norm.requirements
    }
    assert counted == {each.key for norm in NORMS for each in norm.indicators if norm.key != "trocar/beside_the_norm"}
    for norm in norms:
        for each in norm.requirements:
            remembered = asked[each.key]["confidence"] == "memory_unverified"
            assert not remembered or each.confidence is Confidence.MEMORY_UNVERIFIED, each.key


def test_the_edition_is_chosen_by_the_day_of_the_procedure() -> None:
    def editions(day: date, technique: Technique) -> set[str]:
        found = norms_on(NORMS, day=day, technique=technique, country="CN", province="")
        return {each.key for each in found if "implantation" in each.key or "ablation" in each.key}

    assert editions(date(2022, 4, 19), Technique.ABLATION) == {"cn_nhc/ablation_2017"}
    assert editions(date(2022, 4, 20), Technique.ABLATION) == {"cn_nhc/ablation_2022"}
    assert editions(date(2017, 2, 13), Technique.SEED_IMPLANT) == {"cn_nhc/seed_implantation_2009"}
    assert editions(date(2017, 2, 14), Technique.SEED_IMPLANT) == {"cn_nhc/seed_implantation_2017"}


def test_models_from_elsewhere_hold_in_no_chinese_hospital() -> None:
    found = norms_on(
        NORMS, day=date(2023, 1, 1), technique=Technique.SEED_IMPLANT, country="CN", province="heilongjiang"
    )
    assert {each.country for each in found} == {"CN"}
    assert "us_nrc/part_35" not in {each.key for each in found}


def test_a_period_is_cut_where_definitions_change_and_nowhere_else() -> None:
    def cut(first: date, last: date) -> list[str]:
        found = stretches(
            NORMS, period=Period(first=first, last=last), technique=Technique.ABLATION, country="CN", province=""
        )
        return [each.period.text for each in found]

    assert cut(date(2022, 5, 1), date(2023, 4, 30)) == ["2022-05-01 – 2023-04-30"]
    assert cut(date(2021, 1, 1), date(2022, 12, 31)) == ["2021-01-01 – 2022-04-19", "2022-04-20 – 2022-12-31"]


def test_a_period_for_which_nobody_defined_indicators_is_refused() -> None:
    with pytest.raises(RuleError) as caught:
        stretches(
            NORMS,
            period=Period(first=date(2012, 1, 1), last=date(2012, 12, 31)),
            technique=Technique.SEED_IMPLANT,
            country="CN",
            province="",
        )
    assert caught.value.code == "rules.no-norm-holds"


def test_every_indicator_of_both_techniques_can_be_counted_but_the_one_never_found() -> None:
    uncountable = {each.key for norm in NORMS for each in norm.indicators if each.measure is None}
    assert uncountable == {"ABL-QI-08A"}
    assert _norm("cn_nhc/ablation_2022").indicator("ABL-QI-02").measure.unit is Unit.LESION  # type: ignore[union-attr]


def test_the_groups_of_complications_are_those_of_the_indicator_text() -> None:
    assert KINDS == {"puncture": PUNCTURE, "radiation": RADIATION}
    assert len(PUNCTURE) == 4
    assert len(RADIATION) == 7


Change = Callable[[str, str, str], Path]


@pytest.fixture
def changed(tmp_path: Path, repository: Path) -> Change:
    """Return a maker of copies of a norm with one text replaced."""

    def change(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "hospital" / "own"
        shutil.copytree(repository / "src/trocar/rulepacks/cn_nhc/seed_implantation_2022", folder)
        text = (folder / f"{file}.yaml").read_text("utf-8")
        assert old in text
        (folder / f"{file}.yaml").write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return change


def test_a_hospital_adds_its_own_norm(changed: Change) -> None:
    norm = read_norm(changed("pack", "issuer: National Health Commission", "issuer: Hospital"))
    assert norm.is_own
    assert norm.key == "hospital/own"
    found = norms_on([norm], day=date(2023, 1, 1), technique=Technique.SEED_IMPLANT, country="XX", province="")
    assert found == (norm,), "a hospital's own norm holds in the hospital, wherever it is"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pack", "valid_from: 2022-04-20", "valid_from: spring 2022"),
        ("pack", "valid_to: null", "valid_to: 2021-01-01"),
        ("pack", "schema: trocar.norm/1", "schema: trocar.norm/2"),
        ("pack", "[seed_implant]", "[surgery]"),
        ("clauses", "unit: bed", "unit: furlong"),
        ("clauses", "id: RSI-ORG-02", "id: RSI-ORG-01"),
        ("clauses", "comparison: at_least, value: 30", "comparison: at_least, value: many"),
        ("clauses", "dose_verified", "dose_guessed"),
        ("clauses", "first_min: 2", "first_max: 2"),
        ("clauses", "kinds: puncture", "kinds: bad_luck"),
        ("clauses", "source: [HOSPITAL]", "source: [HEARSAY]"),
        ("clauses", "confidence: hospital", "confidence: certain"),
        ("clauses", "unit: patient", "unit: person"),
        ("situations", "facts:", "claims:"),
    ],
)
def test_a_norm_that_says_something_impossible_is_refused(changed: Change, file: str, old: str, new: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_norm(changed(file, old, new))
    assert caught.value.code == "rules.norm-impossible"


def test_a_norm_whose_memory_would_block_is_refused(changed: Change) -> None:
    folder = changed(
        "clauses",
        "confidence: found_secondary\n  enforcement: block",
        "confidence: memory_unverified\n  enforcement: block",
    )
    with pytest.raises(RuleError) as caught:
        read_norm(folder)
    assert caught.value.code == "rules.memory-would-block"


@pytest.mark.parametrize(
    ("old", "new"),
    [("RSI-STF-01: not_met", "RSI-STF-01: met"), ("RSI-QI-03: [1, 2]", "RSI-QI-03: [2, 2]")],
)
def test_a_norm_is_refused_whose_situations_come_out_otherwise(changed: Change, old: str, new: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_norm(changed("situations", old, new))
    assert caught.value.code == "rules.situation-differs"


def test_a_situation_that_cannot_be_is_refused(changed: Change) -> None:
    with pytest.raises(RuleError) as caught:
        read_norm(changed("situations", "site: lung", "place: lung"))
    assert caught.value.code == "rules.situation-impossible"


def test_a_missing_file_is_named(changed: Change) -> None:
    folder = changed("pack", "issuer:", "issuer:")
    (folder / "situations.yaml").unlink()
    with pytest.raises(RuleError, match=r"situations\.yaml"):
        read_norm(folder)


def test_every_condition_is_used_by_a_norm_or_stated_for_departments() -> None:
    used = {
        condition.name
        for norm in NORMS
        for each in norm.indicators
        if each.measure
        for condition in (*each.measure.among, *each.measure.that)
    }
    used |= {each.threshold.fact for norm in NORMS for each in norm.requirements if each.threshold}
    assert set(CONDITIONS) - used <= {"technique_is", "histology_before"}


def test_reference_values_hold_nowhere_block_nothing_and_say_how_sure_they_are() -> None:
    assert {norm.key for norm in REFERENCES} == {"published/ablation_practice", "published/seed_practice"}
    for norm in REFERENCES:
        assert norm.country == ""
        assert all(each.enforcement is Enforcement.RECORD for each in norm.requirements)
        assert all(each.sources for each in norm.requirements)
        remembered = [each for each in norm.requirements if any(one.key == "MEMORY" for one in each.sources)]
        assert remembered
        assert all(each.confidence is Confidence.MEMORY_UNVERIFIED for each in remembered)
