from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from trocar.errors import RuleError
from trocar.messages import Language
from trocar.plan.goals import Achievement, Confidence, Priority
from trocar.results.findings import Severity
from trocar.rules.bind import bind_goals, suggest_binding
from trocar.rules.judge import achieved, judge
from trocar.rules.load import load_pack, pack_keys, read_pack

EVERY_PACK = pack_keys()


def test_packs_come_with_the_library() -> None:
    assert "abs/prostate_permanent_2012" in EVERY_PACK
    assert "aapm/brachy_plan_check" not in EVERY_PACK, "a pack of another kind is not a pack of planning goals"


@pytest.mark.parametrize("key", EVERY_PACK)
def test_every_situation_of_every_pack_misses_exactly_what_it_says(key: str) -> None:
    pack = load_pack(key)
    assert pack.situations
    assert any(situation.missed for situation in pack.situations)
    for situation in pack.situations:
        assert set(situation.achieved) == {clause.key for clause in pack.clauses if clause.goal}, situation.name
        reached = [
            Achievement(goal=clause.goal, value=situation.achieved[clause.key])
            for clause in pack.clauses
            if clause.goal
        ]
        missed = {finding.reference.split(":")[0].split("#")[1] for finding in judge(reached)}
        assert missed == set(situation.missed), situation.name


@pytest.mark.parametrize("key", EVERY_PACK)
def test_every_goal_names_its_source_and_every_clause_speaks_chinese(key: str) -> None:
    pack = load_pack(key)
    for clause in pack.clauses:
        assert clause.source.citation
        assert any("一" <= letter <= "鿿" for letter in clause.text_zh)
        assert clause.goal is None or clause.goal.structure in pack.aliases
    assert pack.title_zh != pack.title


def test_a_goal_that_nobody_checked_never_demands_action() -> None:
    pack = load_pack("gec_estro/prostate_permanent_2007")
    reached = [Achievement(goal=goal, value=0.0 if goal.comparison.value == "≥" else 1e6) for goal in pack.goals]
    findings = judge(reached)
    assert len(findings) == len(pack.goals)
    assert {finding.severity for finding in findings} == {Severity.ATTENTION}


def test_a_found_must_that_is_missed_demands_action_and_a_wish_attention() -> None:
    goals = load_pack("published/prostate_preplan_2013").goals
    assert {goal.confidence for goal in goals} == {Confidence.FOUND}
    finding = judge([Achievement(goal=goals[0], value=80.0)])[0]
    assert goals[0].priority is Priority.MUST
    assert finding.severity is Severity.ACTION
    assert "V100" in finding.message.text()
    assert "目标" in finding.message.text(Language.CHINESE)


def test_roles_are_suggested_from_names_as_people_write_them() -> None:
    pack = load_pack("trocar/percutaneous_example")
    names = ["BODY", "GTV", "Myelon", "small_bowel", "Duodenum"]
    assert suggest_binding(pack, names) == {"target": "GTV", "cord": "Myelon"}, "two bowels: a person must choose"


def test_goals_of_roles_without_a_structure_are_dropped_and_the_others_renamed() -> None:
    pack = load_pack("abs/prostate_permanent_2012")
    bound = bind_goals(pack.goals, {"target": "CTV"})
    assert {goal.structure for goal in bound} == {"CTV"}
    with pytest.raises(RuleError, match="liver"):
        bind_goals(pack.goals, {"liver": "Leber"})


@dataclass(frozen=True)
class FlatDvh:
    """100 cc: all of it at 150 Gy."""

    volume_cc: float = 100.0
    min_gy: float = 150.0
    max_gy: float = 150.0
    mean_gy: float = 150.0

    def dose_at_percent(self, percent: float) -> float:
        return 150.0

    def dose_at_cc(self, cc: float) -> float:
        return 150.0

    def percent_at_dose(self, dose_gy: float) -> float:
        return 100.0 if dose_gy <= 150.0 else 0.0

    def cc_at_dose(self, dose_gy: float) -> float:
        return self.percent_at_dose(dose_gy)


def test_achievements_are_read_from_a_histogram_in_the_unit_of_the_limit() -> None:
    values = {
        goal.key.split("#")[1]: achieved(goal, FlatDvh(), prescription_gy=120.0).value
        for goal in load_pack("abs/prostate_permanent_2012").goals
    }
    assert values == {
        "urethra-d5": 125.0,
        "urethra-d30": 125.0,
        "target-v100": 100.0,
        "target-d90": 125.0,
        "target-v150": 0.0,
        "rectum-v100": 100.0,
    }


def test_a_pack_outside_its_days_is_refused() -> None:
    pack = load_pack("abs/prostate_permanent_2012")
    pack.require_valid(date(2024, 5, 1))
    with pytest.raises(RuleError, match="2012-01-01"):
        pack.require_valid(date(2011, 12, 31))


def test_an_unknown_pack_or_clause_is_refused_with_what_there_is() -> None:
    with pytest.raises(RuleError, match="abs/prostate_permanent_2012"):
        load_pack("abs/breast")
    with pytest.raises(RuleError, match="urethra-d5"):
        load_pack("abs/prostate_permanent_2012").clause("bladder")


def _copy(folder: Path, repository: Path, **changes: tuple[str, str]) -> Path:
    original = repository / "src" / "trocar" / "rulepacks" / "published" / "prostate_preplan_2013"
    folder = folder / "hospital" / "own"
    folder.mkdir(parents=True)
    for name in ("pack", "clauses", "situations"):
        text = (original / f"{name}.yaml").read_text(encoding="utf-8")
        old, new = changes.get(name, ("", ""))
        (folder / f"{name}.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_department_reads_its_own_pack_from_a_folder(tmp_path: Path, repository: Path) -> None:
    folder = _copy(tmp_path, repository, clauses=("at_least: 95", "at_least: 92"))
    pack = read_pack(folder)
    assert pack.key == "hospital/own"
    assert pack.goals[0].limit == 92.0
    assert pack.goals[0].key == "hospital/own#target-v100"


@pytest.mark.parametrize(
    "change",
    [
        {"clauses": ("metric: V100", "metric: W100")},
        {"clauses": ("at_least: 95", "at_least: 95, at_most: 99")},
        {"clauses": ("structure: target", "structure: kidney")},
        {"clauses": ("source: REGISTER2013", "source: NOBODY")},
        {"clauses": ("confidence: found", "confidence: sure")},
        {"clauses": ('unit: "%"', "unit: Gy")},
        {"pack": ("valid_from: 2013-03-01", "valid_from: some day")},
        {"pack": ("issuer:", "publisher:")},
        {"situations": ("prescription_gy: 145", "prescription_gy: much")},
    ],
)
def test_a_pack_that_says_something_impossible_is_refused(
    tmp_path: Path, repository: Path, change: dict[str, tuple[str, str]]
) -> None:
    folder = _copy(tmp_path, repository, **change)
    with pytest.raises(RuleError) as caught:
        read_pack(folder)
    assert caught.value.code == "rules.pack-impossible"


def test_a_missing_or_broken_file_is_named(tmp_path: Path, repository: Path) -> None:
    folder = _copy(tmp_path, repository)
    (folder / "clauses.yaml").write_text("- id: [", encoding="utf-8")
    with pytest.raises(RuleError, match=r"clauses\.yaml"):
        read_pack(folder)
    (folder / "clauses.yaml").unlink()
    with pytest.raises(RuleError, match=r"clauses\.yaml"):
        read_pack(folder)
