"""The way in: needles to choose from, found in a CT or in a scene that is already built."""

import numpy as np

from trocar.imaging.skin import find_body, skin_entries
from trocar.optimise.access.choose import select_needles
from trocar.optimise.access.coplanar import search_template
from trocar.optimise.access.explain import require_access
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import Scene, build_scene
from trocar.plan.access import Accesses, RiskAccount, SkinEntries
from trocar.plan.needles import Needle
from trocar.workflow.implant_request import ImplantRequest, NeedleWish

CHOICES = 3
"""How often needles to choose from cover each part of the target."""

APPROACHES_TRIED, APPROACHES_KEPT = 400, 3


def propose_needles(request: ImplantRequest) -> tuple[tuple[Needle, ...], dict[int, RiskAccount], float]:
    """Return needles to choose from, their accounts by number, and the share of the target they reach.

    Raises
    ------
    OptimiseError
        No needle obeys the rules; says what is in the way and what would open it.
    """
    wish = request.needles
    body = find_body(request.image.volume)
    entries = skin_entries(body.occupancy, spacing_mm=3.0)
    if wish.facing_lps is not None:
        entries = entries.facing(np.array(wish.facing_lps), within_deg=wish.within_deg)
    scene = build_scene(request.structures.named(request.target), body.occupancy, wish.rules)
    return choose_needles(scene, entries, wish)


def choose_needles(
    scene: Scene, entries: SkinEntries, wish: NeedleWish
) -> tuple[tuple[Needle, ...], dict[int, RiskAccount], float]:
    """Return needles from a scene that is already built; see `propose_needles`."""
    if wish.template is not None:
        search = search_template(scene, entries, wish.template)
    else:
        search = search_free(scene, entries, aim_spacing_mm=wish.reach_mm)
    require_access(search, scene)
    pools = _approaches(search.accesses, wish.spread_deg)
    selections = [
        select_needles(scene, pool, reach_mm=wish.reach_mm, spacing_mm=wish.spacing_mm, times=CHOICES, most=wish.most)
        for pool in pools
    ]
    selection = max(selections, key=lambda each: each.covered)
    chosen = selection.accesses
    needles = tuple(chosen.needle(row, number=row + 1) for row in range(len(chosen)))
    return needles, {row + 1: chosen.account(row) for row in range(len(chosen))}, selection.covered


def _approaches(accesses: Accesses, spread_deg: float | None) -> list[Accesses]:
    """Return the needles about each of a few common directions, the most frequented first."""
    if spread_deg is None:
        return [accesses]
    ways = accesses.directions_lps
    tried = ways[:: max(len(ways) // APPROACHES_TRIED, 1)]
    near = tried @ ways.T >= np.cos(np.radians(spread_deg))
    free = np.ones(len(tried), np.bool_)
    pools: list[Accesses] = []
    while free.any() and len(pools) < APPROACHES_KEPT:
        best = int(np.where(free, near.sum(axis=1), -1).argmax())
        pools.append(accesses.take(np.flatnonzero(near[best])))
        free &= tried @ tried[best] < np.cos(np.radians(0.7 * spread_deg))
    return pools
