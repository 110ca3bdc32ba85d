"""Solids as level functions: about the distance to the surface in mm, negative inside.

A level is exact on the surface itself (its zero set *is* the solid) and close to the signed distance near it, which is
what partial volume and thin shells need. Solids know the box they lie in, so that a tree of a thousand vessel segments
costs what its own voxels cost.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from trocar.phantom.axes import Axes

EVERYWHERE_MM = 1.0e5


class Solid(ABC):
    """A region of space."""

    __slots__ = ()

    @abstractmethod
    def _bounds(self) -> np.ndarray: ...

    @abstractmethod
    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray: ...

    @property
    def bounds_lps_mm(self) -> Float[np.ndarray, "2 3"]:
        """Lowest and highest corner of a box that holds the solid."""
        return self._bounds()

    def level_mm(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        """Return levels at points whose coordinates broadcast together."""
        return self._level(x_mm, y_mm, z_mm)

    def levels(self, axes: Axes, *, reach_mm: float) -> Float[np.ndarray, "k j i"]:
        """Return levels on a block; beyond ``reach_mm`` of the solid's box they may be just ``reach_mm``."""
        return self._levels(axes, reach_mm=reach_mm)

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        levels = np.full(axes.shape_kji, reach_mm, dtype=np.float32)
        window = axes.window(self.bounds_lps_mm, reach_mm=reach_mm)
        if window is not None:
            levels[window] = self.level_mm(*axes.cut(window).open_grid())
        return levels

    def contains(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Bool[np.ndarray, " n"]:
        """Return which points lie inside."""
        x_mm, y_mm, z_mm = np.asarray(points_lps_mm, dtype=np.float64).T
        return np.asarray(self.level_mm(x_mm, y_mm, z_mm) <= 0)

    def volume_mm3(self, *, step_mm: float) -> float:
        """Return the volume by counting samples ``step_mm`` apart."""
        low, high = self.bounds_lps_mm
        x_mm, y_mm, z_mm = (
            np.arange(low[n] + step_mm / 2, high[n] + step_mm / 2, step_mm, dtype=np.float32) for n in range(3)
        )
        return float(
            sum(
                np.count_nonzero(self.levels(Axes(x_mm=x_mm, y_mm=y_mm, z_mm=z_mm[k : k + 8]), reach_mm=step_mm) <= 0)
                for k in range(0, len(z_mm), 8)
            )
            * step_mm**3
        )


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Float[np.ndarray, "2 3"]:
    """Return bounds from two corners."""
    return np.array([low, high], dtype=np.float64)


def grown(bounds_lps_mm: Float[np.ndarray, "2 3"], by_mm: float) -> Float[np.ndarray, "2 3"]:
    """Return bounds moved outwards on every side."""
    return np.array([bounds_lps_mm[0] - by_mm, bounds_lps_mm[1] + by_mm])


def rotation(*, about_x_deg: float = 0.0, about_y_deg: float = 0.0, about_z_deg: float = 0.0) -> np.ndarray:
    """Return the matrix that turns about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = (f(np.radians([about_x_deg, about_y_deg, about_z_deg])) for f in (np.cos, np.sin))
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(turn_z @ turn_y @ turn_x)


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid(Solid):
    """A superellipsoid |u|^p + |v|^p + |w|^p <= 1, turned; p = 2 is an ellipsoid, larger is boxier.

    Parameters
    ----------
    centre_lps_mm, half_axes_mm
        Where and how large.
    turn
        Patient-from-own-axes rotation, identity where None.
    power
        The exponent p, 2 or more.
    """

    centre_lps_mm: tuple[float, float, float]
    half_axes_mm: tuple[float, float, float]
    turn: np.ndarray | None = None
    power: float = 2.0

    def _bounds(self) -> np.ndarray:
        half = np.asarray(self.half_axes_mm)
        if self.turn is not None:
            reach = np.abs(self.turn) * half
            half = np.linalg.norm(reach, axis=1) if self.power == 2 else reach.sum(axis=1)
        return np.array([np.asarray(self.centre_lps_mm) - half, np.asarray(self.centre_lps_mm) + half])

    @property
    def exact_volume_mm3(self) -> float:
        """Volume in closed form: 8 abc Γ(1+1/p)³/Γ(1+3/p)."""
        from math import gamma

        return float(8 * np.prod(self.half_axes_mm) * gamma(1 + 1 / self.power) ** 3 / gamma(1 + 3 / self.power))

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        offsets = [v - c for v, c in zip((x_mm, y_mm, z_mm), self.centre_lps_mm, strict=True)]
        if self.turn is not None:
            dx, dy, dz = offsets
            offsets = [float(way[0]) * dx + float(way[1]) * dy + float(way[2]) * dz for way in self.turn.T]
        terms, slopes = [], []
        for offset, half in zip(offsets, self.half_axes_mm, strict=True):
            unit = np.abs(offset) * (1.0 / half)
            to_the_p_less_1 = unit if self.power == 2 else unit ** (self.power - 1)
            terms.append(to_the_p_less_1 * unit)
            slopes.append((to_the_p_less_1 * (1.0 / half)) ** 2)
        radius = np.maximum(terms[0] + terms[1] + terms[2], 1e-12) ** (1 / self.power)
        slope = np.sqrt(slopes[0] + slopes[1] + slopes[2]) * radius ** (1 - self.power)
        return np.asarray((radius - 1) / np.maximum(slope, 1 / max(self.half_axes_mm)))


@dataclass(frozen=True, slots=True, eq=False)
class HalfSpace(Solid):
    """All points with ``normal · point <= offset_mm``."""

    normal_lps: tuple[float, float, float]
    offset_mm: float

    def _bounds(self) -> np.ndarray:
        return box((-EVERYWHERE_MM,) * 3, (EVERYWHERE_MM,) * 3)

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        nx, ny, nz = self.normal_lps
        return np.asarray((nx * x_mm + ny * y_mm + nz * z_mm - self.offset_mm) * (1 / np.hypot(np.hypot(nx, ny), nz)))


@dataclass(frozen=True, slots=True, eq=False)
class Offset(Solid):
    """A solid grown (positive) or shrunk (negative) by a distance."""

    base: Solid
    by_mm: float

    def _bounds(self) -> np.ndarray:
        return grown(self.base.bounds_lps_mm, self.by_mm)

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        return np.asarray(self.base.level_mm(x_mm, y_mm, z_mm) - self.by_mm)

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        return self.base.levels(axes, reach_mm=reach_mm + abs(self.by_mm)) - np.float32(self.by_mm)


def _smaller(first: np.ndarray, second: np.ndarray, rounding_mm: float) -> np.ndarray:
    smaller: np.ndarray = np.minimum(first, second)
    if rounding_mm > 0:
        near = np.maximum(rounding_mm - np.abs(first - second), 0)
        smaller = smaller - near * near * (0.25 / rounding_mm)
    return smaller


@dataclass(frozen=True, slots=True, eq=False)
class Union(Solid):
    """Points in any of the parts; ``rounding_mm`` fills the crease where two meet."""

    parts: tuple[Solid, ...]
    rounding_mm: float = 0.0
    boxes_lps_mm: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes_lps_mm", np.stack([part.bounds_lps_mm for part in self.parts]))

    def _bounds(self) -> np.ndarray:
        swell = self.rounding_mm / 4
        low, high = self.boxes_lps_mm[:, 0].min(axis=0), self.boxes_lps_mm[:, 1].max(axis=0)
        return np.array([low - swell, high + swell])

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        level = self.parts[0].level_mm(x_mm, y_mm, z_mm)
        for part in self.parts[1:]:
            level = _smaller(level, part.level_mm(x_mm, y_mm, z_mm), self.rounding_mm)
        return level

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        reach_mm = reach_mm + self.rounding_mm
        levels = np.full(axes.shape_kji, EVERYWHERE_MM, dtype=np.float32)
        for n in axes.touched(self.boxes_lps_mm, reach_mm=reach_mm):
            part = self.parts[n]
            window = axes.window(self.boxes_lps_mm[n], reach_mm=reach_mm)
            if window is not None:
                part_levels = part.levels(axes.cut(window), reach_mm=reach_mm)
                levels[window] = _smaller(levels[window], part_levels, self.rounding_mm)
        return levels


@dataclass(frozen=True, slots=True, eq=False)
class Intersection(Solid):
    """Points in all of the parts; ``rounding_mm`` rounds the edge where two surfaces meet."""

    parts: tuple[Solid, ...]
    rounding_mm: float = 0.0

    def _bounds(self) -> np.ndarray:
        bounds = np.stack([part.bounds_lps_mm for part in self.parts])
        return np.array([bounds[:, 0].max(axis=0), bounds[:, 1].min(axis=0)])

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        level = self.parts[0].level_mm(x_mm, y_mm, z_mm)
        for part in self.parts[1:]:
            level = -_smaller(-level, -part.level_mm(x_mm, y_mm, z_mm), self.rounding_mm)
        return level

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        reach_mm = reach_mm + self.rounding_mm
        levels = np.full(axes.shape_kji, reach_mm, dtype=np.float32)
        window = axes.window(self.bounds_lps_mm, reach_mm=reach_mm)
        if window is not None:
            cut = axes.cut(window)
            level = self.parts[0].levels(cut, reach_mm=reach_mm)
            for part in self.parts[1:]:
                level = -_smaller(-level, -part.levels(cut, reach_mm=reach_mm), self.rounding_mm)
            levels[window] = level
        return levels


@dataclass(frozen=True, slots=True, eq=False)
class Complement(Solid):
    """Everything outside a solid."""

    base: Solid

    def _bounds(self) -> np.ndarray:
        return box((-EVERYWHERE_MM,) * 3, (EVERYWHERE_MM,) * 3)

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        return -self.base.level_mm(x_mm, y_mm, z_mm)

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        return -self.base.levels(axes, reach_mm=reach_mm)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet(Solid):
    """The layer just inside a surface."""

    base: Solid
    thickness_mm: float

    def _bounds(self) -> np.ndarray:
        return self.base.bounds_lps_mm

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        return self._from(self.base.level_mm(x_mm, y_mm, z_mm))

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        return self._from(self.base.levels(axes, reach_mm=reach_mm + self.thickness_mm))

    def _from(self, level: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(level + 0.5 * self.thickness_mm) - 0.5 * self.thickness_mm)


def carve(solid: Solid, *others: Solid, rounding_mm: float = 0.0) -> Solid:
    """Return a solid without others."""
    return Intersection((solid, *(Complement(other) for other in others)), rounding_mm)


@dataclass(frozen=True, slots=True, eq=False)
class Rippled(Solid):
    """A solid whose surface undulates: a few plane waves of random direction are added to its level.

    Parameters
    ----------
    base
        The smooth solid.
    amplitude_mm
        Largest displacement of the surface.
    wavelength_mm
        Typical length of the undulation.
    seed
        Directions and phases.
    """

    base: Solid
    amplitude_mm: float
    wavelength_mm: float
    seed: int
    waves: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 0x51])
        direction = rng.normal(size=(4, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        length = self.wavelength_mm * rng.uniform(0.75, 1.35, size=(4, 1))
        phase = rng.uniform(0, 2 * np.pi, size=(4, 1))
        object.__setattr__(self, "waves", np.hstack([direction * 2 * np.pi / length, phase]))

    def _bounds(self) -> np.ndarray:
        return grown(self.base.bounds_lps_mm, self.amplitude_mm)

    def _ripple(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        waves = [
            np.sin(float(kx) * x_mm + float(ky) * y_mm + float(kz) * z_mm + float(phase))
            for kx, ky, kz, phase in self.waves
        ]
        return np.asarray(sum(waves) * (self.amplitude_mm / len(waves)))

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        return np.asarray(self.base.level_mm(x_mm, y_mm, z_mm) + self._ripple(x_mm, y_mm, z_mm))

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        levels = self.base.levels(axes, reach_mm=reach_mm + self.amplitude_mm)
        window = axes.window(self.bounds_lps_mm, reach_mm=reach_mm)
        if window is not None:
            levels[window] += self._ripple(*axes.cut(window).open_grid())
        return levels
