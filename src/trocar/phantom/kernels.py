"""Loops of the scanner model, compiled. Fan beam, equiangular detector, full turn; lengths in mm, angles in rad.

A ray is named by view angle β and fan angle γ: the source stands at R (cos β, sin β) from the centre of rotation, and
the ray runs towards the centre, turned by γ.
"""

import numpy as np
from numba import njit, prange


@njit(cache=True, fastmath=True)
def ray_through_cylinder(sx: float, sy: float, sz: float, ux: float, uy: float, row: np.ndarray) -> float:
    """Return the length of a horizontal ray from (sx, sy, sz) along (ux, uy) inside one layer."""
    dx, dy, dz = sx - row[0], sy - row[1], sz - row[2]
    ax, ay, az = row[3], row[4], row[5]
    radius, half = row[6], row[7]
    along_u = ux * ax + uy * ay
    along_d = dx * ax + dy * ay + dz * az
    px, py, pz = ux - along_u * ax, uy - along_u * ay, -along_u * az
    qx, qy, qz = dx - along_d * ax, dy - along_d * ay, dz - along_d * az
    a = px * px + py * py + pz * pz
    c = qx * qx + qy * qy + qz * qz - radius * radius
    low, high = -1e9, 1e9
    if a > 1e-12:
        b = px * qx + py * qy + pz * qz
        disc = b * b - a * c
        if disc <= 0.0:
            return 0.0
        root = np.sqrt(disc)
        low, high = (-b - root) / a, (-b + root) / a
    elif c > 0.0:
        return 0.0
    if abs(along_u) > 1e-9:
        one, other = (-half - along_d) / along_u, (half - along_d) / along_u
        low = max(low, min(one, other))
        high = min(high, max(one, other))
    elif abs(along_d) > half:
        return 0.0
    return max(high - low, 0.0)


@njit(cache=True, parallel=True, fastmath=True)
def metal_paths(
    layers: np.ndarray,
    heights_mm: np.ndarray,
    views_rad: np.ndarray,
    fans_rad: np.ndarray,
    sub_fan: int,
    source_mm: float,
    paths: np.ndarray,
) -> None:
    """Add each layer's length to ``paths[view, channel, sample, metal]`` for rays at the given heights.

    A sample is one height and one of ``sub_fan`` positions across the channel.
    """
    pitch = fans_rad[1] - fans_rad[0]
    for v in prange(views_rad.shape[0]):
        cos_b, sin_b = np.cos(views_rad[v]), np.sin(views_rad[v])
        sx, sy = source_mm * cos_b, source_mm * sin_b
        for n in range(layers.shape[0]):
            row = layers[n]
            reach = np.hypot(row[6], row[7])
            dx, dy = row[0] - sx, row[1] - sy
            distance = np.hypot(dx, dy)
            forward, aside = -(dx * cos_b + dy * sin_b), -(-dx * sin_b + dy * cos_b)
            centre = np.arctan2(aside, forward)
            half_fan = np.arcsin(min(reach / distance, 1.0))
            first = max(int(np.floor((centre - half_fan - fans_rad[0]) / pitch)), 0)
            last = min(int(np.ceil((centre + half_fan - fans_rad[0]) / pitch)), fans_rad.shape[0] - 1)
            metal, sign = int(row[8]), row[9]
            for c in range(first, last + 1):
                for s in range(sub_fan):
                    gamma = fans_rad[c] + pitch * ((s + 0.5) / sub_fan - 0.5)
                    cos_g, sin_g = np.cos(gamma), np.sin(gamma)
                    ux = -cos_b * cos_g + sin_b * sin_g
                    uy = -sin_b * cos_g - cos_b * sin_g
                    for h in range(heights_mm.shape[0]):
                        if abs(heights_mm[h] - row[2]) <= reach:
                            length = ray_through_cylinder(sx, sy, heights_mm[h], ux, uy, row)
                            paths[v, c, h * sub_fan + s, metal] += sign * length


@njit(cache=True, parallel=True, fastmath=True)
def water_paths(
    relative: np.ndarray,
    x0: float,
    y0: float,
    step: float,
    views_rad: np.ndarray,
    fans_rad: np.ndarray,
    source_mm: float,
    wanted: np.ndarray,
    paths: np.ndarray,
) -> None:
    """Write the water-equivalent length of each wanted ray through one slice (bilinear samples a pixel apart)."""
    rows, columns = relative.shape
    half_mm = 0.5 * step * np.hypot(rows, columns)
    samples = int(2.0 * half_mm / step) + 1
    cx, cy = x0 + 0.5 * (columns - 1) * step, y0 + 0.5 * (rows - 1) * step
    for v in prange(views_rad.shape[0]):
        cos_b, sin_b = np.cos(views_rad[v]), np.sin(views_rad[v])
        sx, sy = source_mm * cos_b, source_mm * sin_b
        for c in range(fans_rad.shape[0]):
            if not wanted[v, c]:
                continue
            cos_g, sin_g = np.cos(fans_rad[c]), np.sin(fans_rad[c])
            ux, uy = -cos_b * cos_g + sin_b * sin_g, -sin_b * cos_g - cos_b * sin_g
            start = (cx - sx) * ux + (cy - sy) * uy - half_mm
            total = 0.0
            for n in range(samples):
                t = start + n * step
                i = (sx + t * ux - x0) / step
                j = (sy + t * uy - y0) / step
                ii, jj = int(np.floor(i)), int(np.floor(j))
                if 0 <= ii < columns - 1 and 0 <= jj < rows - 1:
                    f, g = i - ii, j - jj
                    total += (1 - g) * ((1 - f) * relative[jj, ii] + f * relative[jj, ii + 1])
                    total += g * ((1 - f) * relative[jj + 1, ii] + f * relative[jj + 1, ii + 1])
            paths[v, c] = total * step


@njit(cache=True, parallel=True, fastmath=True)
def back_project(
    filtered: np.ndarray,
    angles_rad: np.ndarray,
    first_mm: float,
    pitch_mm: float,
    x_mm: np.ndarray,
    y_mm: np.ndarray,
    image: np.ndarray,
) -> None:
    """Write the back-projection of filtered parallel data over half a turn; the grid lies within the detector."""
    share = np.float32(np.pi / angles_rad.shape[0])
    normal_x, normal_y = -np.sin(angles_rad), np.cos(angles_rad)
    step = np.float32((x_mm[1] - x_mm[0]) / pitch_mm)
    columns, channels = x_mm.shape[0], filtered.shape[1]
    for j in prange(y_mm.shape[0]):
        line = np.zeros(columns, dtype=np.float32)
        for v in range(angles_rad.shape[0]):
            start = np.float32((x_mm[0] * normal_x[v] + y_mm[j] * normal_y[v] - first_mm) / pitch_mm)
            slope = np.float32(step * normal_x[v])
            row = filtered[v]
            for i in range(columns):
                place = start + np.float32(i) * slope
                c = min(max(np.int32(place), np.int32(0)), np.int32(channels - 2))
                f = place - np.float32(c)
                line[i] += (np.float32(1.0) - f) * row[c] + f * row[c + 1]
        for i in range(columns):
            image[j, i] = share * line[i]
