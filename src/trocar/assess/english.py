"""Reports in English: their sentences, and the checks of Chinese reports laid on them in English words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Final

from trocar.assess import english_words as words
from trocar.assess.check_cases import praised
from trocar.assess.check_claims import claimed_of_all, denied, not_all
from trocar.assess.check_completeness import lacks_indicators, lacks_metadata
from trocar.assess.check_equipment import lists_differ, recovery_lacks, used_unconnected
from trocar.assess.check_figures import differs, exceeds, lacks_counts, periods_clash, same_count
from trocar.assess.check_licences import ended, without_number_or_end
from trocar.assess.check_norms import outdated_names
from trocar.assess.check_people import nameless, plural_of_one, too_few, unnumbered
from trocar.assess.check_wording import copied_between_parts, shall_instead_of_is, unbalanced_brackets, unshown
from trocar.assess.figures import cells_of, fits
from trocar.assess.script import Script, Sentence, technique_in_english
from trocar.department.contradictions import Contradiction
from trocar.department.norms import Technique

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"])|\n")
_COUNT = re.compile(
    r"(?P<n>\d{1,3}(?:,\d{3})+|\d+)\s+(?:\w+\s+)?(?:cases|patients|implants|implantations|procedures|ablations)\b",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"(?P<long>(?i:more than|over|for|the last|the past|since)\s+(?:\w+\s+){0,2}?(?:years\b|20\d\d)|"
    r"(?i:since)\s[^.;,\d]{0,40}20\d\d)|"
    r"(?P<dated>(?:\d{1,2}\s+)?[A-Z][a-z]+\s+20\d\d\s*(?:to|and|until|through|[-–—])\s*(?:\d{1,2}\s+)?[A-Z][a-z]+\s+20\d\d)|"
    r"(?P<year>\b(?i:in|during)\s+20\d\d\b)"
)
_PERCENT = re.compile(r"(?P<value>\d+(?:\.\d+)?)\s*(?:%|per\s?cent)")
_RATE = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z -]{2,60}?\b(?:rate|response|survival|control|coverage)\b)[^.;%\d]{0,24}$", re.IGNORECASE
)
_PAIR = re.compile(r"(?P<n>\d+)\s*(?:/|of|out of)\s*(?:the\s+)?(?P<of>\d+)\b")
_EXCEPTION = re.compile(
    r"(?P<n>\d+)\s+(?:\w+\s+){0,2}?(?:(?:were|was)\s+)?(?:lost|missed|without|not\s+\w+|declined|refused)\b"
)
_EVENT_COUNT = (
    r"(?:{event})[^.;\d]{{0,30}}?(?P<n>\d+)\b(?!\s*(?:days|months|mm|cm|%))|(?P<m>\d+)\s+(?:\w+\s+){{0,3}}?(?:{event})"
)
_NAMED = re.compile(
    r"certificate (?:no|number)|\b[A-Z]{1,3}-\d{2,}|Dr\.? [A-Z]|(?:Physician|Physicist|Nurse) [A-Z]\b|"
    r"names? (?:are|is) listed"
)
FEWEST = 5
FEWEST_PARTS = 2
FEWEST_PHYSICIANS: Final = 2


def english_script(script: Script) -> Script:
    """Return a script whose sentences end as English ones do, each with the technique it speaks of."""
    first: dict[int, Sentence] = {}
    for each in script.sentences:
        first.setdefault(each.place, each)
    sentences: list[Sentence] = []
    for place, each in first.items():
        text = script.paragraphs[place - 1]
        for part in _END.split(text):
            if part.strip():
                own = technique_in_english(part)
                sentences.append(
                    replace(each, text=part, plain=part, technique=own or each.technique, is_heading=False)
                )
    whole = technique_in_english(" ".join(script.paragraphs))
    return Script(script.paragraphs, tuple(replace(each, technique=each.technique or whole) for each in sentences))


def _pairs_in(text: str) -> list[tuple[int, int]]:
    found = [(int(match["n"]), int(match["of"])) for match in _PAIR.finditer(text)]
    cells = [int(cell) for cell in cells_of(text) if cell.isdigit()]
    found += list(pairwise(cells))
    return [(n, of) for n, of in found if of > 0 and n <= of]


def _totals(script: Script) -> Iterator[tuple[int, re.Match[str], Sentence]]:
    """Yield the counts of cases as such that are bound to a time."""
    for sentence in script.body:
        periods = list(_PERIOD.finditer(sentence.plain))
        for match in _COUNT.finditer(sentence.plain):
            earlier = [each for each in periods if each.end() <= match.start()]
            period = earlier[-1] if earlier else periods[0] if periods else None
            before, after = sentence.plain[: match.start()][-8:], sentence.plain[match.end() :][:40]
            part = re.search(r"\b(?:of|in)\s+$|/\s*$", before) or re.search(
                r"lost|complic|pneumothorax|bleed|infect|died|death|verif", after, re.IGNORECASE
            )
            if period is not None and not part:
                yield int(match["n"].replace(",", "")), period, sentence


def one_count_two_periods(script: Script) -> Iterator[Contradiction]:
    """One number stands for many years and for a dated time."""
    found = list(_totals(script))
    for value, long, one in found:
        for other, short, two in found:
            if long["long"] and not short["long"] and value == other >= FEWEST:
                yield same_count((one, two), n=value, long=long.group(), short=short.group())
                return


def several_periods(script: Script) -> Iterator[Contradiction]:
    """Counts of cases stand for times of different kinds."""
    found: dict[bool, tuple[Sentence, str]] = {}
    for _, period, sentence in _totals(script):
        found.setdefault(bool(period["long"]), (sentence, period.group()))
    if len(found) > 1:
        yield periods_clash([each for each, _ in found.values()], texts=[text for _, text in found.values()])


def rates(script: Script) -> Iterator[Contradiction]:
    """Rates without counts, other than their counts, or of 100 % beside exceptions."""
    for sentence in script.body:
        for match in _PERCENT.finditer(sentence.plain):
            value, pairs = float(match["value"]), _pairs_in(sentence.plain)
            named = _RATE.search(sentence.plain[: match.start()])
            name = named["name"].strip() if named else cells_of(sentence.plain)[:1] or "the rate"
            exception = _EXCEPTION.search(sentence.plain[match.end() :])
            if value >= 100 and exception is not None and int(exception["n"]) > 0:
                yield not_all((sentence,), value=exception.group())
            elif pairs and not any(fits(pair, value) for pair in pairs):
                yield differs(sentence, name=str(name), percent=value, counts=pairs[0])
            elif named is not None and not pairs and not words.PROMISE.search(sentence.plain):
                yield lacks_counts(sentence, name=str(name), percent=value)


def _topics(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in words.TOPICS.items() if pattern.search(text))


def _claims_all(sentence: Sentence) -> bool:
    plain = sentence.plain
    return bool(words.ALL.search(plain)) and not words.NOT_ALL.search(plain) and not words.PROMISE.search(plain)


def universal_against_rate(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed where a rate of the same thing is below 100 %."""
    for claim in script.body:
        if not _claims_all(claim):
            continue
        for sentence in script.body:
            match = _PERCENT.search(sentence.plain)
            shared = _topics(claim.plain) & _topics(sentence.plain)
            if match and sentence is not claim and shared and float(match["value"]) < 100:
                yield claimed_of_all((claim, sentence), value=f"{match['value']} %")
                break


