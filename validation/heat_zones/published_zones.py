"""Published ablation zones, simulated as a user would: catalogue, plan, usual assumptions, one antenna fitted."""

from dataclasses import dataclass, replace

import numpy as np

from trocar.catalogue.tissues import Tissue, load_tissue
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import HeatSource, TissueMap
from trocar.heat.sources.radiofrequency import RfApplicator
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Control, PowerStep, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel
from trocar.workflow.ablation_heat import Assumptions, heat_problem, simulate_ablation

FRAME = "1.2.3"
LUNG_ANTENNA = Assumptions(efficiency=0.17, antenna_mm=48.0)
"""Fitted to the first of the three lung rows; the other two are then predictions."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One published zone: lengths in mm, volume in ml, standard deviations where published."""

    name: str
    model: str
    tissue: str
    step: PowerStep
    source: str
    length_mm: float | None = None
    width_mm: float | None = None
    width_sd_mm: float | None = None
    volume_ml: float | None = None
    volume_sd_ml: float | None = None
    assumptions: Assumptions | None = None
    probes: int = 1
    fitted: bool = False
    isotherm_c: float | None = None
    radius_mm: float | None = None


def pulsed(minutes: float) -> PowerStep:
    """Return impedance-controlled pulsing."""
    return PowerStep(control=Control.IMPEDANCE, duration_s=60.0 * minutes)


def watts(power_w: float, seconds: float) -> PowerStep:
    """Return constant power."""
    return PowerStep(control=Control.POWER, duration_s=seconds, power_w=power_w)


def freeze(minutes: float) -> PowerStep:
    """Return full flow."""
    return PowerStep(control=Control.FREEZE, duration_s=60.0 * minutes, flow_percent=100.0)


LUNG = "Acta Med Okayama 2022;76:57"
ROWS = (
    Row(
        name="2 cm cooled tip, pig liver, 12 min",
        model="radiofrequency/IC_20mm",
        tissue="liver",
        step=pulsed(12),
        source="CVIR 2009;32:1235",
        length_mm=26.2,
        width_mm=20.0,
        volume_ml=5.76,
    ),
    Row(
        name="3 cm cool-tip, pig liver, 12 min",
        model="radiofrequency/Cooltip_30mm",
        tissue="liver",
        step=pulsed(12),
        source="PMC3438625",
        length_mm=46.0,
        width_mm=30.2,
        width_sd_mm=2.0,
    ),
    Row(
        name="17 G cooled tip (3 cm assumed), pig liver, 12 min",
        model="radiofrequency/Cooltip_30mm",
        tissue="liver",
        step=pulsed(12),
        source="Br J Radiol 2015;88:20140497",
        volume_ml=7.79,
        volume_sd_ml=1.68,
    ),
    Row(
        name="15 G cooled tip (3 cm assumed), pig liver, 12 min",
        model="radiofrequency/Cooltip_30mm",
        tissue="liver",
        step=pulsed(12),
        source="Br J Radiol 2015;88:20140497",
        volume_ml=10.26,
        radius_mm=0.915,
        volume_sd_ml=2.28,
    ),
    Row(
        name="cluster of three, pig liver, 12 min",
        model="radiofrequency/Cooltip_cluster",
        tissue="liver",
        step=pulsed(12),
        source="Radiology 1998;209:371",
        width_mm=31.0,
        width_sd_mm=2.0,
    ),
    Row(
        name="2.45 GHz 100 W, pig lung, 1 min",
        model="microwave/swine_lung_100W",
        tissue="lung_inflated",
        step=watts(100, 60),
        source=LUNG,
        length_mm=22.0,
        width_mm=14.1,
        assumptions=LUNG_ANTENNA,
        fitted=True,
    ),
    Row(
        name="2.45 GHz 100 W, pig lung, 2 min",
        model="microwave/swine_lung_100W",
        tissue="lung_inflated",
        step=watts(100, 120),
        source=LUNG,
        length_mm=27.6,
        width_mm=20.2,
        assumptions=LUNG_ANTENNA,
    ),
    Row(
        name="2.45 GHz 100 W, pig lung, 3 min",
        model="microwave/swine_lung_100W",
        tissue="lung_inflated",
        step=watts(100, 180),
        source=LUNG,
        length_mm=29.2,
        width_mm=21.2,
        assumptions=LUNG_ANTENNA,
    ),
    Row(
        name="2.45 GHz, patients' tumours in liver, 49.8 kJ taken as 83 W for 10 min, 0.7 absorbed",
        model="microwave/clinical_liver",
        tissue="liver",
        step=watts(83, 600),
        source="PMID 27425001",
        length_mm=58.0,
        width_mm=37.0,
        width_sd_mm=8.0,
        volume_ml=44.1,
        volume_sd_ml=25.4,
        assumptions=Assumptions(efficiency=0.7),
    ),
    Row(
        name="2.4 mm cryoprobe, 39 °C gel, 15 min, -30 °C",
        model="cryo/probe_2.4mm",
        tissue="saline",
        step=freeze(15),
        source="JVIR 2009;20:1343",
        width_mm=12.0,
        isotherm_c=-30.0,
    ),
    Row(
        name="two 2.4 mm cryoprobes 2 cm apart, -30 °C",
        model="cryo/probe_2.4mm",
        tissue="saline",
        step=freeze(15),
        source="JVIR 2009;20:1343",
        width_mm=33.0,
        isotherm_c=-30.0,
        probes=2,
    ),
)


