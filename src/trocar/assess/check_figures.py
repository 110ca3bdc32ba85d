"""Counts, rates and periods that contradict each other."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from trocar.assess.faults import ACTION, ATTENTION, fault, said
from trocar.assess.figures import CaseCount, Rate, case_counts, fits, rates_in
from trocar.assess.numbers import NUMBER, number_of
from trocar.assess.script import Script, Sentence
from trocar.assess.spans import SINCE_MONTHS, Span, spans_in
from trocar.department.contradictions import Contradiction
from trocar.messages import Message

FEWEST = 5
"""Counts below this are alike by chance too often to be compared."""

FEWEST_LISTED = 3
"""A sentence with fewer kinds of cases is no list of all of them."""


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
            if _WHOLLY.search(match.group()) and len(values) > 1 and sum(values) < whole:
                yield falls_short(sentence, parts=values, whole=whole)
            values = _one_division(values, whole)
            if len(values) < 2 or sum(values) <= whole:
                continue
            if any(value == sum(others) for value, others in _each_and_others(values)):
                continue
            yield exceeds((sentence,), parts=values, whole=whole)


_WHOLLY = re.compile(r"分别为|分布为|构成为")
"""Words that give all parts of a number, where “of these” may give some."""


def falls_short(sentence: Sentence, *, parts: list[float], whole: float) -> Contradiction:
    """Return the fault of parts that are all there are, and are less than their whole."""
    return fault(
        "parts-short-of-whole",
        ATTENTION,
        (sentence,),
        why=said(
            "assess.why-parts-short",
            "the parts {parts} add up to {sum}, less than the {whole} that they are all the parts of",
            parts=" + ".join(f"{value:g}" for value in parts),
            sum=f"{sum(parts):g}",
            whole=f"{whole:g}",
        ),
        settle=said("assess.settle-table", "a table of the parts with its sum, from the list of cases or the roster"),
    )


def exceeds(sentences: tuple[Sentence, ...], *, parts: list[float], whole: float) -> Contradiction:
    """Return the fault of parts that add up to more than their whole."""
    return fault(
        "parts-exceed-whole",
        ACTION,
        sentences,
        why=said(
            "assess.why-parts-exceed",
            "the parts {parts} add up to {sum}, more than the {whole} they are parts of",
            parts=" + ".join(f"{value:g}" for value in parts),
            sum=f"{sum(parts):g}",
            whole=f"{whole:g}",
        ),
        settle=said("assess.settle-table", "a table of the parts with its sum, from the list of cases or the roster"),
    )


_SHARE = re.compile(rf"[^，。；、\d]{{1,16}}?(?P<n>{NUMBER})\s*(?:例次|例|人次|名)(?:[（(][^）)]*[）)])?")


def listed_parts_exceed_whole(script: Script) -> Iterator[Contradiction]:
    """A sentence that only lists kinds of cases adds up to more than the count before it."""
    for before, listing in pairwise(script.body):
        shares = [_SHARE.fullmatch(each) for each in re.split(r"[，、；]", listing.plain.strip().rstrip("。；;"))]
        counts = [each for each in case_counts(before) if each.is_total]
        if len(shares) < FEWEST_LISTED or not counts or listing.place - before.place > 1:
            continue
        values = [number_of(each["n"]) or 0.0 for each in shares if each is not None]
        whole = max(each.value for each in counts)
        if len(values) == len(shares) and sum(_one_division(values, whole)) > whole:
            yield exceeds((before, listing), parts=values, whole=whole)


_TAKEN = re.compile(
    rf"(?:领用|领取|领出|出库|取用|领[^，。；\d]{{0,4}}粒子)[^，。；\d]{{0,6}}(?P<n>{NUMBER})\s*(?:颗|粒|枚)"
)
_IMPLANTED = re.compile(rf"(?:植入|使用)(?:粒子)?[^，。；\d]{{0,4}}(?P<n>{NUMBER})\s*(?:颗|粒|枚)")
_BACK = re.compile(
    rf"(?:退库|退回|归还|回收|剩余|报废|废弃|丢失|遗失|损坏)[^，。；\d]{{0,6}}(?P<n>{NUMBER})\s*(?:颗|粒|枚)"
)


def seeds_out_of_balance(script: Script) -> Iterator[Contradiction]:
    """Seeds taken are not those implanted and those given back."""
    for sentence in script.body:
        taken, implanted = _TAKEN.search(sentence.plain), _IMPLANTED.search(sentence.plain)
        back = [number_of(each["n"]) or 0.0 for each in _BACK.finditer(sentence.plain)]
        out = number_of(taken["n"]) if taken else None
        used = number_of(implanted["n"]) if implanted else None
        if out and used and back and out != used + sum(back):
            yield fault(
                "seeds-out-of-balance",
                ACTION,
                (sentence,),
                why=said(
                    "assess.why-seeds",
                    "{taken:g} seeds were taken; {implanted:g} implanted and {back:g} given back or lost make {sum:g}",
                    taken=out,
                    implanted=used,
                    back=sum(back),
                    sum=used + sum(back),
                ),
                settle=said("assess.settle-seeds", "the ledger of seeds: every seed taken, implanted, returned, lost"),
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
    known = totals(script)
    for rate in rates_of(script):
        if rate.fraction is not None or _counted_of_all(rate, known):
            continue
        period = (
            said("assess.no-period", "no period is given either")
            if rate.span is None
            else said("assess.a-period", "its period would be “{span}”", span=rate.span.text)
        )
        yield lacks_counts(rate.sentence, name=rate.name, percent=rate.percent, period=period)


def _counted_of_all(rate: Rate, known: list[CaseCount]) -> bool:
    """Whether the sentence of a rate counts the cases that give it among all of its technique."""
    wholes = {each.value for each in known if each.sentence.technique is rate.sentence.technique}
    return any(
        fits((count.value, whole), rate.percent)
        for count in case_counts(rate.sentence)
        for whole in wholes
        if count.value < whole
    )


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
