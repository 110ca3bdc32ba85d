"""Planning an ablation: ways in, fewest insertions whose zones cover tumour and margin, checked by simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from trocar.evaluate.margins import measure_margin
from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.geometry.smooth_body import nearby_body, smooth_body
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.messages import Message
from trocar.optimise.zone_cover import Cover
from trocar.plan.ablation import AblationPlan, Schedule
from trocar.plan.access import RiskAccount
from trocar.results.ablation_margin import AblationMargin
from trocar.results.ablation_outcome import PlanningRound
from trocar.results.findings import Finding
from trocar.rules.ablation_margin import judge_margin
from trocar.workflow.ablation_board import Board, begun, board_of, plan_on
from trocar.workflow.ablation_findings import (
    limit_findings,
    plan_doubts,
    plan_findings,
    simulation_findings,
    size_findings,
)
from trocar.workflow.ablation_mending import Mended, mended
from trocar.workflow.ablation_places import target_points
from trocar.workflow.ablation_reach import edge_findings, spared_findings
from trocar.workflow.ablation_request import AblationRequest, Progress
from trocar.workflow.ablation_zones import PlacedZone, planned_zones, union_grid, union_mask
from trocar.workflow.simulated_ablation import Simulated
from trocar.workflow.verify_ablation import ORGAN_REACH_MM, body_of, mask_of

SHIFTS = 200
ON_ZONE_MM = 0.5
"""A point of the tumour so little outside the zone's surface counts as on it."""
DEPTH_STEP_MM, DEPTH_STEPS, FARTHEST = 1.5, 40, 4
"""Lattice on which depth in the zone is looked up, and how many times the error of needles it reaches farther."""
WAYS = Message(code="ablation.stage-ways", template="Looking for ways in")
COVERING = Message(code="ablation.stage-cover", template="Covering tumour and margin with the fewest insertions")
JUDGING = Message(code="ablation.stage-judge", template="Measuring and judging the planned margin")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProposedAblation(Value):
    """A plan with its account.

    Parameters
    ----------
    plan
        Needles, activations.
    zones
        One an activation.
    cover
        How the first search ended.
    accounts
        Number of the needle to its account.
    planned
        Margin of the zones that were believed, as it would be measured.
    chance_covered
        Probability that all of the tumour lies in the zones, the simulated one where there is one, given the placement
        error.
    simulated
        What the plan does to the patient's own tissue; None where it was not simulated.
    rounds
        One a simulation of a plan, tried in this order; that of the plan as it stands has its margin.
    findings
        What speaks against it.
    """

    plan: AblationPlan
    zones: tuple[PlacedZone, ...]
    cover: Cover
    accounts: Mapping[int, RiskAccount]
    planned: AblationMargin
    chance_covered: float
    simulated: Simulated | None
    rounds: tuple[PlanningRound, ...]
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "accounts", MappingProxyType(dict(self.accounts)))

    @property
    def margin(self) -> AblationMargin:
        """The margin that is judged: the simulated one where there is one."""
        return self.planned if self.simulated is None else self.simulated.margin

    @property
    def schedule(self) -> Schedule:
        """What each activation does."""
        return self.plan.activations[0].schedule

    @property
    def union_ml(self) -> float:
        """Volume of the union of the believed zones."""
        return self.planned.zone_ml


def plan_ablation(request: AblationRequest, *, rng: np.random.Generator, progress: Progress) -> ProposedAblation:
    """Return a plan that covers the lesion and its margin with the fewest insertions.

    Where the request says how, the plan is simulated in the patient's own tissue and mended until the simulated margin
    is reached; if it cannot be, a finding says what prevents it.

    Raises
    ------
    OptimiseError
        No way in, nothing covered, or too many insertions needed.
    CatalogueError
        The catalogue holds no zone for the setting.
    """
    if request.check is None:
        request.choice.zone(request.model, request.schedule)  # an unknown setting is told before the long search
    progress(WAYS, 0.0)
    board = board_of(request)
    progress(WAYS, 1.0)
    progress(COVERING, 0.0)
    first = begun(board)
    progress(COVERING, 1.0)
    if request.check is None:
        plan, accounts = plan_on(board, first.schedule, first.rows)
        mending = Mended(plan=plan, accounts=accounts, simulated=None, rounds=(), short=None)
    else:
        mending = mended(board, first, progress=progress)
    progress(JUDGING, 0.0)
    made = _judged(board, first.cover, mending, rng)
    progress(JUDGING, 1.0)
    return made


