"""The checks over invented reports of different hospitals: what must be found, and that nothing else is."""

import time
from pathlib import Path

import pytest
import yaml

from trocar.assess.check import CHECKS, assess_document, contradictions_in
from trocar.assess.lexicon import entries, outdated
from trocar.assess.numbers import narrowed
from trocar.assess.script import script_of
from trocar.messages import Language
from trocar.results.findings import Severity

REPORTS = Path(__file__).parent / "reports"
EXPECTED: dict[str, list[str]] = yaml.safe_load((REPORTS / "expected.yaml").read_text("utf-8"))
LANGUAGE_PACK = Path(__file__).parents[2] / "src" / "trocar" / "rulepacks" / "trocar" / "report_language"
SECONDS_FOR_A_LONG_REPORT = 15.0
"""Several times what it takes; growth with the square of the length would take minutes."""


def _found(*paragraphs: str) -> set[str]:
    return {each.check for each in contradictions_in(script_of(paragraphs))}


@pytest.mark.parametrize("name", EXPECTED)
def test_exactly_the_faults_of_a_report_are_found(name: str) -> None:
    assessed = assess_document((REPORTS / name).read_bytes(), name=name)
    assert {each.check for each in assessed.contradictions} == set(EXPECTED[name])


def test_every_check_fires_on_some_report_and_stays_silent_on_another() -> None:
    named = {check for found in EXPECTED.values() for check in found}
    source = "".join(file.read_text("utf-8") for file in (REPORTS.parents[2] / "src/trocar/assess").glob("check_*.py"))
    assert not {check for check in named if f'"{check}"' not in source}
    assert len(CHECKS) == 43
    assert len(EXPECTED) >= 12
    assert sum(not found for found in EXPECTED.values()) >= 4


def test_each_finding_quotes_its_sentences_and_says_why_and_what_would_settle_it() -> None:
    name = "a-two-techniques.txt"
    text = (REPORTS / name).read_text("utf-8")
    for each in assess_document(text.encode(), name=name).contradictions:
        for quote in each.quotes:
            assert quote.text in text.splitlines()[quote.place - 1]
        for language in Language:
            assert each.why.text(language)
            assert each.settle.text(language)
        assert "{" not in each.why.text(Language.CHINESE)
        assert each.why.text() != each.why.text(Language.CHINESE)


def test_the_severest_findings_come_first() -> None:
    found = assess_document((REPORTS / "a-two-techniques.txt").read_bytes(), name="a").contradictions
    ranks = [list(Severity)[::-1].index(each.severity) for each in found]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("situation", yaml.safe_load((LANGUAGE_PACK / "situations.yaml").read_text("utf-8")))
def test_names_are_outdated_only_after_their_day(situation: dict[str, object]) -> None:
    text = narrowed(str(situation["text"]))
    found = [each.key for each in entries() if outdated(text, each, on=situation["day"]) is not None]  # type: ignore[arg-type]
    assert found == situation["found"]


@pytest.mark.parametrize("n", [64, 203, 1150])
@pytest.mark.parametrize(
    ("whole", "part"), [("近五年", "2022年5月-2023年5月"), ("5年以上来", "2022年度"), ("2019年至今", "2023年")]
)
def test_one_count_for_two_times_is_found_for_any_number_and_wording(n: int, whole: str, part: str) -> None:
    assert "one-count-two-periods" in _found(f"{whole}共完成粒子植入{n}例。", f"{part}我科实施粒子植入{n}例。")
    assert "one-count-two-periods" not in _found(f"{whole}共完成粒子植入{n + 60}例。", f"{part}我科实施粒子植入{n}例。")


def test_equal_counts_of_two_years_or_of_two_techniques_are_no_fault() -> None:
    assert _found("2021年完成粒子植入120例。", "2022年完成粒子植入120例。") == set()
    assert "one-count-two-periods" not in _found("近五年完成粒子植入88例。", "2023年完成微波消融88例。")


@pytest.mark.parametrize(
    "sentence",
    [
        "术后剂量验证率81%（165/203）。",
        "203例患者中165例完成术后剂量验证，验证率81%。",
        "应验证203例，实际验证165例，剂量验证率为81.3%。",
    ],
)
def test_a_rate_with_its_counts_is_no_fault(sentence: str) -> None:
    assert not {"rate-without-counts", "rate-differs-from-counts"} & _found(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["剂量率降低20%。", "心率恢复至基线的95%。", "文献报道有效率为80%～90%。", "随访率应不低于90%。", "V100为95%。"],
)
def test_percentages_that_count_no_own_cases_need_no_counts(sentence: str) -> None:
    assert "rate-without-counts" not in _found(sentence)


def test_a_division_complete_in_itself_may_be_followed_by_another() -> None:
    assert "parts-exceed-whole" not in _found("共治疗203例，其中男110例，女93例，肺癌90例，肝癌80例。")
    assert "parts-exceed-whole" in _found("共治疗203例，其中肺癌120例，肝癌60例，宫颈癌40例。")


def test_a_fragment_is_not_asked_for_what_may_stand_elsewhere() -> None:
    assessed = assess_document("术后剂量验证率81%。".encode(), name="x.txt")
    assert [each.check for each in assessed.contradictions] == ["rate-without-counts"]
    assert [each.code for each in assessed.remarks] == ["assess.fragment"]


