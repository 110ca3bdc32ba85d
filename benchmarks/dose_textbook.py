"""The formula as a textbook would program it, for comparison of speed: in numpy, and compiled one point at a time."""

from typing import Any

import numpy as np
from numba import njit

from trocar.dose.base import SourceTerm
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u


def numpy_dose(some: SourceTerm, points: np.ndarray) -> np.ndarray:
    """Return the dose by the library's own direct formula, source by source."""
    dose = np.zeros(len(points))
    for position, axis, weight in zip(some.positions_lps_mm, some.axes_lps, some.weight_u_h, strict=True):
        away = 0.1 * (points - position)
        r = np.linalg.norm(away, axis=1)
        theta = np.arccos(np.clip(away @ axis / r, -1.0, 1.0))
        dose += 0.01 * weight * dose_rate_cgy_per_h_per_u(some.source, r, theta, Formalism.LINE_2D)
    return dose


def compiled_dose(some: SourceTerm, points: np.ndarray) -> np.ndarray:
    source = some.source
    tables = (
        source.g_L.radius_cm,
        np.log(source.g_L.values),
        source.F.radius_cm,
        source.F.theta_deg,
        source.F.filled(),
    )
    numbers = (source.dose_rate_constant_cgy_per_h_per_u, source.active_length_cm)
    dose = np.zeros(len(points))
    _all(tables, numbers, some.positions_lps_mm, some.axes_lps, some.weight_u_h, points, dose)
    return dose


@njit(error_model="numpy")
def _find(nodes: Any, x: Any) -> Any:
    low, high = 0, len(nodes) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if nodes[middle] <= x:
            low = middle
        else:
            high = middle
    return low, min(max((x - nodes[low]) / (nodes[low + 1] - nodes[low]), 0.0), 1.0)


@njit(error_model="numpy")
def _all(tables: Any, numbers: Any, positions: Any, axes: Any, weights: Any, points: Any, dose: Any) -> None:
    g_r, g_log, f_r, f_theta, f = tables
    constant, length = numbers
    reference = 2.0 * np.arctan(0.5 * length) / length
    for s in range(len(weights)):
        for i in range(len(points)):
            x = 0.1 * (points[i, 0] - positions[s, 0])
            y = 0.1 * (points[i, 1] - positions[s, 1])
            z = 0.1 * (points[i, 2] - positions[s, 2])
            r = np.sqrt(x * x + y * y + z * z)
            height = x * axes[s, 0] + y * axes[s, 1] + z * axes[s, 2]
            across = np.sqrt(max(r * r - height * height, 1e-12))
            beta = np.arctan2(height + 0.5 * length, across) - np.arctan2(height - 0.5 * length, across)
            geometry = beta / (length * across)
            j, u = _find(g_r, r)
            g = np.exp(g_log[j] + u * (g_log[j + 1] - g_log[j]))
            degrees = np.degrees(np.arccos(min(1.0, abs(height) / r)))
            a, v = _find(f_theta, degrees)
            b, w = _find(f_r, r)
            near = f[a, b] * (1 - v) + f[a + 1, b] * v
            far = f[a, b + 1] * (1 - v) + f[a + 1, b + 1] * v
            dose[i] += 0.01 * weights[s] * constant * geometry / reference * g * (near * (1 - w) + far * w)
