"""Where seeds may lie: in a structure or a little beyond it, and off others by a margin each."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from trocar.geometry.kernels.stacks import distances_to_stack
from trocar.geometry.region import Region
from trocar.workflow.histograms import region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, ImplantRequest

Allowed = Callable[[Float[np.ndarray, "n 3"]], Bool[np.ndarray, " n"]]


def seed_region(request: ImplantRequest) -> Allowed:
    """Return which points a seed may touch.

    Raises
    ------
    PlanError
        A structure that the request names is not there.
    """
    seeding = request.seeding
    within = region_of(request.structures.named(seeding.within or request.target), end_cap=NEEDLE_PICTURE)
    off = [
        (region_of(request.structures.named(name), end_cap=NEEDLE_PICTURE), margin_mm)
        for name, margin_mm in seeding.keep_off
    ]

    def allowed(points_lps_mm: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        good = is_near(within, points_lps_mm, within_mm=seeding.beyond_mm)
        for region, margin_mm in off:
            good &= ~is_near(region, points_lps_mm, within_mm=margin_mm)
        return good

    return allowed


def is_near(region: Region, points_lps_mm: Float[np.ndarray, "n 3"], *, within_mm: float) -> Bool[np.ndarray, " n"]:
    """Return which points lie in a solid or within a distance of it."""
    near = np.asarray(region.contains(points_lps_mm))
    others = np.flatnonzero(~near)
    if within_mm > 0 and len(others):
        away = np.empty(len(others))
        distances_to_stack(region.stack, region.uvw_from_lps, np.ascontiguousarray(points_lps_mm[others]), away)
        near[others] = away <= within_mm
    return near
