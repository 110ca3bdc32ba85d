"""Exact fields around an axis, equations (X1) to (X6) of docs/theory/antenna.md: cylinders, annular slots, lines."""

import math

import numpy as np
from scipy import constants
from scipy.optimize import brentq
from scipy.special import j0, j1, jv, y0, y1, yv

ETA0 = math.sqrt(constants.mu_0 / constants.epsilon_0)
MM = 1e-3


def lossy(permittivity: float, sigma_s_per_m: float, frequency_hz: float) -> complex:
    """Return the complex relative permittivity."""
    return permittivity - 1j * sigma_s_per_m / (2 * np.pi * frequency_hz * constants.epsilon_0)


def wave_number(permittivity: complex, frequency_hz: float) -> complex:
    """Return k in 1/m, whose imaginary part is not above 0."""
    return complex(2 * np.pi * frequency_hz / constants.c * np.sqrt(permittivity))


class LayeredCylinders:
    """E_z = cos(kz z) F(r), F = 1 at the outer radius, F = A J0 + B Y0 in each layer (X1)."""

    def __init__(self, radii_mm: tuple[float, float], layers: tuple[complex, complex], frequency_hz: float, kz: float):
        self.radii, self.layers, self.kz = [r * MM for r in radii_mm], layers, kz
        self.omega_epsilon = 2 * np.pi * frequency_hz * constants.epsilon_0
        self.kappa = [np.sqrt(wave_number(e, frequency_hz) ** 2 - kz**2 + 0j) for e in layers]
        (a, b), (p, q) = self.radii, self.kappa
        s, t = layers[0] / p, layers[1] / q
        rows = [
            [jv(0, p * a), -jv(0, q * a), -yv(0, q * a)],
            [s * jv(1, p * a), -t * jv(1, q * a), -t * yv(1, q * a)],
            [0.0, jv(0, q * b), yv(0, q * b)],
        ]
        self.amplitudes = np.linalg.solve(np.array(rows), np.array([0.0, 0.0, 1.0]))

    def e_z(self, r_mm: np.ndarray) -> np.ndarray:
        """Return F, in V/m for 1 V/m at the outer radius."""
        return self._of(r_mm, 0)

    def h_phi(self, r_mm: np.ndarray) -> np.ndarray:
        """Return H_phi without its cos(kz z), in A/m (X2)."""
        factor = np.where(r_mm * MM < self.radii[0], self.layers[0] / self.kappa[0], self.layers[1] / self.kappa[1])
        return 1j * self.omega_epsilon * factor * self._of(r_mm, 1)

    def _of(self, r_mm: np.ndarray, order: int) -> np.ndarray:
        r = r_mm * MM
        first, second, third = self.amplitudes
        inside = first * jv(order, self.kappa[0] * r)
        outside = second * jv(order, self.kappa[1] * r) + third * yv(order, self.kappa[1] * r)
        return np.where(r < self.radii[0], inside, outside)