def simulated(row: Row, *, spacing_mm: float = 1.0, margin_mm: float = 32.0) -> AblationOutcome:
    """Return the outcome of a row's plan."""
    offsets = 20.0 * (np.arange(row.probes) - 0.5 * (row.probes - 1))
    applicators = tuple(
        Applicator(
            needle=Needle(number=n + 1, entry_lps_mm=np.array([x, 0.0, 100.0]), tip_lps_mm=np.array([x, 0.0, -12.0])),
            model=row.model,
        )
        for n, x in enumerate(offsets.tolist())
    )
    plan = AblationPlan(
        label=row.name,
        patient=Patient(identifier="phantom", name=""),
        frame_uid=FRAME,
        applicators=applicators,
        activations=tuple(
            Activation(applicator=each.number, start_s=0.0, schedule=Schedule(steps=(row.step,)))
            for each in applicators
        ),
        target=AblationTarget(lesion="none", margin_mm=0.0),
    )
    ends = np.array([[offsets.min(), 0.0, -12.0], [offsets.max(), 0.0, 28.0]])
    cold = row.step.control is Control.FREEZE
    model = DeathModel.BELOW_MINUS_20_C if cold else DeathModel.CEM43_240
    tissue_map = block(load_tissue(row.tissue), ends, spacing_mm=spacing_mm, margin_mm=margin_mm)
    problem = heat_problem(plan, tissue_map, death_model=model, assumptions=row.assumptions)
    if row.radius_mm is not None:
        problem = replace(problem, sources=tuple(_with_radius(each, row.radius_mm) for each in problem.sources))
    return simulate_ablation(problem)


def _with_radius(source: HeatSource, radius_mm: float) -> HeatSource:
    """Return an applicator with thicker electrodes."""
    assert isinstance(source, RfApplicator)
    return replace(source, electrodes=tuple(replace(each, radius_mm=radius_mm) for each in source.electrodes))


def block(tissue: Tissue, ends: np.ndarray, *, spacing_mm: float, margin_mm: float) -> TissueMap:
    """Return one tissue all around."""
    grid = Grid.around(ends, margin_mm=margin_mm, spacing_mm=spacing_mm)
    values = np.ones(grid.shape_kji, np.uint8)
    labels = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.LABEL, frame_uid=FRAME)
    return TissueMap(labels=labels, tissues=(tissue,))


def extent_mm(score: np.ndarray, grid: Grid) -> tuple[float, float]:
    """Return length along the needles (z) and width across them (x), between the voxels."""
    spacing = grid.spacing_ijk_mm
    along, across = score.max(axis=(1, 2)), score.max(axis=(0, 1))
    return _length(along) * spacing[2], _length(across) * spacing[0]


def _length(line: np.ndarray) -> float:
    inside = np.flatnonzero(line >= 0)
    if len(inside) == 0:
        return 0.0
    first, last = inside[0], inside[-1]
    head = line[first] / (line[first] - line[first - 1]) if first > 0 else 0.5
    tail = line[last] / (line[last] - line[last + 1]) if last + 1 < len(line) else 0.5
    return float(last - first + head + tail)


def measured(row: Row, outcome: AblationOutcome) -> dict[str, float]:
    """Return length, width and volume of the default zone, and the volumes of the band of death models."""
    grid = outcome.zone.score.grid
    if row.isotherm_c is not None:
        score = (row.isotherm_c + 273.15 - np.asarray(outcome.extreme.volume.values_kji)) / 10.0
        volume = float((score >= 0).sum() * grid.voxel_volume_mm3 / 1000)
        low = high = volume
    else:
        score = np.asarray(outcome.zone.score.values_kji)
        volume = outcome.zone.volume_cc
        low, high = outcome.band_cc
    length, width = extent_mm(score, grid)
    return {"length_mm": length, "width_mm": width, "volume_ml": volume, "low_ml": low, "high_ml": high}
