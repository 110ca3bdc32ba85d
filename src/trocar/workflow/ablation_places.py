"""Where an ablation's applicators may go: ways in, places along them, and the points that they shall reach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from trocar.catalogue.applicators import load_applicator
from trocar.geometry.mesh_distance import nearest_on_mesh, vertex_normals
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.imaging.skin import find_body, skin_entries
from trocar.optimise.access.explain import require_access
from trocar.optimise.access.free import search_free
from trocar.optimise.access.scene import build_scene
from trocar.optimise.candidates import crossing_needles, segment_distance_mm
from trocar.optimise.zone_cover import covered_by_ellipsoids
from trocar.plan.access import Accesses
from trocar.plan.needles import Needle
from trocar.plan.structures import Structure
from trocar.workflow.ablation_reach import surface_points
from trocar.workflow.ablation_request import AblationRequest
from trocar.workflow.verify_ablation import body_of

POINT_SPACING_MM = 2.5
STEP_MM = 4.0
"""Distance between the depths tried on one line."""
MOST_LINES, MOST_POINTS = 120, 900
AIM_SPACING_MM = 5.0
CENTRAL_LINES, CENTRAL_MM = 20, 1.0
"""So many of the lines that pass so near the target's middle are always kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Candidate activations: line, pull-back, tip and direction of each."""

    line: Int[np.ndarray, " m"]
    back_mm: Float[np.ndarray, " m"]
    tips: Float[np.ndarray, "m 3"]
    axes: Float[np.ndarray, "m 3"]

    def take(self, keep: np.ndarray) -> "Places":
        """Return some of them."""
        return Places(line=self.line[keep], back_mm=self.back_mm[keep], tips=self.tips[keep], axes=self.axes[keep])

    def centres(self, behind_tip_mm: float) -> Float[np.ndarray, "m 3"]:
        """Return the middles of zones that lie so far behind the tip."""
        return np.asarray(self.tips - behind_tip_mm * self.axes)


def ways_in(request: AblationRequest) -> Accesses:
    """Return the lines by which the lesion may be reached, the safest of each neighbourhood."""
    body = find_body(request.image.volume)
    entries = skin_entries(body.occupancy, spacing_mm=6.0)
    if request.facing_lps is not None:
        entries = entries.facing(np.array(request.facing_lps), within_deg=request.within_deg)
    scene = build_scene(request.structures.named(request.target.lesion), body.occupancy, request.rules)
    search = search_free(scene, entries, aim_spacing_mm=AIM_SPACING_MM)
    require_access(search, scene)
    return _spread(search.accesses, 0.5 * np.sum(scene.target.bounds_lps_mm, axis=0))


def _spread(accesses: Accesses, middle: np.ndarray) -> Accesses:
    """Return at most so many lines: the safest of each neighbourhood of entry and tip, and those through the middle."""
    offset = middle - accesses.tips_lps_mm
    along = (offset * accesses.directions_lps).sum(axis=1, keepdims=True)
    miss = np.linalg.norm(offset - along * accesses.directions_lps, axis=1)
    order = np.lexsort((accesses.depth_mm, np.round(miss), -np.minimum(accesses.slack_mm, 10.0)))
    central = order[miss[order] <= CENTRAL_MM][:CENTRAL_LINES]
    rows, edge = order, 4.0
    while len(rows) > MOST_LINES - len(central):
        place = np.floor(np.hstack([accesses.entries_lps_mm[rows] / (4 * edge), accesses.tips_lps_mm[rows] / edge]))
        _, first = np.unique(place, axis=0, return_index=True)
        rows = rows[np.sort(first)]
        edge *= 1.2
    return accesses.take(np.concatenate([central, rows[~np.isin(rows, central)]]))


