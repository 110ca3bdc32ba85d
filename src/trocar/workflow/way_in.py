"""The way in: needles to choose from, found in a CT or in a scene that is already built."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.errors import OptimiseError
from trocar.imaging.skin import find_body, skin_entries
from trocar.messages import Message
from trocar.optimise.access.choose import select_needles
from trocar.optimise.access.coplanar import search_template
from trocar.optimise.access.explain import explain
from trocar.optimise.access.explanation import Change, Explanation, Relaxation, Rule, change_message, no_access_message
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import Scene, build_scene
from trocar.optimise.access.search import AccessSearch
from trocar.plan.access import SIDES, Accesses, RiskAccount, SkinEntries
from trocar.plan.needles import Needle
from trocar.workflow.implant_request import ImplantRequest, NeedleWish

SKIN_SPACING_MM = 3.0
ABOVE_COUCH_MM = 5.0
"""Nearer to the couch no needle can be held."""

ALL_BUT, WORTH_TELLING = 0.95, 0.05
"""Shares of the target: what counts as reached, and how much more makes another side worth telling."""

CHOICES = 3
"""How often needles to choose from cover each part of the target."""

APPROACHES_TRIED, APPROACH_SAMPLE, APPROACHES_KEPT = 400, 2000, 3
"""Directions tried, needles counted about each, directions kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """Needles to choose from, and all that was looked at to find them.

    Parameters
    ----------
    wish
        How needles may go in.
    scene, entries
        What they were traced through, and the skin they may enter by.
    skin
        All of it.
    search
        Every way that was tried.
    chosen
        Offered to the search for seeds, in the order in which they were chosen.
    covered
        Share of the target that has one of them within reach.
    """

    wish: NeedleWish
    scene: Scene
    entries: SkinEntries
    skin: SkinEntries
    search: AccessSearch
    chosen: Accesses
    covered: float

    @property
    def needles(self) -> tuple[Needle, ...]:
        """The chosen ones, numbered from 1."""
        return self.chosen.needles()

    @property
    def accounts(self) -> dict[int, RiskAccount]:
        """The account of each by its number."""
        return {row + 1: self.chosen.account(row) for row in range(len(self.chosen))}


def find_way_in(request: ImplantRequest) -> WayIn:
    """Return needles to choose from, and what was looked at.

    Raises
    ------
    OptimiseError
        No needle obeys the rules; says what is in the way and what would open it.
    """
    scene, skin = scene_of(request)
    return way_into(scene, skin, request.needles)


def why_no_way(scene: Scene, entries: SkinEntries, search: AccessSearch, wish: NeedleWish) -> Explanation:
    """Return why a search found no needle, and the ways out, entry elsewhere on the skin among them.

    Parameters
    ----------
    scene, entries
        What needles are traced through, and all of the skin.
    search
        That found nothing.
    wish
        What was asked for.
    """
    explanation = explain(scene, search.lines)
    ways_out = (*explanation.relaxations, *_elsewhere(scene, entries, wish))
    return replace(explanation, relaxations=tuple(sorted(ways_out, key=lambda each: each.danger)))


def _elsewhere(scene: Scene, entries: SkinEntries, wish: NeedleWish) -> tuple[Relaxation, ...]:
    """Return the side of the patient from which most needles obey every rule, where entry was limited."""
    anywhere = _from_anywhere(wish)
    if anywhere is None:
        return ()
    search = search_in(scene, allowed_entries(entries, anywhere), anywhere)
    if not len(search.accesses):
        return ()
    side, lines = _side_of(search.lines.normals_lps[search.rows])
    return (Relaxation(changes=(_entering(side),), lines=lines),)


def _from_anywhere(wish: NeedleWish) -> NeedleWish | None:
    """Return a wish without limits on where needles enter; None where it has none, or a template says where."""
    if wish.template is not None or (wish.facing_lps is None and wish.entry_box_lps_mm is None):
        return None
    return replace(wish, facing_lps=None, entry_box_lps_mm=None)


def _side_of(outward_lps: Float[np.ndarray, "n 3"]) -> tuple[str, int]:
    """Return the side that most directions look to, and how many do."""
    facing = (outward_lps @ np.array(list(SIDES.values())).T).argmax(axis=1)
    counts = np.bincount(facing, minlength=len(SIDES))
    return list(SIDES)[int(counts.argmax())], int(counts.max())


def _entering(side: str) -> Change:
    return Change(rule=Rule.ENTRY, name=side, given=0.0, needed=0.0)


