"""From an ablation plan and drawn structures to a heat problem, and to its outcome."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from trocar.catalogue.antenna_design import AntennaDesign
from trocar.catalogue.applicators import ApplicatorModel, Energy, Shape, antenna_keys, load_applicator
from trocar.catalogue.tissues import load_tissue
from trocar.errors import HeatError
from trocar.geometry.grid import Grid
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import Region
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.heat.base import (
    Cancelled,
    HeatProblem,
    HeatSource,
    PerfusionStop,
    Progress,
    Schedule,
    Step,
    TissueMap,
    VesselCooling,
)
from trocar.heat.ensemble import death_probability
from trocar.heat.simulate import simulate
from trocar.heat.sources.coaxial_antenna import CoaxialAntenna
from trocar.heat.sources.cryo import CryoProbe
from trocar.heat.sources.microwave import Band, MicrowaveAntenna
from trocar.heat.sources.radiofrequency import Control, Electrode, Generator, RfApplicator
from trocar.plan.ablation import AblationPlan, Applicator
from trocar.plan.ablation import Control as PlannedControl
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel, DeathProbability
from trocar.units import celsius_from_kelvin
from trocar.workflow.large_vessels import large_vessel_mask

ARGON_C = -145.0
"""Of expanded argon in a cryoprobe."""


class AntennaModel(Enum):
    """Where the heat of a microwave antenna comes from."""

    PARAMETRIC = "power spread along a line and attenuated, its length an assumption"
    FIELD = "Maxwell's equations around the axis of an antenna whose parts the catalogue knows"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assumptions(Value):
    """What a simulation needs and neither plan nor catalogue says; each is shown with the result.

    Parameters
    ----------
    coolant_c
        Of cooled shafts and tips.
    most_volts, most_watts
        Of a radiofrequency generator.
    impedance_rise_ohm, pause_s
        Rise over the first impedance at which it pauses, or stops under constant power; length of the pause.
    antenna
        Where the heat of a microwave antenna comes from.
    efficiency
        Share of a microwave generator's power that reaches tissue; where the field is computed, that arrives at the
        antenna, which reflects what it does.
    antenna_mm
        Length over which the power of a parametric antenna spreads along its shaft.
    freezing_c
        Gas in a cryoprobe at full flow; None for the applicator's own, or that of argon where none is stated.
    film_w_per_m2_k
        Film coefficient between that gas and the surface of the probe; fitted to one published zone of one probe
        (docs/theory/heat.md, C1).
    """

    coolant_c: float = 15.0
    most_volts: float = 140.0
    most_watts: float = 200.0
    impedance_rise_ohm: float = 20.0
    pause_s: float = 15.0
    antenna: AntennaModel = AntennaModel.PARAMETRIC
    efficiency: float = 0.6
    antenna_mm: float = 60.0
    freezing_c: float | None = None
    film_w_per_m2_k: float = 1100.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TissuePart(Value):
    """A region and what it is made of.

    Parameters
    ----------
    region
        In the frame of the plan.
    tissue
        Key of the table of tissues, such as ``liver``, ``tumour``, ``blood``, ``saline``.
    is_vessel
        Whether its blood carries heat away; one tissue only may be a vessel. Parts under 3 mm across are perfusion.
    """

    region: Region
    tissue: str
    is_vessel: bool = False


def tissue_map_around(
    points_lps_mm: Float[np.ndarray, "n 3"],
    parts: Sequence[TissuePart],
    *,
    background: str,
    body: Region | None,
    frame_uid: str,
    spacing_mm: float = 1.0,
    margin_mm: float = 40.0,
    vessel_cooling: VesselCooling = VesselCooling.FIXED,
    vessel_film_w_per_m2_k: float | None = None,
) -> TissueMap:
    """Return the tissues around some points, on a lattice along the patient's axes.

    Parameters
    ----------
    points_lps_mm
        Ends of the applicators' active parts.
    parts
        Later ones lie over earlier ones: organ, tumour, vessels in this order.
    background
        Tissue of all that is in the body but in no part.
    body
        Outline of the body; None where the computed box lies within it for sure.
    frame_uid
        Frame of reference of all of it.
    spacing_mm, margin_mm
        Of the lattice; how far it reaches beyond the points.
    vessel_cooling, vessel_film_w_per_m2_k
        As `TissueMap` has them.

    Raises
    ------
    HeatError
        Vessels of two tissues.
    """
    grid = Grid.around(points_lps_mm, margin_mm=margin_mm, spacing_mm=spacing_mm)
    keys = [background]
    labels = np.ones(grid.shape_kji, dtype=np.uint8)
    if body is not None:
        labels[~mask_on_grid(body, grid)] = 0
    vessels: set[str] = set()
    for part in parts:
        # a vessel is a tissue of its own even where other blood is drawn
        name = f"{part.tissue}, vessel" if part.is_vessel else part.tissue
        if name not in keys:
            keys.append(name)
        if part.is_vessel:
            vessels.add(name)
        mask = large_vessel_mask(part.region, grid) if part.is_vessel else mask_on_grid(part.region, grid)
        labels[mask & (labels > 0)] = keys.index(name) + 1
    if len(vessels) > 1:
        raise HeatError(
            "heat.vessels-of-two-tissues",
            "vessels of {tissues} were given; all vessels that carry heat away must be of one tissue, blood",
            tissues=", ".join(sorted(vessels)),
        )
    return TissueMap(
        labels=Volume.owning(grid=grid, values_kji=labels, quantity=Quantity.LABEL, frame_uid=frame_uid),
        tissues=tuple(load_tissue(key.removesuffix(", vessel")) for key in keys),
        vessel_label=keys.index(vessels.pop()) + 1 if vessels else None,
        vessel_cooling=vessel_cooling if any(part.is_vessel for part in parts) else VesselCooling.NONE,
        vessel_film_w_per_m2_k=vessel_film_w_per_m2_k,
    )


def heat_problem(
    plan: AblationPlan,
    tissue_map: TissueMap,
    *,
    death_model: DeathModel,
    assumptions: Assumptions | None = None,
    perfusion_stop: PerfusionStop | None = None,
    keep_at_s: tuple[float, ...] = (),
    char_above_c: float | None = None,
    afterwards_s: float = 0.0,
) -> HeatProblem:
    """Return the heat problem of a plan: one source an applicator, place and kind of control.

    Parameters
    ----------
    plan
        Applicators of the catalogue and their activations.
    tissue_map
        Tissues around them, in the plan's frame of reference.
    death_model, keep_at_s, char_above_c
        As `HeatProblem` has them.
    perfusion_stop
        When blood stops flowing; None for what published simulations of the technique take (`usual_stop`).
    assumptions
        What neither plan nor catalogue says; None for the usual.
    afterwards_s
        Time simulated after the last activation, while tissue cools.

    Raises
    ------
    HeatError
        Plan and tissue map lie in different frames, or the catalogue lacks a length that is needed.
    """
    if plan.frame_uid != tissue_map.labels.frame_uid:
        raise HeatError(
            "heat.frame-differs",
            "the plan lies in frame of reference {plan}, the tissue map in {tissues}; make the map from structures of "
            "the plan's images, or register them first",
            plan=plan.frame_uid,
            tissues=tissue_map.labels.frame_uid,
        )
    taken = assumptions or Assumptions()
    spans = _spans(plan)
    keys = sorted({span.key for span in spans})
    sources = tuple(_source(plan.applicator(key[0]), key, taken) for key in keys)
    return HeatProblem(
        tissue_map=tissue_map,
        sources=sources,
        schedule=Schedule(steps=_steps(spans, keys, taken, afterwards_s)),
        death_model=death_model,
        perfusion_stop=perfusion_stop or usual_stop(plan),
        keep_at_s=keep_at_s,
        char_above_c=char_above_c,
        patient_id=plan.patient.identifier,
    )


def usual_stop(plan: AblationPlan) -> PerfusionStop:
    """Return when blood stops flowing through heated tissue: with microwaves also where it coagulates at once.

    Microwaves bring much tissue past 60 °C within seconds, where the three-state model is too slow; docs/theory/heat.md
    says what each choice does to published zones.
    """
    energies = {load_applicator(each.model).energy for each in plan.applicators}
    return PerfusionStop.ON_COAGULATION if Energy.MICROWAVE in energies else PerfusionStop.ON_THREE_STATE


def simulate_ablation(
    problem: HeatProblem,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> AblationOutcome:
    """Return the outcome of a heat problem; see `trocar.heat.simulate.simulate`."""
    return simulate(problem, progress=progress, cancelled=cancelled)


def ablation_probability(
    problem: HeatProblem,
    *,
    samples: int,
    seed: int,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> DeathProbability:
    """Return the probability of death over the tissue's spread; see `trocar.heat.ensemble.death_probability`."""
    return death_probability(problem, samples=samples, seed=seed, progress=progress, cancelled=cancelled)


