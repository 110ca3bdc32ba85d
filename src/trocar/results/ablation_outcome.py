"""`AblationOutcome`: what a simulated ablation did to the tissue, and what the generator did meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.messages import Message
from trocar.results.provenance import Provenance
from trocar.results.temperature import Temperature
from trocar.results.tissue_death import DeathMap, DeathModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GeneratorTrace(Value):
    """What one source did, as its generator would print it.

    Parameters
    ----------
    label
        Of the source.
    time_s
        Since the start of the treatment, ascending.
    power_w
        Into the tissue: positive for heating, negative for a cryoprobe.
    voltage_v, current_a, impedance_ohm
        Root mean square at the electrode; NaN for sources that have none and while no power flows.
    reading_c
        Temperature which the source's own thermometer would show; NaN where it has none.
    """

    label: str
    time_s: Float[np.ndarray, " n"]
    power_w: Float[np.ndarray, " n"]
    voltage_v: Float[np.ndarray, " n"]
    current_a: Float[np.ndarray, " n"]
    impedance_ohm: Float[np.ndarray, " n"]
    reading_c: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        for name in ("time_s", "power_w", "voltage_v", "current_a", "impedance_ohm", "reading_c"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    @property
    def energy_j(self) -> float:
        """Energy given to the tissue until the last moment of the trace; each power holds since the moment before."""
        return float(np.sum(self.power_w * np.diff(self.time_s, prepend=0.0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AblationOutcome(Value):
    """The result of one simulated ablation.

    Parameters
    ----------
    deaths
        The zone by every model that fits the technique, all from the same temperatures.
    chosen
        The model that was asked for.
    temperatures
        At the moments asked for, in order of time.
    extreme
        Highest temperature of each place for heating, lowest for freezing.
    traces
        One a source.
    notices
        What a reader must know, such as heat reaching the edge of the grid.
    provenance
        Inputs by hash, tables, papers.

    Raises
    ------
    HeatError
        The chosen model is not among the zones.
    """

    deaths: Mapping[DeathModel, DeathMap]
    chosen: DeathModel
    temperatures: tuple[Temperature, ...]
    extreme: Temperature
    traces: tuple[GeneratorTrace, ...]
    provenance: Provenance
    notices: tuple[Message, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "deaths", MappingProxyType(dict(self.deaths)))
        if self.chosen not in self.deaths:
            raise HeatError(
                "heat.death-model-not-computed",
                "the zone by {chosen} was asked for, but only these were computed: {models}",
                chosen=self.chosen.name,
                models=", ".join(model.name for model in self.deaths),
            )

    @property
    def zone(self) -> DeathMap:
        """The zone by the chosen model."""
        return self.deaths[self.chosen]

    @property
    def band_cc(self) -> tuple[float, float]:
        """Least and greatest volume over all death models: how far the choice of model matters."""
        volumes = [each.volume_cc for each in self.deaths.values()]
        return min(volumes), max(volumes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanningRound(Value):
    """One simulation of a plan as it then stood.

    Parameters
    ----------
    power_w, duration_s
        Of each activation; power None where the generator decides.
    insertions, activations
        How many.
    least_mm, zone_ml
        Margin and zone that came of it.
    side
        Where the margin was least.
    """

    power_w: float | None
    duration_s: float
    insertions: int
    activations: int
    least_mm: float
    zone_ml: float
    side: str
