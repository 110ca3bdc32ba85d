"""A report as a checker sees it: sentences with their place, their section and the technique they speak of."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from trocar.assess.numbers import narrowed
from trocar.department.contradictions import Quote
from trocar.department.norms import Technique

_SENTENCE = re.compile(r"[^。！？；!?\n]+[。！？；!?]*")
_CLAUSE = re.compile(r"[，,；;。]")
_NUMBERED = re.compile(
    r"^\s*(?:第?[一二三四五六七八九十]{1,3}(?:[、．.章节]|部分|篇|编)|[（(][一二三四五六七八九十]{1,3}[）)]|"
    r"\d{1,2}(?:\.\d{1,2})*[、．.\s](?!\d))"
)
_SEED = re.compile(r"粒子|粒籽|籽粒|125I|I-?125|碘-?125|近距离")
_ABLATION = re.compile(r"消融|射频|微波|氩氦刀|冷冻治疗|纳米刀|电穿孔")
LONGEST_HEADING = 42
FAIR_SHARE = 0.5
"""A technique named by fewer sentences than this share of the other is mentioned, not reported on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence.

    Parameters
    ----------
    text
        As written.
    plain
        The same length, digits and letters narrowed: what patterns are laid on.
    place
        Number of its paragraph, from 1.
    section
        Heading above.
    technique
        Of which it speaks; None where it says neither or both and no heading above it does.
    is_heading
        Whether it is a heading itself.
    """

    text: str
    plain: str
    place: int
    section: str
    technique: Technique | None
    is_heading: bool = False

    @property
    def quote(self) -> Quote:
        """The sentence as it is quoted."""
        return Quote(place=self.place, section=self.section, text=self.text.strip())

    @property
    def clauses(self) -> list[str]:
        """Its parts between commas."""
        return [part for part in _CLAUSE.split(self.plain) if part.strip()]


@dataclass(frozen=True)
class Script:
    """A whole report.

    Parameters
    ----------
    paragraphs
        As read.
    sentences
        In order.
    """

    paragraphs: tuple[str, ...]
    sentences: tuple[Sentence, ...]

    @cached_property
    def plain(self) -> str:
        """All of it, narrowed."""
        return "\n".join(narrowed(each) for each in self.paragraphs)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(each): place for place, each in enumerate(self.sentences)}

    @property
    def body(self) -> tuple[Sentence, ...]:
        """Sentences that are not headings."""
        return tuple(each for each in self.sentences if not each.is_heading)

    @cached_property
    def techniques(self) -> frozenset[Technique]:
        """The techniques it reports on: those that a heading, or a fair share of its sentences, speaks of."""
        patterns = {Technique.SEED_IMPLANT: _SEED, Technique.ABLATION: _ABLATION}
        naming = {
            technique: [each for each in self.sentences if pattern.search(each.plain)]
            for technique, pattern in patterns.items()
        }
        most = max(len(mine) for mine in naming.values())
        return frozenset(
            technique
            for technique, mine in naming.items()
            if any(each.is_heading for each in mine) or (len(mine) > 1 and len(mine) >= FAIR_SHARE * most)
        )

    @property
    def is_report(self) -> bool:
        """Whether it is long enough that something absent from it is missing, not just elsewhere."""
        return len(self.plain) >= 400 and len(self.sentences) >= 8

    def of(self, technique: Technique) -> tuple[Sentence, ...]:
        """Return the sentences that speak of a technique."""
        return tuple(each for each in self.sentences if each.technique is technique)

    def near(self, sentence: Sentence, *, before: int = 1, after: int = 1) -> str:
        """Return the narrowed text around a sentence: so many sentences before and after it, in its section."""
        place = self._places[id(sentence)]
        around = self.sentences[max(0, place - before) : place + after + 1]
        return "".join(each.plain for each in around if each.section == sentence.section or each is sentence)


def script_of(paragraphs: Iterable[str]) -> Script:
    """Return a report's sentences from its paragraphs.

    Notes
    -----
    A short paragraph without a full stop that is numbered, or names a technique, is a heading. A heading that names one
    technique rules the sentences below it until another names the other; a sentence that names exactly one itself
    speaks of that one.
    """
    kept = tuple(paragraphs)
    sentences: list[Sentence] = []
    section, ruling = "", None
    for place, paragraph in enumerate(kept, start=1):
        plain = narrowed(paragraph)
        heading = is_heading(plain)
        if heading:
            section = paragraph.strip()
            ruling = _one_technique(plain) or ruling
        for match in _SENTENCE.finditer(paragraph):
            if match.group().strip():
                said = narrowed(match.group())
                sentences.append(
                    Sentence(
                        text=match.group(),
                        plain=said,
                        place=place,
                        section=section,
                        technique=_one_technique(said) or ruling,
                        is_heading=heading,
                    )
                )
    script = Script(kept, tuple(sentences))
    only = next(iter(script.techniques)) if len(script.techniques) == 1 else None
    return Script(kept, tuple(replace(each, technique=each.technique or only) for each in sentences))


def is_heading(plain: str) -> bool:
    """Whether a narrowed paragraph is a heading."""
    text = plain.strip()
    if (
        not text
        or len(text) > LONGEST_HEADING
        or text[-1] in "。；，,;"
        or ("　" in text and not _NUMBERED.match(text))
    ):
        return False
    if re.search(r"\d+\s*(?:例|名|张|%)", text):
        return False
    numbered = bool(_NUMBERED.match(text)) and not re.search(r"[，。；：:]", text)
    titled = bool(re.search(r"(?:报告|总结|情况|自评|自我评估|评估表|材料|说明)(?:[（(].*[）)])?$", text))
    return numbered or (titled and not re.search(r"[，。；]", text))


def _one_technique(plain: str) -> Technique | None:
    seed, ablation = bool(_SEED.search(plain)), bool(_ABLATION.search(plain))
    if seed == ablation:
        return None
    return Technique.SEED_IMPLANT if seed else Technique.ABLATION


def technique_in_english(text: str) -> Technique | None:
    """Return the technique that an English text speaks of; None for neither or both.

    Examples
    --------
    >>> technique_in_english("We performed 240 implants.")
    <Technique.SEED_IMPLANT: 'seed_implant'>
    """
    seed = bool(re.search(r"\bseeds?\b|implant|brachytherapy", text, re.IGNORECASE))
    ablation = bool(re.search(r"ablat|microwave|radiofrequency|cryo", text, re.IGNORECASE))
    if seed == ablation:
        return None
    return Technique.SEED_IMPLANT if seed else Technique.ABLATION
