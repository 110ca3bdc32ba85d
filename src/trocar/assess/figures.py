"""Counts, rates and fractions of a sentence, with what they count and over which time."""

import re
from dataclasses import dataclass
from itertools import pairwise

from trocar.assess.numbers import NUMBER, number_of, percents_in
from trocar.assess.script import Sentence
from trocar.assess.spans import Span, spans_in

_CASES = re.compile(
    rf"(?P<n>{NUMBER})\s*(?:余|多)?\s*(?P<unit>例次|例|人次|台次|位患者|名患者|个病例|份病例)(?!数|如|外|行|会|证|假)"
)
_FRACTION = re.compile(r"(?<![\d/.])(?P<n>\d+)\s*(?:例|人)?\s*/\s*(?P<of>\d+)\s*(?:例|人)?(?![\d/])")
_OUT_OF = re.compile(
    rf"(?P<of>{NUMBER})\s*(?:例次|例|人次|名|位)[^，。；\d]{{0,12}}(?:中|"
    rf"里)[^。；\d]{{0,16}}?(?P<n>{NUMBER})\s*(?:例次|例|人次|名|位)"
)
_RATE_NAME = re.compile(
    r"(?P<name>[一-鿿A-Za-z0-9+]{1,24}?(?:率|占比|比例|百分比|满意度))(?P<between>[^，。；%\d]{0,10}?)$"
)
_NO_CASE_RATE = re.compile(
    r"(?:剂量率|分辨率|频率|心率|功率|脉率|速率|效率|折射率|使用率|利用率|周转率|增长率|灌注率|曝光率|照射率|"
    r"采样率|死亡概率|均值|平均值|中位数)$"
)
_ASKED = re.compile(
    r"不低于|不少于|不得低于|至少|目标|标准为|要求|阈值|应达|须达|应当?为|≥|>=|大于|以上即|力争|争取|计划达到|拟|"
    r"将(?=[^，。]{0,12}(?:提高|提升|降低|达到))"
)
_CITED = re.compile(r"文献|研究显示|研究表明|指南|共识|报道|国内外|国际上|全国平均|同行|据统计")
_PART = re.compile(
    r"并发症|气胸|出血|咯血|感染|死亡|随访|验证|复发|进展|转移|好转|有效|缓解|完全|部分|稳定|男|女|左|右|失访|失败|"
    r"转院|"
    r"肺|肝|胰|肾|甲状腺|宫颈|纵隔|盆腔|胸壁|骨|脑|食管|直肠|前列腺|淋巴|头颈|乳腺|射频|微波|冷冻|激光|CR|PR|SD|PD|"
    r"其中|首例|门诊|急诊|会诊|疑难|重症|一级|二级|三级|四级|存活|生存|复查|未|补|抽查|检查|病历"
)
_DONE = re.compile(r"开展|完成|实施|施行|进行|治疗|收治|成功|累计|总计|共|手术|植入|消融|病例|例数|工作量|行")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCount:
    """How many cases a sentence speaks of.

    Parameters
    ----------
    value
        The number.
    sentence
        Where.
    span
        The time it is bound to; None where the sentence names none before it.
    is_total
        Whether it counts the technique as such, not a part of its cases.
    begins
        Where the number stands in the sentence.
    """

    value: int
    sentence: Sentence
    span: Span | None
    is_total: bool
    begins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate that a sentence claims.

    Parameters
    ----------
    name
        Such as 术后放射剂量验证率.
    percent
        Its value.
    sentence
        Where.
    fraction
        Numerator and denominator beside it; None for none.
    span
        The time it is bound to; None for none.
    """

    name: str
    percent: float
    sentence: Sentence
    fraction: tuple[int, int] | None
    span: Span | None


def case_counts(sentence: Sentence) -> list[CaseCount]:
    """Return the counts of cases in a sentence."""
    spans = spans_in(sentence.plain)
    found = []
    for match in _CASES.finditer(sentence.plain):
        value = number_of(match["n"])
        if value is None or value != int(value):
            continue
        clause = _clause_around(sentence.plain, match.start(), match.end())
        found.append(
            CaseCount(
                value=int(value),
                sentence=sentence,
                span=_span_for(spans, match.start(), match.end()),
                is_total=bool(_DONE.search(clause))
                and not _PART.search(_before_number(sentence.plain, match.start(), spans)),
                begins=match.start(),
            )
        )
    return found


def _clause_around(plain: str, begins: int, ends: int) -> str:
    start = max(plain.rfind(mark, 0, begins) for mark in "，,；;。（(") + 1
    stops = [place for place in (plain.find(mark, ends) for mark in "，,；;。）)") if place >= 0]
    return plain[start : min(stops, default=len(plain))]


def _before_number(plain: str, begins: int, spans: list[Span]) -> str:
    """Return what a clause says before its number; “of these” is left out where it only opens a stretch of time."""
    start = max(plain.rfind(mark, 0, begins) for mark in "，,；;。、（(") + 1
    opened = re.match(r"其中[:：]?\s*", plain[start:begins])
    if opened and any(each.begins == start + opened.end() for each in spans):
        start += opened.end()
    return plain[start:begins]


def _span_for(spans: list[Span], begins: int, ends: int) -> Span | None:
    before = [each for each in spans if each.ends <= begins]
    if before:
        return before[-1]
    after = [each for each in spans if each.begins >= ends]
    return after[0] if after else None


def rates_in(sentence: Sentence, around: str) -> list[Rate]:
    """Return the rates that a sentence claims of its own cases; aims, requirements and cited rates are no claims.

    Parameters
    ----------
    sentence
        Where to look.
    around
        Narrowed text of the neighbourhood, in which a numerator and denominator may stand.
    """
    plain = sentence.plain
    if _CITED.search(plain):
        return []
    spans = spans_in(plain)
    found = _rates_of_row(sentence)
    for percent, begins, ends in (*percents_in(plain), *_zeros_in(plain)):
        named = _RATE_NAME.search(plain[:begins])
        if (
            named is None
            or _NO_CASE_RATE.search(named["name"])
            or re.search("中位|均值|平均|标准差", named["between"])
            or _ASKED.search(_clause_around(plain, begins, ends))
        ):
            continue
        found.append(
            Rate(
                name=_short_name(named["name"]),
                percent=percent,
                sentence=sentence,
                fraction=_due_and_lost(plain, begins)
                or fraction_near(plain, begins, ends, percent, around)
                or _counted_beside(plain, named["name"]),
                span=_span_for(spans, begins, ends) or next(iter(spans_in(around)), None),
            )
        )
    return found


_ZERO = re.compile(r"(?<=率)(?:均)?(?:为|是)? ?(?P<zero>0|零)(?![\d.%/]|例|人)")
_DUE = re.compile(
    rf"应(?:随访|验证|复查|评价)\s*(?P<of>{NUMBER})\s*(?:例|人|名)[^。；\d]{{0,10}}?(?:失访|未|脱落)[^。；\d]{{0,6}}?"
    rf"(?P<lost>{NUMBER})\s*(?:例|人|名)[^。；\d]{{0,12}}$"
)


def _zeros_in(plain: str) -> list[tuple[float, int, int]]:
    """Return where a rate is said to be nought without a percent sign."""
    return [(0.0, match.start("zero"), match.end("zero")) for match in _ZERO.finditer(plain)]


def _due_and_lost(plain: str, begins: int) -> tuple[int, int] | None:
    """Return the pair of a rate before which stands who was due and who was lost: 应随访96例，失访4例，随访率……"""
    match = _DUE.search(plain[:begins])
    of, lost = (number_of(match["of"]), number_of(match["lost"])) if match else (None, None)
    return (int(of - lost), int(of)) if of and lost is not None and lost <= of else None


_ROW_NAME = re.compile(r"^(?:[\d.、\s]*)(?P<name>[^%]{2,30}?率)(?:\s*[（(][^）)]*[）)])?$")
_WHOLE_NUMBER = re.compile(r"^\d+$")


def _rates_of_row(sentence: Sentence) -> list[Rate]:
    """Return the rate of a table's row: its name in one cell, counts and percentage in others."""
    cells = cells_of(sentence.plain)
    named = next((match for cell in cells[:3] if (match := _ROW_NAME.match(cell))), None)
    shares = [percents_in(cell) for cell in cells[1:] if re.match(r"^\d+(?:\.\d+)?\s*%", cell)]
    if named is None or not shares or _NO_CASE_RATE.search(named["name"]):
        return []
    pairs = [pair for cell in cells[1:] for pair in fractions_in(cell)]
    wholes = [int(cell) for cell in cells[1:] if _WHOLE_NUMBER.match(cell)]
    pairs += [(n, of) for n, of in pairwise(wholes) if n <= of]
    return [
        Rate(
            name=_short_name(named["name"]),
            percent=shares[0][0][0],
            sentence=sentence,
            fraction=pairs[0] if pairs else None,
            span=next(iter(spans_in(sentence.plain)), None),
        )
    ]


