"""`CryoProbe`: cold gas in a probe that freezes, pauses and thaws; equation (C1) of docs/theory/heat.md."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.heat.base import BODY_C, Contact, Emission, Moment, PlacedSource, Surroundings
from trocar.heat.bioheat import PhaseChange, Properties
from trocar.heat.lines import exchange_of, points_along


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CryoProbe(Value):
    """A cryoprobe.

    Parameters
    ----------
    label
        Name for traces.
    path_lps_mm
        The freezing part, from the tip backwards.
    radius_mm
        Of the shaft.
    freezing_c
        Temperature of the gas in the probe at full flow; of its surface where no film is given.
    film_w_per_m2_k
        Film coefficient between gas and surface: the warmer the tissue, the less cold the surface. None for a surface
        that has the temperature of the gas.
    thawing_c
        Temperature while it thaws actively (level -1).
    cool_down_s
        Time constant of the way to a new temperature.

    Raises
    ------
    HeatError
        A radius or time not above 0, or temperatures the wrong way round.
    """

    label: str
    path_lps_mm: Float[np.ndarray, "n 3"]
    radius_mm: float
    freezing_c: float
    film_w_per_m2_k: float | None = None
    thawing_c: float = 40.0
    cool_down_s: float = 20.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_lps_mm", frozen_array(self.path_lps_mm, np.float64))
        positive = min(self.radius_mm, self.cool_down_s, self.film_w_per_m2_k or math.inf) > 0
        film_is_number = self.film_w_per_m2_k is None or 0 < self.film_w_per_m2_k < math.inf
        if not (positive and film_is_number and -273.15 < self.freezing_c < 0 < self.thawing_c < 100):
            raise HeatError(
                "heat.cryo-probe-invalid",
                "a cryoprobe of radius {radius_mm} mm at {freezing_c} °C with a film coefficient of {film}, thawing at "
                "{thawing_c} °C in {cool_down_s} s was given; radius, film coefficient and time are above 0, it "
                "freezes below 0 °C and thaws between 0 and 100 °C",
                film=self.film_w_per_m2_k,
                radius_mm=self.radius_mm,
                freezing_c=self.freezing_c,
                thawing_c=self.thawing_c,
                cool_down_s=self.cool_down_s,
            )

    @property
    def longest_step_s(self) -> float:
        """A small share of the time a probe takes to cool down."""
        return 2.0

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the probe in place, at body temperature."""
        return _PlacedProbe(self, surroundings)


class _PlacedProbe:
    def __init__(self, probe: CryoProbe, surroundings: Surroundings) -> None:
        self.probe = probe
        self.ice_w_per_mm_k = _ice_conductivity(probe, surroundings)
        thinning = 0.0
        if probe.film_w_per_m2_k is not None:
            thinning = self.ice_w_per_mm_k / (probe.film_w_per_m2_k * 1e-6 * probe.radius_mm)
        self.weight = exchange_of(probe.path_lps_mm, surroundings.grid, radius_mm=probe.radius_mm, thinning=thinning)
        self.gas_c = BODY_C

    def patience_s(self, time_s: float) -> float:
        """Return its longest step: nothing changes at once."""
        return self.probe.longest_step_s

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the exchange of heat with the gas; a duty under 1 stands between body and full cold."""
        if level == 0.0:
            self.gas_c = BODY_C
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0)
        goal = self.probe.thawing_c if level < 0 else BODY_C + level * (self.probe.freezing_c - BODY_C)
        self.gas_c = goal + (self.gas_c - goal) * float(np.exp(-moment.step_s / self.probe.cool_down_s))
        contact = Contact(
            weight_kji=self.weight,
            coefficient_w_per_mm_k=self.ice_w_per_mm_k,
            temperature_c=self.gas_c,
        )
        return Emission(heat_w_per_mm3=None, contact=contact, power_w=0.0, reading_c=self.gas_c, counts_contact=True)


def _ice_conductivity(probe: CryoProbe, surroundings: Surroundings) -> float:
    """Return the conductivity of the frozen tissue around a probe, which it touches for all but the first seconds."""
    points, _ = points_along(probe.path_lps_mm, apart_mm=1.0)
    i, j, k = np.round(surroundings.grid.index_ijk(points)).astype(int).T
    frozen = Properties.of(surroundings.tissues, PhaseChange()).frozen[surroundings.labels_kji[k, j, i]]
    return float(frozen.mean())
