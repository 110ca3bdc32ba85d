"""The states of a case as a drawing, made from the table of transitions alone."""

from dataclasses import dataclass
from html import escape

from trocar_clinic.language import both
from trocar_clinic.patients.states import PATH, TRANSITIONS, Event, State, Transition

WIDTH, BOX_X, BOX_W, BOX_H = 1170.0, 410.0, 230.0, 38.0
LEAST_GAP, LINE, FIRST_LANE, LANE, LANES = 44.0, 15.0, 24.0, 26.0, 2
ABANDONED_X, SIDE_W = 990.0, 165.0
INK, SOFT, BRAND, BACK, GROUND = "#16242b", "#4a5d66", "#0b6e75", "#7a4b00", "#ffffff"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the boxes of the usual way stand: height of the top of each."""

    top: dict[State, float]
    height: float

    def middle(self, state: State) -> float:
        return self.top[state] + 0.5 * BOX_H


def as_svg() -> str:
    """Draw the states, the events that move a case and what each needs, in the reader's language."""
    place = _places()
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {place.height:.0f}" role="img" '
        f'font-family="sans-serif" font-size="13">',
        f"<title>{escape(str(both('States of a case', '病例状态图')))}</title>",
        f'<rect width="{WIDTH:.0f}" height="{place.height:.0f}" fill="{GROUND}"/>',
        *(_arrow_head(name, colour) for name, colour in (("on", BRAND), ("back", BACK), ("end", SOFT))),
        *_beside(place),
        *_onward(place),
        *_abandoned(place),
        *(_box(BOX_X, place.top[state], state.label, BRAND) for state in PATH),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _places() -> _Place:
    top, y = {}, 16.0
    for here, after in zip(PATH, (*PATH[1:], None), strict=True):
        top[here] = y
        lines = max(
            (len(each.guards) for each in TRANSITIONS if (each.source, each.target) == (here, after)), default=0
        )
        y += BOX_H + max(LEAST_GAP, 30.0 + LINE * lines)
    return _Place(top=top, height=top[PATH[-1]] + BOX_H + 16.0)


def _arrow_head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
    )


def _box(x: float, y: float, text: object, colour: str) -> str:
    width = BOX_W if x == BOX_X else SIDE_W
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX_H:.0f}" rx="8" fill="#e2f0f0" '
        f'stroke="{colour}"/>'
        f'<text x="{x + 0.5 * width:.0f}" y="{y + 24:.0f}" text-anchor="middle" font-weight="bold" fill="{INK}">'
        f"{escape(str(text))}</text>"
    )


def _words(each: Transition, x: float, y: float, anchor: str, colour: str) -> str:
    """Return the event and, below it, what it needs."""
    lines = [
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="bold" fill="{colour}">'
        f"{escape(str(each.event.value))}</text>"
    ]
    for number, guard in enumerate(each.guards, start=1):
        lines.append(
            f'<text x="{x:.0f}" y="{y + LINE * number:.0f}" text-anchor="{anchor}" font-size="11" fill="{SOFT}">'
            f"{escape(str(guard.value))}</text>"
        )
    return "\n".join(lines)


def _onward(place: _Place) -> list[str]:
    """Draw what leads to the next state."""
    drawn = []
    x = BOX_X + 0.5 * BOX_W
    for each in TRANSITIONS:
        if not _is_next(each):
            continue
        start, end = place.top[each.source] + BOX_H, place.top[each.target]
        drawn.append(
            f'<path d="M{x:.0f} {start:.0f}V{end - 1:.0f}" stroke="{BRAND}" stroke-width="1.6" fill="none" '
            f'marker-end="url(#on)"/>'
        )
        drawn.append(_words(each, x + 12.0, start + 21.0, "start", BRAND))
    return drawn


def _is_next(each: Transition) -> bool:
    return each.source in PATH and each.target in PATH and PATH.index(each.target) == PATH.index(each.source) + 1


