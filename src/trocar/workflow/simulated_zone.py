"""The zone of one activation by simulation, as planning needs it: an ellipsoid, and how heat falls off about it.

docs/theory/ablation_planning.md derives it; equations (ablation-1) to (ablation-4) are its.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.tissues import Tissue, load_tissue
from trocar.catalogue.zones import ExpectedZone
from trocar.errors import PlanError
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.geometry.value import Value, frozen_array
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import COLD_MODELS, DeathModel
from trocar.units import kelvin_from_celsius
from trocar.workflow.ablation_heat import (
    AntennaModel,
    Assumptions,
    TissuePart,
    heat_problem,
    simulate_ablation,
    tissue_map_around,
)

PROFILE_STEP = 0.1
"""Of the normalised radius at which the fall-off is tabulated."""
PROFILE_END = 5.0
ROUNDING = 0.05
BODY_C = 37.0
SINK_STRETCH = 2.7
"""Reach of a vessel's cooling over that in perfused tissue: blood stops where tissue dies. Fitted to whole simulations,
``validation/ablation_heat_sink``."""
FRAME = "1.2.3"
AFTERWARDS_S = 60.0
SHAFT_MM = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedZone(Value):
    """The zone of one activation in even tissue with a ball of tumour about it.

    Parameters
    ----------
    model, schedule_hash
        Applicator and what it did.
    tissue
        Key of the tissue around the tumour.
    death_model
        What counted as dead.
    long_mm, short_mm
        Diameters along and across of the ellipsoid of revolution with the zone's moments, equation (ablation-1).
    behind_tip_mm
        From the tip back to its middle.
    volume_cc
        Of the zone itself.
    profile
        Heat relative to that at the zone's border at normalised radii 0, 0.1, ..., equation (ablation-2).
    sink_mm
        Distance over which a vessel cools, equation (ablation-4).
    """

    model: str
    schedule_hash: str
    tissue: str
    death_model: DeathModel
    long_mm: float
    short_mm: float
    behind_tip_mm: float
    volume_cc: float
    profile: Float[np.ndarray, " n"]
    sink_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", frozen_array(self.profile, np.float64))

    def relative_heat(self, radius: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return the heat at normalised radii, 1 at the border."""
        return np.asarray(np.interp(radius, PROFILE_STEP * np.arange(len(self.profile)), self.profile))

    @property
    def expected(self) -> ExpectedZone:
        """The ellipsoid."""
        return ExpectedZone(
            long_mm=self.long_mm, short_mm=self.short_mm, long_sd_mm=None, short_sd_mm=None, rows=(), factor_note=""
        )


def simulated_zone(
    model: str,
    schedule: Schedule,
    *,
    tissue: str,
    tumour_ml: float,
    death_model: DeathModel,
    spacing_mm: float,
    antenna: AntennaModel = AntennaModel.PARAMETRIC,
) -> SimulatedZone:
    """Return the zone of one activation in an even organ with a ball of tumour about the applicator.

    Microwaves heat as the model of the antenna says.

    Raises
    ------
    PlanError
        Nothing dies at this setting.
    HeatError
        The applicator cannot be simulated.
    """
    behind_mm = load_applicator(model).centre_behind_tip_mm
    parts = [TissuePart(region=_ball((0.0, 0.0, behind_mm), tumour_ml), tissue="tumour")]
    tissue_map = tissue_map_around(
        np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2 * behind_mm]]),
        parts,
        background=tissue,
        body=None,
        frame_uid=FRAME,
        spacing_mm=spacing_mm,
    )
    problem = heat_problem(
        _alone(model, schedule),
        tissue_map,
        death_model=death_model,
        assumptions=Assumptions(antenna=antenna),
        afterwards_s=AFTERWARDS_S,
    )
    outcome = simulate_ablation(problem)
    dead = np.asarray(outcome.zone.score.values_kji) >= 0
    if np.count_nonzero(dead) < 8:
        raise PlanError(
            "ablation.nothing-dies",
            "simulated with {model}, {power} for {duration:.0f} s kills no tissue by the model {death}; choose more "
            "power, more time or another applicator",
            model=model,
            power="-" if schedule.steps[0].power_w is None else f"{schedule.steps[0].power_w:g} W",
            duration=schedule.duration_s,
            death=death_model.name,
        )
    return _described(outcome, dead, model=model, schedule=schedule, tissue=load_tissue(tissue))