def cells_of(plain: str) -> list[str]:
    """Return the cells of a table's row; none where a text is no row.

    Examples
    --------
    >>> cells_of("| 验证率 | 80 | 97 | 82.5% |"), cells_of("验证率82.5%。")
    (['验证率', '80', '97', '82.5%'], [])
    """
    cells = [cell.strip() for cell in re.split(r"[|\t　]+", plain.strip().strip("|"))]
    return cells if len(cells) > 2 else []


def _counted_beside(plain: str, name: str) -> tuple[int, int] | None:
    """Return the pair that a sentence counts of the very thing whose rate it gives: 86例中完成验证70例，验证率……"""
    stem = name.removesuffix("率")[-2:]
    for match in _OUT_OF.finditer(plain):
        n, of = number_of(match["n"]), number_of(match["of"])
        if stem in match.group() and n is not None and of is not None and n <= of:
            return int(n), int(of)
    return None


def _short_name(name: str) -> str:
    return re.sub(r"^.*?(?:本年度|年度|期间|本年|其中|同期|本科|我科|我院|患者的?|总体|的)(?=..)", "", name)


def fraction_near(plain: str, begins: int, ends: int, percent: float, around: str) -> tuple[int, int] | None:
    """Return numerator and denominator that belong to a percentage: beside it, or the pair nearby that gives it."""
    beside = plain[max(0, begins - 40) : ends + 30]
    pairs = [*fractions_in(beside), *fractions_in(around)]
    fitting = [pair for pair in pairs if fits(pair, percent)]
    if fitting:
        return fitting[0]
    close = fractions_in(plain[max(0, begins - 4) : ends + 16])
    return close[0] if close else None


