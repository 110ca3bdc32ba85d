"""The electric potential around electrodes; equations (E1) to (E6) of docs/theory/heat.md."""

from dataclasses import dataclass

import numpy as np

from trocar.errors import HeatError
from trocar.heat.crew import Box, Crew
from trocar.heat.kernels import potential as loops

JACOBI = np.float32(0.85)
"""Damping of the smoother."""
SMALLEST = 5
"""Voxels along the shortest side below which the grid is not coarsened further."""
COARSEST_SWEEPS = 24
MOST_ITERATIONS = 200


@dataclass(slots=True)
class _Level:
    """One grid of the multigrid."""

    gx: np.ndarray
    gy: np.ndarray
    gz: np.ndarray
    own: np.ndarray
    inverse: np.ndarray
    x: np.ndarray
    spare: np.ndarray
    b: np.ndarray
    box: Box

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "_Level":
        names = ("gx", "gy", "gz", "own", "inverse", "x", "spare", "b")
        arrays = {name: np.zeros([n + 2 for n in shape], dtype=np.float32) for name in names}
        nk, nj, ni = shape
        return cls(**arrays, box=(1, nk + 1, 1, nj + 1, 1, ni + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The potential for given voltages of the electrodes.

    Parameters
    ----------
    phi
        Potential in V on the grid.
    heat_w
        Heat of each voxel.
    current_a
        Out of the electrodes of positive voltage.
    iterations
        Of the conjugate gradients.
    """

    phi: np.ndarray
    heat_w: np.ndarray
    current_a: float
    iterations: int


class Potential:
    """Solves div(sigma grad phi) = 0 with electrodes, again and again while sigma changes.

    Parameters
    ----------
    shape_kji, spacing_ijk_mm
        Of the grid.
    exchange_kji
        Weight of the electrodes in 1/mm² (`trocar.heat.lines.exchange_of`).
    volts_kji
        Voltage of the electrode that each voxel touches.
    centre_kji
        Voxel index around which the field fades like that of a point, for the outer boundary (E3); None for a pair of
        electrodes, whose outer boundary is insulated.
    fading_kji
        Instead of a centre: conductance to what lies outside over conductivity, in mm, as measured (E9).
    crew
        Threads.
    """

    def __init__(
        self,
        shape_kji: tuple[int, int, int],
        spacing_ijk_mm: tuple[float, float, float],
        *,
        exchange_kji: np.ndarray,
        volts_kji: np.ndarray,
        centre_kji: np.ndarray | None,
        fading_kji: np.ndarray | None = None,
        crew: Crew | None = None,
    ) -> None:
        self.crew = crew or Crew()
        self.shape = shape_kji
        self.spacing = np.array(spacing_ijk_mm)
        self.volume_mm3 = float(np.prod(self.spacing))
        shape = np.array(shape_kji)
        depth = 0
        while (np.ceil(shape / 2 ** (depth + 1)) >= SMALLEST).all():
            depth += 1
        whole = (np.ceil(shape / 2**depth) * 2**depth).astype(int)
        self.levels = [_Level.empty(tuple(int(n) for n in whole // 2**level)) for level in range(depth + 1)]
        self.fine = self.levels[0]
        nk, nj, ni = shape_kji
        self.part = (slice(1, nk + 1), slice(1, nj + 1), slice(1, ni + 1))
        self.exchange = self._laid(exchange_kji)
        self.volts = self._laid(volts_kji)
        self.contact = np.zeros_like(self.exchange)
        self.sigma = np.zeros_like(self.exchange)
        self.phi, self.r, self.z, self.p, self.q = (np.zeros_like(self.exchange) for _ in range(5))
        if fading_kji is None and centre_kji is not None:
            fading_kji = self._fading_per_mm(centre_kji)
        self.fading = self._laid(fading_kji) if fading_kji is not None else self.exchange * 0

    def fade_as(self, fading_kji: np.ndarray) -> None:
        """Take another conductance to what lies outside (E9)."""
        self.fading = self._laid(fading_kji)

    def start_from(self, phi_kji: np.ndarray) -> None:
        """Start the next solution from a potential."""
        self.phi[self.part] = phi_kji

    def fading_of(self, box: Box) -> np.ndarray:
        """Return what a part of the grid conducts to the rest over its conductivity, in mm, as last solved (E9).

        ``box`` holds indices into the padded arrays.
        """
        f = self.fine
        k0, k1, j0, j1, i0, i1 = box
        here = (slice(k0, k1), slice(j0, j1), slice(i0, i1))
        out_w = np.zeros((k1 - k0, j1 - j0, i1 - i0))
        for axis, faces in ((0, f.gz), (1, f.gy), (2, f.gx)):
            for side in (0, -1):
                inner, beyond, face = [list(here) for _ in range(3)]
                edge = here[axis].start if side == 0 else here[axis].stop - 1
                away = edge - 1 if side == 0 else edge + 1
                inner[axis], beyond[axis] = slice(edge, edge + 1), slice(away, away + 1)
                face[axis] = slice(min(edge, away), min(edge, away) + 1)
                target = [slice(None)] * 3
                target[axis] = slice(0, 1) if side == 0 else slice(-1, None)
                drop = self.phi[tuple(inner)] - self.phi[tuple(beyond)]
                out_w[tuple(target)] += faces[tuple(face)] * drop
        conducts = self.phi[here] * self.sigma[here]
        fading = np.divide(out_w, conducts, out=np.zeros_like(out_w), where=conducts > 1e-20)
        return np.asarray(np.maximum(fading, 0.0) + self.fading[here])

    def _laid(self, values: np.ndarray) -> np.ndarray:
        out = np.zeros_like(self.fine.x)
        out[self.part] = values
        return out

    def _fading_per_mm(self, centre_kji: np.ndarray) -> np.ndarray:
        """Return conductance to far away over conductivity, in mm, of the voxels at the outer boundary (E3)."""
        places = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in self.shape), indexing="ij")
        steps = self.spacing[::-1]
        away = [(place - c) * h for place, c, h in zip(places, centre_kji, steps, strict=True)]
        r2 = sum(a**2 for a in away)
        total = np.zeros(self.shape)
        for axis in range(3):
            area, half = self.volume_mm3 / steps[axis], 0.5 * steps[axis]
            for side in (0, -1):
                where = [slice(None)] * 3
                where[axis] = slice(side, None) if side else slice(0, 1)
                face = tuple(where)
                reach = np.abs(away[axis][face]) + half
                slope = reach / (r2[face] + 2 * half * reach)
                total[face] += area * slope / (1.0 + half * slope)
        return total

    def solve(self, sigma_s_per_mm: np.ndarray, *, tolerance: float) -> Solution:
        """Return the potential for a conductivity, starting from the last one.

        Parameters
        ----------
        sigma_s_per_mm
            Of each voxel of the grid.
        tolerance
            Of the residual over that of a potential of zero.

        Raises
        ------
        HeatError
            The iteration does not converge.
        """
        self._lay_matrix(sigma_s_per_mm)
        iterations = self._conjugate_gradients(tolerance)
        f = self.fine
        heat = self.q
        self.crew.run(loops.joule, f.box, self.phi, f.gx, f.gy, f.gz, self.contact, self.volts, heat)
        positive = self.volts > 0
        current = float(np.sum(self.contact[positive] * (self.volts[positive] - self.phi[positive]), dtype=np.float64))
        return Solution(
            phi=self.phi[self.part],
            heat_w=np.array(heat[self.part]),
            current_a=current,
            iterations=iterations,
        )

    def _lay_matrix(self, sigma_s_per_mm: np.ndarray) -> None:
        f, run = self.fine, self.crew.run
        self.sigma[self.part] = sigma_s_per_mm
        per_mm = [np.float32(self.volume_mm3 / h**2) for h in self.spacing]
        k1, j1, i1 = (n + 1 for n in self.shape)
        run(loops.sigma_faces, (0, k1, 0, j1, 0, i1), self.sigma, *per_mm, f.gx, f.gy, f.gz)
        np.multiply(self.exchange, self.sigma * np.float32(self.volume_mm3), out=self.contact)
        np.add(self.contact, self.fading * self.sigma, out=f.own)
        np.multiply(self.contact, self.volts, out=f.b)
        for fine, coarse in zip(self.levels[:-1], self.levels[1:], strict=True):
            run(loops.coarse_faces, coarse.box, fine.gx, fine.gy, fine.gz, coarse.gx, coarse.gy, coarse.gz)
            run(loops.restrict_sum, coarse.box, fine.own, coarse.own)
        for level in self.levels:
            run(loops.inverse_diagonal, level.box, level.gx, level.gy, level.gz, level.own, level.inverse)

    def _dot(self, a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sum(np.array(self.crew.run(loops.dot, self.fine.box, a, b), dtype=np.float64)))

    def _conjugate_gradients(self, tolerance: float) -> int:
        f, run = self.fine, self.crew.run
        sides = (f.gx, f.gy, f.gz, f.own)
        right = np.array(f.b)  # the preconditioner uses f.b
        goal = tolerance * np.sqrt(self._dot(right, right))
        if goal == 0.0:
            raise HeatError(
                "heat.electrode-without-contact",
                "no electrode touches tissue that conducts; move the applicator, or check the tissue map",
            )
        run(loops.residual, f.box, self.phi, right, *sides, self.r)
        nothing = np.zeros_like(right)
        old = 1.0
        for iteration in range(MOST_ITERATIONS):
            if np.sqrt(self._dot(self.r, self.r)) <= goal:
                return iteration
            self._precondition()
            new = self._dot(self.r, self.z)
            if iteration == 0:
                self.p[...] = self.z
            else:
                np.multiply(self.p, np.float32(new / old), out=self.p)
                np.add(self.p, self.z, out=self.p)
            run(loops.residual, f.box, self.p, nothing, *sides, self.q)  # q = -A p
            step = np.float32(-new / self._dot(self.p, self.q))
            self.phi += step * self.p
            self.r += step * self.q
            old = new
        raise HeatError(
            "heat.potential-not-converged",
            "the electric potential did not converge in {most} iterations; check that the electrode touches conducting "
            "tissue",
            most=MOST_ITERATIONS,
        )

    def _precondition(self) -> None:
        """One V-cycle from zero: z = M r."""
        self.fine.b[...] = self.r
        self._cycle(0)
        self.z[...] = self.fine.x

    def _cycle(self, number: int) -> None:
        level, run = self.levels[number], self.crew.run
        sides = (level.gx, level.gy, level.gz, level.own)

        def sweep() -> None:
            run(loops.smooth, level.box, level.x, level.b, *sides, level.inverse, JACOBI, level.spare)
            level.x, level.spare = level.spare, level.x

        run(loops.scaled, level.box, level.b, level.inverse, JACOBI, level.x)
        if number == len(self.levels) - 1:
            for _ in range(COARSEST_SWEEPS):
                sweep()
            return
        sweep()
        run(loops.residual, level.box, level.x, level.b, *sides, level.spare)
        below = self.levels[number + 1]
        run(loops.restrict_sum, below.box, level.spare, below.b)
        self._cycle(number + 1)
        run(loops.prolong_add, below.box, below.x, level.x)
        sweep()
        sweep()
