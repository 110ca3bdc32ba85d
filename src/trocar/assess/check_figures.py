"""Counts, rates and periods that contradict each other."""

import re
from collections.abc import Iterator
from itertools import combinations

from trocar.assess.faults import ACTION, ATTENTION, fault, said
from trocar.assess.figures import CaseCount, Rate, case_counts, fits, fractions_in, rates_in
from trocar.assess.numbers import NUMBER, number_of
from trocar.assess.script import Script, Sentence
from trocar.assess.spans import SINCE_MONTHS, Span, spans_in
from trocar.assess.topics import claims_all, claims_practice, is_promise, topics_of
from trocar.department.contradictions import Contradiction
from trocar.messages import Message

FEWEST = 5
"""Counts below this are alike by chance too often to be compared."""


def totals(script: Script) -> list[CaseCount]:
    """Return the counts of the technique as such, each bound to a time."""
    return [
        count
        for sentence in script.sentences
        for count in case_counts(sentence)
        if count.is_total and count.span is not None and count.value >= FEWEST
    ]


def _pairs(script: Script) -> Iterator[tuple[CaseCount, CaseCount]]:
    for one, two in combinations(totals(script), 2):
        if one.sentence.technique is two.sentence.technique:
            yield one, two


def one_count_two_periods(script: Script) -> Iterator[Contradiction]:
    """One number stands for a long time and for a part of it."""
    told: set[tuple[int, object]] = set()
    for one, two in _pairs(script):
        long, short = _long_and_short(one, two)
        if long is None or short is None or long.value != short.value or (long.value, long.sentence.technique) in told:
            continue
        told.add((long.value, long.sentence.technique))
        assert long.span is not None
        assert short.span is not None
        yield same_count((one.sentence, two.sentence), n=long.value, long=long.span.text, short=short.span.text)


def same_count(sentences: tuple[Sentence, ...], *, n: int, long: str, short: str) -> Contradiction:
    """Return the fault of one count that stands for a long time and for a part of it."""
    return fault(
        "one-count-two-periods",
        ACTION,
        sentences,
        why=said(
            "assess.why-one-count-two-periods",
            "the same count of {n} stands for “{long}” and for “{short}”, which is only a part of it; unless nothing "
            "was done in the rest, one of the two is wrong",
            n=n,
            long=long,
            short=short,
        ),
        settle=said("assess.settle-count-list", "the list of cases with their dates, counted once for each period"),
    )


def part_larger_than_whole(script: Script) -> Iterator[Contradiction]:
    """A part of a time has more cases than the whole."""
    for one, two in _pairs(script):
        long, short = _long_and_short(one, two)
        if long is None or short is None or long.value >= short.value:
            continue
        assert long.span is not None
        assert short.span is not None
        yield fault(
            "part-larger-than-whole",
            ACTION,
            (one.sentence, two.sentence),
            why=said(
                "assess.why-part-larger",
                "“{short}” has {more} cases, the longer “{long}” that holds it only {less}",
                short=short.span.text,
                more=short.value,
                long=long.span.text,
                less=long.value,
            ),
            settle=said("assess.settle-count-list", "the list of cases with their dates, counted once for each period"),
        )


def _long_and_short(one: CaseCount, two: CaseCount) -> tuple[CaseCount | None, CaseCount | None]:
    """Return the count of the longer time and that of a time within it; None where they are not so."""
    if one.span is None or two.span is None or one.span.same_as(two.span) or not one.span.overlaps(two.span):
        return None, None
    if one.span.contains(two.span):
        return one, two
    return (two, one) if two.span.contains(one.span) else (None, None)


def two_counts_one_period(script: Script) -> Iterator[Contradiction]:
    """Two numbers stand for the cases of one time."""
    told: set[frozenset[int]] = set()
    for one, two in _pairs(script):
        assert one.span is not None
        assert two.span is not None
        pair = frozenset({one.value, two.value})
        exact = one.span.start is not None and two.span.start is not None
        if len(pair) == 1 or not exact or pair in told or not one.span.same_as(two.span):
            continue
        if (one.sentence is two.sentence and one.span == two.span) or _unit_differs(one, two):
            continue
        told.add(pair)
        yield fault(
            "two-counts-one-period",
            ACTION,
            (one.sentence, two.sentence),
            why=said(
                "assess.why-two-counts",
                "for “{span}” the report counts {one} cases in one place and {two} in another",
                span=one.span.text,
                one=one.value,
                two=two.value,
            ),
            settle=said("assess.settle-count-list", "the list of cases with their dates, counted once for each period"),
        )


