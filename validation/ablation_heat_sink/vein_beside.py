"""An antenna in even liver with a straight vein beside it: the zone simulated, and the zone planning counts on."""

from dataclasses import dataclass

import numpy as np

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.region import EndCap, Region, region_from_contours
from trocar.plan.ablation import (
    AblationPlan,
    AblationTarget,
    Activation,
    Applicator,
    Control,
    PowerStep,
    Schedule,
)
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.tissue_death import DeathModel
from trocar.workflow.ablation_heat import TissuePart, heat_problem, simulate_ablation, tissue_map_around
from trocar.workflow.heat_sinks import nearest_vessels, reached
from trocar.workflow.simulated_zone import SimulatedZone, simulated_zone

MODEL, POWER_W, DURATION_S = "microwave/PME_2450", 100.0, 600.0
SPACING_MM = 1.5
SCHEDULE = Schedule(steps=(PowerStep(control=Control.POWER, duration_s=DURATION_S, power_w=POWER_W),))
AXIS = np.array([[0.0, 0.0, 1.0]])


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Volumes in ml: simulated, counted on, counted on without the vein; Dice; what is counted on but lives."""

    radius_mm: float
    gap_mm: float
    simulated_ml: float
    counted_ml: float
    ignoring_ml: float
    dice: float
    over_ml: float


def alone() -> SimulatedZone:
    """Return the zone of the antenna in liver with hardly any tumour."""
    return simulated_zone(
        MODEL, SCHEDULE, tissue="liver", tumour_ml=0.02, death_model=DeathModel.ABOVE_54_C, spacing_mm=SPACING_MM
    )


def beside(zone: SimulatedZone, *, radius_mm: float, gap_mm: float) -> Beside:
    """Simulate with a vein whose wall runs a gap away from the shaft, and compare."""
    vein = _tube(radius_mm + gap_mm, radius_mm)
    tissues = tissue_map_around(
        np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 24.0]]),
        [TissuePart(region=vein, tissue="blood", is_vessel=True)],
        background="liver",
        body=None,
        frame_uid="1",
        spacing_mm=SPACING_MM,
    )
    outcome = simulate_ablation(heat_problem(_plan(), tissues, death_model=DeathModel.ABOVE_54_C, afterwards_s=60.0))
    lumen = np.asarray(tissues.labels.values_kji) == tissues.vessel_label
    dead = (np.asarray(outcome.zone.score.values_kji) >= 0) & ~lumen
    near = np.linalg.norm(tissues.labels.grid.centres_lps_mm() - [0.0, 0.0, zone.behind_tip_mm], axis=-1) < 34.0
    points = tissues.labels.grid.centres_lps_mm()[near & ~lumen]
    truly = dead[near & ~lumen]
    counted, ignoring = (_counted(points, zone, vessels) for vessels in ((vein,), ()))
    each_ml = SPACING_MM**3 / 1000
    return Beside(
        radius_mm=radius_mm,
        gap_mm=gap_mm,
        simulated_ml=float(truly.sum() * each_ml),
        counted_ml=float(counted.sum() * each_ml),
        ignoring_ml=float(ignoring.sum() * each_ml),
        dice=float(2 * (counted & truly).sum() / (counted.sum() + truly.sum())),
        over_ml=float((counted & ~truly).sum() * each_ml),
    )


def _counted(points: np.ndarray, zone: SimulatedZone, vessels: tuple[Region, ...]) -> np.ndarray:
    seen = nearest_vessels(points, vessels, tumour=_tube(-60.0, 2.0))
    centre = np.array([[0.0, 0.0, zone.behind_tip_mm]])
    size = {"long_mm": zone.long_mm, "short_mm": zone.short_mm}
    return reached(points, centre, AXIS, **size, zone=zone, vessels=seen)[:, 0]


def _plan() -> AblationPlan:
    needle = Needle(number=1, entry_lps_mm=np.array([0.0, 0.0, 100.0]), tip_lps_mm=np.zeros(3))
    return AblationPlan(
        label="one antenna",
        patient=Patient(identifier="-", name="-"),
        frame_uid="1",
        applicators=(Applicator(needle=needle, model=MODEL),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=SCHEDULE),),
        target=AblationTarget(lesion="-", margin_mm=0.0),
    )


def _tube(x_mm: float, radius_mm: float) -> Region:
    turn = np.linspace(0, 2 * np.pi, 41)[:-1]
    rings = (
        np.stack([x_mm + radius_mm * np.cos(turn), radius_mm * np.sin(turn), np.full(40, float(z))], axis=1)
        for z in range(-60, 121, 2)
    )
    contours = tuple(Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=ring) for ring in rings)
    return region_from_contours(contours, end_cap=EndCap.HALF_SLICE, name="vein")
