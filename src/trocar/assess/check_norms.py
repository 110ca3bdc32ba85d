"""Norms, bodies and terms that no longer held when the report was written; sentences of older editions."""

from collections.abc import Iterator
from datetime import date

from trocar.assess.faults import ACTION, ATTENTION, NOTE, fault, said
from trocar.assess.lexicon import Entry, entries, outdated
from trocar.assess.likeness import contained
from trocar.assess.script import Script, Sentence
from trocar.assess.spans import spans_in
from trocar.department.contradictions import Contradiction
from trocar.messages import Message
from trocar.plan.goals import Confidence
from trocar.results.findings import Severity

COPIED = 0.7
"""Share of an old sentence's letter pairs that a new one must hold to count as copied."""

_SEVERITY = {"body": ATTENTION, "norm": ACTION, "term": NOTE, "title": NOTE}
_CHECK = {"body": "renamed-body", "norm": "repealed-norm", "term": "outdated-term", "title": "wrong-title"}


def day_of(script: Script) -> date | None:
    """Return the latest day of which the report speaks; None where it names no time."""
    days = [span.end for each in script.sentences for span in spans_in(each.plain) if span.end is not None]
    return max(days, default=None)


def outdated_names(script: Script) -> Iterator[Contradiction]:
    """Names of bodies, norms and terms that were no longer right."""
    on = day_of(script) or date.max
    for entry in entries():
        used = [(each, name) for each in script.sentences if (name := outdated(each.plain, entry, on=on))]
        if used and entry.kind in _CHECK:
            yield fault(
                _CHECK[entry.kind],
                _severity(entry),
                (sentence for sentence, _ in used),
                why=_why(entry, used[0][1]),
                settle=said(
                    "assess.settle-name", "write {now}, and assess anew against what is in force", now=entry.now
                ),
            )


def _severity(entry: Entry) -> Severity:
    if entry.confidence is Confidence.MEMORY_UNVERIFIED and _SEVERITY[entry.kind] is ACTION:
        return ATTENTION
    return _SEVERITY[entry.kind]


def _why(entry: Entry, name: str) -> Message:
    if entry.until is None:
        return said("assess.why-title", "there is no “{name}”; it is called {now}", name=name, now=entry.now)
    return said(
        "assess.why-outdated",
        "“{name}” was right until {until} ({confidence}); now {now}",
        name=name,
        until=entry.until.isoformat(),
        confidence=_CONFIDENCE[entry.confidence],
        now=entry.now,
    )


_CONFIDENCE = {
    Confidence.FOUND: said("assess.sure-found", "read in the text"),
    Confidence.FOUND_SECONDARY: said("assess.sure-copy", "read in a copy"),
    Confidence.MEMORY_UNVERIFIED: said("assess.sure-memory", "from memory, to be checked"),
}


def older_edition(script: Script) -> Iterator[Contradiction]:
    """Sentences of an older edition stand in a report of a later time."""
    on = day_of(script) or date.max
    for entry in entries():
        if entry.kind != "edition" or (entry.until is not None and on <= entry.until):
            continue
        copied = [each for each in script.body if _is_copied(each, entry)]
        if copied:
            yield fault(
                "older-edition",
                ACTION,
                copied[:1],
                why=said(
                    "assess.why-edition",
                    "the sentence is that of {norm}, which ended on {until}; the report speaks of {on}",
                    norm=entry.norm,
                    until=entry.until.isoformat() if entry.until else "—",
                    on="—" if on == date.max else on.isoformat(),
                ),
                settle=said(
                    "assess.settle-edition",
                    "the paragraph of the edition in force beside what the department has, with its date",
                ),
            )


def _is_copied(sentence: Sentence, entry: Entry) -> bool:
    return len(sentence.plain) >= 20 and contained(entry.text, sentence.plain) >= COPIED
