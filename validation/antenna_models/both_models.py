"""The computed field of the catalogue's antennas beside the parametric model: heat, and the zone after ten minutes."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "heat_zones"))

from published_zones import FRAME, block, extent_mm, watts

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.tissues import load_tissue
from trocar.heat.antenna_field import AntennaAnswer, AntennaLattice
from trocar.heat.base import HeatProblem, Moment, Surroundings
from trocar.heat.crew import Crew
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna
from trocar.heat.sources.microwave import Band
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel
from trocar.workflow.ablation_heat import AntennaModel, Assumptions, heat_problem, simulate_ablation

KEYS = ("microwave/coaxial_slot", "microwave/choked_monopole", "microwave/coaxial_monopole")
POWER_W, SECONDS = 60.0, 600.0
EDGE_MM = 46.0
"""How far the lattice reaches beyond the tip and the middle of the shaft."""


def answer(key: str, band: Band = Band.MHZ_2450) -> AntennaAnswer:
    """Return what the field in liver at 37 °C says."""
    design = load_applicator(key).antenna
    assert design is not None
    return AntennaLattice(design, load_tissue("liver"), band, fall=None).answer()


def made(key: str, model: AntennaModel, *, dries: bool = True) -> HeatProblem:
    """Return one antenna along z, its tip at the origin, in liver of 1 mm voxels, as a user would get it."""
    needle = Needle(number=1, entry_lps_mm=np.array([0.0, 0.0, 120.0]), tip_lps_mm=np.zeros(3))
    plan = AblationPlan(
        label=key,
        patient=Patient(identifier="phantom", name=""),
        frame_uid=FRAME,
        applicators=(Applicator(needle=needle, model=key),),
        activations=(Activation(applicator=1, start_s=0.0, schedule=Schedule(steps=(watts(POWER_W, SECONDS),))),),
        target=AblationTarget(lesion="none", margin_mm=0.0),
    )
    ends = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 30.0]])
    tissue_map = block(load_tissue("liver"), ends, spacing_mm=1.0, margin_mm=EDGE_MM)
    problem = heat_problem(plan, tissue_map, death_model=DeathModel.CEM43_240, assumptions=Assumptions(antenna=model))
    (source,) = problem.sources
    if isinstance(source, CoaxialAntenna) and not dries:
        return replace(problem, sources=(replace(source, fall=""),))
    return problem


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Heat of 1 W absorbed, at 37 °C: along the shaft, and across it where half of the power is on either side."""

    first_tenth_mm: float
    middle_mm: float
    last_tenth_mm: float
    sar_w_per_kg: dict[float, float]


def pattern(key: str, model: AntennaModel) -> Pattern:
    """Return where the power goes, in mm behind the tip, and the SAR some mm beside the shaft's middle of power."""
    problem = made(key, model)
    grid = problem.tissue_map.grid
    around = Surroundings(
        grid=grid,
        labels_kji=np.asarray(problem.tissue_map.labels.values_kji),
        tissues=problem.tissue_map.tissues,
        crew=Crew(1),
    )
    theta = np.zeros(grid.shape_kji, np.float32)
    now = Moment(time_s=0.0, step_s=1.0, theta_kji=theta, dried=lambda part: np.zeros_like(theta[part]))
    emission = problem.sources[0].place(around).emit(now, 1.0)
    assert emission.heat_w_per_mm3 is not None
    heat = emission.heat_w_per_mm3.astype(float)
    heat /= heat.sum() * grid.voxel_volume_mm3
    x, y, z = np.moveaxis(grid.centres_lps_mm(), -1, 0)
    along = np.cumsum(heat.sum(axis=(1, 2)))
    first, middle, last = np.interp([0.1, 0.5, 0.9], along / along[-1], z[:, 0, 0] + 0.5)
    layer = np.abs(z - middle) < 1.0
    density = load_tissue("liver").density_kg_per_m3.value * 1e-9
    sar = {r: float(heat[layer & (np.abs(np.hypot(x, y) - r) < 0.5)].mean() / density) for r in (3.0, 5.0, 10.0, 20.0)}
    return Pattern(first_tenth_mm=first, middle_mm=middle, last_tenth_mm=last, sar_w_per_kg=sar)


def zone(outcome: AblationOutcome) -> tuple[float, float, float, float, float]:
    """Return length and width in mm, volume in ml, and how far the zone reaches before and behind the tip."""
    score, grid = np.asarray(outcome.zone.score.values_kji), outcome.zone.score.grid
    length, width = extent_mm(score, grid)
    z_mm = grid.centres_lps_mm()[:, 0, 0, 2][(score >= 0).any(axis=(1, 2))]
    return length, width, outcome.zone.volume_cc, -float(z_mm.min()) + 0.5, float(z_mm.max()) + 0.5


def simulated(key: str, model: AntennaModel, *, dries: bool = True) -> AblationOutcome:
    """Return the outcome of ten minutes."""
    return simulate_ablation(made(key, model, dries=dries))
