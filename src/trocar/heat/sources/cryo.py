"""`CryoProbe`: a probe of given surface temperature that freezes, pauses and thaws."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.heat.base import BODY_C, Contact, Emission, Moment, PlacedSource, Surroundings
from trocar.heat.lines import exchange_of

FROZEN_CONDUCTIVITY_W_PER_MM_K = 2.0e-3
"""Of the ice around a probe, which is what the probe touches for all but the first seconds."""


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
        Temperature of its surface at full flow.
    thawing_c
        Temperature of its surface while it thaws actively (level -1).
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
    thawing_c: float = 40.0
    cool_down_s: float = 20.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_lps_mm", frozen_array(self.path_lps_mm, np.float64))
        if not (self.radius_mm > 0 and self.cool_down_s > 0 and -273.15 < self.freezing_c < 0 < self.thawing_c < 100):
            raise HeatError(
                "heat.cryo-probe-invalid",
                "a cryoprobe of radius {radius_mm} mm at {freezing_c} °C, thawing at {thawing_c} °C in {cool_down_s} s "
                "was given; radius and time are above 0, it freezes below 0 °C and thaws between 0 and 100 °C",
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
        self.weight = exchange_of(probe.path_lps_mm, surroundings.grid, radius_mm=probe.radius_mm)
        self.surface_c = BODY_C

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the exchange of heat at the surface; a duty under 1 stands between body and full cold."""
        if level == 0.0:
            self.surface_c = BODY_C
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0)
        goal = self.probe.thawing_c if level < 0 else BODY_C + level * (self.probe.freezing_c - BODY_C)
        self.surface_c = goal + (self.surface_c - goal) * float(np.exp(-moment.step_s / self.probe.cool_down_s))
        contact = Contact(
            weight_kji=self.weight,
            coefficient_w_per_mm_k=FROZEN_CONDUCTIVITY_W_PER_MM_K,
            temperature_c=self.surface_c,
        )
        return Emission(
            heat_w_per_mm3=None, contact=contact, power_w=0.0, reading_c=self.surface_c, counts_contact=True
        )