def _beside(place: _Place) -> list[str]:
    """Draw what stays, goes back or skips a state, in lanes left of the boxes, and say what it is in a column."""
    ways: dict[tuple[State, State], list[Transition]] = {}
    for each in TRANSITIONS:
        if each.target in PATH and not _is_next(each):
            ways.setdefault((each.source, each.target), []).append(each)
    drawn: list[str] = []
    lanes: list[list[tuple[float, float]]] = [[] for _ in ways]
    words: list[tuple[float, float, list[Transition]]] = []
    for (source, target), events in sorted(ways.items(), key=lambda way: _length(way[0], place)):
        leaves, arrives = _ends(source, target, place)
        span = (min(leaves, arrives), max(leaves, arrives))
        number = next(n for n, lane in enumerate(lanes) if all(b < span[0] or span[1] < a for a, b in lane))
        lanes[number].append(span)
        x = BOX_X - FIRST_LANE - LANE * number
        drawn.append(
            f'<path d="M{BOX_X:.0f} {leaves:.0f}H{x:.0f}V{arrives:.0f}H{BOX_X - 1:.0f}" stroke="{BACK}" '
            f'stroke-width="1.4" fill="none" stroke-linejoin="round" marker-end="url(#back)"/>'
        )
        words.append((0.5 * (leaves + arrives), x, events))
    return drawn + _column(words)


def _length(way: tuple[State, State], place: _Place) -> float:
    leaves, arrives = _ends(*way, place)
    return abs(leaves - arrives)


def _ends(source: State, target: State, place: _Place) -> tuple[float, float]:
    """Return at which heights a way leaves one box and arrives at another."""
    if source is target:
        return place.top[source] + 9.0, place.top[source] + 20.0
    back = place.top[target] < place.top[source]
    return (
        (place.top[source] + 9.0, place.top[target] + 31.0)
        if back
        else (place.top[source] + 29.0, place.top[target] + 31.0)
    )


def _column(words: list[tuple[float, float, list[Transition]]]) -> list[str]:
    """Write what each way is, one below the other, with a thin line to its lane."""
    drawn, free = [], 0.0
    right = BOX_X - FIRST_LANE - LANE * LANES
    for middle, lane, events in sorted(words, key=lambda each: each[0]):
        lines = sum(1 + len(each.guards) for each in events)
        y = max(middle - 0.5 * LINE * (lines - 1), free)
        drawn.append(f'<path d="M{right + 4:.0f} {middle:.0f}H{lane:.0f}" stroke="{BACK}" stroke-width="0.6"/>')
        for each in events:
            drawn.append(_words(each, right, y + 4.0, "end", BACK))
            y += LINE * (1 + len(each.guards))
        free = y + 6.0
    return drawn


def _abandoned(place: _Place) -> list[str]:
    """Draw the way out that the first states share."""
    out = [each for each in TRANSITIONS if each.event is Event.ABANDON]
    last = max(place.middle(each.source) for each in out)
    top = last - 0.5 * BOX_H
    bar = ABANDONED_X - 24.0
    lines = [
        f'<path d="M{BOX_X + BOX_W:.0f} {place.middle(each.source):.0f}H{bar:.0f}" stroke="{SOFT}" fill="none" '
        f'stroke-dasharray="4 3"/>'
        for each in out
    ]
    first = min(place.middle(each.source) for each in out)
    lines.append(
        f'<path d="M{bar:.0f} {first:.0f}V{last:.0f}H{ABANDONED_X - 1:.0f}" stroke="{SOFT}" fill="none" '
        f'stroke-dasharray="4 3" marker-end="url(#end)"/>'
    )
    lines.append(_box(ABANDONED_X, top, State.ABANDONED.label, SOFT))
    lines.append(_words(out[-1], ABANDONED_X + 82.0, top - 28.0, "middle", SOFT))
    return lines
