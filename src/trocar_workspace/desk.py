"""`Desk`: one plan open for editing, the states it went through, and what each plane shows of it."""

import json
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float

from trocar.errors import TrocarError
from trocar.geometry.grid import Grid
from trocar.geometry.region import Region
from trocar.geometry.resample import Interpolation, resample
from trocar.geometry.volume import Volume
from trocar.messages import Message
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure
from trocar.workflow.edit_bench import OnBench, changed_dose, edit, open_bench, plan_dose
from trocar.workflow.edit_views import Outline, Plane, cut_grid, cut_points, dose_outlines, region_outlines
from trocar.workflow.histograms import region_of
from trocar.workflow.implant_request import NEEDLE_PICTURE, ImplantRequest
from trocar_workspace.edit_words import edits_of
from trocar_workspace.saving import Progress, Saver
from trocar_workspace.worth import worth_of

SHOWN_SPACING_MM = 1.0
DOSE_SPACING_MM = 1.5
AROUND_MM = 40.0
"""How far the picture reaches beyond needles and target."""

STATES_KEPT = 500
CUTS_KEPT = 90
ISODOSE_PERCENT = (50, 100, 150, 200)
"""Of the prescription."""

T = TypeVar("T")


class Kept(Generic[T]):
    """The latest answers to a question, as many as fit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return an answer, if it is kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, value: T) -> T:
        """Keep an answer, and let the oldest go."""
        self._kept[key] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a list of changes leads.

    Parameters
    ----------
    on_bench
        The plan after the changes that could be made, with its dose.
    made
        How many could be made.
    refused
        Why the next one could not; None where all were made.
    """

    on_bench: OnBench
    made: int
    refused: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutDose:
    """The dose of a plan in a cut.

    Parameters
    ----------
    plan
        Whose dose it is.
    dose_gy
        At the points of the cut.
    """

    plan: ImplantPlan
    dose_gy: Float[np.ndarray, " n"]


class Desk:
    """A plan on the bench, asked again and again with a list of changes.

    Nothing is remembered but answers: whoever asks brings the whole list of changes, so that pages, undoing and a
    restart never disagree with what is computed.

    Parameters
    ----------
    request
        Rules, stock, goals, image and structures.
    plan
        As it was before any change.

    Attributes
    ----------
    worth
        Tries on request what a plan is worth; its result is JSON, see `trocar_workspace.worth`.
    """

    def __init__(self, request: ImplantRequest, plan: ImplantPlan) -> None:
        self.request = request
        self.bench, start = open_bench(request, plan)
        self.lock = threading.RLock()
        self.structures = _shown_structures(request)
        self.box_lps_mm = _shown_box(request, plan)
        self.picture = _picture(request, self.box_lps_mm)
        self._start = start
        self._regions: dict[str, Region] = {}
        self._states: Kept[Standing] = Kept(STATES_KEPT)
        self._doses: Kept[CutDose] = Kept(CUTS_KEPT)
        self._outlines: Kept[dict[str, tuple[Outline, ...]]] = Kept(CUTS_KEPT)
        self.worth = Saver(self._worth)

    def _worth(self, words: list[dict[str, Any]], told: Progress) -> str:
        return json.dumps(worth_of(self.request, self.stand(words).on_bench.plan, told))

    def stand(self, words: object) -> Standing:
        """Return where a list of changes leads: each is checked and carried out once.

        Raises
        ------
        UsageError
            The words are no changes.
        """
        edits = edits_of(words)
        keys = tuple(json.dumps(each, sort_keys=True) for each in words)  # type: ignore[attr-defined]
        with self.lock:
            known = next(n for n in range(len(edits), -1, -1) if n == 0 or self._states.get(keys[:n]) is not None)
            standing = self._states.get(keys[:known]) or Standing(on_bench=self._start, made=0, refused=None)
            for n in range(known, len(edits)):
                if standing.refused is not None:
                    return standing
                standing = self._states.put(keys[: n + 1], self._carried_out(standing, edits[n]))
            return standing

    def _carried_out(self, before: Standing, change: Any) -> Standing:
        try:
            return Standing(on_bench=edit(self.bench, before.on_bench, change), made=before.made + 1, refused=None)
        except TrocarError as problem:
            return Standing(on_bench=before.on_bench, made=before.made, refused=problem.message)

    def structure_outlines(self, plane: Plane, at_mm: float) -> dict[str, tuple[Outline, ...]]:
        """Return the outlines of all shown structures in a cut, by name."""
        key = (plane, at_mm)
        with self.lock:
            return self._outlines.get(key) or self._outlines.put(key, self._outlines_in(plane, at_mm))

    def _outlines_in(self, plane: Plane, at_mm: float) -> dict[str, tuple[Outline, ...]]:
        grid = cut_grid(self.box_lps_mm, plane, at_mm=at_mm, spacing_mm=SHOWN_SPACING_MM)
        return {each.name: region_outlines(self._region(each), grid, plane) for each in self.structures}

    def _region(self, structure: Structure) -> Region:
        if structure.name not in self._regions:
            self._regions[structure.name] = region_of(structure, end_cap=NEEDLE_PICTURE)
        return self._regions[structure.name]

    def isodoses(self, plan: ImplantPlan, plane: Plane, at_mm: float) -> tuple[tuple[Outline, ...], ...]:
        """Return the isodose lines of a plan in a cut, a group for each of `ISODOSE_PERCENT`.

        The dose of the plan seen there last is brought up to date by the seeds that differ.
        """
        grid = cut_grid(self.box_lps_mm, plane, at_mm=at_mm, spacing_mm=DOSE_SPACING_MM)
        levels = [0.01 * percent * self.request.prescription_gy for percent in ISODOSE_PERCENT]
        with self.lock:
            return dose_outlines(self._dose_in(plan, (plane, at_mm), grid), levels, grid, plane)

    def _dose_in(self, plan: ImplantPlan, key: tuple[Plane, float], grid: Grid) -> Float[np.ndarray, " n"]:
        points, last = cut_points(grid), self._doses.get(key)
        if last is None or _differing(last.plan, plan) > len(plan.seeds):
            dose = plan_dose(plan, points)
        else:
            dose = changed_dose(last.plan, plan, dose_gy=last.dose_gy, points_lps_mm=points)
        return self._doses.put(key, CutDose(plan=plan, dose_gy=dose)).dose_gy

    def slice_hu(self, plane: Plane, index: int) -> np.ndarray:
        """Return one slice of the shown picture as rows and columns of HU.

        Raises
        ------
        IndexError
            The picture does not reach there.
        """
        axis = 2 - plane.value
        if not 0 <= index < self.picture.values_kji.shape[axis]:
            raise IndexError(index)
        return np.ascontiguousarray(np.take(self.picture.values_kji, index, axis=axis), dtype="<i2")


