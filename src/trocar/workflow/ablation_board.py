"""The board on which an ablation is laid out: places, points, vessels, and which zones are believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from trocar.catalogue.zones import ExpectedZone
from trocar.optimise.zone_cover import Cover, cover, coverage_order, covered_by_ellipsoids, fewest_insertions
from trocar.plan.ablation import AblationPlan, Activation, Applicator, Schedule
from trocar.plan.access import Accesses, RiskAccount
from trocar.plan.needles import Needle
from trocar.workflow.ablation_places import (
    Places,
    clashes,
    keeps_clear,
    places_on,
    region_of,
    target_points,
    ways_in,
)
from trocar.workflow.ablation_request import AblationRequest, ZoneBelief
from trocar.workflow.ablation_zones import ZoneChoice
from trocar.workflow.combined_findings import gap_between
from trocar.workflow.heat_sinks import NearestVessel, nearest_vessels, reached
from trocar.workflow.simulated_ablation import CUFF_MM, TISSUES
from trocar.workflow.simulated_zone import SimulatedZone, simulated_zone
from trocar.workflow.verify_ablation import body_of

RESERVE_MM = 1.0
"""Added to the margin that is covered: zones dip between the points that stand for the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a layout is chosen on.

    Parameters
    ----------
    request
        What is asked.
    accesses
        Ways in.
    places
        Activations along them.
    points
        Of tumour and margin in the organ, with the reserve.
    vessels
        What the points see of vessels.
    simulated
        One zone a schedule that may be used, in its order; empty where nothing is simulated.
    clash
        Which two places must not both be used.
    """

    request: AblationRequest
    accesses: Accesses
    places: Places
    points: Float[np.ndarray, "n 3"]
    vessels: NearestVessel
    simulated: tuple[SimulatedZone, ...]
    clash: Bool[np.ndarray, "m m"]

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Those allowed, the weakest first."""
        check = self.request.check
        return (self.request.schedule,) if check is None else check.schedules

    def believed(self, schedule: Schedule) -> ZoneChoice:
        """Return the zones by which the plan is laid out."""
        check, choice = self.request.check, self.request.choice
        if check is None or (check.belief is ZoneBelief.PUBLISHED and schedule == self.request.schedule):
            return choice
        return replace(choice, simulated=self.simulated)

    def covers(self, schedule: Schedule, choice: ZoneChoice, points: np.ndarray) -> Bool[np.ndarray, "n m"]:
        """Return which points each place kills, vessels counted where a simulation says how heat falls off."""
        zone = choice.zone(self.request.model, schedule)
        behind = choice.behind_tip_mm(self.request.model, schedule)
        centres = self.places.centres(behind)
        clear = keeps_clear(
            self.request, self.places, long_mm=zone.long_mm, short_mm=zone.short_mm, behind_tip_mm=behind
        )
        inside = self._inside(schedule, zone, centres, points)
        return inside & clear if clear.any() else inside

    def _inside(self, schedule: Schedule, zone: ExpectedZone, centres: np.ndarray, points: np.ndarray) -> np.ndarray:
        size = {"long_mm": zone.long_mm, "short_mm": zone.short_mm}
        own = next((each for each in self.simulated if each.schedule_hash == schedule.content_hash), None)
        if own is None:
            return covered_by_ellipsoids(points, centres, self.places.axes, **size)
        seen = self.vessels if points is self.points else _vessels(self.request, points)
        return reached(points, centres, self.places.axes, **size, zone=own, vessels=seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The first layout: schedule, rows of places, and how the search ended."""

    schedule: Schedule
    rows: tuple[int, ...]
    cover: Cover


def board_of(request: AblationRequest) -> Board:
    """Return the board of a request; a zone of every schedule allowed is simulated if the plan is to be."""
    accesses = ways_in(request)
    points = points_to_kill(request, margin_mm=request.target.margin_mm + RESERVE_MM)
    places = places_on(request, accesses, points)
    return Board(
        request=request,
        accesses=accesses,
        places=places,
        points=points,
        vessels=_vessels(request, points),
        simulated=_simulated(request),
        clash=clashes(
            [accesses.needle(row, number=row + 1) for row in range(len(accesses))],
            places,
            spacing_mm=request.spacing_mm,
            at_once=request.at_once,
        ),
    )


def points_to_kill(request: AblationRequest, *, margin_mm: float) -> Float[np.ndarray, "n 3"]:
    """Return points of tumour and margin, less the cuff of large vessels that blood keeps alive whatever is done."""
    points = target_points(request, margin_mm=margin_mm)
    return points[_vessels(request, points).gap_mm > CUFF_MM]


def begun(board: Board) -> Begun:
    """Return the layout with the fewest insertions, by the weakest schedule that needs no more.

    Raises
    ------
    OptimiseError
        Nothing is covered, or more insertions are needed than allowed.
    """
    request = board.request
    covers: list[tuple[int, int, int, Schedule, np.ndarray]] = []
    for schedule in board.schedules:
        matrix = board.covers(schedule, board.believed(schedule), board.points)
        cost, left = fewest_insertions(matrix, board.places.line, clash=board.clash)
        covers.append((left, round(cost), len(covers), schedule, matrix))
    _, _, _, schedule, matrix = min(covers, key=lambda each: each[:3])
    found = cover(
        matrix,
        board.places.line,
        worth=_worth(board.places),
        seconds=request.seconds,
        most_insertions=request.most_insertions,
        clash=board.clash,
    )
    return Begun(schedule=schedule, rows=found.rows, cover=found)


def further(board: Board, schedule: Schedule, rows: tuple[int, ...], points: np.ndarray) -> tuple[int, ...]:
    """Return the fewest further activations that kill points which a simulation left alive.

    Raises
    ------
    OptimiseError
        None of them is reached, or more insertions would be needed than allowed.
    """
    matrix = np.array(board.covers(schedule, replace(board.request.choice, simulated=board.simulated), points))
    matrix[:, list(rows)] = False
    used = tuple(sorted({int(board.places.line[row]) for row in rows}))
    found = cover(
        matrix,
        board.places.line,
        worth=_worth(board.places),
        seconds=board.request.seconds,
        most_insertions=board.request.most_insertions,
        used_lines=used,
        clash=board.clash,
        taken=rows,
    )
    return found.rows


def ranked_rows(board: Board, schedule: Schedule, rows: tuple[int, ...]) -> tuple[int, ...]:
    """Return chosen places, the ones that cover most of what those before leave first."""
    chosen = np.array(rows)
    matrix = board.covers(schedule, board.believed(schedule), board.points)[:, chosen]
    order = coverage_order(matrix, board.places.line[chosen])
    return tuple(int(chosen[each]) for each in order)


def plan_on(board: Board, schedule: Schedule, rows: Iterable[int]) -> tuple[AblationPlan, Mapping[int, RiskAccount]]:
    """Return the plan whose activations lie at some places, deepest first on each needle."""
    request, places = board.request, board.places
    by_line: dict[int, list[int]] = {}
    for row in rows:
        by_line.setdefault(int(places.line[row]), []).append(row)
    applicators, activations, accounts = [], [], {}
    begins = _begins(board, by_line, schedule)
    for number, (line, mine) in enumerate(sorted(by_line.items()), start=1):
        deepest = float(min(places.back_mm[row] for row in mine))
        needle = board.accesses.needle(line, number=number)
        tip = needle.tip_lps_mm - deepest * needle.direction_lps
        moved = Needle(number=number, entry_lps_mm=needle.entry_lps_mm, tip_lps_mm=tip)
        applicators.append(Applicator(needle=moved, model=request.model))
        accounts[number] = board.accesses.account(line)
        begin = begins[line]
        for row in sorted(mine, key=lambda each: places.back_mm[each]):
            back = float(places.back_mm[row]) - deepest
            activations.append(Activation(applicator=number, start_s=begin, schedule=schedule, pulled_back_mm=back))
            begin += schedule.duration_s
    plan = AblationPlan(
        label=request.label,
        patient=request.image.patient,
        frame_uid=request.image.reference.frame_uid,
        applicators=tuple(applicators),
        activations=tuple(activations),
        target=request.target,
        image=request.image.reference,
    )
    return plan, accounts


def _begins(board: Board, by_line: Mapping[int, list[int]], schedule: Schedule) -> dict[int, float]:
    """Return when each insertion begins to act: in turn, or together where they do not meet."""
    lines = sorted(by_line)
    groups: list[list[int]] = []
    for line in lines:
        free = (group for group in groups if board.request.at_once and not _meets(board, line, group))
        group = next(free, None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    begins: dict[int, float] = {}
    start = 0.0
    for group in groups:
        begins |= dict.fromkeys(group, start)
        start += schedule.duration_s * max(len(by_line[line]) for line in group)
    return begins


def _meets(board: Board, line: int, others: list[int]) -> bool:
    own = board.accesses.needle(line, number=1)
    return any(gap_between(own, board.accesses.needle(other, number=2)) < board.request.spacing_mm for other in others)


def nearest_vessel_to(board: Board, point: np.ndarray) -> tuple[str, float]:
    """Return the vessel nearest to a point and its distance; an empty name where none is near."""
    seen = _vessels(board.request, point[None])
    return seen.name[0], float(seen.gap_mm[0])


def _worth(places: Places) -> np.ndarray:
    return 0.01 * places.back_mm / max(float(places.back_mm.max(initial=1.0)), 1.0)


def _vessels(request: AblationRequest, points: np.ndarray) -> NearestVessel:
    drawn = [region_of(request.structures.named(name)) for name in request.vessels]
    return nearest_vessels(points, drawn, tumour=region_of(request.structures.named(request.target.lesion)))


def _simulated(request: AblationRequest) -> tuple[SimulatedZone, ...]:
    check = request.check
    if check is None:
        return ()
    lesion = body_of(request.structures.named(request.target.lesion))
    return tuple(
        simulated_zone(
            request.model,
            schedule,
            tissue=TISSUES[request.organ_kind],
            tumour_ml=lesion.mesh.volume_mm3 / 1000,
            death_model=check.death_model,
            spacing_mm=max(check.spacing_mm, 1.5),
            antenna=check.antenna,
        )
        for schedule in check.schedules
    )
