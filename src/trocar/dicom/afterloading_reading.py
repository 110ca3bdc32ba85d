"""Channels of an afterloading plan to dwells: times from weights, directions along the catheter."""

import numpy as np
from jaxtyping import Float

from trocar.dicom.attributes import Attributes
from trocar.dicom.brachy_channels import BrachyChannel, Place
from trocar.dicom.brachy_sources import PlanSource
from trocar.errors import RefusedObject
from trocar.plan.plan import Channel
from trocar.plan.seeds import Dwell
from trocar.units import SECONDS_PER_HOUR

WEIGHTS_WITHIN = 1e-3
"""Relative difference of the weights' sum and the final weight that rounding of short times explains."""

TRAK_WITHIN = 0.005
"""Relative difference of total reference air kerma up to which the times belong to the stated strength."""

_STEPPING = frozenset(("STEPWISE", "FIXED", ""))


def read_afterloading_channels(
    attributes: Attributes, channels: tuple[BrachyChannel, ...], *, pulses: int
) -> tuple[Channel, ...]:
    """Return the channels with the dwells of one fraction.

    Parameters
    ----------
    attributes
        The plan.
    channels
        Its channels.
    pulses
        How often the channel times are repeated within a fraction, see `pulse_factor`.

    Raises
    ------
    RefusedObject
        A source that moves while it treats, weights or times that contradict each other, or no time at all.
    """
    derived = {"along": 0, "none": 0}
    found = tuple(_channel(attributes, channel, pulses, derived) for channel in channels)
    total = sum(len(channel.dwells) for channel in found)
    if not sum(dwell.time_s for channel in found for dwell in channel.dwells) > 0:
        raise RefusedObject(
            "rtplan.no-dwell-time",
            "{file}: the source stays nowhere, all channel times or weights are 0; export the optimised plan",
            file=attributes.file,
        )
    if derived["along"]:
        attributes.noted.note(
            "rtplan.axis-along-catheter",
            "{n} of {total} dwells state no orientation; it was taken along the catheter from their neighbours",
            where=attributes.file,
            n=derived["along"],
            total=total,
        )
    if derived["none"]:
        attributes.noted.note(
            "rtplan.dwell-without-orientation",
            "{n} of {total} dwells state no orientation and stand alone in their channel; their dose is that of the "
            "one-dimensional formalism",
            where=attributes.file,
            n=derived["none"],
            total=total,
        )
    return found


def _channel(attributes: Attributes, channel: BrachyChannel, pulses: int, derived: dict[str, int]) -> Channel:
    if channel.movement not in _STEPPING:
        raise RefusedObject(
            "rtplan.source-moves",
            "{where}: the source moves while it treats ({movement}); Trocar computes stepping sources only",
            where=channel.where,
            movement=channel.movement,
        )
    times_s = _times(attributes, channel)
    outwards = _order_from_tip(attributes, channel)
    dwells = []
    for index, (place, time_s) in enumerate(zip(channel.places, times_s, strict=True)):
        axis = place.orientation_lps
        if axis is None:
            axis = _along_catheter(channel.places, index, outwards)
            derived["none" if axis is None else "along"] += 1
        dwells.append(Dwell(position_lps_mm=place.position_lps_mm, axis_lps=axis, time_s=pulses * time_s))
    return Channel(number=channel.number, label=channel.label, dwells=tuple(dwells))


def _times(attributes: Attributes, channel: BrachyChannel) -> list[float]:
    weights = [place.weight for place in channel.places]
    total_s = channel.total_time_s
    if total_s is None or total_s < 0 or any(weight is None for weight in weights):
        raise RefusedObject(
            "rtplan.dwell-times-missing",
            "{where}: the channel states no total time or no time weights; how long the source stays cannot be told: "
            "export the plan again",
            where=channel.where,
        )
    known = [weight or 0.0 for weight in weights]
    summed, final = sum(known), channel.final_weight
    if final is None:
        final = summed
        attributes.noted.note(
            "rtplan.final-weight-missing",
            "channels state no final cumulative time weight; the sum of their weights was taken",
            where=attributes.file,
        )
    if summed == 0 and (final == 0 or total_s == 0):
        attributes.noted.note(
            "rtplan.channel-without-time",
            "channel {number} has no treatment time",
            where=attributes.file,
            number=channel.number,
        )
        return [0.0] * len(known)
    if final <= 0 or abs(summed / final - 1) > WEIGHTS_WITHIN or total_s == 0:
        raise RefusedObject(
            "rtplan.times-contradict",
            "{where}: the time weights add up to {summed:g}, the final weight is {final:g} and the channel's time is "
            "{total_s:g} s; these contradict each other: export the plan again",
            where=channel.where,
            summed=summed,
            final=final,
            total_s=total_s,
        )
    return [weight / final * total_s for weight in known]


