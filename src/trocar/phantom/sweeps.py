"""Swept solids: tubes along curves, and columns whose cross-section changes with height."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from trocar.phantom.axes import Axes
from trocar.phantom.solids import Solid, Union


@dataclass(frozen=True, slots=True, eq=False)
class Tube(Solid):
    """A chain of straight pieces with round ends and a radius that changes linearly along each.

    Parameters
    ----------
    nodes_lps_mm
        At least two points.
    radii_mm
        One a node.
    tallness
        Stretch of the cross-section along z: 1 is round, 2 is twice as high as thick.
    """

    nodes_lps_mm: Float[np.ndarray, "n 3"]
    radii_mm: Float[np.ndarray, " n"]
    tallness: float = 1.0
    boxes_lps_mm: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reach = self.radii_mm[:, None] * np.array([1.0, 1.0, self.tallness])
        low, high = self.nodes_lps_mm - reach, self.nodes_lps_mm + reach
        boxes = np.stack([np.minimum(low[:-1], low[1:]), np.maximum(high[:-1], high[1:])], axis=1)
        object.__setattr__(self, "boxes_lps_mm", boxes)

    def _bounds(self) -> np.ndarray:
        return np.array([self.boxes_lps_mm[:, 0].min(axis=0), self.boxes_lps_mm[:, 1].max(axis=0)])

    def _piece(self, n: int, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        squash = np.array([1.0, 1.0, 1.0 / self.tallness])
        start, way = self.nodes_lps_mm[n] * squash, (self.nodes_lps_mm[n + 1] - self.nodes_lps_mm[n]) * squash
        dx, dy = x_mm - float(start[0]), y_mm - float(start[1])
        dz = (z_mm if self.tallness == 1 else z_mm * float(squash[2])) - float(start[2])
        wx, wy, wz = (float(w) for w in way)
        along = np.clip((dx * wx + dy * wy + dz * wz) * (1 / max(float(way @ way), 1e-9)), 0, 1)
        distance = np.sqrt((dx - along * wx) ** 2 + (dy - along * wy) ** 2 + (dz - along * wz) ** 2)
        r0, r1 = float(self.radii_mm[n]), float(self.radii_mm[n + 1])
        return np.asarray(distance - (r0 + (r1 - r0) * along))

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        level = self._piece(0, x_mm, y_mm, z_mm)
        for n in range(1, len(self.nodes_lps_mm) - 1):
            level = np.minimum(level, self._piece(n, x_mm, y_mm, z_mm))
        return level

    def _levels(self, axes: Axes, *, reach_mm: float) -> np.ndarray:
        levels = np.full(axes.shape_kji, reach_mm, dtype=np.float32)
        around_mm = reach_mm * max(self.tallness, 1.0)
        for n in axes.touched(self.boxes_lps_mm, reach_mm=around_mm):
            window = axes.window(self.boxes_lps_mm[n], reach_mm=around_mm)
            if window is not None:
                np.minimum(levels[window], self._piece(n, *axes.cut(window).open_grid()), out=levels[window])
        return levels


def curved_tube(
    nodes_lps_mm: list[tuple[float, float, float]],
    radii_mm: float | list[float],
    *,
    step_mm: float = 6.0,
    tallness: float = 1.0,
) -> Tube:
    """Return a tube along a smooth curve through points, cut into pieces about ``step_mm`` long."""
    nodes = np.asarray(nodes_lps_mm, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radii_mm, dtype=np.float64), len(nodes))
    station = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(nodes, axis=0), axis=1))])
    at = np.linspace(0, station[-1], max(2, int(np.ceil(station[-1] / step_mm)) + 1))
    return Tube(PchipInterpolator(station, nodes)(at), PchipInterpolator(station, radii)(at), tallness)


def rod(start_lps_mm: tuple[float, float, float], end_lps_mm: tuple[float, float, float], *, radius_mm: float) -> Tube:
    """Return a straight round rod: a seed, a needle, a bone process."""
    return Tube(np.array([start_lps_mm, end_lps_mm], dtype=np.float64), np.array([radius_mm, radius_mm]))


@dataclass(frozen=True, slots=True, eq=False)
class Column(Solid):
    """An upright column: at each height a rounded oval with its own width and its own depth in front and behind.

    Parameters
    ----------
    profile
        Rows ``z, x_centre, y_centre, half_width, half_depth_front, half_depth_back`` in mm, z ascending; between rows
        the values run smoothly and monotonously. The column ends at the first and the last z.
    boxiness
        0 gives ellipses, 1 ovals with |u|⁴ + |v|⁴ = 1.
    """

    profile: tuple[tuple[float, float, float, float, float, float], ...]
    boxiness: float = 0.35
    table: np.ndarray = field(init=False, repr=False)
    between: PchipInterpolator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        table = np.asarray(self.profile, dtype=np.float64)
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "between", PchipInterpolator(table[:, 0], table[:, 1:]))

    def _bounds(self) -> np.ndarray:
        z, xc, yc, half, front, back = self.table.T
        return np.array([[(xc - half).min(), (yc - front).min(), z[0]], [(xc + half).max(), (yc + back).max(), z[-1]]])

    def _level(self, x_mm: np.ndarray, y_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        z = np.asarray(z_mm)
        at = self.between(np.clip(z, self.table[0, 0], self.table[-1, 0]))
        xc, yc, half, front, back = np.moveaxis(at.astype(z.dtype), -1, 0)
        dy = y_mm - yc
        inv_depth = np.where(dy < 0, 1 / front, 1 / back)
        u2, v2 = ((x_mm - xc) / half) ** 2, (dy * inv_depth) ** 2
        radius2 = (1 - self.boxiness) * (u2 + v2) + self.boxiness * np.sqrt(u2 * u2 + v2 * v2)
        radius = np.sqrt(np.maximum(radius2, 1e-10))
        slope = np.sqrt(np.maximum(u2 / half**2 + v2 * inv_depth**2, 1e-14)) / radius
        side = (radius - 1) / slope
        ends = np.maximum(z - self.table[-1, 0], self.table[0, 0] - z)
        return np.asarray(np.maximum(side, ends))


def chain(*solids: Solid, rounding_mm: float = 0.0) -> Union:
    """Return the union of solids."""
    return Union(solids, rounding_mm)
