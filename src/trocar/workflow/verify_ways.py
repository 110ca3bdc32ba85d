"""Whether a needle can reach a place where a further seed would help, by the rules the plan was made with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.optimise.access.explain import explain
from trocar.optimise.access.explanation import no_access_message
from trocar.optimise.access.lines import Lines
from trocar.optimise.access.scene import Scene
from trocar.optimise.access.search import examine
from trocar.plan.access import Accesses, SkinEntries
from trocar.results.registration import Registration
from trocar.results.verification import WayToSeed
from trocar.workflow.implant_request import ImplantRequest
from trocar.workflow.way_in import allowed_entries, scene_of, search_in

OFF_HOLE = 0.75
"""A hole of the template within this share of the pitch serves a place: the seed then lies on the hole's line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ways(Value):
    """Ways to some places, in the frame of the scan.

    Parameters
    ----------
    ways
        One a place; None where no needle by the rules reaches it.
    hindrance
        What stands in the way of the others; None where nothing does.
    """

    ways: tuple[WayToSeed | None, ...]
    hindrance: Message | None


Reach = Callable[[Float[np.ndarray, "n 3"]], Ways]
"""Asked for places in the frame of the scan."""


def reach_of(request: ImplantRequest, registration: Registration | None) -> Reach:
    """Return what tells ways to places on the scan, by the rules of the request that the plan was made from.

    Parameters
    ----------
    request
        Image, structures and needles' rules, in the frame of the plan.
    registration
        Of the planning image to the scan; None where both lie in one frame.
    """
    scene, skin = scene_of(request)
    entries = allowed_entries(skin, request.needles)

    def ways(places_lps_mm: Float[np.ndarray, "n 3"]) -> Ways:
        there = places_lps_mm if registration is None else registration.to_moving(places_lps_mm)
        if request.needles.template is not None:
            found, tried = _through_template(there, scene, entries, request)
        else:
            found, tried = _free(there, scene, entries)
        back = tuple(way if way is None or registration is None else _carried(way, registration) for way in found)
        closed = any(way is None for way in found)
        return Ways(ways=back, hindrance=_hindrance(scene, tried) if closed else None)

    return ways


THESE_PLACES = Message(code="verify.these-places", template="these places")


def _hindrance(scene: Scene, tried: Lines) -> Message:
    if not len(tried):
        return Message(code="verify.no-hole-near", template="no hole of the template lies in line with them")
    return no_access_message(explain(scene, tried), target=THESE_PLACES)


def _free(places: Float[np.ndarray, "n 3"], scene: Scene, entries: SkinEntries) -> tuple[list[WayToSeed | None], Lines]:
    """Return the shortest needle from allowed skin through each place, and all lines tried."""
    tried = [_lines_to(place, entries) for place in places]
    ways: list[WayToSeed | None] = []
    for place, lines in zip(places, tried, strict=True):
        accesses = examine(scene, lines).accesses
        depth = np.linalg.norm(accesses.entries_lps_mm - place, axis=1)
        ways.append(_way(accesses, int(depth.argmin()), place) if len(accesses) else None)
    shut = [lines for lines, way in zip(tried, ways, strict=True) if way is None] or tried
    return ways, Lines(
        entries_lps_mm=np.concatenate([each.entries_lps_mm for each in shut]),
        ways_lps=np.concatenate([each.ways_lps for each in shut]),
        normals_lps=np.concatenate([each.normals_lps for each in shut]),
        labels=(),
    )


def _lines_to(place: Float[np.ndarray, " 3"], entries: SkinEntries) -> Lines:
    way = place - entries.points_lps_mm
    return Lines(
        entries_lps_mm=entries.points_lps_mm,
        ways_lps=way / np.linalg.norm(way, axis=1, keepdims=True),
        normals_lps=entries.normals_lps,
        labels=(),
    )


def _through_template(
    places: Float[np.ndarray, "n 3"], scene: Scene, entries: SkinEntries, request: ImplantRequest
) -> tuple[list[WayToSeed | None], Lines]:
    """Return the hole nearest to each place whose needle obeys the rules, and the lines of holes near the others."""
    assert request.needles.template is not None
    search = search_in(scene, entries, request.needles)
    accesses = search.accesses
    furthest = OFF_HOLE * request.needles.template.pitch_mm
    ways: list[WayToSeed | None] = []
    for place in places:
        along = np.einsum("ij,ij->i", place - accesses.entries_lps_mm, accesses.directions_lps)
        foot = accesses.entries_lps_mm + along[:, None] * accesses.directions_lps
        off = np.linalg.norm(place - foot, axis=1)
        good = np.flatnonzero((off <= furthest) & (along > 0.0) & (along <= accesses.depth_mm))
        best = int(good[off[good].argmin()]) if len(good) else -1
        ways.append(_way(accesses, best, foot[best]) if len(good) else None)
    shut = [place for place, way in zip(places, ways, strict=True) if way is None]
    return ways, search.lines.take(_near(search.lines, np.array(shut).reshape(-1, 3), furthest))


def _near(lines: Lines, places: Float[np.ndarray, "n 3"], within_mm: float) -> np.ndarray:
    """Return which lines pass within a distance of any of some places."""
    rest = places[:, None] - lines.entries_lps_mm[None]
    along = np.einsum("pij,ij->pi", rest, lines.ways_lps)
    off = np.linalg.norm(rest - along[..., None] * lines.ways_lps[None], axis=2)
    return np.flatnonzero((off <= within_mm).any(axis=0))


def _way(accesses: Accesses, row: int, seat_lps_mm: Float[np.ndarray, " 3"]) -> WayToSeed:
    return WayToSeed(
        seat_lps_mm=seat_lps_mm,
        entry_lps_mm=accesses.entries_lps_mm[row],
        label=accesses.labels[row],
        slack_mm=float(accesses.slack_mm[row]),
    )


def _carried(way: WayToSeed, registration: Registration) -> WayToSeed:
    seat, entry = registration.to_fixed(np.array([way.seat_lps_mm, way.entry_lps_mm]))
    return WayToSeed(seat_lps_mm=seat, entry_lps_mm=entry, label=way.label, slack_mm=way.slack_mm)