class AnnularSlot:
    """A slot between two radii in a metal plane, r E_r = 1 V in it, before a half-space (X3) to (X5)."""

    def __init__(self, inner_mm: float, outer_mm: float, permittivity: complex, frequency_hz: float):
        self.a, self.b = inner_mm * MM, outer_mm * MM
        self.k = wave_number(permittivity, frequency_hz)
        self.j_omega_epsilon = 2j * np.pi * frequency_hz * constants.epsilon_0 * permittivity

    def gamma(self, spatial: np.ndarray) -> np.ndarray:
        """Return the decay of waves of spatial frequencies away from the plane."""
        return np.sqrt(spatial**2 - self.k**2 + 0j)

    def spectrum(self, end: float) -> tuple[np.ndarray, np.ndarray]:
        """Return spatial frequencies and weights: panels shorter than a swing of the slot, finer where gamma turns."""
        panels = np.concatenate([np.linspace(0.0, 4 * abs(self.k), 80), np.arange(4 * abs(self.k), end, 2.0 / self.b)])
        at, weight = np.polynomial.legendre.leggauss(8)
        half = 0.5 * np.diff(panels)[:, None]
        return (panels[:-1, None] + half * (1 + at)).ravel(), (half * weight).ravel()

    def h_phi(self, r_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        """Return H_phi before the plane by the Hankel integral (X4)."""
        r, z = r_mm[:, None] * MM, z_mm[:, None] * MM
        spatial, weight = self.spectrum(45.0 / z.min())
        gamma = self.gamma(spatial)
        source = (j0(spatial * self.a) - j0(spatial * self.b)) / gamma
        return self.j_omega_epsilon * (source * jv(1, spatial * r) * np.exp(-gamma * z)) @ weight

    def h_phi_by_currents(self, r_mm: float, z_mm: float) -> complex:
        """Return the same by the magnetic current of the slot and its image (X3)."""
        r, z = r_mm * MM, z_mm * MM
        angle, angle_weight = _gauss(0.0, np.pi, 80)
        ring, ring_weight = _gauss(self.a, self.b, 40)
        away = np.sqrt(r**2 + ring[:, None] ** 2 - 2 * r * ring[:, None] * np.cos(angle) + z**2)
        kernel = np.cos(angle) * np.exp(-1j * self.k * away) / away
        return complex(self.j_omega_epsilon / np.pi * np.sum(ring_weight[:, None] * angle_weight * kernel))

    def admittance_s(self) -> complex:
        """Return the admittance of the slot for its voltage ln(b / a) (X5)."""
        spatial, weight = self.spectrum(4e3 / self.b)
        total = ((j0(spatial * self.a) - j0(spatial * self.b)) ** 2 / (spatial * self.gamma(spatial))) @ weight
        return complex(2 * np.pi * self.j_omega_epsilon * total / math.log(self.b / self.a) ** 2)


def _gauss(low: float, high: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    at, weight = np.polynomial.legendre.leggauss(count)
    return 0.5 * (high - low) * at + 0.5 * (high + low), 0.5 * (high - low) * weight


class FlangedLine:
    """A coaxial line that opens in a metal plane into a half-space: S11 by its modes and the Hankel spectrum (X6)."""

    def __init__(
        self, inner_mm: float, outer_mm: float, *, filling: complex, outside: complex, frequency_hz: float, modes: int
    ):
        self.slot = AnnularSlot(inner_mm, outer_mm, outside, frequency_hz)
        a, b = self.slot.a, self.slot.b
        self.roots = _roots(a, b, modes)
        k = wave_number(filling, frequency_hz)
        j_omega_epsilon = 2j * np.pi * frequency_hz * constants.epsilon_0 * filling
        self.own = np.array([j_omega_epsilon / np.sqrt(q**2 - k**2 + 0j) for q in (0.0, *self.roots)])
        self.norms = [1 / math.sqrt(math.log(b / a)), *(1 / math.sqrt(_norm(q, a, b)) for q in self.roots)]

    def transforms(self, spatial: np.ndarray) -> np.ndarray:
        """Return the Hankel transforms of the normalised modes, one a row, by Lommel's integrals."""
        a, b = self.slot.a, self.slot.b
        out = [(j0(spatial * a) - j0(spatial * b)) / spatial * self.norms[0]]
        for q, norm in zip(self.roots, self.norms[1:], strict=True):
            ends = b * _z1(q, a, b) * j0(spatial * b) - a * _z1(q, a, a) * j0(spatial * a)
            out.append(norm * spatial * ends / (q**2 - spatial**2))
        return np.array(out)

    def reflection(self) -> complex:
        """Return S11 of the TEM wave at the plane."""
        spatial, weight = self.slot.spectrum(1.2e4 / self.slot.b)
        f = self.transforms(spatial)
        system = self.slot.j_omega_epsilon * (f * (weight * spatial / self.slot.gamma(spatial))) @ f.T
        given = np.zeros(len(self.own), complex)
        given[0] = 2 * self.own[0]
        return complex(np.linalg.solve(system + np.diag(self.own), given)[0] - 1)


def _z0(q: float, a: float, r: float) -> float:
    return float(j0(q * r) * y0(q * a) - j0(q * a) * y0(q * r))


def _z1(q: float, a: float, r: float) -> float:
    return float(j1(q * r) * y0(q * a) - j0(q * a) * y1(q * r))


def _roots(a: float, b: float, count: int) -> list[float]:
    """Return the wave numbers across a coaxial line of its TM0n modes."""
    step = np.pi / (b - a)
    return [brentq(lambda q: _z0(q, a, b), (n - 0.5) * step, (n + 0.5) * step, xtol=1e-9) for n in range(1, count + 1)]


def _norm(q: float, a: float, b: float) -> float:
    """Return the integral of the square of a mode times r: its J0-like part is 0 at both ends (Lommel)."""
    return 0.5 * (b**2 * _z1(q, a, b) ** 2 - a**2 * _z1(q, a, a) ** 2)