def _unit_differs(one: CaseCount, two: CaseCount) -> bool:
    """Whether one counts patients and the other procedures, which may well differ."""

    def unit(count: CaseCount) -> str:
        found = re.match(rf"{NUMBER}\s*(?:余|多)?\s*(例次|人次|台次|例|位|名)", count.sentence.plain[count.begins :])
        return {"例次": "p", "人次": "p", "台次": "p", "例": "c"}.get(found.group(1) if found else "", "u")

    return unit(one) != unit(two)


_WHOLE = re.compile(
    rf"(?P<whole>{NUMBER})\s*(?P<unit>例次|例|人次|名|位|张|台)[^。；]{{0,24}}?(?:其中|包括|分别为|分布为|构成为|"
    rf"病种为)[:，、：]?(?P<parts>[^。；]+)"
)


def parts_exceed_whole(script: Script) -> Iterator[Contradiction]:
    """The parts of a number add up to more than it."""
    for sentence in script.sentences:
        for match in _WHOLE.finditer(sentence.plain):
            whole = number_of(match["whole"])
            values = _parts(match["parts"], match["unit"])
            if whole is None:
                continue
            values = _one_division(values, whole)
            if len(values) < 2 or sum(values) <= whole:
                continue
            if any(value == sum(others) for value, others in _each_and_others(values)):
                continue
            yield fault(
                "parts-exceed-whole",
                ACTION,
                (sentence,),
                why=said(
                    "assess.why-parts-exceed",
                    "the parts {parts} add up to {sum}, more than the {whole} they are parts of",
                    parts=" + ".join(f"{value:g}" for value in values),
                    sum=f"{sum(values):g}",
                    whole=f"{whole:g}",
                ),
                settle=said(
                    "assess.settle-table", "a table of the parts with its sum, from the list of cases or the roster"
                ),
            )


def _parts(text: str, unit: str) -> list[float]:
    found = re.finditer(rf"(?P<n>{NUMBER})\s*(?:{unit}|例|名|位|人|张|台)(?!中|里|以上)", text)
    return [value for value in (number_of(each["n"]) for each in found) if value is not None]


def _one_division(values: list[float], whole: float) -> list[float]:
    """Return the parts that are left after every complete division: 男110例，女93例，then diagnoses."""
    kept: list[float] = []
    for value in values:
        kept.append(value)
        if sum(kept) == whole:
            kept = []
    return kept


def _each_and_others(values: list[float]) -> Iterator[tuple[float, list[float]]]:
    """Yield each value with those after it: a part may itself be divided further on."""
    for place, value in enumerate(values):
        for stop in range(place + 2, len(values) + 1):
            yield value, values[place + 1 : stop]


def rates_of(script: Script) -> list[Rate]:
    """Return every rate the report claims."""
    return [rate for each in script.sentences for rate in rates_in(each, script.near(each))]


def rate_without_counts(script: Script) -> Iterator[Contradiction]:
    """A rate stands without the numbers it was computed from."""
    for rate in rates_of(script):
        if rate.fraction is not None:
            continue
        period = (
            said("assess.no-period", "no period is given either")
            if rate.span is None
            else said("assess.a-period", "its period would be “{span}”", span=rate.span.text)
        )
        yield lacks_counts(rate.sentence, name=rate.name, percent=rate.percent, period=period)


def lacks_counts(sentence: Sentence, *, name: str, percent: float, period: Message | None = None) -> Contradiction:
    """Return the fault of a rate without numerator and denominator."""
    return fault(
        "rate-without-counts",
        ACTION,
        (sentence,),
        why=said(
            "assess.why-rate-without-counts",
            "{name} of {percent:g} % has no numerator and denominator; {period}",
            name=name,
            percent=percent,
            period=period or said("assess.no-period", "no period is given either"),
        ),
        settle=said(
            "assess.settle-rate",
            "numerator, denominator and period, and by name the cases that are not in the numerator",
        ),
    )


def rate_differs_from_counts(script: Script) -> Iterator[Contradiction]:
    """A rate is not what its own counts give."""
    for rate in rates_of(script):
        if rate.fraction is None or fits(rate.fraction, rate.percent):
            continue
        yield differs(rate.sentence, name=rate.name, percent=rate.percent, counts=rate.fraction)


def differs(sentence: Sentence, *, name: str, percent: float, counts: tuple[int, int]) -> Contradiction:
    """Return the fault of a rate that its own counts do not give."""
    n, of = counts
    return fault(
        "rate-differs-from-counts",
        ACTION,
        (sentence,),
        why=said(
            "assess.why-rate-differs",
            "{name} is given as {percent:g} %, but {n} of {of} are {true:.1f} %",
            name=name,
            percent=percent,
            n=n,
            of=of,
            true=100.0 * n / of,
        ),
        settle=said(
            "assess.settle-rate",
            "numerator, denominator and period, and by name the cases that are not in the numerator",
        ),
    )