def _differing(one: ImplantPlan, other: ImplantPlan) -> int:
    kept = {id(seed) for seed in other.seeds}
    return sum(id(seed) not in kept for seed in one.seeds)


def _shown_structures(request: ImplantRequest) -> tuple[Structure, ...]:
    """Return what the request speaks of, the target first: a set may hold sixty structures."""
    names = [
        request.target,
        *(goal.structure for goal in request.goals),
        *(each.name for each in request.needles.rules.obstacles),
        *(each.name for each in request.needles.rules.crossing_limits),
        *(name for name, _ in request.seeding.keep_off),
        request.seeding.within or request.target,
    ]
    known = set(request.structures.names)
    found = (request.structures.named(name) for name in dict.fromkeys(names) if name in known)
    return tuple(each for each in found if each.is_region)


def _shown_box(request: ImplantRequest, plan: ImplantPlan) -> Float[np.ndarray, "2 3"]:
    contours = request.structures.named(request.target).closed_contours
    ends = [end for needle in plan.needles for end in (needle.entry_lps_mm, needle.tip_lps_mm)]
    points = np.vstack([*(contour.points_lps_mm for contour in contours), *ends])
    corners = request.image.volume.grid.corners_lps_mm
    low = np.maximum(points.min(axis=0) - AROUND_MM, corners.min(axis=0))
    high = np.minimum(points.max(axis=0) + AROUND_MM, corners.max(axis=0))
    return np.stack([low, high])


def _picture(request: ImplantRequest, box_lps_mm: Float[np.ndarray, "2 3"]) -> Volume:
    low, high = box_lps_mm
    counts = np.floor((high - low) / SHOWN_SPACING_MM).astype(int) + 1
    grid = Grid.axial(
        origin_lps_mm=(float(low[0]), float(low[1]), float(low[2])),
        spacing_ijk_mm=(SHOWN_SPACING_MM,) * 3,
        shape_kji=(int(counts[2]), int(counts[1]), int(counts[0])),
    )
    return resample(request.image.volume, grid, interpolation=Interpolation.LINEAR, outside=-1000.0)


def places_mm(box_lps_mm: Float[np.ndarray, "2 3"], shape_kji: Sequence[int]) -> dict[str, dict[str, float]]:
    """Return where the slices of each plane lie: first place, distance and number."""
    return {
        plane.name.lower(): {
            "first_mm": float(box_lps_mm[0][plane.value]),
            "step_mm": SHOWN_SPACING_MM,
            "count": int(shape_kji[2 - plane.value]),
        }
        for plane in Plane
    }