def _judged(board: Board, cover: Cover, mending: Mended, rng: np.random.Generator) -> ProposedAblation:
    request, plan = board.request, mending.plan
    choice = board.believed(plan.activations[0].schedule)
    zones = planned_zones(plan, choice)
    planned = planned_margin(request, zones)
    simulated = mending.simulated
    points = target_points(request, margin_mm=0.0)
    if simulated is None:
        chance = chance_covered(zones, points, request.placement_error_mm, rng)
    else:
        depth = _depth_about(simulated.zone, points, request)
        chance = chance_killed(depth, zones, points, request.placement_error_mm, rng)
    decisive = planned if simulated is None else simulated.margin
    reached = simulated is not None and mending.short is None
    findings = (
        *size_findings(request, plan),
        *judge_margin(decisive, request.pack, organ=request.organ_kind),
        *edge_findings(request.structures.named(request.target.lesion), request.image.volume.grid),
        *plan_findings(
            plan, zones, structures=request.structures, vessels=request.vessels if simulated is None else ()
        ),
        *spared_findings(
            smooth_zone(zones) if simulated is None else simulated.zone, request.structures, request.spared
        ),
        *limit_findings(request, simulated),
        *simulation_findings(request, simulated, mending.rounds, mending.short),
        *plan_doubts(request, plan, chance, 0 if reached else len(cover.uncovered), choice),
    )
    return ProposedAblation(
        plan=plan,
        zones=zones,
        cover=cover,
        accounts=mending.accounts,
        planned=planned,
        chance_covered=chance,
        simulated=simulated,
        rounds=mending.rounds,
        findings=findings,
    )


def smooth_zone(zones: tuple[PlacedZone, ...]) -> Mesh:
    """Return the surface of the union of zones."""
    grid = union_grid(zones, spacing_mm=1.0)
    return smooth_body(union_mask(zones, grid), grid).mesh


def planned_margin(request: AblationRequest, zones: tuple[PlacedZone, ...]) -> AblationMargin:
    """Return the margin that the planned zones would have."""
    grid = union_grid(zones, spacing_mm=1.0)
    lesion = body_of(request.structures.named(request.target.lesion))
    organ = None
    if request.target.organ:
        mask, organ_grid = mask_of(request.structures.named(request.target.organ))
        organ = nearby_body(mask, organ_grid, np.asarray(lesion.mesh.vertices_lps_mm), reach_mm=ORGAN_REACH_MM)
    return measure_margin(
        lesion, smooth_body(union_mask(zones, grid), grid), wanted_mm=request.target.margin_mm, organ=organ
    )


def chance_covered(
    zones: tuple[PlacedZone, ...], points: np.ndarray, error_mm: float, rng: np.random.Generator
) -> float:
    """Return the probability that all points lie in the zones when each needle is off by a lateral error."""
    covered = 0
    for _ in range(SHIFTS):
        inside = np.zeros(len(points), np.bool_)
        shifts = _shifts(zones, error_mm, rng)
        for zone in zones:
            inside |= zone.contains(points, shift_mm=shifts[zone.applicator])
        covered += bool(inside.all())
    return covered / SHIFTS


def _depth_about(zone: Mesh, points: np.ndarray, request: AblationRequest) -> Volume:
    """Return how deep places about the tumour lie in a zone, across vessels as it is outlined."""
    spacing = max(DEPTH_STEP_MM, float(np.ptp(points, axis=0).max()) / DEPTH_STEPS)
    grid = Grid.around(points, margin_mm=FARTHEST * request.placement_error_mm + spacing, spacing_mm=spacing)
    depth = nearest_on_mesh(zone, grid.centres_lps_mm().reshape(-1, 3)).signed_mm.reshape(grid.shape_kji)
    frame_uid = request.image.reference.frame_uid
    return Volume(grid=grid, values_kji=depth + ON_ZONE_MM, quantity=Quantity.LENGTH_MM, frame_uid=frame_uid)


def chance_killed(
    depth: Volume, zones: tuple[PlacedZone, ...], points: np.ndarray, error_mm: float, rng: np.random.Generator
) -> float:
    """Return the probability that all points lie in the simulated zone when each needle is off by a lateral error.

    Heat goes with its needle: each place of the zone moves as the needle whose activation is nearest. That vessels
    stay where they are is left out.
    """
    centres = np.array([zone.centre_lps_mm for zone in zones])
    owner = np.argmin(np.linalg.norm(points[:, None] - centres[None], axis=2), axis=1)
    whole = 0
    for _ in range(SHIFTS):
        shifts = _shifts(zones, error_mm, rng)
        moved = np.array([shifts[zone.applicator] for zone in zones])
        whole += bool((depth.sample(points - moved[owner], outside=-1.0) >= 0).all())
    return whole / SHIFTS


def _shifts(zones: tuple[PlacedZone, ...], error_mm: float, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Return a lateral shift of each applicator."""
    shifts: dict[int, np.ndarray] = {}
    for zone in zones:
        if zone.applicator not in shifts:
            shift = rng.normal(0.0, error_mm / np.sqrt(2), 3)
            shifts[zone.applicator] = shift - (shift @ zone.axis_lps) * zone.axis_lps
    return shifts