def fits(pair: tuple[int, int], percent: float) -> bool:
    """Whether a fraction gives a percentage, as far as that was rounded.

    Examples
    --------
    >>> fits((165, 203), 81.0), fits((160, 203), 81.0), fits((3, 412), 0.5), fits((3, 412), 0.7)
    (True, False, False, True)
    """
    n, of = pair
    step = 10.0 ** -min(_decimals(percent), 2)
    return of > 0 and abs(100.0 * n / of - percent) <= 0.6 * step + 0.05 * (step < 1.0)


def _decimals(value: float) -> int:
    return len(f"{value:g}".partition(".")[2])


def fractions_in(plain: str) -> list[tuple[int, int]]:
    """Return the pairs n of N in a narrowed text: 165/203, 203例中165例, 应验证203例，已验证165例."""
    found = [
        (int(match["n"]), int(match["of"]))
        for match in _FRACTION.finditer(plain)
        if int(match["n"]) <= int(match["of"])
    ]
    for match in _OUT_OF.finditer(plain):
        n, of = number_of(match["n"]), number_of(match["of"])
        if n is not None and of is not None and n <= of:
            found.append((int(n), int(of)))
    counts = [number_of(match["n"]) for match in _CASES.finditer(plain)]
    whole = [int(each) for each in counts if each is not None and each == int(each)]
    found += [(n, of) for n in whole for of in whole if n < of]
    return found
