"""Loops of the seed finder, compiled: the blurred line a seed leaves in a CT, and its fit to the voxels around it.

A seed is one row of eight numbers: centre (3, mm), unit direction (3), mass (HU mm³), length relative to the usual
one. ``sigma`` are the standard deviations of the scanner's blur along x, y and z in mm, the thickness of a slice in
mm, and its parts.
"""

import math

import numpy as np
from numba import njit

ROOT_HALF = math.sqrt(0.5)
STEPS = np.array([0.02, 0.02, 0.02, 0.01, 0.01, 0.01, 0.02])
"""Changes by which slopes are taken: centre in mm, angles, log mass, log length."""

SHORTEST, LONGEST = 0.4, 2.5
"""Range of a line's length relative to the usual one."""

REACH2 = 16.0
"""Squared distance, in blurs, beyond which a line counts as zero."""


@njit(cache=True, fastmath=True)
def _line_at(x: float, y: float, z: float, row: np.ndarray, half_mm: float, sigma: np.ndarray) -> float:
    """Return the value in HU at a point of a line of given mass blurred by a Gaussian."""
    own_mm = half_mm * row[7]
    hx, hy, hz = own_mm * row[3] / sigma[0], own_mm * row[4] / sigma[1], own_mm * row[5] / sigma[2]
    dx, dy, dz = (x - row[0]) / sigma[0], (y - row[1]) / sigma[1], (z - row[2]) / sigma[2]
    half = math.sqrt(hx * hx + hy * hy + hz * hz)
    along = (dx * hx + dy * hy + dz * hz) / half
    across2 = dx * dx + dy * dy + dz * dz - along * along
    if across2 > REACH2 or abs(along) > half + 4.0:
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
    """Return the row with one parameter changed: centre (0 to 2), direction (3, 4), log mass (5), log length (6)."""
    if parameter < 3:
        moved = row.copy()
        moved[parameter] += step
        return moved
    if parameter == 3:
        return _turned(row, step, 0.0)
    if parameter == 4:
        return _turned(row, 0.0, step)
    moved = row.copy()
    moved[parameter + 1] *= math.exp(step)
    return moved


@njit(cache=True, fastmath=True)
def _prior_cost(row: np.ndarray, prior: np.ndarray, height: float) -> float:
    """Return what a line costs for its mass, its direction, its length and its height."""
    cosine = row[3] * prior[2] + row[4] * prior[3] + row[5] * prior[4]
    own = prior[1] * math.log(row[6] / prior[0]) ** 2 + prior[6] * math.log(row[7]) ** 2
    return own + prior[5] * (1.0 - cosine * cosine) + prior[7] * (row[2] - height) ** 2


@njit(cache=True, fastmath=True)
def _height_of_light(points: np.ndarray, observed: np.ndarray, others: np.ndarray, row: np.ndarray) -> float:
    """Return the mean height of what others leave to a line, within 3 mm of it in the plane of the slices."""
    total, moment = 1e-9, 1e-9 * row[2]
    for n in range(points.shape[0]):
        dx, dy = points[n, 0] - row[0], points[n, 1] - row[1]
        light = observed[n] - others[n]
        if light > 0.0 and dx * dx + dy * dy < 9.0:
            total += light
            moment += light * points[n, 2]
    return moment / total


