"""Why there is no way in, as values and as sentences."""

from dataclasses import dataclass
from enum import Enum

from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.plan.structures import spoken_name


class Rule(Enum):
    """What a line can fail by."""

    DEPTH = "depth"
    SKIN_ANGLE = "angle to the skin"
    AXIAL_TILT = "tilt out of the axial plane"
    COUCH = "couch"
    BORE = "scanner opening"
    LEAVES_BODY = "leaves the body"
    IN_TARGET = "length in the target"
    ENTRY = "entry region"
    MARGIN = "margin"
    CROSSING = "crossings"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refusal(Value):
    """How many lines a rule refuses.

    Parameters
    ----------
    rule
        Which rule.
    name
        Structure, for `Rule.MARGIN` and `Rule.CROSSING`; side of the patient, for `Rule.ENTRY`.
    lines
        Lines it refuses, alone or with others.
    alone
        Lines that nothing but this rule refuses.
    """

    rule: Rule
    name: str
    lines: int
    alone: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change(Value):
    """One rule made wider.

    Parameters
    ----------
    rule, name
        Which.
    given
        As it is.
    needed
        As it would have to be: the tightest value that lets a line pass. A negative margin means that the structure
        itself would have to be crossed.
    """

    rule: Rule
    name: str
    given: float
    needed: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation(Value):
    """A set of changes that opens a way.

    Parameters
    ----------
    changes
        All of them together.
    lines
        Lines that fail by these rules only.
    """

    changes: tuple[Change, ...]
    lines: int

    @property
    def crosses_structure(self) -> bool:
        """Whether a needle would have to go through an obstacle."""
        return any(change.rule is Rule.MARGIN and change.needed < 0 for change in self.changes)

    @property
    def danger(self) -> int:
        """What is given up: 0 comfort, 1 the entry region, 2 a margin or a crossing limit, 3 an obstacle itself."""
        if self.crosses_structure:
            return 3
        rules = {change.rule for change in self.changes}
        if rules & {Rule.MARGIN, Rule.CROSSING}:
            return 2
        return 1 if Rule.ENTRY in rules else 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation(Value):
    """Why lines fail.

    Parameters
    ----------
    tried
        Number of lines.
    missing
        Lines that do not hit the target at all.
    refusals
        The rules by the number of lines they refuse.
    relaxations
        Ways out, the smallest change first: least given up, fewest rules, least relative change.
    """

    tried: int
    missing: int
    refusals: tuple[Refusal, ...]
    relaxations: tuple[Relaxation, ...]


_LATER: dict[str, object] = {}
"""Data of a sentence in the tables below: filled in when it is told."""

_REFUSED = {
    Rule.DEPTH: Message(
        code="optimise.refused-depth",
        template="{lines} ways are longer than allowed ({alone} fail by this alone)",
        data=_LATER,
    ),
    Rule.SKIN_ANGLE: Message(
        code="optimise.refused-skin-angle",
        template="{lines} ways meet the skin too flatly ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.AXIAL_TILT: Message(
        code="optimise.refused-tilt",
        template="{lines} ways lean too far out of the axial plane ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.COUCH: Message(
        code="optimise.refused-couch",
        template="{lines} ways would need the needle's outer end in the couch ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.BORE: Message(
        code="optimise.refused-bore",
        template="{lines} ways would need the needle's outer end in the scanner ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.LEAVES_BODY: Message(
        code="optimise.refused-leaves-body",
        template="{lines} ways leave the body and enter it again ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.IN_TARGET: Message(
        code="optimise.refused-in-target",
        template="{lines} ways run too short a stretch in the target ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.MARGIN: Message(
        code="optimise.refused-margin",
        template="{lines} ways come too near to {name} or cross it ({alone} by this alone)",
        data=_LATER,
    ),
    Rule.CROSSING: Message(
        code="optimise.refused-crossing",
        template="{lines} ways enter {name} too often ({alone} by this alone)",
        data=_LATER,
    ),
}

_NEEDED = {
    Rule.DEPTH: Message(
        code="optimise.needs-depth", template="ways of up to {needed:g} mm instead of {given:g} mm", data=_LATER
    ),
    Rule.SKIN_ANGLE: Message(
        code="optimise.needs-skin-angle",
        template="an angle to the skin of up to {needed:g}° instead of {given:g}°",
        data=_LATER,
    ),
    Rule.AXIAL_TILT: Message(
        code="optimise.needs-tilt",
        template="a tilt out of the axial plane of up to {needed:g}° instead of {given:g}°",
        data=_LATER,
    ),
    Rule.COUCH: Message(
        code="optimise.needs-couch",
        template="a shorter needle, or a position that lifts the entry off the couch",
        data=_LATER,
    ),
    Rule.BORE: Message(
        code="optimise.needs-bore", template="a shorter needle, or a wider scanner opening", data=_LATER
    ),
    Rule.LEAVES_BODY: Message(
        code="optimise.needs-leaving-body", template="leaving the body and entering it again", data=_LATER
    ),
    Rule.IN_TARGET: Message(
        code="optimise.needs-in-target",
        template="needles with only {needed:g} mm in the target instead of {given:g} mm",
        data=_LATER,
    ),
    Rule.MARGIN: Message(
        code="optimise.needs-margin",
        template="a margin of {needed:g} mm instead of {given:g} mm to {name}",
        data=_LATER,
    ),
    Rule.CROSSING: Message(
        code="optimise.needs-crossing", template="entering {name} {needed:g} times instead of {given:g}", data=_LATER
    ),
}

