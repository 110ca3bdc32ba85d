"""What a whole report leaves out: indicators, date, signature, seal."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from trocar.assess.faults import ACTION, NOTE, fault, said
from trocar.assess.script import Script
from trocar.department.contradictions import Contradiction
from trocar.department.norms import Technique
from trocar.messages import Message

_SEED: Final[Mapping[str, tuple[Message, str]]] = {
    "indication": (
        said("assess.quantity-indication", "correct indication rate"),
        r"(?:指征|适应[证症])[^，。；]{0,8}(?:(?:正确|符合)率|\d+\s*/\s*\d)",
    ),
    "planning": (
        said("assess.quantity-planning", "rate of plans before the procedure"),
        r"(?:术前)?(?:治疗)?计划[^，。；]{0,6}率|计划[^，。；]{0,16}\d+\s*/\s*\d+|制[订定](?:治疗)?计划率",
    ),
    "verification": (
        said("assess.quantity-verification", "dose verification rate"),
        r"验证率|验证[^，。；]{0,12}\d+\s*(?:例|/|%)",
    ),
    "complications": (
        said("assess.quantity-complications", "complication rate"),
        r"并发症[^，。；]{0,10}(?:率|\d)|\d+\s*例[^，。；]{0,10}(?:并发症|气胸|出血)",
    ),
    "response": (said("assess.quantity-response", "effective rate"), r"有效率|缓解率|控制率|(?:CR|PR)\s*\d|客观缓解"),
    "deaths": (
        said("assess.quantity-deaths", "30-day mortality"),
        r"死亡率|死亡[^，。；]{0,8}\d|无[^，。；]{0,8}死亡|30\s*[天日][^，。；]{0,6}死亡",
    ),
    "follow-up": (
        said("assess.quantity-follow-up", "follow-up rate"),
        r"随访[^，。；]{0,4}率|随访[^，。；]{0,10}\d+\s*例|失访[^，。；]{0,6}\d",
    ),
    "survival": (said("assess.quantity-survival", "survival"), r"生存率|中位生存|\bOS\b|(?:存活|生存)[^，。；]{0,6}\d"),
}
_ABLATION: Final[Mapping[str, tuple[Message, str]]] = {
    "indication": _SEED["indication"],
    "completion": (
        said("assess.quantity-completion", "completion rate"),
        r"(?:消融)?(?:治疗)?完成率|完全消融[^，。；]{0,8}\d|完成消融[^，。；]{0,6}\d+\s*/",
    ),
    "control": (
        said("assess.quantity-control", "local control rate"),
        r"(?:局部)?(?:病灶)?(?:有效)?控制率|完全消融率|技术(?:成功|有效)率|完全消融[^，。；]{0,4}\d+\s*(?:/|例)",
    ),
    "complications": _SEED["complications"],
    "deaths": _SEED["deaths"],
    "follow-up": _SEED["follow-up"],
    "survival": _SEED["survival"],
}
REQUIRED: Final[Mapping[Technique, Mapping[str, tuple[Message, str]]]] = {
    Technique.SEED_IMPLANT: _SEED,
    Technique.ABLATION: _ABLATION,
}
"""Quantities that the 2022 indicator sets ask for, and how reports write them."""

_TECHNIQUE_NAMES = {
    Technique.SEED_IMPLANT: said("assess.seed-implant", "seed implantation"),
    Technique.ABLATION: said("assess.ablation", "ablation"),
}


def indicators_missing(script: Script) -> Iterator[Contradiction]:
    """Quality indicators that the norm asks for are not reported."""
    if not script.is_report:
        return
    for technique in Technique:
        if technique not in script.techniques:
            continue
        text = "\n".join(each.plain for each in script.of(technique))
        if len(text) < 150:
            continue
        yield from lacks_indicators(
            technique, text, {key: pattern for key, (_, pattern) in REQUIRED[technique].items()}
        )


def lacks_indicators(technique: Technique, text: str, patterns: Mapping[str, str]) -> Iterator[Contradiction]:
    """Yield the fault of indicators that a text on a technique does not report.

    Parameters
    ----------
    technique
        Of which the text speaks.
    text
        Narrowed.
    patterns
        How reports of the text's language write each quantity.
    """
    asked = REQUIRED[technique]
    missing = tuple(name for key, (name, _) in asked.items() if not re.search(patterns[key], text, re.IGNORECASE))
    if missing:
        yield fault(
            "indicators-missing",
            ACTION,
            (),
            why=said(
                "assess.why-indicators",
                "{technique}: {n} of {of} quality indicators are reported; missing: {missing}",
                technique=_TECHNIQUE_NAMES[technique],
                n=len(asked) - len(missing),
                of=len(asked),
                missing=missing,
            ),
            settle=said(
                "assess.settle-indicators",
                "each indicator with numerator, denominator and period; where one cannot be computed, the reason",
            ),
        )


_SIGNED = re.compile(r"签[字名章]|盖章|公章|负责人[:：]|填[报表]人|审核人|报告人|科主任[:：]|签发|批准人|编制人")
_DATED = re.compile(
    r"(?:日期|填报时间|报告时间|报告日期|填表日期)[:：]\s*\S*\d|20\d\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日\s*(?:[（(][^）)\n]{0,12}[）)]\s*)?$|"
    r"(?:签[字名]|[盖公]章|负责人)[^\n]{0,60}20\d\d\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|"
    r"20\d\d[.-]\d{1,2}[.-]\d{1,2}\s*$|二[〇零○O][一二三〇零○]{1}[一二三四五六七八九〇零○]年.{1,3}月.{1,3}日",
    re.MULTILINE,
)


def unsigned(script: Script) -> Iterator[Contradiction]:
    """A whole report has no date or no signature."""
    if not script.is_report:
        return
    yield from lacks_metadata(script.plain, dated=_DATED, signed=_SIGNED)


def lacks_metadata(plain: str, *, dated: re.Pattern[str], signed: re.Pattern[str]) -> Iterator[Contradiction]:
    """Yield the fault of a report without a date or a signer."""
    missing = tuple(
        part
        for part, pattern in (
            (said("assess.part-date", "the day it was made"), dated),
            (said("assess.part-signature", "signer or seal"), signed),
        )
        if not pattern.search(plain)
    )
    if missing:
        yield fault(
            "unsigned",
            NOTE,
            (),
            why=said("assess.why-unsigned", "the report does not show: {missing}", missing=missing),
            settle=said(
                "assess.settle-unsigned", "a report of its own for each technique, with number, day, signers and hash"
            ),
        )


def two_in_one(script: Script) -> Iterator[Contradiction]:
    """The assessments of both techniques stand in one file."""
    titles = [
        each for each in script.sentences if each.is_heading and re.search(r"情况|评估|报告|总结|自评", each.plain)
    ]
    seed = [each for each in titles if each.technique is Technique.SEED_IMPLANT]
    ablation = [each for each in titles if each.technique is Technique.ABLATION]
    if script.is_report and seed and ablation:
        yield fault(
            "two-in-one",
            NOTE,
            (seed[0], ablation[0]),
            why=said("assess.why-two-in-one", "two assessments stand in one file; each technique is filed by itself"),
            settle=said(
                "assess.settle-unsigned", "a report of its own for each technique, with number, day, signers and hash"
            ),
        )