def universal_without_record(script: Script) -> Iterator[Contradiction]:
    """All cases are claimed with nothing that shows it."""
    found = [
        each
        for each in script.body
        if _claims_all(each) and _topics(each.plain) and not words.SHOWN.search(each.plain) and not _required(each)
    ]
    if found:
        yield unshown(found)


def none_but_some(script: Script) -> Iterator[Contradiction]:
    """Nothing of a kind happened, and elsewhere it is counted."""
    for denial in script.body:
        match = words.NO_EVENT.search(denial.plain)
        if match is None or words.GRADED.search(denial.plain):
            continue
        kind = next(
            (name for name in words.EVENTS if match["what"].lower().startswith(name.split()[0])), "complication"
        )
        pattern = re.compile(_EVENT_COUNT.format(event=words.EVENTS[kind]), re.IGNORECASE)
        for sentence in script.body:
            counted = pattern.search(words.with_digits(sentence.plain[match.end() if sentence is denial else 0 :]))
            n = int(counted["n"] or counted["m"]) if counted else 0
            if n and "/" not in sentence.plain:
                yield denied((denial, sentence), what=match["what"], n=n)
                break


def _able(script: Script) -> list[tuple[Sentence, int]]:
    found = []
    for sentence in script.body:
        match = words.PHYSICIANS.search(sentence.plain)
        value = number_of(match) if match and words.ABLE.search(sentence.plain + "") else None
        if value is not None:
            found.append((sentence, value))
    return found


