"""The sentences of a self-assessment: what rosters and cases show, in the order in which a department tells it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from trocar.department.assessment import Figure, SelfAssessment, Standing
from trocar.department.norms import Technique
from trocar.department.records import Fact
from trocar.department.words import value_words
from trocar.messages import Language, Message
from trocar.report.document import Align, Block, Column, Heading, Paragraph, Table, Text, say
from trocar.report.self_assessment_annexes import requirement_words
from trocar.report.self_assessment_tables import Evidenced

Sentence = Callable[..., Message]
"""Says one thing of a department, once what was recorded is filled in by name."""

_BOTH = tuple(Technique)
_SEEDS = (Technique.SEED_IMPLANT,)
_ABLATION = (Technique.ABLATION,)
_Facts = Sequence[tuple[str, Sequence[Technique], Sentence]]

_FILED: _Facts = (
    (
        "filing.working_days_after_first_case",
        _BOTH,
        lambda **said: say(
            "self.says-filed", "The technique was filed {value} working days after the first case{number}.", **said
        ),
    ),
)
_REGISTERED: _Facts = (
    (
        "equipment_register",
        _BOTH,
        lambda **said: say(
            "self.says-equipment", "Tests, maintenance and use of the equipment are registered{number}.", **said
        ),
    ),
)
_HOUSE: _Facts = (
    (
        "rooms.seed_room",
        _SEEDS,
        lambda **said: say(
            "self.says-seed-room",
            "Seeds are implanted in a room of their own under image guidance, and there is an operating room{number}.",
            **said,
        ),
    ),
    (
        "room.asepsis_test",
        _ABLATION,
        lambda **said: say("self.says-asepsis", "The room of treatment passed its test of asepsis{number}.", **said),
    ),
    (
        "pacu_or_icu",
        _BOTH,
        lambda **said: say("self.says-recovery", "Recovery room or intensive care: {value}{number}.", **said),
    ),
    ("capability", _BOTH, lambda **said: say("self.says-capability", "At hand: {value}{number}.", **said)),
    (
        "emergency.items",
        _BOTH,
        lambda **said: say(
            "self.says-emergency", "Rescue equipment and drugs that are checked: {value}{number}.", **said
        ),
    ),
    (
        "store.dual_control",
        _SEEDS,
        lambda **said: say(
            "self.says-store",
            "Seeds lie in a store of their own under two locks and two persons, every movement written down{number}.",
            **said,
        ),
    ),
    (
        "custodian.count",
        _SEEDS,
        lambda **said: say("self.says-custodian", "Seeds are kept by named custodians: {value}{number}.", **said),
    ),
    (
        "waste.label",
        _SEEDS,
        lambda **said: say("self.says-waste", "Waste seeds are labelled with {value}{number}.", **said),
    ),
)
_CONSENT: _Facts = (
    (
        "consent.items",
        _BOTH,
        lambda **said: say("self.says-consent-items", "The consent form states {value}{number}.", **said),
    ),
)
_FOLLOWED: _Facts = (
    (
        "followup.schedule",
        _BOTH,
        lambda **said: say("self.says-schedule", "Follow-up goes by a written schedule{number}.", **said),
    ),
)


def _indicated(**said: object) -> Message:
    return say("self.says-indicated", "The indication fulfils the rule in {fraction} ({value}) {number}.", **said)


def _followed(**said: object) -> Message:
    return say("self.says-followed", "Followed up at one year: {fraction} of those due ({value}) {number}.", **said)


def _survived(**said: object) -> Message:
    return say(
        "self.says-survived", "Alive at one year: {fraction} of those whose year is over ({value}) {number}.", **said
    )


_BEFORE: Mapping[str, Sentence] = {
    "RSI-QI-01": _indicated,
    "ABL-QI-01": _indicated,
    "RSI-QI-02": lambda **said: say(
        "self.says-planned", "The plan was finished before the implantation in {fraction} ({value}) {number}.", **said
    ),
    "BESIDE-CONSENT": lambda **said: say(
        "self.says-consented", "Consent was signed before the procedure began in {fraction} ({value}) {number}.", **said
    ),
}
_DURING: Mapping[str, Sentence] = {
    "BESIDE-MONITORED": lambda **said: say(
        "self.says-monitored",
        "ECG, respiration, blood pressure, pulse and SpO2 were watched from begin to end in {fraction} ({value}) "
        "{number}.",
        **said,
    ),
    "ABL-QI-02": lambda **said: say(
        "self.says-completed", "Of the lesions planned, {fraction} were ablated as planned ({value}) {number}.", **said
    ),
}
_AFTER: Mapping[str, Sentence] = {
    "RSI-QI-03": lambda **said: say(
        "self.says-verified", "The dose was verified afterwards in {fraction} ({value}) {number}.", **said
    ),
    "ABL-QI-03": lambda **said: say(
        "self.says-controlled",
        "Contrast-enhanced imaging within a month proved complete ablation in {fraction} ({value}) {number}.",
        **said,
    ),
    "ABL-QI-03B": lambda **said: say(
        "self.says-relieved", "Of those with symptoms, {fraction} were relieved ({value}) {number}.", **said
    ),
    "RSI-QI-05": lambda **said: say(
        "self.says-response", "The best response was CR, PR or SD in {fraction} of all ({value}) {number}.", **said
    ),
    "BESIDE-DCR": lambda **said: say(
        "self.says-response-assessed",
        "Among those assessed the best response was CR, PR or SD in {fraction} ({value}) {number}.",
        **said,
    ),
}
_HARM: Mapping[str, Sentence] = {
    "RSI-QI-04": lambda **said: say("self.says-major", "Major complications: {fraction} ({value}) {number}.", **said),
    "ABL-QI-04": lambda **said: say(
        "self.says-severe", "Severe complications within 30 days: {fraction} ({value}) {number}.", **said
    ),
    "BESIDE-LATE": lambda **said: say(
        "self.says-late", "Major complications after 30 days: {fraction} ({value}) {number}.", **said
    ),
    "RSI-QI-06": lambda **said: say(
        "self.says-died-seeds", "Deaths during the procedure or within 30 days: {fraction} ({value}) {number}.", **said
    ),
    "ABL-QI-05": lambda **said: say("self.says-died", "Deaths within 30 days: {fraction} ({value}) {number}.", **said),
}
_COURSE: Mapping[str, Sentence] = {
    "RSI-QI-07": _followed,
    "ABL-QI-06": _followed,
    "RSI-QI-08": _survived,
    "ABL-QI-07": _survived,
}
"""Indicators and the sentences that tell them; an indicator of a norm that has no sentence stands in the table."""

_SIGNED_BY_THREE = "plan_signed_by_three"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """Tells a self-assessment in sentences, each with the number of its evidence.

    Parameters
    ----------
    made
        The self-assessment.
    evidence
        Numbers the evidence as it is cited.
    language
        In which indicators are named.
    """

    made: SelfAssessment
    evidence: Evidenced
    language: Language

    def institution(self) -> Iterator[Block]:
        """Yield how the technique was filed and reviewed."""
        yield from self._paragraph((*self._facts(_FILED), *self._reviews()))

    def hardware(self) -> Iterator[Block]:
        """Yield that equipment is looked after."""
        yield from self._paragraph(self._facts(_REGISTERED))

    def department(self) -> Iterator[Block]:
        """Yield rooms, rescue, store and waste as far as they are recorded."""
        yield from self._paragraph(self._facts(_HOUSE))

    def course(self) -> Iterator[Block]:
        """Yield the way of the period's cases from the indication to the follow-up."""
        yield Paragraph(
            text=say(
                "self.quality",
                "All figures count discharges from {first} to {last}; “before” is the period of equal length that "
                "ended the day "
                "before, counted by the same definition. Intervals are 95 % (Wilson; exact Poisson for episodes). "
                "† marks "
                "definitions that are only remembered.",
                first=self.made.period.first.isoformat(),
                last=self.made.period.last.isoformat(),
            )
        )
        for heading, sentences in (
            (
                say("self.heading-before", "Before the procedure"),
                (*self._figures(_BEFORE), *self._signatures(), *self._facts(_CONSENT)),
            ),
            (say("self.heading-during", "During the procedure"), tuple(self._figures(_DURING))),
            (say("self.heading-after", "Verification and effect"), tuple(self._figures(_AFTER))),
            (
                say("self.heading-harm", "Complications and follow-up"),
                (*self._figures(_HARM), *self._facts(_FOLLOWED), *self._figures(_COURSE)),
            ),
        ):
            if sentences:
                yield Heading(text=heading, level=2)
                yield from self._paragraph(sentences)

    def corrections(self) -> Iterator[Block]:
        """Yield the table in which a department writes what it does about each requirement that is not met."""
        unmet = self.made.standing(Standing.NOT_MET)
        if not unmet:
            return
        yield Heading(text=say("self.heading-corrections", "What will be put right"))
        yield Table(
            columns=(
                Column(head=say("self.column-requirement", "Requirement"), share=1.5),
                Column(head=say("self.column-found", "Found"), share=0.9),
                Column(head=say("self.column-measure", "Measure"), share=1.1),
                Column(head=say("self.column-responsible", "Responsible"), share=0.6, align=Align.CENTRE),
                Column(head=say("self.column-deadline", "By"), share=0.6, align=Align.CENTRE),
            ),
            rows=tuple((requirement_words(each, self.language), each.said, "", "", "") for each in unmet),
        )
        yield Paragraph(
            text=say(
                "self.corrections-note",
                "{n} further requirements are not shown, for want of evidence or of a record; they stand on the first "
                "page.",
                n=len(self.made.standing(Standing.NOT_SHOWN)),
            )
        )

    # -- sentences

    def _paragraph(self, sentences: Iterable[Message]) -> Iterator[Block]:
        told = tuple(sentences)
        if told:
            yield Paragraph(
                text=reduce(lambda one, two: say("self.after-each-other", "{one} {two}", one=one, two=two), told)
            )

    def _facts(self, sentences: _Facts) -> Iterator[Message]:
        stated = {fact.name: fact for fact in self.made.facts}
        for name, techniques, sentence in sentences:
            fact = stated.get(name)
            if fact is not None and fact.value and self.made.technique in techniques:
                yield sentence(value=_listed(value_words(fact.value)), number=self._shown_by(fact))

    def _shown_by(self, fact: Fact) -> Text:
        return self.evidence.of_fact(fact) or say("self.says-unproven", " (nothing shows it)")

    def _reviews(self) -> Iterator[Message]:
        stated = {fact.name: fact for fact in self.made.facts}
        for name, body in (
            ("filing.management_review", say("self.body-management", "The management body")),
            ("filing.ethics_review", say("self.body-ethics", "The ethics committee")),
        ):
            fact = stated.get(name)
            said: Mapping[str, Any] = fact.value if fact is not None and isinstance(fact.value, Mapping) else {}
            if fact is not None and said.get("on") and said.get("conclusion"):
                yield say(
                    "self.says-reviewed",
                    "{body} decided on {on} ({decision}): {conclusion}{number}.",
                    body=body,
                    on=str(said["on"]),
                    decision=str(said.get("number", "—")),
                    conclusion=str(said["conclusion"]),
                    number=self._shown_by(fact),
                )

    def _signatures(self) -> Iterator[Message]:
        for each in self.made.judgements:
            if each.requirement.threshold is not None and each.requirement.threshold.fact == _SIGNED_BY_THREE:
                yield say(
                    "self.says-signed",
                    "Plan signed by attending physician, implanting physician and physicist: {found} {number}.",
                    found=each.said,
                    number=self.evidence.of_judgement(each),
                )

    def _figures(self, sentences: Mapping[str, Sentence]) -> Iterator[Message]:
        figures = (*self.made.figures, *self.made.beside)
        for key, sentence in sentences.items():
            for figure in figures:
                if figure.value.count.definition.key == key and figure.value.value is not None:
                    yield from self._figure(figure, sentence)

    def _figure(self, figure: Figure, sentence: Sentence) -> Iterator[Message]:
        value = figure.value
        told = sentence(fraction=value.fraction_text, value=value.value_text, number=self.evidence.of_value(value))
        if self.made.changed_on:
            told = say("self.says-in", "{period}: {sentence}", period=value.count.period.text, sentence=told)
        yield told
        yield from self._parts(figure)
        if value.count.definition.key == "RSI-QI-03" and self.made.unproven:
            yield self._unverified()

    def _parts(self, figure: Figure) -> Iterator[Message]:
        """Yield the parts of a rate of complications that happened at all; of sums, their own parts."""
        whole = figure.value.count
        parts = {
            each.value.count.definition.key: each.value
            for each in self.made.figures
            if whole.definition.key in _HARM
            and each.value.count.definition.key.startswith(whole.definition.key)
            and each is not figure
            and each.value.count.period == whole.period
            and each.value.count.numerator
        }
        told = tuple(
            say(
                "self.says-part",
                "{name} {fraction}",
                name=value.count.definition.words(self.language),
                fraction=value.fraction_text,
            )
            for key, value in parts.items()
            if not any(other.startswith(key) and other != key for other in parts)
        )
        if told:
            yield say("self.says-parts", "Among them: {parts}.", parts=_listed(told))

    def _unverified(self) -> Message:
        reasons = Counter(each.reason or "—" for each in self.made.unproven)
        return say(
            "self.says-unverified",
            "The other {n} stand in annex C; reasons recorded: {reasons}.",
            n=len(self.made.unproven),
            reasons=_listed(
                tuple(
                    say("self.says-reason", "{reason} {n}", reason=reason, n=n) for reason, n in reasons.most_common()
                )
            ),
        )


def _listed(words: Text | tuple[Message, ...]) -> Text:
    """Return several words as one enumeration within a sentence."""
    if not isinstance(words, tuple):
        return words
    return reduce(lambda first, second: say("self.listed", "{first}, {second}", first=first, second=second), words)