def _described(
    outcome: AblationOutcome, dead: np.ndarray, *, model: str, schedule: Schedule, tissue: Tissue
) -> SimulatedZone:
    points = outcome.zone.score.grid.centres_lps_mm()
    inside = points[dead]
    middle = float(inside[:, 2].mean())
    half_long = float(np.sqrt(5.0 * inside[:, 2].var()))
    half_short = float(np.sqrt(2.5 * (inside[:, 0] ** 2 + inside[:, 1] ** 2).mean()))
    return SimulatedZone(
        model=model,
        schedule_hash=schedule.content_hash,
        tissue=tissue.key,
        death_model=outcome.chosen,
        long_mm=2 * half_long,
        short_mm=2 * half_short,
        behind_tip_mm=middle,
        volume_cc=outcome.zone.volume_cc,
        profile=_profile(outcome, dead, np.array([half_short, half_short, half_long]), middle),
        sink_mm=SINK_STRETCH * float(np.sqrt(tissue.conductivity_w_per_mm_k / tissue.perfusion_w_per_mm3_k)),
    )


def _profile(outcome: AblationOutcome, dead: np.ndarray, half_mm: np.ndarray, middle: float) -> np.ndarray:
    """Return the fall-off of equation (ablation-2), never rising outwards."""
    extreme = outcome.extreme.volume
    away = np.asarray(extreme.values_kji) - kelvin_from_celsius(BODY_C)
    heat = -away if outcome.chosen in COLD_MODELS else away
    border = float(np.sort(heat.ravel())[-int(np.count_nonzero(dead))])
    radius = np.sqrt((((extreme.grid.centres_lps_mm() - [0.0, 0.0, middle]) / half_mm) ** 2).sum(axis=-1))
    steps = np.arange(0.0, PROFILE_END + ROUNDING, PROFILE_STEP)
    found = [heat[np.abs(radius - step) <= ROUNDING] for step in steps]
    known = np.array([np.median(each) if each.size else np.nan for each in found]) / max(border, 1e-6)
    first = int(np.flatnonzero(np.isfinite(known))[0])
    known[:first] = known[first]
    known = np.interp(steps, steps[np.isfinite(known)], known[np.isfinite(known)])
    return np.asarray(np.minimum.accumulate(known))


def _alone(model: str, schedule: Schedule) -> AblationPlan:
    needle = Needle(number=1, entry_lps_mm=np.array([0.0, 0.0, SHAFT_MM]), tip_lps_mm=np.zeros(3))
    return AblationPlan(
        label="one activation",
        patient=Patient(identifier="-", name="-"),
        frame_uid=FRAME,
        applicators=(Applicator(needle=needle, model=model),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=schedule),),
        target=AblationTarget(lesion="-", margin_mm=0.0),
    )


def _ball(centre: tuple[float, float, float], volume_ml: float) -> Region:
    """Return a ball as drawn on planes 1 mm apart."""
    radius = max(float((0.75 * 1000 * volume_ml / np.pi) ** (1 / 3)), 2.0)
    turn = np.linspace(0, 2 * np.pi, 49)[:-1]
    contours = []
    for z in np.arange(-np.floor(radius), radius):
        wide = np.sqrt(max(radius**2 - z**2, 0.04))
        ring = np.stack([wide * np.cos(turn), wide * np.sin(turn), np.full(48, z)], axis=1) + np.array(centre)
        contours.append(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=ring))
    return region_from_contours(tuple(contours), end_cap=EndCap.HALF_SLICE, name="tumour")
