"""Claims of all cases, or of none, against what the report counts."""

import re
from collections.abc import Iterator

from trocar.assess.check_figures import FEWEST, rates_of, totals
from trocar.assess.faults import ACTION, fault, said
from trocar.assess.figures import case_counts, fractions_in, rates_in
from trocar.assess.numbers import NUMBER, number_of
from trocar.assess.script import Script, Sentence
from trocar.assess.spans import spans_in
from trocar.assess.topics import claims_all, claims_practice, is_demand, is_promise, topics_of
from trocar.department.contradictions import Contradiction


def universal_against_rate(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed where a number says that it was not all."""
    short = [(each, what, value) for each in script.sentences for what, value in _shortfalls(each, script)]
    told: set[tuple[str, str]] = set()
    for claim in script.body:
        if is_promise(claim.plain) or is_demand(claim.plain) or not (claims_all(claim) or claims_practice(claim)):
            continue
        for sentence, topic, value in short:
            same = claim.technique is None or sentence.technique is None or claim.technique is sentence.technique
            if topic not in topics_of(claim.plain) or not same or (topic, claim.text) in told or sentence is claim:
                continue
            told.add((topic, claim.text))
            yield claimed_of_all((claim, sentence), value=value)


def claimed_of_all(sentences: tuple[Sentence, ...], *, value: str) -> Contradiction:
    """Return the fault of a claim of all cases beside a sentence that counts fewer."""
    return fault(
        "universal-against-rate",
        ACTION,
        sentences,
        why=said(
            "assess.why-universal",
            "the first sentence speaks of all cases, the second says {value}: it was not all",
            value=value,
        ),
        settle=said(
            "assess.settle-universal",
            "the number of cases in which it was done, and by name those in which it was not",
        ),
    )


_EXCEPTIONS = {"随访": "失访|脱落"}


def full_rate_with_exceptions(script: Script) -> Iterator[Contradiction]:
    """A rate of 100 % stands beside cases in which it was not so."""
    for rate in rates_of(script):
        stem = rate.name.removesuffix("率")[-2:]
        words = "|".join(filter(None, (_EXCEPTIONS.get(stem), rf"未(?:能|及时)?[^，。；\d]{{0,5}}{stem}")))
        unit = r"\s*(?:例|人|名)"
        pattern = (
            rf"(?:{words})[^，。；\d]{{0,6}}?(?P<n>{NUMBER}){unit}|(?P<m>{NUMBER}){unit}[^，。；\d]{{0,4}}(?:{words})"
        )
        for match in re.finditer(pattern, script.near(rate.sentence, before=0, after=1)):
            value = number_of(match["n"] or match["m"])
            if rate.percent >= 100 and value:
                yield not_all((rate.sentence,), value=f"{match.group().strip()}")
                break
        else:
            exception = _EXCEPT.search(rate.sentence.plain.partition("率")[2])
            if rate.percent >= 100 and exception:
                yield not_all((rate.sentence,), value=exception.group().strip("，；"))


_EXCEPT = re.compile(
    rf"[，；](?:但|其中|仅)?\s*{NUMBER}\s*(?:例|名|人)[^，。；]{{0,14}}?(?:尚未|未能|没有|未(?!见|出现|发生|发现|复发))[^，。；]*"
)


def fewer_papers_than_cases(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed to have a paper, and fewer such papers are counted than cases."""
    for claim in script.body:
        full = any(rate.percent >= 100 for rate in rates_in(claim, ""))
        if is_promise(claim.plain) or is_demand(claim.plain) or not (full or _ALL_IN_WORDS.search(claim.plain)):
            continue
        known = {each.value for each in totals(script) if claim.technique in {None, each.sentence.technique}}
        for match in _PAPERS.finditer(script.near(claim, before=0, after=1)):
            value = number_of(match["n"] or match["m"])
            about = topics_of(claim.plain) & topics_of(match.group())
            if len(known) == 1 and value and FEWEST <= value < next(iter(known)) and about:
                yield not_all((claim,), value=match.group())
                break


_PAPERS = re.compile(
    rf"(?:同意书|记录|讨论|计划|病历)[^，。；\d]{{0,8}}(?P<n>{NUMBER})\s*份(?:病历|同意书)?|"
    rf"(?P<m>{NUMBER})\s*份[^，。；]{{0,6}}(?:同意书|记录|计划|病历)"
)


def all_claimed_but_fewer_counted(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed, and the same sentence counts fewer than the report has."""
    for claim in script.body:
        if is_promise(claim.plain) or not claims_all(claim):
            continue
        known = {each.value for each in totals(script) if each.sentence.technique is claim.technique}
        for count in case_counts(claim):
            clause = next(
                (each for each in claim.clauses if re.search(rf"{NUMBER}\s*例", each) and topics_of(each)), ""
            )
            fewer = len(known) == 1 and count.value < next(iter(known)) and not count.is_total
            if fewer and clause and "其中" not in clause:
                yield not_all((claim,), value=f"{count.value}/{next(iter(known))}")
                break


_BUT_SOME = re.compile(
    rf"(?:仅有?|只有|但|尚有|另有|其中|有|^|[，。；])[^，。；\d]{{0,10}}?(?P<n>{NUMBER})\s*(?:例|人|名)[^，。；]{{0,14}}?"
    rf"(?:尚?未(?!见|出现|发生|发现|复发)|没有|缺|漏|无(?!并发|死亡|复发|出血|气胸|不良|症状|一例|明显|特殊))"
)


def all_claimed_but_some_not(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed, and the same sentence or the next names some in which it was not so."""
    for claim in script.body:
        if is_promise(claim.plain) or is_demand(claim.plain) or not _ALL_IN_WORDS.search(claim.plain):
            continue
        for match in _BUT_SOME.finditer(script.near(claim, before=0, after=1)):
            rest = _CLAUSE_END.split(script.near(claim, before=0, after=1)[match.start() :].lstrip("，。；"))[0]
            if topics_of(claim.plain) & topics_of(rest):
                yield not_all((claim,), value=rest)
                break


_ALL_IN_WORDS = re.compile(r"全部(?!门|位)|所有|每(?:一)?例|逐例|均(?!等|可|值|匀)")
_CLAUSE_END = re.compile(r"[，。；]")


def not_all(sentences: tuple[Sentence, ...], *, value: str) -> Contradiction:
    """Return the fault of a claim of all cases that counts fewer itself."""
    return fault(
        "universal-against-rate",
        ACTION,
        sentences,
        why=said(
            "assess.why-not-all", "all cases are claimed, and beside it stands “{value}”: it was not all", value=value
        ),
        settle=said(
            "assess.settle-universal",
            "the number of cases in which it was done, and by name those in which it was not",
        ),
    )


def _shortfalls(sentence: Sentence, script: Script) -> Iterator[tuple[str, str]]:
    """Yield topic and value of each number in a sentence that is less than all."""
    for rate in rates_in(sentence, script.near(sentence)):
        if rate.percent < 100:
            for topic in topics_of(
                rate.name + sentence.plain[: sentence.plain.find(rate.name) + len(rate.name)]
            ) & _topics_of_rate(rate.name):
                yield topic, f"{rate.percent:g} %"
    if not rates_in(sentence, ""):
        for clause in sentence.clauses:
            for n, of in fractions_in(clause):
                if 0 < n < of:
                    for topic in topics_of(clause):
                        yield topic, f"{n}/{of}"


_RATE_WORDS = {
    "verification": "验证",
    "planning": "计划",
    "consent": "同意",
    "follow-up": "随访",
    "monitoring": "监",
    "indication": "指征|适应",
    "response": "评[价估]",
    "training": "培训",
    "pathology": "病理|活检|诊断",
    "discussion": "讨论|MDT|多学科",
    "traceability": "追溯|条码",
    "assay": "检",
    "reporting": "报",
    "guidance": "引导",
    "survey": "巡测|清点",
    "connection": "联网|接入|连接|覆盖",
    "checks": "检|校",
    "records": "病历|记录",
}


def _topics_of_rate(name: str) -> frozenset[str]:
    return frozenset(topic for topic, pattern in _RATE_WORDS.items() if re.search(pattern, name))


_NONE = re.compile(
    r"(?:无|未|没有|零)(?:一例)?(?:发生|出现|见)?[^，。；]{0,8}?(?P<what>并发症(?!相关)|死亡|感染|气胸|出血|粒子(?:丢失|"
    r"遗失)|遗失|医疗事故|不良事件)"
)
_SOME = re.compile(
    rf"(?P<what>并发症|死亡|感染|气胸|出血|粒子丢失|遗失|医疗事故|"
    rf"不良事件)[^，。；\d无未]{{0,8}}?(?P<n>{NUMBER})\s*(?:例|人|起|颗|粒|次)|(?P<m>{NUMBER})\s*(?:例|人|"
    rf"起)(?:患者)?(?:出现|发生|并发|因)?[^，。；\d无未]{{0,6}}?(?P<that>并发症|死亡|感染|气胸|出血)"
)
_GRADED = re.compile(
    r"严重|重度|主要|大|围手术期|30\s*[天日]|三十[天日]|术中|院内|手术相关|并发症相关|治疗相关|操作相关|Ⅲ|III|[3-5三四五]级"
)


def none_but_some(script: Script) -> Iterator[Contradiction]:
    """Nothing of a kind is said to have happened, and elsewhere it is counted."""
    for denial in script.body:
        for match in _NONE.finditer(denial.plain):
            if _GRADED.search(denial.plain[max(0, match.start() - 6) : match.end()]):
                continue
            what = "遗失" if "遗失" in match["what"] or "丢失" in match["what"] else match["what"]
            for sentence in script.body:
                n = _counted(sentence.plain[match.end() if sentence is denial else 0 :], what)
                same = sentence.technique is denial.technique
                if n and same and (sentence is denial or not _different_time(sentence, denial)):
                    yield denied((denial, sentence), what=match["what"], n=n)
                    break


_EARLY = re.compile(
    r"30\s*[天日]内[^，。；]{0,4}(?:无|未|没有)[^，。；]{0,4}死亡|30\s*[天日][^，。；]{0,4}死亡(?:率)?(?:为)?\s*0(?![\d.])"
)
_DIED_ON = re.compile(r"术后第?\s*(?P<day>\d{1,2})\s*[天日](?!内|之内|以内)[^，。；]{0,16}死亡(?!率)")


def early_death_denied(script: Script) -> Iterator[Contradiction]:
    """No death within thirty days is claimed, and a death on an earlier day is told."""
    for denial in script.body:
        if not _EARLY.search(denial.plain):
            continue
        for sentence in script.body:
            died = _DIED_ON.search(sentence.plain)
            if died and int(died["day"]) <= 30 and sentence.technique is denial.technique:
                yield denied((denial, sentence), what="死亡", n=1)
                return


def denied(sentences: tuple[Sentence, ...], *, what: str, n: int) -> Contradiction:
    """Return the fault of an event that is denied and counted."""
    return fault(
        "none-but-some",
        ACTION,
        sentences,
        why=said(
            "assess.why-none-but-some", "the first sentence denies “{what}”, the second counts {n}", what=what, n=n
        ),
        settle=said("assess.settle-events", "the list of events with date, grade and outcome"),
    )


def _counted(plain: str, what: str) -> int:
    parts = {"并发症": "并发症|气胸|出血|感染", "遗失": "遗失|丢失"}.get(what, what)
    for match in _SOME.finditer(plain):
        value = number_of(match["n"] or match["m"])
        if value and value >= 1 and re.search(parts, match["what"] or match["that"]):
            return int(value)
    return 0


def _different_time(one: Sentence, two: Sentence) -> bool:
    first, second = spans_in(one.plain), spans_in(two.plain)
    return bool(first and second and not first[0].overlaps(second[0]))
