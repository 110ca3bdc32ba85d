"""Licences: named without number or last day, or ended before the time of which a report speaks."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from trocar.assess.check_norms import day_of
from trocar.assess.faults import ACTION, ATTENTION, fault, said
from trocar.assess.figures import cells_of
from trocar.assess.script import Script, Sentence
from trocar.department.contradictions import Contradiction

_LICENCE = re.compile(
    r"《?(?P<name>放射诊疗许可证|放射性药品使用许可证|辐射安全许可证|医疗机构执业许可证|大型医用设备配置许可证)》?"
)
_NUMBERED = re.compile(
    r"证号|许可证?号|编号|登记号|字第|字\s*[〔\[（(]|(?<=[一-鿿A-Za-z])(?<![至到自为从：])20\d\d-\d{1,6}(?![-\d])|[A-Za-z]?\[?(?<!\d)(?!20\d\d\s*[年./-])\d{4,}\]?号?|号[:：]"
)
_UNTIL = re.compile(
    r"有效期(?:限)?(?:自|从|为)?[:：]?\s*"
    r"(?:20\d\d\s*[年./-]\s*\d{1,2}(?:\s*[月./-]\s*(?:\d{1,2}\s*日?)?)?\s*(?:起)?\s*(?:至|到|[-—–~～]+)\s*)?"
    r"(?:至|到|截[至止]|[:：])?[^，。；]{0,20}?"
    r"(?P<y>20\d\d)\s*(?:年|[./-])\s*(?P<m>\d{1,2})(?:\s*(?:月|[./-])\s*(?P<d>\d{1,2}))?|"
    r"　(?P<y3>20\d\d)-(?P<m3>\d\d)-\d\d|至\s*(?P<y2>20\d\d)\s*(?:年|[./-])\s*(?P<m2>\d{1,2})"
)


def licence_incomplete(script: Script) -> Iterator[Contradiction]:
    """A licence is named without number or last day."""
    lacking: dict[str, Sentence] = {}
    complete: set[str] = set()
    for sentence in script.body:
        asked = re.search(r"应当?(?:取得|具有|具备)|须(?:取得|具有|持有)", sentence.plain)
        for match in _LICENCE.finditer(sentence.plain):
            own = _said_of(match, sentence, script)
            if _NUMBERED.search(own) and _UNTIL.search(own):
                complete.add(match["name"])
            elif not asked:
                lacking.setdefault(match["name"], sentence)
    lacking = {name: sentence for name, sentence in lacking.items() if name not in complete}
    if lacking:
        yield without_number_or_end(lacking)


def without_number_or_end(lacking: Mapping[str, Sentence]) -> Contradiction:
    """Return the fault of licences that are named without number or last day."""
    return fault(
        "licence-incomplete",
        ATTENTION,
        lacking.values(),
        why=said("assess.why-licence", "without number or last day of validity: {names}", names="、".join(lacking)),
        settle=said("assess.settle-licence", "number, scope, issue and last day of each licence, with a copy"),
    )


LISTED_WITHIN = 8
"""Letters between the names of two licences that are listed together, so that what follows is said of both."""


def _said_of(match: re.Match[str], sentence: Sentence, script: Script) -> str:
    """Return what is said of a licence: until the next is named, or its row of a table ends."""
    around = sentence.plain if cells_of(sentence.plain) else script.near(sentence, before=0, after=2)
    own = around[match.end() :]
    following = _LICENCE.search(own)
    while following is not None and following.start() <= LISTED_WITHIN:
        own = own[following.end() :]
        following = _LICENCE.search(own)
    return own if following is None else own[: following.start()]


def licence_expired(script: Script) -> Iterator[Contradiction]:
    """A licence ends before the time of which the report speaks."""
    on = day_of_counts(script)
    if on is None:
        return
    for sentence in script.body:
        if not _LICENCE.search(sentence.plain):
            continue
        for match in _UNTIL.finditer(sentence.plain):
            year, month = int(match["y"] or match["y2"] or match["y3"]), int(match["m"] or match["m2"] or match["m3"])
            if 1 <= month <= 12 and (year, month) < (on.year, on.month):
                yield ended(sentence, until=f"{year}-{month:02}", on=on)
                break


def ended(sentence: Sentence, *, until: str, on: date) -> Contradiction:
    """Return the fault of a licence that ended before the time of which the report speaks."""
    return fault(
        "licence-expired",
        ACTION,
        (sentence,),
        why=said(
            "assess.why-expired",
            "valid until {until}, the report speaks of {on}",
            until=until,
            on=on.isoformat(),
        ),
        settle=said("assess.settle-licence", "number, scope, issue and last day of each licence, with a copy"),
    )


def day_of_counts(script: Script) -> date | None:
    """Return the latest day of the report that is not the last day of a licence."""
    kept = tuple(each for each in script.sentences if not _UNTIL.search(each.plain))
    return day_of(Script(script.paragraphs, kept))