def _order_from_tip(attributes: Attributes, channel: BrachyChannel) -> bool:
    """Say whether places are listed from the tip outwards, by their distance from it, else as the first is the tip."""
    depths = [place.from_tip_mm for place in channel.places]
    known = [depth for depth in depths if depth is not None]
    if len(known) == len(depths) and known[0] != known[-1]:
        return known[0] < known[-1]
    if len(channel.places) > 1 and any(place.orientation_lps is None for place in channel.places):
        attributes.noted.note(
            "rtplan.tip-assumed",
            "channels do not state how far their dwells are from the tip; the first dwell was taken as nearest to it",
            where=attributes.file,
        )
    return True


def _along_catheter(places: tuple[Place, ...], index: int, outwards: bool) -> Float[np.ndarray, " 3"] | None:
    """Return the direction from the cable to the tip at a place: between its neighbours."""
    before, after = places[max(index - 1, 0)], places[min(index + 1, len(places) - 1)]
    way: np.ndarray = before.position_lps_mm - after.position_lps_mm
    if np.linalg.norm(way) == 0:
        return None
    return way if outwards else -way


def pulse_factor(attributes: Attributes, channels: tuple[BrachyChannel, ...], source: PlanSource) -> int:
    """Return by how many pulses the channel times have to be multiplied, told by the total reference air kerma.

    The standard leaves unsaid whether the time of a pulsed channel is that of a pulse or of all. For plans without
    pulses it is compared as well: the times then belong to the stated strength, or a deviation is noted.

    Raises
    ------
    RefusedObject
        A pulsed plan whose air kerma fits neither reading.
    """
    pulses = {channel.pulses or 1 for channel in channels}
    time_h = sum(channel.total_time_s or 0.0 for channel in channels) / SECONDS_PER_HOUR
    computed = source.strength.s_k_u * time_h
    stated = _stated_air_kerma(attributes)
    n_pulses = max(pulses)
    if n_pulses == 1 or computed <= 0:
        _note_air_kerma(attributes, stated, computed)
        return 1
    fits = [each for each in (1, n_pulses) if stated and abs(stated / (computed * each) - 1) <= TRAK_WITHIN]
    if len(pulses) != 1 or len(fits) != 1:
        raise RefusedObject(
            "rtplan.pulses-unclear",
            "{file}: of a plan of {pulses} pulses it cannot be told whether the channel times are those of a pulse or "
            "of all, since the total reference air kerma ({stated}) fits neither or is missing",
            file=attributes.file,
            pulses=n_pulses,
            stated="-" if stated is None else f"{stated:g}",
        )
    if fits[0] == 1:
        attributes.noted.note(
            "rtplan.times-of-all-pulses",
            "the plan has {pulses} pulses; by its total reference air kerma the channel times are those of all pulses",
            where=attributes.file,
            pulses=n_pulses,
        )
    else:
        attributes.noted.note(
            "rtplan.times-of-one-pulse",
            "the plan has {pulses} pulses; by its total reference air kerma the channel times are those of one pulse",
            where=attributes.file,
            pulses=n_pulses,
        )
    return fits[0]


def _stated_air_kerma(attributes: Attributes) -> float | None:
    stated = [setup.number_or_none("TotalReferenceAirKerma") for setup in attributes.items("ApplicationSetupSequence")]
    return sum(kerma for kerma in stated if kerma and kerma > 0) or None


def _note_air_kerma(attributes: Attributes, stated: float | None, computed: float) -> None:
    if stated is None:
        attributes.noted.note(
            "rtplan.air-kerma-missing",
            "the plan states no total reference air kerma; the times were taken as belonging to the stated strength",
            where=attributes.file,
        )
    elif computed > 0 and abs(stated / computed - 1) > TRAK_WITHIN:
        attributes.noted.note(
            "rtplan.dwell-air-kerma-differs",
            "the plan states a total reference air kerma of {stated:.6g} µGy m², its strength and times give "
            "{computed:.6g}, a ratio of {ratio:.4f}: the times may belong to a decayed strength",
            where=attributes.file,
            stated=stated,
            computed=computed,
            ratio=stated / computed,
        )