def universal_against_rate(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed where a number says that it was not all."""
    short = [(each, what, value) for each in script.sentences for what, value in _shortfalls(each, script)]
    told: set[tuple[str, str]] = set()
    for claim in script.body:
        if is_promise(claim.plain) or not (claims_all(claim) or claims_practice(claim)):
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


_AVERAGE = re.compile(rf"(?:年均|平均每年|每年平均)[^，。；\d]{{0,10}}?(?P<n>{NUMBER})\s*(?:余)?(?:例次|例|人次)")


def average_differs_from_count(script: Script) -> Iterator[Contradiction]:
    """The count of a year, times the years, is not the count of all years."""
    for sentence in script.body:
        match = _AVERAGE.search(sentence.plain)
        average = number_of(match["n"]) if match else None
        if match is None or not average:
            continue
        for count in case_counts(sentence):
            years = count.span.months / 12 if count.span is not None and count.span.months < SINCE_MONTHS else 0
            if (
                count.begins == match.start("n")
                or years < 1.5
                or abs(count.value - average * years) <= 0.1 * count.value + years
            ):
                continue
            yield fault(
                "one-count-two-periods" if count.value == average else "average-differs",
                ACTION,
                (sentence,),
                why=said(
                    "assess.why-average",
                    "{average:g} a year over {years:g} years would be {product:g}, the report counts {n}",
                    average=average,
                    years=years,
                    product=average * years,
                    n=count.value,
                ),
                settle=said(
                    "assess.settle-count-list", "the list of cases with their dates, counted once for each period"
                ),
            )
            break


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
    r"(?:无|未|没有|零)(?:一例)?(?:发生|出现|见)?[^，。；]{0,8}?(?P<what>并发症|死亡|感染|气胸|出血|粒子(?:丢失|"
    r"遗失)|遗失|医疗事故|不良事件)"
)
_SOME = re.compile(
    rf"(?P<what>并发症|死亡|感染|气胸|出血|粒子丢失|遗失|医疗事故|"
    rf"不良事件)[^，。；\d无未]{{0,8}}?(?P<n>{NUMBER})\s*(?:例|人|起|颗|粒|次)|(?P<m>{NUMBER})\s*(?:例|人|"
    rf"起)(?:患者)?(?:出现|发生|并发|因)?[^，。；\d无未]{{0,6}}?(?P<that>并发症|死亡|感染|气胸|出血)"
)
_GRADED = re.compile(
    r"严重|重度|主要|大|围手术期|30\s*[天日]|三十[天日]|术中|院内|手术相关|治疗相关|操作相关|Ⅲ|III|[3-5三四五]级"
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


def several_periods(script: Script) -> Iterator[Contradiction]:
    """Figures of the report stand for different times that overlap."""
    bound: list[tuple[Sentence, Span]] = []
    for sentence in script.sentences:
        counted = [each for each in case_counts(sentence) if each.is_total]
        if counted or (sentence.is_heading and re.search(r"20\d\d", sentence.plain)):
            bound += [(sentence, span) for span in spans_in(sentence.plain)]
    distinct: list[tuple[Sentence, Span]] = []
    for sentence, span in bound:
        if any(span.same_as(other) for _, other in distinct):
            continue
        distinct.append((sentence, span))
    clashing = [
        (sentence, span)
        for sentence, span in distinct
        if any(span is not other and span.overlaps(other) and not _is_trend(sentence) for _, other in distinct)
    ]
    if len(clashing) >= 2:
        yield periods_clash([each for each, _ in clashing], texts=[span.text for _, span in clashing])


def periods_clash(sentences: list[Sentence], *, texts: list[str]) -> Contradiction:
    """Return the fault of figures that stand for different times."""
    return fault(
        "several-periods",
        ATTENTION,
        sentences,
        why=said(
            "assess.why-several-periods",
            "the report counts over {n} different times: {spans}",
            n=len(texts),
            spans="、".join(texts),
        ),
        settle=said(
            "assess.settle-several-periods",
            "one reporting period with both days; other times only as a trend, labelled so",
        ),
    )


def _is_trend(sentence: Sentence) -> bool:
    """Whether a sentence sets several times beside each other on purpose."""
    return bool(re.search(r"同比|环比|比上年|较上年|较去年|逐年|趋势|增长|分别", sentence.plain))
