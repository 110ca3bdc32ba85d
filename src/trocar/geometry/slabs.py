"""From planes to slabs: how far along the normal each plane counts, where planes are missing, what closes the ends."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from trocar.errors import GeometryError
from trocar.messages import Message

GAP_FROM_RATIO = 1.5
"""A step between planes more than this many times those around it is a gap: at least one plane is missing."""

NEARLY_COINCIDE_BELOW_RATIO = 0.25
"""A step below this part of the usual one is reported: probably the same slice, drawn in two systems."""


class EndCap(Enum):
    """What closes the solid beyond its first and its last plane.

    Examples
    --------
    >>> EndCap.HALF_SLICE.value
    'the end outline continues for half a slice'
    """

    HALF_SLICE = "the end outline continues for half a slice"
    NONE = "the solid ends at the end plane"
    ROUNDED = "half a slice, its edge rounded with a radius of half a slice"


class Between(Enum):
    """What lies between two planes."""

    SLAB = "each outline counts for everything nearer to its plane than to the next"
    SHAPE = "the outline changes linearly in signed distance from plane to plane"


class Gaps(Enum):
    """What is done where planes are missing; the gap is named in the remarks either way."""

    OPEN = "the solid ends before the gap and begins again behind it"
    BRIDGED = "the gap is filled as if the planes beside it were neighbours"
    REFUSED = "a gap is an error"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlabExtents:
    """What each plane stands for along the normal: see `PackedStack`."""

    low_mm: np.ndarray
    high_mm: np.ndarray
    cap_low_mm: np.ndarray
    cap_high_mm: np.ndarray
    joined: np.ndarray


def usual_spacing(w: np.ndarray, *, given_mm: float | None, name: str) -> float:
    """Return the step that counts as usual: the median, or the one given where there is no more than one step.

    Raises
    ------
    GeometryError
        A single plane and no spacing given, or one that is not positive.
    """
    if given_mm is not None and not (np.isfinite(given_mm) and given_mm > 0):
        raise GeometryError(
            "geometry.plane-spacing-not-positive",
            'a plane spacing of {given_mm} mm was given for structure "{name}"; it must be above 0 mm',
            given_mm=given_mm,
            name=name,
        )
    if len(w) > 2 or (len(w) == 2 and given_mm is None):
        step = np.diff(w)
        return float(np.median(step[step >= NEARLY_COINCIDE_BELOW_RATIO * np.median(step)]))
    if given_mm is not None:
        return given_mm
    raise GeometryError(
        "geometry.single-plane-without-spacing",
        'structure "{name}" was drawn on one plane only (at {w_mm:.2f} mm), so that its thickness is unknown; give '
        "the spacing of the images it was drawn on",
        name=name,
        w_mm=float(w[0]),
    )


def find_gaps(w: np.ndarray, *, spacing: float, gaps: Gaps, name: str) -> tuple[np.ndarray, list[Message]]:
    """Return which steps skip planes, and what there is to say about the steps.

    A step is judged by those around it, so that stacks with two spacings have no gap where the spacing changes.

    Raises
    ------
    GeometryError
        There is a gap and gaps are refused.
    """
    data: dict[str, object]
    step = np.diff(w)
    real = step >= NEARLY_COINCIDE_BELOW_RATIO * spacing
    beside = np.full(len(step), spacing)
    if real.sum() > 1:
        beside[real] = _expected_steps(step[real])
    gap = step > GAP_FROM_RATIO * beside
    remarks = []
    for index in np.flatnonzero(gap):
        data = {
            "name": name,
            "from_mm": float(w[index]),
            "to_mm": float(w[index + 1]),
            "usual_mm": float(beside[index]),
        }
        if gaps is Gaps.REFUSED:
            raise _gap_refused(data)
        remarks.append(_gap_bridged(data) if gaps is Gaps.BRIDGED else _gap_open(data))
    for index in np.flatnonzero(~real):
        data = {"name": name, "step_mm": float(step[index]), "w_mm": float(w[index]), "usual_mm": spacing}
        remarks.append(_nearly_coincide(data))
    return gap, remarks


def _expected_steps(step: np.ndarray) -> np.ndarray:
    """Return for each step the larger of its neighbours, or the median of the five around it if that is smaller."""
    padded = np.concatenate([[0.0], step, [0.0]])
    larger_neighbour = np.maximum(padded[:-2], padded[2:])
    median = np.array([np.median(step[max(0, i - 2) : i + 3]) for i in range(len(step))])
    expected: np.ndarray = np.minimum(larger_neighbour, median)
    return expected


def _gap_refused(data: dict[str, object]) -> GeometryError:
    return GeometryError(
        "geometry.planes-missing",
        'structure "{name}" has no contour between {from_mm:.2f} and {to_mm:.2f} mm, where planes are '
        "{usual_mm:.2f} mm apart; draw the missing contours, or choose to bridge the gap or to leave it open",
        **data,
    )


def _gap_open(data: dict[str, object]) -> Message:
    return Message(
        code="geometry.planes-missing-open",
        template='structure "{name}" has no contour between {from_mm:.2f} and {to_mm:.2f} mm, where planes are '
        "{usual_mm:.2f} mm apart; the gap is left open: it does not count as inside",
        data=data,
    )


def _gap_bridged(data: dict[str, object]) -> Message:
    return Message(
        code="geometry.planes-missing-bridged",
        template='structure "{name}" has no contour between {from_mm:.2f} and {to_mm:.2f} mm, where planes are '
        "{usual_mm:.2f} mm apart; the gap is bridged: it counts as inside",
        data=data,
    )


def _nearly_coincide(data: dict[str, object]) -> Message:
    return Message(
        code="geometry.planes-nearly-coincide",
        template='structure "{name}" has planes only {step_mm:.2f} mm apart at {w_mm:.2f} mm, where {usual_mm:.2f} mm '
        "is usual; perhaps one slice was drawn twice",
        data=data,
    )


def slab_extents(w: np.ndarray, *, joined: np.ndarray, spacing: float, end_cap: EndCap) -> SlabExtents:
    """Return what each plane stands for: up to the middle between it and its neighbour, with a cap at each end.

    A cap is half as thick as the step on the other side of its plane; for a plane alone, half the usual step.
    """
    n = len(w)
    middle = 0.5 * (w[:-1] + w[1:])
    step = np.diff(w)
    low, high = w.copy(), w.copy()
    cap_low, cap_high = np.zeros(n), np.zeros(n)
    for p in range(n):
        below, above = p > 0 and joined[p - 1], p < n - 1 and joined[p]
        inner = step[p - 1] if below else step[p] if above else spacing
        outer = step[p] if above else inner
        cap = 0.0 if end_cap is EndCap.NONE else 0.5
        cap_low[p] = 0.0 if below else cap * outer
        cap_high[p] = 0.0 if above else cap * inner
        low[p] = middle[p - 1] if below else w[p] - cap_low[p]
        high[p] = middle[p] if above else w[p] + cap_high[p]
    low[1:] = np.maximum(low[1:], high[:-1])
    return SlabExtents(
        low_mm=low, high_mm=high, cap_low_mm=cap_low, cap_high_mm=cap_high, joined=np.append(joined, False)
    )