def number_of(match: re.Match[str]) -> int | None:
    """Return the number of physicians of a match."""
    return words.number_in_words(match["n"])


def staff(script: Script) -> Iterator[Contradiction]:
    """Too few physicians, one spoken of as several, several without names, roles without numbers."""
    able = _able(script)
    if able and max(value for _, value in able) < FEWEST_PHYSICIANS:
        yield too_few(able[0][0], n=max(value for _, value in able))
        plural = next((each for each in script.body if words.PLURAL_STAFF.search(each.plain)), None)
        if plural is not None:
            found = words.PLURAL_STAFF.search(plural.plain)
            yield plural_of_one((able[0][0], plural), word=found.group() if found else "")
    if _NAMED.search(script.plain):
        return
    for sentence, value in able:
        if value >= FEWEST_PHYSICIANS:
            yield nameless(sentence, n=value)
    for sentence in script.body:
        role = words.ROLE.search(sentence.plain)
        if (
            role
            and words.HAS.search(sentence.plain)
            and not re.search(r"\d|\b(?:one|two|three|four)\b", sentence.plain)
        ):
            yield unnumbered(sentence, role=role["role"])


def devices(script: Script) -> Iterator[Contradiction]:
    """Guiding devices and those with image management differ."""
    guiding = [
        each for each in script.body if words.GUIDING.search(each.plain) and not words.CONNECTED.search(each.plain)
    ]
    connected = [each for each in script.body if words.CONNECTED.search(each.plain)]
    for one in guiding:
        for two in connected:
            first, second = _devices(one.plain), _devices(two.plain)
            if len(first) > 1 and len(second) > 1 and first != second:
                yield lists_differ(one, two, first - second, second - first)
                return


def _devices(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in words.DEVICES.items() if re.search(pattern, text, re.IGNORECASE))


def used_devices(script: Script) -> Iterator[Contradiction]:
    """Cases were guided by a device that is not among those with image management."""
    connected = [each for each in script.body if words.CONNECTED.search(each.plain) and _devices(each.plain)]
    if not connected:
        return
    known = frozenset().union(*(_devices(each.plain) for each in connected))
    for sentence in script.body:
        used = frozenset().union(*(_devices(match.group()) for match in words.USED.finditer(sentence.plain)))
        if used - known:
            yield used_unconnected(sentence, connected[0], used - known)
            return


def parts(script: Script) -> Iterator[Contradiction]:
    """The parts of a count add up to more than it."""
    for before, listing in pairwise(script.body):
        counts = [int(match["n"].replace(",", "")) for match in _COUNT.finditer(before.plain)]
        opened = words.OF_THESE.match(listing.plain)
        values = [int(each["n"]) for each in words.SHARE.finditer(listing.plain)] if opened else []
        if counts and len(values) >= FEWEST_PARTS and sum(values) > max(counts):
            yield exceeds((before, listing), parts=[float(each) for each in values], whole=max(counts))


