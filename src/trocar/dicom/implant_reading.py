"""Channels of a permanent implant to seeds, as real systems write them: one stop a seed, whatever surrounds it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from trocar.dicom.attributes import Attributes
from trocar.dicom.brachy_channels import BrachyChannel, Place
from trocar.dicom.brachy_sources import PlanSource
from trocar.errors import RefusedObject
from trocar.plan.seeds import Seed
from trocar.units import SECONDS_PER_HOUR

POINTER_MM = (0.2, 2.0)
"""Distance of a second, unweighted stop that shows the direction of the seed at the first: shorter than any seed."""

END_TO_END_MM = 4.6
"""Distance up to which two stops without weights may be the two ends of one seed: the usual capsule is 4.5 mm long."""

ONE_PLACE_MM = 0.5
"""Distance within which two seeds would be in one another: capsules are about 0.8 mm across."""

EQUAL_WEIGHTS_WITHIN = 0.01
"""Relative difference of the weights of several seeds in a channel up to which they are one a seed."""

TRAK_WITHIN = 0.01
"""Relative difference of total reference air kerma up to which the plan counts from the strengths' reference time."""

SHORTEST_TREATMENT_S = 0.5 * SECONDS_PER_HOUR
"""A time below this is no temporary low-dose-rate treatment; systems write 0 or 1 for a permanent seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """One seed to be: where, and in which direction by which evidence."""

    place: Place
    pointer: Place | None


def seeds_of_channels(
    attributes: Attributes, channels: tuple[BrachyChannel, ...], sources: Mapping[int, PlanSource]
) -> tuple[Seed, ...]:
    """Return the seeds of channels with fixed sources, in order.

    Raises
    ------
    RefusedObject
        A channel from which it cannot be told how many seeds there are, or where.
    """
    seeds: list[Seed] = []
    derived = {"pointer": 0, "neighbours": 0, "none": 0}
    for channel in channels:
        stops = _stops(channel)
        for index, stop in enumerate(stops):
            axis, evidence = _axis(stops, index)
            if evidence:
                derived[evidence] += 1
            source = sources[channel.source]
            seeds.append(
                Seed(
                    position_lps_mm=stop.place.position_lps_mm,
                    axis_lps=axis,
                    source_model=source.model.key,
                    strength=source.strength,
                    needle=_needle(channel, len(stops)),
                )
            )
    _note_axes(attributes, derived, len(seeds))
    _note_seeds_in_one_another(attributes, seeds)
    return tuple(seeds)


def _note_seeds_in_one_another(attributes: Attributes, seeds: list[Seed]) -> None:
    pairs = KDTree([seed.position_lps_mm for seed in seeds]).query_pairs(ONE_PLACE_MM)
    if pairs:
        first, second = min(pairs)
        attributes.noted.note(
            "rtplan.seeds-at-one-place",
            "{n} pairs of seeds lie less than {least_mm} mm apart, such as seeds {first} and {second}; all were kept: "
            "check whether the plan lists seeds twice",
            where=attributes.file,
            n=len(pairs),
            least_mm=ONE_PLACE_MM,
            first=first + 1,
            second=second + 1,
        )


def _stops(channel: BrachyChannel) -> list[_Stop]:
    places = channel.places
    weighted = [place for place in places if place.weight]
    if not weighted:
        return _unweighted_stops(channel)
    heaviest = max(place.weight or 0.0 for place in weighted)
    if any(abs((place.weight or 0.0) / heaviest - 1) > EQUAL_WEIGHTS_WITHIN for place in weighted):
        raise RefusedObject(
            "rtplan.seed-weights-differ",
            "{where}: the stops of a permanent implant carry different times; a seed stays for ever, so that this is "
            "not one seed a stop: check whether the plan is a temporary treatment",
            where=channel.where,
        )
    _require_apart(channel, weighted, POINTER_MM[1])
    stops = []
    for index, place in enumerate(places):
        if place.weight:
            after = places[index + 1] if index + 1 < len(places) else None
            pointer = after if after is not None and not after.weight and _is_pointer(place, after) else None
            stops.append(_Stop(place=place, pointer=pointer))
    return stops


def _unweighted_stops(channel: BrachyChannel) -> list[_Stop]:
    """Return the stops of a channel that states no time anywhere: a seed at each place, but for a pointer."""
    places = channel.places
    if len(places) == 2 and _is_pointer(places[0], places[1]):
        return [_Stop(place=places[0], pointer=places[1])]
    _require_apart(channel, places, END_TO_END_MM)
    return [_Stop(place=place, pointer=None) for place in places]


def _require_apart(channel: BrachyChannel, places: Sequence[Place], least_mm: float) -> None:
    for before, after in pairwise(places):
        distance_mm = float(np.linalg.norm(after.position_lps_mm - before.position_lps_mm))
        if distance_mm < least_mm:
            raise RefusedObject(
                "rtplan.seeds-too-close",
                "{where}: source positions lie {distance_mm:.1f} mm apart, closer than a seed is long; which of them "
                "are seeds cannot be told: export the plan with one position a seed",
                where=channel.where,
                distance_mm=distance_mm,
            )


def _is_pointer(place: Place, after: Place) -> bool:
    low, high = POINTER_MM
    return low <= float(np.linalg.norm(after.position_lps_mm - place.position_lps_mm)) <= high


def _axis(stops: list[_Stop], index: int) -> tuple[Float[np.ndarray, " 3"] | None, str]:
    """Return the direction of a seed and the evidence for it, empty where the file states it."""
    stop = stops[index]
    if stop.place.orientation_lps is not None:
        return stop.place.orientation_lps, ""
    if stop.pointer is not None:
        return stop.pointer.position_lps_mm - stop.place.position_lps_mm, "pointer"
    if len(stops) > 1:
        first, last = stops[max(index - 1, 0)], stops[min(index + 1, len(stops) - 1)]
        way = last.place.position_lps_mm - first.place.position_lps_mm
        if np.linalg.norm(way) > 0:
            return way, "neighbours"
    return None, "none"


def _needle(channel: BrachyChannel, n_stops: int) -> int | None:
    if channel.applicator is not None:
        return channel.applicator
    return channel.number if n_stops > 1 else None


def _note_axes(attributes: Attributes, derived: dict[str, int], total: int) -> None:
    if n := derived["pointer"]:
        attributes.noted.note(
            "rtplan.axis-from-second-point",
            "{n} of {total} seeds state no orientation; it was taken from the seed's centre to a second, unweighted "
            "position beside it",
            where=attributes.file,
            n=n,
            total=total,
        )
    if n := derived["neighbours"]:
        attributes.noted.note(
            "rtplan.axis-from-neighbours",
            "{n} of {total} seeds state no orientation; it was taken along the seeds of the same channel",
            where=attributes.file,
            n=n,
            total=total,
        )
    if n := derived["none"]:
        attributes.noted.note(
            "rtplan.no-orientation",
            "{n} of {total} seeds state no orientation; their dose is that of the one-dimensional formalism",
            where=attributes.file,
            n=n,
            total=total,
        )


def implant_moment(
    attributes: Attributes,
    channels: tuple[BrachyChannel, ...],
    sources: Mapping[int, PlanSource],
    *,
    told: datetime | None,
    n_seeds: int,
) -> datetime:
    """Return when the seeds were implanted: as told, else at the latest reference time of the strengths, noted.

    The file has no attribute for it. The total reference air kerma, where stated, shows whether the plan counts from
    the reference time (S_K x mean life x seeds) or from a later moment; the difference is noted.
    """
    if told is not None:
        return told
    latest = max(source.strength.reference_at for source in sources.values())
    attributes.noted.note(
        "rtplan.implant-time-assumed",
        "the plan does not say when the seeds are implanted; the reference time of their strength, {moment}, was "
        "taken: give implant_at if they are implanted at another time",
        where=attributes.file,
        moment=latest.isoformat(sep=" "),
    )
    _note_decay_in_kerma(attributes, channels, sources, n_seeds)
    return latest


def _note_decay_in_kerma(
    attributes: Attributes, channels: tuple[BrachyChannel, ...], sources: Mapping[int, PlanSource], n_seeds: int
) -> None:
    stated = [setup.number_or_none("TotalReferenceAirKerma") for setup in attributes.items("ApplicationSetupSequence")]
    known = [kerma for kerma in stated if kerma and kerma > 0]
    if not known or len({channel.source for channel in channels}) != 1:
        return
    source = sources[channels[0].source]
    whole_ugy = n_seeds * source.strength.s_k_u * source.model.nuclide.mean_life_h
    ratio = min((total / whole_ugy for total in {known[0], sum(known)}), key=lambda each: abs(math.log(each)))
    if abs(ratio - 1) > TRAK_WITHIN:
        attributes.noted.note(
            "rtplan.air-kerma-differs",
            "the plan states a total reference air kerma of {stated:.6g} µGy m², its strengths without decay give "
            "{computed:.6g}, a ratio of {ratio:.4f}: the plan may count from a later moment than the reference time, "
            "or state its strength in another unit",
            where=attributes.file,
            stated=ratio * whole_ugy,
            computed=whole_ugy,
            ratio=ratio,
        )


def stays_for_ever(channel: BrachyChannel, source: PlanSource) -> bool | None:
    """Say whether a fixed source stays for good, by its time in the channel; None where that cannot be told."""
    time_s = channel.total_time_s or 0.0
    if time_s >= 0.5 * source.model.nuclide.mean_life_h * SECONDS_PER_HOUR:
        return True
    return True if time_s < SHORTEST_TREATMENT_S else None
