"""`PrescribedHeat`: heat that is known beforehand, such as a computed or measured SAR."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.heat.base import Emission, Moment, PlacedSource, Surroundings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrescribedHeat(Value):
    """Heat in each voxel for 1 W of power.

    Parameters
    ----------
    label
        Name for traces.
    unit_heat_per_mm3
        Share of the power that each volume takes up, on the grid of the tissue map.
    path_lps_mm
        Where the applicator is.

    Raises
    ------
    HeatError
        Heat that is negative or not finite.
    """

    label: str
    unit_heat_per_mm3: Float[np.ndarray, "k j i"]
    path_lps_mm: Float[np.ndarray, "n 3"]

    def __post_init__(self) -> None:
        heat = frozen_array(self.unit_heat_per_mm3, np.float32)
        if not (np.isfinite(heat).all() and (heat >= 0).all()):
            raise HeatError(
                "heat.prescribed-heat-invalid",
                "the prescribed heat of {label} is negative or not finite somewhere; give a share of power a volume, "
                "0 or more",
                label=self.label,
            )
        object.__setattr__(self, "unit_heat_per_mm3", heat)
        object.__setattr__(self, "path_lps_mm", frozen_array(self.path_lps_mm, np.float64))

    @property
    def longest_step_s(self) -> float:
        """The heat never changes by itself."""
        return 5.0

    def place(self, surroundings: Surroundings) -> PlacedSource:
        """Return the source in place.

        Raises
        ------
        HeatError
            The heat lies on another grid.
        """
        if self.unit_heat_per_mm3.shape != surroundings.grid.shape_kji:
            raise HeatError(
                "heat.prescribed-heat-grid",
                "the prescribed heat of {label} has {given} voxels, the tissue map {allowed}; resample one of them",
                label=self.label,
                given=self.unit_heat_per_mm3.shape,
                allowed=surroundings.grid.shape_kji,
            )
        return _Placed(self, surroundings.grid.voxel_volume_mm3)


class _Placed:
    def __init__(self, source: PrescribedHeat, voxel_mm3: float) -> None:
        self.source, self.heat = source, source.unit_heat_per_mm3
        self.share = float(self.heat.sum(dtype=np.float64)) * voxel_mm3

    def patience_s(self, time_s: float) -> float:
        """Return its longest step: nothing changes at once."""
        return self.source.longest_step_s

    def emit(self, moment: Moment, level: float) -> Emission:
        """Return the heat times the power."""
        if level == 0.0:
            return Emission(heat_w_per_mm3=None, contact=None, power_w=0.0)
        return Emission(heat_w_per_mm3=self.heat, contact=None, power_w=level * self.share, factor=level)