def test_a_row_of_a_table_is_read_with_its_counts() -> None:
    assert _found("| 术后放射剂量验证率 | 97 | 97 | 100% |") == set()
    assert "rate-differs-from-counts" in _found("| 术后放射剂量验证率 | 80 | 97 | 92.5% |")
    assert "rate-differs-from-counts" in _found("随访率　131/152　91.4%")


@pytest.mark.parametrize(
    ("sentence", "faulty"),
    [
        ("近四年共完成粒子植入120例，年均30例。", False),
        ("近四年共完成粒子植入120例，年均60例。", True),
        ("2024年完成粒子植入120例。", False),
    ],
)
def test_an_average_of_years_comes_to_the_count_of_all(sentence: str, faulty: bool) -> None:
    assert ("average-differs" in _found(sentence)) == faulty


@pytest.mark.parametrize("exception", ["失访7例", "7例失访", "其中失访七例"])
def test_a_rate_of_all_beside_those_that_are_lost_is_a_fault(exception: str) -> None:
    assert "universal-against-rate" in _found(f"随访率100%，{exception}。")
    assert "universal-against-rate" not in _found("随访率100%（84/84）。")


def test_what_is_said_of_one_licence_is_not_said_of_the_next() -> None:
    one = "《放射诊疗许可证》：示例卫放证字（2021）第12号，有效期至2027年3月1日"
    assert "licence-incomplete" in _found(f"{one}、《辐射安全许可证》。")
    both = "《放射诊疗许可证》、《辐射安全许可证》编号分别为示例0012号、示例0013号，有效期均至2027年3月1日。"
    assert "licence-incomplete" not in _found(both)


def test_the_last_day_of_a_licence_is_the_second_of_its_two() -> None:
    text = "2024年完成粒子植入38例。《放射诊疗许可证》示例0012号，有效期2021年6月1日至{}年5月31日。"
    assert "licence-expired" not in _found(text.format(2026))
    assert "licence-expired" in _found(text.format(2023))


def test_a_report_as_long_as_a_book_is_gone_through_in_seconds() -> None:
    lines = [f"{number}号患者术后第{number % 90}天由随访护士记录第{number}次情况并登记在册。" for number in range(1500)]
    begun = time.process_time()
    assess_document("\n".join(lines).encode(), name="long.txt")
    assert time.process_time() - begun < SECONDS_FOR_A_LONG_REPORT


@pytest.mark.parametrize(
    ("check", "faulty", "sound"),
    [
        (
            "one-count-two-periods",
            "自2018年起，我科累计完成消融治疗412例，其中2023年度完成412例。",
            "自2018年起，我科累计完成消融治疗412例，其中2023年度完成96例。",
        ),
        (
            "parts-exceed-whole",
            "2023年共完成消融治疗412例。肝癌201例、肺癌118例、肾癌145例。",
            "2023年共完成消融治疗412例。肝癌201例、肺癌118例、肾癌45例。",
        ),
        ("rate-differs-from-counts", "严重并发症发生率0.5%（3/412）。", "严重并发症发生率0.7%（3/412）。"),
        ("rate-differs-from-counts", "应随访96例，失访4例，随访率97.5%。", "应随访96例，失访4例，随访率95.8%。"),
        (
            "universal-against-rate",
            "所有患者术前均经多学科讨论，仅有12例急诊患者未行讨论。",
            "所有患者术前均经多学科讨论，讨论记录412份，见附件3。",
        ),
        (
            "used-device-unconnected",
            "上述CT、超声除一台便携超声外均已接入PACS。",
            "上述CT、超声均已接入PACS。",
        ),
        (
            "device-lists-differ",
            "科室配备CT一台、彩超两台。消融主要在MRI引导下完成。",
            "科室配备CT一台、彩超两台。消融主要在超声引导下完成。",
        ),
        (
            "parts-short-of-whole",
            "消融医师4名，分别为主任医师1名、副主任医师1名、主治医师1名。",
            "消融医师4名，其中主任医师1名、副主任医师1名。",
        ),
        (
            "universal-against-rate",
            "2024年完成消融治疗88例。知情同意书80份，签署率100%。",
            "2024年完成消融治疗88例。知情同意书88份，签署率100%。",
        ),
        (
            "universal-against-rate",
            "个人剂量计佩戴率100%，3名护士尚未配发。",
            "随访率100%（88/88），3名患者未见复发。",
        ),
        (
            "none-but-some",
            "30天内无死亡病例，1例术后第9天死亡。",
            "30天内无死亡病例，1例术后第45天死亡。",
        ),
        ("rate-without-counts", "随访率92%。", "2024年完成消融治疗58例。严重并发症2例，发生率3.4%。"),
        ("beds-below-threshold", "麻醉恢复室设床位4张。", "麻醉恢复室设床位8张。"),
        (
            "seeds-out-of-balance",
            "全年领用粒子4 160颗，植入4 152颗，退库6颗。",
            "全年领用粒子4 160颗，植入4 152颗，退库8颗。",
        ),
        ("role-without-number", "配有护士若干名，详见附件2。", "配有护士6名，详见附件2。"),
        ("none-but-some", "全年未发生并发症。气胸7例。", "全年未发生并发症相关死亡。气胸7例。"),
    ],
)
def test_a_fault_is_told_from_what_only_sounds_like_it(check: str, faulty: str, sound: str) -> None:
    assert check in _found(faulty)
    assert check not in _found(sound)
