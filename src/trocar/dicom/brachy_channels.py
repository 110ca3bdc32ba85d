"""Application setups to channels, control points to places: what a brachytherapy plan says before one asks which kind.

Control points at one position, one after the other, make a place; the time spent there is the rise of the cumulative
weight from the first to the last of them. Two habits of writing the weights are read: rising through the channel, as
the standard has it, and starting at 0 at every place, which is noted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from jaxtyping import Float

from trocar.dicom.attributes import Attributes
from trocar.errors import RefusedObject

SAME_PLACE_MM = 1e-3
"""Distance of control points that are one place: positions are written to 0.001 mm or better."""

_WEIGHT_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a source stops.

    Parameters
    ----------
    position_lps_mm
        Of the source's centre.
    orientation_lps
        As the file states it, None where it does not.
    weight
        Share of the channel's time, in units of its final cumulative weight; None where no weights are stated.
    from_tip_mm
        Control Point Relative Position, None where not stated.
    points
        Number of control points it was written with.
    """

    position_lps_mm: Float[np.ndarray, " 3"]
    orientation_lps: Float[np.ndarray, " 3"] | None
    weight: float | None
    from_tip_mm: float | None
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrachyChannel:
    """One channel with its places.

    Parameters
    ----------
    where
        File and path of sequences, for messages.
    setup, number, label
        Numbers of the application setup and the channel; name of the applicator.
    movement
        Source Movement Type, upper case.
    source
        Number of the source it uses.
    total_time_s, final_weight
        Channel Total Time and Final Cumulative Time Weight; None where not stated.
    pulses
        Number of pulses, None but for PDR.
    applicator
        Source Applicator Number, None where not stated.
    places
        In the order of the file.
    """

    where: str
    setup: int
    number: int
    label: str
    movement: str
    source: int
    total_time_s: float | None
    final_weight: float | None
    pulses: int | None
    applicator: int | None
    places: tuple[Place, ...]


def read_channels(attributes: Attributes, setups: Sequence[Attributes]) -> tuple[BrachyChannel, ...]:
    """Return the channels of application setups that hold a source position.

    Parameters
    ----------
    attributes
        The plan.
    setups
        Items of the Application Setup Sequence.

    Raises
    ------
    RefusedObject
        A channel without positions in the patient, or weights that do not say how long the source stays where.
    """
    channels = []
    for setup in setups:
        number = setup.integer_or_none("ApplicationSetupNumber") or 0
        items = setup.items("ChannelSequence")
        if not items:
            attributes.noted.note(
                "rtplan.setup-without-channel",
                "application setup {number} has no channel; there was nothing to read",
                where=attributes.file,
                number=number,
            )
        for item in items:
            if item.items("BrachyControlPointSequence"):
                channels.append(_channel(item, setup=number))
            else:
                attributes.noted.note(
                    "rtplan.channel-without-positions",
                    "channel {channel} of application setup {number} has no control points; there was nothing to read",
                    where=attributes.file,
                    channel=item.integer_or_none("ChannelNumber") or 0,
                    number=number,
                )
    return tuple(channels)


def _channel(item: Attributes, *, setup: int) -> BrachyChannel:
    points = item.items("BrachyControlPointSequence")
    stated = item.integer_or_none("NumberOfControlPoints")
    if stated is not None and stated != len(points):
        raise RefusedObject(
            "rtplan.control-points-miscounted",
            "{where}: {stated} control points are announced, {present} are there; source positions may be lost: "
            "export the plan again",
            where=item.where,
            stated=stated,
            present=len(points),
        )
    names = (item.text_or(each, "").strip() for each in ("SourceApplicatorName", "SourceApplicatorID"))
    return BrachyChannel(
        where=item.where,
        setup=setup,
        number=item.integer_or_none("ChannelNumber") or 0,
        label=next((name for name in names if name), ""),
        movement=item.text_or("SourceMovementType", "").strip().upper(),
        source=item.integer("ReferencedSourceNumber"),
        total_time_s=item.number_or_none("ChannelTotalTime"),
        final_weight=item.number_or_none("FinalCumulativeTimeWeight"),
        pulses=item.integer_or_none("NumberOfPulses"),
        applicator=item.integer_or_none("SourceApplicatorNumber"),
        places=_places(item, points),
    )


def _places(item: Attributes, points: tuple[Attributes, ...]) -> tuple[Place, ...]:
    positions = [_position(point) for point in points]
    weights = _weights(item, points)
    group = 0
    groups = [0]
    for before, after in pairwise(positions):
        group += bool(np.linalg.norm(after - before) > SAME_PLACE_MM)
        groups.append(group)
    members = [list(each) for _, each in groupby(range(len(points)), key=groups.__getitem__)]
    if weights is not None:
        _require_understood(item, weights, members)
    return tuple(_place(points, positions, weights, each) for each in members)


def _place(
    points: tuple[Attributes, ...],
    positions: list[Float[np.ndarray, " 3"]],
    weights: Float[np.ndarray, " n"] | None,
    members: list[int],
) -> Place:
    first, last = members[0], members[-1]
    orientations = (points[each].numbers_or_none("ControlPointOrientation", 3) for each in members)
    return Place(
        position_lps_mm=positions[first],
        orientation_lps=next((each for each in orientations if each is not None and np.linalg.norm(each) > 0), None),
        weight=None if weights is None else float(weights[last] - weights[first]),
        from_tip_mm=points[first].number_or_none("ControlPointRelativePosition"),
        points=len(members),
    )


def _position(point: Attributes) -> Float[np.ndarray, " 3"]:
    position = point.numbers_or_none("ControlPoint3DPosition", 3)
    if position is None:
        raise RefusedObject(
            "rtplan.position-missing",
            "{where}: the position in the patient is not stated, only the depth in the channel; "
            "export the plan with three-dimensional control points",
            where=point.where,
        )
    return position


def _weights(item: Attributes, points: tuple[Attributes, ...]) -> Float[np.ndarray, " n"] | None:
    stated = [point.number_or_none("CumulativeTimeWeight") for point in points]
    known = [weight for weight in stated if weight is not None]
    if not known:
        return None
    if len(known) < len(stated):
        raise RefusedObject(
            "rtplan.weights-incomplete",
            "{where}: {n} of {total} control points have no cumulative time weight; how long the source stays where "
            "cannot be told: export the plan again",
            where=item.where,
            n=len(stated) - len(known),
            total=len(stated),
        )
    return np.array(known, dtype=np.float64)


def _require_understood(item: Attributes, weights: Float[np.ndarray, " n"], members: list[list[int]]) -> None:
    """Refuse weights that fall within a place or rise between places; note those that start again at every place."""
    slack = _WEIGHT_ROUNDING * max(float(np.abs(weights).max()), 1e-12)
    within = [weights[each[-1]] - weights[each[0]] for each in members]
    between = [weights[after[0]] - weights[before[-1]] for before, after in pairwise(members)]
    starts = [weights[each[0]] for each in members]
    falls = [step for step in between if step < -slack]
    if min(within) < -slack or max(between, default=0.0) > slack or (falls and max(np.abs(starts)) > slack):
        raise RefusedObject(
            "rtplan.weights-unclear",
            "{where}: the cumulative time weights {weights} do not say how long the source stays where; two control "
            "points a stop are expected, with the weight rising between them only",
            where=item.where,
            weights=", ".join(f"{weight:g}" for weight in weights[:12]),
        )
    if falls:
        item.noted.note(
            "rtplan.weights-restart",
            "the time weights are not cumulative but start at 0 at every stop; the time at a stop is the rise there",
            where=item.file,
        )
