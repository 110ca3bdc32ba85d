"""Loops of the seed finder, compiled: the blurred line a seed leaves in a CT, and its fit to the voxels around it.

A seed is one row of seven numbers: centre (3, mm), unit direction (3), mass (HU mm³). ``sigma`` are the standard
deviations of the scanner's blur along x, y and z in mm, the thickness of a slice in mm, and its parts.
"""

import math

import numpy as np
from numba import njit

ROOT_HALF = math.sqrt(0.5)
REACH2 = 36.0
"""Squared distance, in blurs, beyond which a line counts as zero."""


@njit(cache=True, fastmath=True)
def _line_at(x: float, y: float, z: float, row: np.ndarray, half_mm: float, sigma: np.ndarray) -> float:
    """Return the value in HU at a point of a line of given mass blurred by a Gaussian."""
    hx, hy, hz = half_mm * row[3] / sigma[0], half_mm * row[4] / sigma[1], half_mm * row[5] / sigma[2]
    dx, dy, dz = (x - row[0]) / sigma[0], (y - row[1]) / sigma[1], (z - row[2]) / sigma[2]
    half = math.sqrt(hx * hx + hy * hy + hz * hz)
    along = (dx * hx + dy * hy + dz * hz) / half
    across2 = dx * dx + dy * dy + dz * dz - along * along
    if across2 > REACH2 or abs(along) > half + 6.0:
        return 0.0
    ends = math.erf((along + half) * ROOT_HALF) - math.erf((along - half) * ROOT_HALF)
    scale = row[6] / (2.0 * math.pi * sigma[0] * sigma[1] * sigma[2])
    return scale * math.exp(-0.5 * across2) * ends / (4.0 * half)


@njit(cache=True, fastmath=True)
def line_value(x: float, y: float, z: float, row: np.ndarray, half_mm: float, sigma: np.ndarray) -> float:
    """Return what a voxel shows of a blurred line: its mean over the slice's thickness, by the midpoint rule."""
    parts = int(sigma[4])
    total = 0.0
    for m in range(parts):
        total += _line_at(x, y, z + sigma[3] * ((m + 0.5) / parts - 0.5), row, half_mm, sigma)
    return total / parts


@njit(cache=True, fastmath=True)
def add_line(
    points: np.ndarray, row: np.ndarray, half_mm: float, sigma: np.ndarray, values: np.ndarray, sign: float
) -> None:
    """Add sign x line to ``values`` at ``points``."""
    for n in range(points.shape[0]):
        values[n] += sign * line_value(points[n, 0], points[n, 1], points[n, 2], row, half_mm, sigma)


@njit(cache=True, fastmath=True)
def cost_of(observed: np.ndarray, model: np.ndarray, weight: np.ndarray, cap: float) -> float:
    """Return the weighted squared misfit of a model that the scanner cuts off at ``cap``."""
    total = 0.0
    for n in range(observed.shape[0]):
        miss = observed[n] - min(model[n], cap)
        total += weight[n] * miss * miss
    return total


@njit(cache=True, fastmath=True)
def _turned(row: np.ndarray, angle_1: float, angle_2: float) -> np.ndarray:
    """Return the row with its direction turned by two small angles about axes across it."""
    ux, uy, uz = row[3], row[4], row[5]
    if abs(ux) < 0.6:
        ax, ay, az = 0.0, -uz, uy
    else:
        ax, ay, az = uz, 0.0, -ux
    length = math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax / length, ay / length, az / length
    bx, by, bz = uy * az - uz * ay, uz * ax - ux * az, ux * ay - uy * ax
    vx, vy, vz = ux + angle_1 * ax + angle_2 * bx, uy + angle_1 * ay + angle_2 * by, uz + angle_1 * az + angle_2 * bz
    length = math.sqrt(vx * vx + vy * vy + vz * vz)
    turned = row.copy()
    turned[3], turned[4], turned[5] = vx / length, vy / length, vz / length
    return turned


@njit(cache=True, fastmath=True)
def changed(row: np.ndarray, parameter: int, step: float) -> np.ndarray:
    """Return the row with one parameter changed: centre (0 to 2), direction (3, 4), log mass (5)."""
    if parameter < 3:
        moved = row.copy()
        moved[parameter] += step
        return moved
    if parameter == 3:
        return _turned(row, step, 0.0)
    if parameter == 4:
        return _turned(row, 0.0, step)
    moved = row.copy()
    moved[6] *= math.exp(step)
    return moved


@njit(cache=True)
def refine_line(
    points: np.ndarray,
    observed: np.ndarray,
    others: np.ndarray,
    weight: np.ndarray,
    cap: float,
    row: np.ndarray,
    half_mm: float,
    sigma: np.ndarray,
    mass: float,
    mass_weight: float,
    rounds: int,
) -> tuple[np.ndarray, float]:
    """Return the row that fits best, by Levenberg–Marquardt over centre, direction and log mass.

    ``others`` is the background and all other seeds; ``mass_weight`` how strongly the mass is drawn to ``mass``.
    """
    steps = np.array([0.02, 0.02, 0.02, 0.01, 0.01, 0.01])
    count = points.shape[0]
    damping = 1e-2
    now = np.zeros(count)
    model = others.copy()
    add_line(points, row, half_mm, sigma, model, 1.0)
    best = cost_of(observed, model, weight, cap) + mass_weight * math.log(row[6] / mass) ** 2
    slopes = np.zeros((6, count))
    for _ in range(rounds):
        for p in range(6):
            tried = changed(row, p, steps[p])
            for n in range(count):
                now[n] = others[n] + line_value(points[n, 0], points[n, 1], points[n, 2], tried, half_mm, sigma)
                slopes[p, n] = (min(now[n], cap) - min(model[n], cap)) / steps[p]
        matrix = np.zeros((6, 6))
        right = np.zeros(6)
        for n in range(count):
            miss = weight[n] * (observed[n] - min(model[n], cap))
            for p in range(6):
                right[p] += slopes[p, n] * miss
                for q in range(p + 1):
                    matrix[p, q] += weight[n] * slopes[p, n] * slopes[q, n]
        for p in range(6):
            for q in range(p):
                matrix[q, p] = matrix[p, q]
        matrix[5, 5] += mass_weight
        right[5] -= mass_weight * math.log(row[6] / mass)
        improved = False
        for _try in range(5):
            damped = matrix.copy()
            for p in range(6):
                damped[p, p] = damped[p, p] * (1.0 + damping) + 1e-9
            move = np.linalg.solve(damped, right)
            move[:3] = np.minimum(np.maximum(move[:3], -1.0), 1.0)
            move[3:] = np.minimum(np.maximum(move[3:], -0.4), 0.4)
            trial = _turned(row, move[3], move[4])
            trial[:3] += move[:3]
            trial[6] *= math.exp(move[5])
            tested = others.copy()
            add_line(points, trial, half_mm, sigma, tested, 1.0)
            cost = cost_of(observed, tested, weight, cap) + mass_weight * math.log(trial[6] / mass) ** 2
            if cost < best:
                improved = best - cost > 1e-5 * best
                best, row, model = cost, trial, tested
                damping = max(0.3 * damping, 1e-6)
                break
            damping *= 5.0
        if not improved:
            break
    return row, best