@njit(cache=True)
def _equations(
    points: np.ndarray,
    observed: np.ndarray,
    others: np.ndarray,
    weight: np.ndarray,
    cap: float,
    row: np.ndarray,
    half_mm: float,
    sigma: np.ndarray,
    model: np.ndarray,
    free: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal equations of the picture alone for small changes of a line."""
    count = points.shape[0]
    slopes = np.zeros((free, count))
    for p in range(free):
        step = STEPS[p]
        tried = changed(row, p, step)
        for n in range(count):
            now = others[n] + line_value(points[n, 0], points[n, 1], points[n, 2], tried, half_mm, sigma)
            slopes[p, n] = (min(now, cap) - min(model[n], cap)) / step
    matrix, right = np.zeros((free, free)), np.zeros(free)
    for n in range(count):
        miss = weight[n] * (observed[n] - min(model[n], cap))
        for p in range(free):
            right[p] += slopes[p, n] * miss
            for q in range(p + 1):
                matrix[p, q] += weight[n] * slopes[p, n] * slopes[q, n]
    for p in range(free):
        for q in range(p):
            matrix[q, p] = matrix[p, q]
    return matrix, right


@njit(cache=True)
def _add_prior(matrix: np.ndarray, right: np.ndarray, row: np.ndarray, prior: np.ndarray, height: float) -> None:
    """Add to the normal equations what draws a line."""
    matrix[5, 5] += prior[1]
    right[5] -= prior[1] * math.log(row[6] / prior[0])
    matrix[2, 2] += prior[7]
    right[2] -= prior[7] * (row[2] - height)
    if matrix.shape[0] == 7:
        matrix[6, 6] += prior[6]
        right[6] -= prior[6] * math.log(row[7])
    if prior[5] > 0.0:
        cosine = row[3] * prior[2] + row[4] * prior[3] + row[5] * prior[4]
        for p in (3, 4):
            turned = changed(row, p, 1e-4)
            after = turned[3] * prior[2] + turned[4] * prior[3] + turned[5] * prior[4]
            matrix[p, p] += prior[5]
            right[p] += prior[5] * cosine * (after - cosine) / 1e-4


@njit(cache=True)
def _moved(row: np.ndarray, matrix: np.ndarray, right: np.ndarray, damping: float) -> np.ndarray:
    """Return the row after one damped step, no part of which goes far."""
    free = matrix.shape[0]
    damped = matrix.copy()
    for p in range(free):
        damped[p, p] = damped[p, p] * (1.0 + damping) + 1e-9
    move = np.linalg.solve(damped, right)
    move[:3] = np.minimum(np.maximum(move[:3], -1.0), 1.0)
    move[3:] = np.minimum(np.maximum(move[3:], -0.4), 0.4)
    trial = _turned(row, move[3], move[4])
    trial[:3] += move[:3]
    trial[6] *= math.exp(move[5])
    if free == 7:
        trial[7] = min(max(trial[7] * math.exp(move[6]), SHORTEST), LONGEST)
    return trial


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
    prior: np.ndarray,
    rounds: int,
) -> tuple[np.ndarray, float]:
    """Return the row that fits best, by Levenberg–Marquardt over centre, direction, log mass and log length.

    ``others`` is the background and all other seeds. ``prior`` holds what the line is drawn to and how strongly: usual
    mass and its weight, a direction (3 numbers, either sense) and its weight on the squared sine between them, the
    weight of the usual length (at 0 the length is kept), and the weight of the height of the brightness that the line
    explains, which within one thick slice nothing else fixes.
    """
    free = 7 if prior[6] > 0.0 else 6
    damping = 1e-2
    height = _height_of_light(points, observed, others, row)
    model = others.copy()
    add_line(points, row, half_mm, sigma, model, 1.0)
    best = cost_of(observed, model, weight, cap) + _prior_cost(row, prior, height)
    for _ in range(rounds):
        matrix, right = _equations(points, observed, others, weight, cap, row, half_mm, sigma, model, free)
        _add_prior(matrix, right, row, prior, height)
        improved = False
        for _try in range(5):
            trial = _moved(row, matrix, right, damping)
            tested = others.copy()
            add_line(points, trial, half_mm, sigma, tested, 1.0)
            cost = cost_of(observed, tested, weight, cap) + _prior_cost(trial, prior, height)
            if cost < best:
                improved = best - cost > 1e-5 * best
                best, row, model = cost, trial, tested
                damping = max(0.3 * damping, 1e-6)
                break
            damping *= 5.0
        if not improved:
            break
    return row, best
