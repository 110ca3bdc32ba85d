"""`NestedPotential`: the potential solved anew near the electrodes, and in the whole body only now and then.

Near the electrodes tissue warms and dries within seconds; some centimetres away its conductivity changes by a few
percent in minutes. Between two solutions of the whole the outer part of the field only grows or shrinks with the
current, and the inner part sees it as a conductance at its boundary; equation (E9) of docs/theory/heat.md.
"""

from collections.abc import Callable

import numpy as np

from trocar.geometry.grid import Grid
from trocar.heat.base import Moment, Part
from trocar.heat.crew import Box, Crew
from trocar.heat.potential import Potential, Solution

NEAR_MM = 18.0
"""How far the inner part reaches beyond the electrodes."""
WORTH_NESTING = 0.6
"""Share of the grid above which an inner part of it is not worth its own solution."""
SOON_S, LATER = 10.0, 0.6
"""The whole is solved again after so many seconds, or this share of the time since the start if that is longer."""
TOLERANCE = 5e-3
"""Residual at which the potential is good enough; the power is scaled to its goal anyway."""

SigmaOf = Callable[[Part], np.ndarray]
"""Conductivity in S/mm of a part of the grid."""


class NestedPotential:
    """The potential around electrodes on a grid.

    Parameters
    ----------
    grid
        Where the voxels are.
    exchange_kji, volts_kji
        As `trocar.heat.potential.Potential` has them.
    centre_lps_mm
        Around which the field fades like that of a point; None for a pair of electrodes, whose field is always solved
        in the whole.
    crew
        Threads.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        exchange_kji: np.ndarray,
        volts_kji: np.ndarray,
        centre_lps_mm: np.ndarray | None,
        crew: Crew,
    ) -> None:
        centre = None if centre_lps_mm is None else grid.index_ijk(centre_lps_mm)[::-1]
        self.whole = Potential(
            grid.shape_kji,
            grid.spacing_ijk_mm,
            exchange_kji=exchange_kji,
            volts_kji=volts_kji,
            centre_kji=centre,
            crew=crew,
        )
        box = _near_box(exchange_kji, grid)
        self.part = (slice(box[0], box[1]), slice(box[2], box[3]), slice(box[4], box[5]))
        self.padded_box: Box = tuple(n + 1 for n in box)  # type: ignore[assignment]
        shape = tuple(s.stop - s.start for s in self.part)
        self.near: Potential | None = None
        if centre is not None and np.prod(shape) < WORTH_NESTING * np.prod(grid.shape_kji):
            self.near = Potential(
                (shape[0], shape[1], shape[2]),
                grid.spacing_ijk_mm,
                exchange_kji=exchange_kji[self.part],
                volts_kji=volts_kji[self.part],
                centre_kji=None,
                crew=crew,
            )
        self.sigma: np.ndarray | None = None
        self.last: Solution | None = None
        self.current_a, self.due_s = 0.0, -np.inf

    def solve(self, sigma_of: SigmaOf, moment: Moment, *, tolerance: float = TOLERANCE) -> Solution:
        """Return the potential for a conductivity, starting from the last one; its heat is that of the whole grid."""
        if self.near is None or self.last is None or moment.time_s >= self.due_s:
            return self._solve_whole(sigma_of, moment, tolerance)
        found = self.near.solve(sigma_of(self.part), tolerance=tolerance)
        heat = self.last.heat_w
        heat *= np.float32((found.current_a / self.current_a) ** 2)
        self.current_a = found.current_a
        heat[_core(self.part)] = found.heat_w[1:-1, 1:-1, 1:-1]
        self.last = Solution(phi=self.last.phi, heat_w=heat, current_a=found.current_a, iterations=found.iterations)
        return self.last

    def _solve_whole(self, sigma_of: SigmaOf, moment: Moment, tolerance: float) -> Solution:
        if self.sigma is None:
            self.sigma = sigma_of((slice(None),) * 3)
        assert self.sigma is not None
        self.sigma[moment.window] = sigma_of(moment.window)
        found = self.whole.solve(self.sigma, tolerance=tolerance)
        self.due_s = moment.time_s + max(SOON_S, LATER * moment.time_s)
        if self.near is not None:
            self.near.fade_as(self.whole.fading_of(self.padded_box))
            self.near.start_from(found.phi[self.part])
        self.last, self.current_a = found, found.current_a
        return found


def _core(part: tuple[slice, slice, slice]) -> tuple[slice, ...]:
    """Return the part without its outermost voxels, half of whose heat lies in faces to the outside."""
    return tuple(slice(s.start + 1, s.stop - 1) for s in part)


def _near_box(exchange_kji: np.ndarray, grid: Grid) -> tuple[int, ...]:
    ends: list[int] = []
    for axis, (n, h) in enumerate(zip(grid.shape_kji, grid.spacing_ijk_mm[::-1], strict=True)):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero((exchange_kji > 0).any(axis=others))
        reach = int(np.ceil(NEAR_MM / h))
        low, high = (int(found[0]), int(found[-1])) if len(found) else (0, n - 1)
        ends += [max(low - reach, 0), min(high + reach + 1, n)]
    return tuple(ends)