_ENTERING = {
    "front": Message(code="optimise.enter-front", template="entry from the front", data=_LATER),
    "back": Message(code="optimise.enter-back", template="entry from the back", data=_LATER),
    "left": Message(code="optimise.enter-left", template="entry from the patient's left", data=_LATER),
    "right": Message(code="optimise.enter-right", template="entry from the patient's right", data=_LATER),
    "head": Message(code="optimise.enter-head", template="entry from the head", data=_LATER),
    "feet": Message(code="optimise.enter-feet", template="entry from the feet", data=_LATER),
}
_DRILLING = Message(code="optimise.needs-drilling", template="drilling through {name}", data=_LATER)
_ACROSS = Message(code="optimise.needs-crossing-obstacle", template="crossing {name}", data=_LATER)


_FAILED = {
    Rule.DEPTH: Message(
        code="optimise.fails-depth", template="{needed:.1f} mm deep, {given:g} mm are allowed", data=_LATER
    ),
    Rule.SKIN_ANGLE: Message(
        code="optimise.fails-skin-angle",
        template="{needed:.1f}° from straight into the skin, {given:g}° are allowed",
        data=_LATER,
    ),
    Rule.AXIAL_TILT: Message(
        code="optimise.fails-tilt",
        template="{needed:.1f}° out of the axial plane, {given:g}° are allowed",
        data=_LATER,
    ),
    Rule.COUCH: Message(code="optimise.fails-couch", template="its outer end would lie in the couch", data=_LATER),
    Rule.BORE: Message(code="optimise.fails-bore", template="its outer end would touch the scanner", data=_LATER),
    Rule.LEAVES_BODY: Message(
        code="optimise.fails-leaves-body", template="leaves the body and enters it again", data=_LATER
    ),
    Rule.IN_TARGET: Message(
        code="optimise.fails-in-target", template="{needed:.1f} mm in the target, {given:g} mm are needed", data=_LATER
    ),
    Rule.MARGIN: Message(
        code="optimise.fails-margin", template="{needed:.1f} mm from {name}, {given:g} mm are needed", data=_LATER
    ),
    Rule.CROSSING: Message(
        code="optimise.fails-crossing", template="enters {name} {needed:g} times, {given:g} are allowed", data=_LATER
    ),
}

_CROSSES = Message(code="optimise.fails-crosses", template="crosses {name}", data=_LATER)


def failure_message(rule: Rule, *, name: str, given: float, needed: float) -> Message:
    """Return how one way fails a rule, in few words.

    Parameters
    ----------
    rule, name
        Which rule, about which structure.
    given, needed
        As it is, and as the way would need it.
    """
    across = rule is Rule.MARGIN and needed < 0
    return _told(_CROSSES if across else _FAILED[rule], {"needed": needed, "given": given, "name": spoken_name(name)})


def refusal_message(refusal: Refusal) -> Message:
    """Return how many ways a rule refuses, as a sentence."""
    return _told(
        _REFUSED[refusal.rule], {"lines": refusal.lines, "alone": refusal.alone, "name": spoken_name(refusal.name)}
    )


def change_message(change: Change) -> Message:
    """Return what would have to be allowed, as part of a sentence."""
    if change.rule is Rule.ENTRY:
        return _told(_ENTERING[change.name], {})
    data: dict[str, object] = {"needed": change.needed, "given": change.given, "name": spoken_name(change.name)}
    if change.rule is Rule.MARGIN and change.needed < 0:
        return _told(_DRILLING if isinstance(data["name"], Message) else _ACROSS, data)
    return _told(_NEEDED[change.rule], data)


def _told(sentence: Message, data: dict[str, object]) -> Message:
    return Message(code=sentence.code, template=sentence.template, data=data)


def no_access_message(explanation: Explanation, *, target: str | Message) -> Message:
    """Return the statement that nothing reaches a target: what refuses most, and the nearest way out."""
    most = tuple(refusal_message(refusal) for refusal in explanation.refusals[:5])
    if not explanation.relaxations:
        return Message(
            code="optimise.no-access",
            template="no needle reaches {target}: {tried} ways were tried and {missing} of them miss it; {refused}; "
            "allow more of the skin, longer needles or other angles",
            data={"target": target, "tried": explanation.tried, "missing": explanation.missing, "refused": most or "-"},
        )
    nearest = explanation.relaxations[0]
    return Message(
        code="optimise.no-access-unless",
        template="no needle reaches {target}: {tried} ways were tried; {refused}. Nearest way out: {changes} "
        "({lines} ways need nothing else changed)",
        data={
            "target": target,
            "tried": explanation.tried,
            "refused": most,
            "changes": tuple(change_message(change) for change in nearest.changes),
            "lines": nearest.lines,
        },
    )