def more_from_elsewhere(way: WayIn) -> Message | None:
    """Return from which side needles would reach more of the target than by the skin they may enter; None if no more.

    Worth asking where the plan misses something: it takes as long as finding the way in.
    """
    anywhere = _from_anywhere(way.wish)
    if anywhere is None or way.covered > ALL_BUT:
        return None
    other = way_into(way.scene, way.skin, anywhere)
    if other.covered < way.covered + WORTH_TELLING:
        return None
    side, _ = _side_of(-other.chosen.directions_lps)
    return Message(
        code="workflow.more-from-elsewhere",
        template="{entry} brings needles within {reach_mm:g} mm of {percent:.0f} % of the target instead of "
        "{given:.0f} %",
        data={
            "entry": change_message(_entering(side)),
            "reach_mm": way.wish.reach_mm,
            "percent": 100.0 * other.covered,
            "given": 100.0 * way.covered,
        },
    )


def propose_needles(request: ImplantRequest) -> tuple[tuple[Needle, ...], dict[int, RiskAccount], float]:
    """Return needles to choose from, their accounts by number, and the share of the target they reach.

    Raises
    ------
    OptimiseError
        See `find_way_in`.
    """
    way = find_way_in(request)
    return way.needles, way.accounts, way.covered


def scene_of(request: ImplantRequest) -> tuple[Scene, SkinEntries]:
    """Return target, body and obstacles as fields, and all of the skin."""
    body = find_body(request.image.volume)
    entries = skin_entries(body.occupancy, spacing_mm=SKIN_SPACING_MM)
    return build_scene(request.structures.named(request.target), body.occupancy, request.needles.rules), entries


def allowed_entries(entries: SkinEntries, wish: NeedleWish) -> SkinEntries:
    """Return the part of the skin where needles may go in."""
    if wish.facing_lps is not None:
        entries = entries.facing(np.array(wish.facing_lps), within_deg=wish.within_deg)
    if wish.entry_box_lps_mm is not None:
        low, high = wish.entry_box_lps_mm
        points = entries.points_lps_mm
        entries = entries.where(np.all((points >= np.array(low)) & (points <= np.array(high)), axis=1))
    if wish.rules.couch is not None:
        entries = entries.above(wish.rules.couch, by_mm=ABOVE_COUCH_MM)
    return entries


def way_into(scene: Scene, skin: SkinEntries, wish: NeedleWish) -> WayIn:
    """Return needles from a scene that is already built, by the allowed part of the skin; see `find_way_in`."""
    entries = allowed_entries(skin, wish)
    search = search_in(scene, entries, wish)
    if not len(search.accesses):
        message = no_access_message(why_no_way(scene, skin, search, wish), target=scene.target.name)
        raise OptimiseError(message.code, message.template, **message.data)
    pools = _approaches(search.accesses, wish.spread_deg)
    selections = [
        select_needles(scene, pool, reach_mm=wish.reach_mm, spacing_mm=wish.spacing_mm, times=CHOICES, most=wish.most)
        for pool in pools
    ]
    best = max(selections, key=lambda each: each.covered)
    return WayIn(
        wish=wish,
        scene=scene,
        entries=entries,
        skin=skin,
        search=search,
        chosen=best.accesses,
        covered=best.covered,
    )


def search_in(scene: Scene, entries: SkinEntries, wish: NeedleWish) -> AccessSearch:
    """Return all needles that obey the rules, through a template or free."""
    if wish.template is not None:
        return search_template(scene, entries, wish.template)
    return search_free(scene, entries, aim_spacing_mm=wish.reach_mm)


def _approaches(accesses: Accesses, spread_deg: float | None) -> list[Accesses]:
    """Return the needles about each of a few common directions, the most frequented first."""
    if spread_deg is None:
        return [accesses]
    ways = accesses.directions_lps
    least = np.cos(np.radians(spread_deg))
    tried = ways[:: max(len(ways) // APPROACHES_TRIED, 1)]
    frequented = (tried @ ways[:: max(len(ways) // APPROACH_SAMPLE, 1)].T >= least).sum(axis=1)
    free = np.ones(len(tried), np.bool_)
    pools: list[Accesses] = []
    while free.any() and len(pools) < APPROACHES_KEPT:
        best = int(np.where(free, frequented, -1).argmax())
        pools.append(accesses.take(np.flatnonzero(ways @ tried[best] >= least)))
        free &= tried @ tried[best] < np.cos(np.radians(0.7 * spread_deg))
    return pools