def expired(script: Script) -> Iterator[Contradiction]:
    """A licence ended before the time of which the report speaks."""
    others = " ".join(each.plain for each in script.sentences if not words.ENDS.search(each.plain))
    years = [int(each) for each in re.findall(r"\b20\d\d\b", others)]
    for sentence in script.body:
        match = words.ENDS.search(sentence.plain)
        if match is None or not years or not re.search(r"licen[cs]e", sentence.plain, re.IGNORECASE):
            continue
        month = words.MONTHS.index(match["month"][:3].lower()) + 1 if match["month"] else 12
        if (int(match["year"]), month) < (max(years), 12):
            yield ended(sentence, until=f"{match['year']}-{month:02}", on=date(max(years), 12, 31))


def licences(script: Script) -> Iterator[Contradiction]:
    """A licence is named without number or last day."""
    lacking: dict[str, Sentence] = {}
    for sentence in script.body:
        if words.MODAL.search(sentence.plain):
            continue
        matches = list(words.LICENCE.finditer(sentence.plain))
        for place, match in enumerate(matches):
            stop = matches[place + 1].start() if place + 1 < len(matches) else len(sentence.plain)
            own = sentence.plain[match.end() : stop]
            if not (words.NUMBERED.search(own) and words.UNTIL.search(own)):
                lacking.setdefault(match["name"], sentence)
    if lacking:
        yield without_number_or_end(lacking)


def recovery_room(script: Script) -> Iterator[Contradiction]:
    """The recovery room is named without beds or area."""
    named = [each for each in script.body if words.RECOVERY.search(each.plain)]
    text = " ".join(each.plain for each in named)
    parts = {"beds": r"\d+\s+beds", "area": r"m²|m2|square met", "class": r"class\s+[IVX]+|cleanliness"}
    missing = [name for name, pattern in parts.items() if not re.search(pattern, text, re.IGNORECASE)]
    if named and missing:
        yield recovery_lacks(named[:2], missing)


def _required(sentence: Sentence) -> bool:
    plain = sentence.plain
    return bool(words.MODAL.search(plain)) and not words.TOLD_TO.search(plain) and not words.SHOWN.search(plain)


def requirement_words(script: Script) -> Iterator[Contradiction]:
    """A norm's "shall" stands where evidence should."""
    found = [each for each in script.body if _required(each)]
    if found:
        match = words.MODAL.search(found[0].plain)
        yield shall_instead_of_is(found, word=match.group() if match else "")


def outcomes(script: Script) -> Iterator[Contradiction]:
    """An outcome is praised without a number."""
    for sentence in script.body:
        match = words.OUTCOME.search(sentence.plain)
        if match and not words.MEASURED.search(sentence.plain) and not words.PROMISE.search(sentence.plain):
            yield praised(sentence, what=match.group(), slower="slow" in match.group().lower())


def completeness(script: Script) -> Iterator[Contradiction]:
    """Indicators, date or signature that a whole report leaves out."""
    if not script.is_report:
        return
    patterns: Mapping[str, str] = words.REQUIRED
    for technique in Technique:
        text = " ".join(each.plain for each in script.body if each.technique in {technique, None})
        if any(each.technique is technique for each in script.body):
            yield from lacks_indicators(technique, text, patterns)
    yield from lacks_metadata(script.plain, dated=words.DATED, signed=words.SIGNED)


ENGLISH_CHECKS: tuple[Callable[[Script], Iterable[Contradiction]], ...] = (
    one_count_two_periods,
    rates,
    universal_against_rate,
    none_but_some,
    several_periods,
    staff,
    outdated_names,
    devices,
    used_devices,
    parts,
    expired,
    licences,
    recovery_room,
    outcomes,
    requirement_words,
    universal_without_record,
    copied_between_parts,
    unbalanced_brackets,
    completeness,
)
"""The checks of English reports: fewer than of Chinese ones."""
