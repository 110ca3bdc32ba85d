"""Published ablation zones, simulated as a user would: catalogue, plan, usual assumptions, one antenna fitted."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.distance import pdist
from skimage.measure import find_contours

from trocar.catalogue.tissues import Tissue, load_tissue
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import HeatSource, PerfusionStop, TissueMap
from trocar.heat.sources.radiofrequency import RfApplicator
from trocar.plan.ablation import AblationPlan, AblationTarget, Activation, Applicator, Control, PowerStep, Schedule
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel
from trocar.workflow.ablation_heat import Assumptions, heat_problem, simulate_ablation

FRAME = "1.2.3"
PLACES = {
    1: [(0.0, 0.0)],
    2: [(-10.0, 0.0), (10.0, 0.0)],
    3: [(-10.0, 0.0), (10.0, 0.0), (0.0, 17.32)],
    4: [(-10.0, -10.0), (10.0, -10.0), (-10.0, 10.0), (10.0, 10.0)],
}
"""Where one to four probes stand, 20 mm apart."""
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


def gel(name: str, width_mm: float, *, model: str = "cryo/probe_2.4mm", probes: int = 1, fitted: bool = False) -> Row:
    """Return a row of argon cryoprobes in warm gel."""
    return Row(
        name=name,
        model=model,
        tissue="saline",
        step=freeze(15),
        source="JVIR 2009;20:1343",
        width_mm=width_mm,
        isotherm_c=-30.0,
        probes=probes,
        fitted=fitted,
    )


def nitrogen(tissue: str, minutes: float, *, length_mm: float, width_mm: float) -> Row:
    """Return a row of a liquid nitrogen probe in a living pig, whose dead zone is taken for that under -20 °C."""
    return Row(
        name=f"3.4 mm liquid nitrogen probe, pig {tissue}, {minutes:g} min",
        model="cryo/Visica2",
        tissue=tissue,
        step=freeze(minutes),
        source="PMC7798152",
        length_mm=length_mm,
        width_mm=width_mm,
        isotherm_c=-20.0,
    )


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
        name="one cooled electrode (3 cm assumed), pig liver, 12 min",
        model="radiofrequency/Cooltip_30mm",
        tissue="liver",
        step=pulsed(12),
        source="Radiology 1998;209:371",
        width_mm=18.0,
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
    gel("2.4 mm cryoprobe, 39 °C gel, 15 min, -30 °C", 12.0, fitted=True),
    gel("two 2.4 mm cryoprobes 2 cm apart, -30 °C", 33.0, probes=2),
    gel("three 2.4 mm cryoprobes 2 cm apart, -30 °C", 41.0, probes=3),
    gel("four 2.4 mm cryoprobes 2 cm apart, -30 °C", 49.0, probes=4),
    gel("1.7 mm cryoprobe, -30 °C", 10.1, model="cryo/probe_1.7mm"),
    gel("two 1.7 mm cryoprobes 2 cm apart, -30 °C", 27.7, model="cryo/probe_1.7mm", probes=2),
    nitrogen("liver", 4, length_mm=38.0, width_mm=17.0),
    nitrogen("kidney", 4, length_mm=30.0, width_mm=18.5),
    nitrogen("kidney", 12, length_mm=32.0, width_mm=25.0),
)


def simulated(
    row: Row, *, spacing_mm: float = 1.0, margin_mm: float = 32.0, stop: PerfusionStop | None = None
) -> AblationOutcome:
    """Return the outcome of a row's plan, with the usual stop of blood flow or another."""
    places = np.array(PLACES[row.probes])
    applicators = tuple(
        Applicator(
            needle=Needle(number=n + 1, entry_lps_mm=np.array([x, y, 100.0]), tip_lps_mm=np.array([x, y, -12.0])),
            model=row.model,
        )
        for n, (x, y) in enumerate(places.tolist())
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
    ends = np.array([[*places.min(axis=0), -12.0], [*places.max(axis=0), 28.0]])
    cold = row.step.control is Control.FREEZE
    model = DeathModel.BELOW_MINUS_20_C if cold else DeathModel.CEM43_240
    tissue_map = block(load_tissue(row.tissue), ends, spacing_mm=spacing_mm, margin_mm=margin_mm)
    problem = heat_problem(plan, tissue_map, death_model=model, assumptions=row.assumptions, perfusion_stop=stop)
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
    """Return length along the needles (z) and the largest width across them, between the voxels."""
    spacing = grid.spacing_ijk_mm
    along, across = score.max(axis=(1, 2)), score.max(axis=0)
    outlines = find_contours(across, 0.0)
    if not outlines:
        return 0.0, 0.0
    points = np.concatenate(outlines)[:, ::-1] * spacing[:2]
    return _length(along) * spacing[2], float(pdist(points).max())


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