def target_points(request: AblationRequest, *, margin_mm: float | None = None) -> Float[np.ndarray, "n 3"]:
    """Return points of the lesion and its margin within the organ."""
    wanted = request.target.margin_mm if margin_mm is None else margin_mm
    lesion = body_of(request.structures.named(request.target.lesion))
    vertices = np.asarray(lesion.mesh.vertices_lps_mm)
    low, high = vertices.min(axis=0) - wanted, vertices.max(axis=0) + wanted
    step = max(POINT_SPACING_MM, float((np.prod(high - low) / (2 * MOST_POINTS)) ** (1 / 3)))
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    rim = np.concatenate([vertices[::40], vertices[::40] + wanted * vertex_normals(lesion.mesh)[::40]])
    points = np.concatenate([lattice, rim])
    depth = nearest_on_mesh(lesion.mesh, points).signed_mm
    points = points[depth >= -wanted - 1e-6]
    if request.target.organ:
        organ = region_of(request.structures.named(request.target.organ))
        points = points[organ.contains(points) | (nearest_on_mesh(lesion.mesh, points).signed_mm > 0)]
    return points


def places_on(request: AblationRequest, accesses: Accesses, points: np.ndarray) -> Places:
    """Return activations along each line whose zone's middle lies in or near the target."""
    behind = load_applicator(request.model).centre_behind_tip_mm
    line, back = [], []
    middle = points.mean(axis=0)
    reach = float(np.linalg.norm(points - middle, axis=1).max())
    for row in range(len(accesses)):
        tip, way, depth = accesses.tips_lps_mm[row], accesses.directions_lps[row], accesses.depth_mm[row]
        pulled = np.arange(0.0, min(2 * reach + 10.0, depth - behind), STEP_MM)
        near = np.linalg.norm(tip - (pulled[:, None] + behind) * way - middle, axis=1) <= reach
        line += [row] * int(near.sum())
        back += list(pulled[near])
    lines, backs = np.array(line, dtype=np.int64), np.array(back)
    axes = accesses.directions_lps[lines].reshape(-1, 3)
    tips = accesses.tips_lps_mm[lines].reshape(-1, 3) - backs[:, None] * axes
    return Places(line=lines, back_mm=backs, tips=tips, axes=axes)


def clashes(needles: Sequence[Needle], places: Places, *, spacing_mm: float, at_once: bool) -> Bool[np.ndarray, "m m"]:
    """Return which two placements of different lines must not both be used: one place, one hole, or needles that meet.

    Applicators that act together must keep their distance all along; one that is set after another was drawn out may
    cross its track, but not run in it: drawing back does the same without a second hole.
    """
    together = _meet(needles, spacing_mm) if at_once else _one_hole(needles, spacing_mm)
    near = cdist(places.tips, places.tips) < spacing_mm
    line = np.asarray(places.line)
    return np.asarray((near | together[np.ix_(line, line)]) & (line[:, None] != line[None]))


def _meet(needles: Sequence[Needle], spacing_mm: float) -> np.ndarray:
    """Return which two needles come nearer than the spacing anywhere between skin and tip."""
    found = np.zeros((len(needles),) * 2, np.bool_)
    for first, second in crossing_needles(needles, spacing_mm=spacing_mm):
        found[first, second] = found[second, first] = True
    return found


def _one_hole(needles: Sequence[Needle], spacing_mm: float) -> np.ndarray:
    """Return which two needles lie within the spacing of each other all along the shorter one."""
    entry = np.array([each.entry_lps_mm for each in needles])
    tip = np.array([each.tip_lps_mm for each in needles])
    one, other = (each.ravel() for each in np.indices((len(needles),) * 2))
    off = [segment_distance_mm(end[one], end[one], entry[other], tip[other]) for end in (entry, tip)]
    within = (np.maximum(*off) < spacing_mm).reshape(
        len(needles), len(needles)
    )  # both are straight: an end is farthest
    return np.asarray(within | within.T)


def keeps_clear(
    request: AblationRequest, places: Places, *, long_mm: float, short_mm: float, behind_tip_mm: float
) -> Bool[np.ndarray, " m"]:
    """Return which placements keep every spared structure out of their zone."""
    clear = np.ones(len(places.line), np.bool_)
    centres = places.centres(behind_tip_mm)
    for name in request.spared:
        points = surface_points(request.structures.named(name))
        near = points[np.linalg.norm(points - centres.mean(axis=0), axis=1) < 120.0]
        if len(near):
            inside = covered_by_ellipsoids(near, centres, places.axes, long_mm=long_mm, short_mm=short_mm)
            clear &= ~inside.any(axis=0)
    return clear


def region_of(structure: Structure) -> Region:
    """Return a drawn structure as a solid."""
    return region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)