Key = tuple[int, float, str, float]
"""Applicator, how far it is drawn back, control, temperature to keep (0 where none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    start_s: float
    end_s: float
    key: Key
    power_w: float | None
    flow: float


def _spans(plan: AblationPlan) -> list[_Span]:
    spans = []
    for activation in plan.activations:
        now_s = activation.start_s
        for step in activation.schedule.steps:
            end_s = now_s + step.duration_s
            if step.control not in (PlannedControl.PAUSE, PlannedControl.THAW):
                kept_c = 0.0 if step.temperature_k is None else float(celsius_from_kelvin(step.temperature_k))
                key = (activation.applicator, activation.pulled_back_mm, step.control.name, kept_c)
                flow = (step.flow_percent or 100.0) / 100.0
                spans.append(_Span(start_s=now_s, end_s=end_s, key=key, power_w=step.power_w, flow=flow))
            now_s = end_s
    return spans


def _steps(spans: list[_Span], keys: list[Key], taken: Assumptions, afterwards_s: float) -> tuple[Step, ...]:
    times = sorted({0.0} | {s.start_s for s in spans} | {s.end_s for s in spans})
    steps = []
    for start_s, end_s in pairwise(times):
        running = {s.key: s for s in spans if s.start_s <= start_s and s.end_s >= end_s}
        levels = tuple(_level(running[key], taken) if key in running else 0.0 for key in keys)
        steps.append(Step(duration_s=end_s - start_s, levels=levels))
    if afterwards_s > 0:
        steps.append(Step(duration_s=afterwards_s, levels=(0.0,) * len(keys)))
    return tuple(steps)


def _level(span: _Span, taken: Assumptions) -> float:
    if span.key[2] == PlannedControl.FREEZE.name:
        return span.flow
    return taken.most_watts if span.power_w is None else span.power_w


def _source(applicator: Applicator, key: Key, taken: Assumptions) -> HeatSource:
    model = load_applicator(applicator.model)
    tip = applicator.tip_lps_mm(pulled_back_mm=key[1])
    back = -applicator.needle.direction_lps
    label = f"{applicator.number}" + (f", {key[1]:g} mm" if key[1] else "")
    if model.energy is Energy.MICROWAVE:
        return _antenna(model, tip, back, label, taken)
    if model.energy is Energy.CRYO:
        path = tip + np.array([[0.0], [_needed(model, "active_length_mm")]]) * back
        radius_mm = 0.5 * _needed(model, "diameter_mm")
        return CryoProbe(
            label=label,
            path_lps_mm=path,
            radius_mm=radius_mm,
            freezing_c=_cryogen_c(model, taken),
            film_w_per_m2_k=taken.film_w_per_m2_k,
        )
    return _electrodes(model, tip, back, label=label, key=key, taken=taken)


def _cryogen_c(model: ApplicatorModel, taken: Assumptions) -> float:
    if taken.freezing_c is not None:
        return taken.freezing_c
    return ARGON_C if model.cryogen_c is None else model.cryogen_c


def _needed(model: ApplicatorModel, name: str) -> float:
    value = getattr(model, name)
    if value is None:
        raise HeatError(
            "heat.applicator-length-missing",
            "the catalogue does not say the {name} of applicator {key}, without which it cannot be simulated; choose "
            "another model, add the length, or use the zone of the catalogue",
            name=name,
            key=model.key,
        )
    return float(value)


def _antenna(
    model: ApplicatorModel, tip: np.ndarray, back: np.ndarray, label: str, taken: Assumptions
) -> MicrowaveAntenna | CoaxialAntenna:
    band = Band.MHZ_915 if (model.frequency_mhz or 2450.0) < 1500.0 else Band.MHZ_2450
    cooled_c = taken.coolant_c if model.cooled else None
    if taken.antenna is AntennaModel.FIELD:
        return CoaxialAntenna(
            label=label,
            tip_lps_mm=tip,
            axis_lps=back,
            design=_design(model),
            band=band,
            efficiency=taken.efficiency,
            cooled_c=cooled_c,
        )
    return MicrowaveAntenna(
        label=label,
        tip_lps_mm=tip,
        axis_lps=back,
        radius_mm=0.5 * (model.diameter_mm or 1.6),
        band=band,
        active_mm=taken.antenna_mm,
        ahead_mm=model.centre_behind_tip_mm - 0.5 * taken.antenna_mm,
        efficiency=taken.efficiency,
        cooled_c=cooled_c,
    )


def _design(model: ApplicatorModel) -> AntennaDesign:
    if model.antenna is None:
        raise HeatError(
            "heat.antenna-design-missing",
            "the catalogue does not say what applicator {key} is built of, so that its field cannot be computed; take "
            "the parametric model, or one of: {keys}",
            key=model.key,
            keys=", ".join(antenna_keys()),
        )
    return model.antenna


def _electrodes(
    model: ApplicatorModel, tip: np.ndarray, back: np.ndarray, *, label: str, key: Key, taken: Assumptions
) -> RfApplicator:
    length_mm = _needed(model, "active_length_mm")
    radius_mm = 0.5 * (model.diameter_mm or 1.47)
    if model.shape is Shape.EXPANDABLE:
        paths, radius_mm = _tines(tip, back, model.elements, length_mm), 0.3
    else:
        paths = [tip + off + np.array([[0.0], [length_mm]]) * back for off in _hub(back, model)]
    kept_c = key[3] if key[2] == PlannedControl.TEMPERATURE.name else None
    generator = Generator(
        control=Control[key[2]],
        most_volts=taken.most_volts,
        impedance_rise_ohm=taken.impedance_rise_ohm,
        pause_s=taken.pause_s,
        goal_c=kept_c,
    )
    return RfApplicator(
        label=label,
        electrodes=tuple(Electrode(path_lps_mm=path, radius_mm=radius_mm) for path in paths),
        generator=generator,
        cooled_c=taken.coolant_c if model.cooled else None,
    )


def _across(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two unit vectors at right angles to an axis and each other."""
    least = np.eye(3)[int(np.argmin(np.abs(axis)))]
    first = np.cross(axis, least)
    first /= np.linalg.norm(first)
    return first, np.cross(axis, first)


def _hub(back: np.ndarray, model: ApplicatorModel) -> list[np.ndarray]:
    """Return the places of a cluster's electrodes around its axis; the axis itself for a single one."""
    if model.shape is Shape.SINGLE or model.elements == 1:
        return [np.zeros(3)]
    u, v = _across(back)
    reach_mm = _needed(model, "spacing_mm") / (2.0 * math.sin(math.pi / model.elements))
    angles = 2.0 * np.pi * np.arange(model.elements) / model.elements
    return [reach_mm * (math.cos(a) * u + math.sin(a) * v) for a in angles]


def _tines(tip: np.ndarray, back: np.ndarray, elements: int, length_mm: float) -> list[np.ndarray]:
    """Return tines that leave the cannula at its tip and bend outwards over a quarter of an ellipse."""
    u, v = _across(back)
    bend = np.linspace(0.0, 0.5 * np.pi, 9)[::-1]
    ahead, aside = 0.5 * length_mm * np.sin(bend), 0.5 * length_mm * (1.0 - np.cos(bend))
    angles = 2.0 * np.pi * np.arange(elements) / elements
    return [tip - ahead[:, None] * back + aside[:, None] * (math.cos(a) * u + math.sin(a) * v) for a in angles]
