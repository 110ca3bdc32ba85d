"""Compiled loops over points: one table look-up a point and source. Equations (K1) to (K4) of the theory page.

Coordinates are float32 relative to an origin near the points, so that their last digit is far below a micrometre.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

from trocar.dose import kernel_loads
from trocar.dose.kernel_loads import (
    add_to,
    as_float,
    bits_of,
    chosen,
    compiled_once,
    entry,
    masked,
    row_start,
    slope_of,
    table_entry,
    value_of,
    whole_part,
)
from trocar.kernel_caches import discard_stale

discard_stale(__file__, kernel_loads.__file__)

Loop = TypeVar("Loop", bound=Callable[..., Any])

FAST = {"contract", "nsz", "arcp", "afn", "nnan", "ninf"}
"""Licences given to the compiler: fused and approximate operations on finite numbers, no reordering of sums."""

_f4 = np.float32

NEAREST_MM2 = _f4(4.0)
"""Smallest r² of a table; points this close are given the direct formula afterwards."""
TINY = _f4(1e-20)
ONE = _f4(1.0)
HALF = _f4(0.5)
ZERO = _f4(0.0)

# arc tangent of t on [0, 1] as t times a polynomial in t² (K3); largest error 1.8e-6 rad
A_0, A_1, A_2 = _f4(0.99997722), _f4(-0.33262283), _f4(0.19354038)
A_3, A_4, A_5 = _f4(-0.11642648), _f4(0.05264735), _f4(-0.01171914)


def compiled(loop: Loop) -> Loop:
    """Compile a loop and keep its machine code on disk; where no folder can be written, in memory only."""
    options = {"fastmath": FAST, "error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **options)(loop)
    except RuntimeError:
        return njit(**options)(loop)


def inlined(function: Loop) -> Loop:
    """Compile a small function that LLVM then places into the loops that call it.

    numba's own ``inline="always"`` is not used: it leaves a loop that LLVM refuses to vectorise.
    """
    return njit(fastmath=FAST, error_model="numpy")(function)


@inlined
def rate_from_table(entries: Any, shape: Any, rho2: Any, z: Any) -> Any:
    """Return the tabulated rate at squared distance ρ² from the axis and height z above the middle plane of a source.

    Parameters
    ----------
    entries
        Table, row by row; see `trocar.dose.table.packed`.
    shape
        (row shift, row mask, row fraction, stride, start, columns per radian, columns of a half turn, unit of slope).
    """
    shift, mask, fraction, stride, start, per_radian, half_turn, slope_unit = shape
    z2 = z * z
    less = min(z2, rho2)
    t = less * (ONE / np.sqrt(rho2 * z2 + TINY))
    t2 = t * t
    angle = (per_radian * t) * (A_0 + t2 * (A_1 + t2 * (A_2 + t2 * (A_3 + t2 * (A_4 + t2 * A_5)))))
    angle = chosen(rho2 < z2, angle, HALF * half_turn - angle)
    angle = chosen(z >= ZERO, angle, half_turn - angle)
    column = whole_part(angle)
    across = (angle - as_float(column) - HALF) * slope_unit
    bits = bits_of(max(rho2 + z2, NEAREST_MM2))
    along = as_float(masked(bits, mask)) * fraction
    k = row_start(bits, shift, np.int32(stride), column)
    inner, outer = table_entry(entries, start, k), table_entry(entries, start + stride, k)
    near, far = value_of(inner), value_of(outer)
    near += near * across * slope_of(inner)
    far += far * across * slope_of(outer)
    return near + along * (far - near)


@compiled
def add_source(
    entries: Any, shape: Any, x: Any, y: Any, z: Any, dose: Any, shift_mm: Any, axis: Any, weight: Any
) -> None:
    """Add weight times the rate of one source to the dose of every point.

    Parameters
    ----------
    entries, shape
        Table of the source.
    x, y, z
        Points, float32, in mm from an origin.
    dose
        Result, float32, added to.
    shift_mm
        Origin minus centre of the source, three float32.
    axis
        Direction of the source, three float32.
    weight
        Factor of the source.
    """
    compiled_once()
    dx, dy, dz = shift_mm
    ax, ay, az = axis
    for i in range(len(dose)):
        px, py, pz = entry(x, i) + dx, entry(y, i) + dy, entry(z, i) + dz
        height = px * ax + (py * ay + pz * az)
        qx, qy, qz = px - height * ax, py - height * ay, pz - height * az
        rho2 = qx * qx + (qy * qy + qz * qz)
        add_to(dose, i, weight * rate_from_table(entries, shape, rho2, height))


@compiled
def rates_at(entries: Any, shape: Any, across: Any, height: Any, rates: Any) -> None:
    """Write the tabulated rates at distances from the axis and heights above the middle plane, float32 in mm."""
    for i in range(len(rates)):
        rates[i] = rate_from_table(entries, shape, across[i] * across[i], height[i])


@inlined
def shape_of(whole: Any, real: Any, t: Any) -> Any:
    """Return the shape of one of many tables joined into one array, as `rate_from_table` wants it."""
    return (
        np.int32(whole[t, 0]),
        np.int32(whole[t, 1]),
        _f4(real[t, 0]),
        whole[t, 2],
        whole[t, 3],
        _f4(real[t, 1]),
        _f4(real[t, 2]),
        _f4(real[t, 3]),
    )


@inlined
def three(vectors: Any, s: Any) -> Any:
    """Return one of many vectors as three float32."""
    return _f4(vectors[s, 0]), _f4(vectors[s, 1]), _f4(vectors[s, 2])


@inlined
def shift_to(x: Any, y: Any, z: Any, centres: Any, s: Any) -> Any:
    """Return a point seen from one of many sources as three float32, subtracted in double precision."""
    return _f4(x - centres[s, 0]), _f4(y - centres[s, 1]), _f4(z - centres[s, 2])


@compiled
def add_sources(tables: Any, sources: Any, points: Any, origin: Any, dose: Any) -> None:
    """Add the dose of many sources to points: each to a row of its own, or all to the only row.

    Parameters
    ----------
    tables
        Entries of all tables, and their shapes as whole and real numbers.
    sources
        Table number, centre ``[source, 3]``, axis ``[source, 3]`` and weight.
    points
        x, y and z from the origin, float32 in mm.
    origin
        Where the points are counted from, mm.
    dose
        Result ``[source or 1, point]``.
    """
    entries, whole, real = tables
    table, centres, axes, weights = sources
    x, y, z = points
    for first in range(0, len(x), 8192):
        part = slice(first, min(first + 8192, len(x)))
        for s in range(len(weights)):
            row = dose[min(s, len(dose) - 1)]
            shift, axis = shift_to(origin[0], origin[1], origin[2], centres, s), three(axes, s)
            shape = shape_of(whole, real, table[s])
            add_source(entries, shape, x[part], y[part], z[part], row[part], shift, axis, _f4(weights[s]))


@compiled
def swap(dose: Any, leaves: Any, enters: Any) -> None:
    """Change a dose by what one source takes away and another brings."""
    for i in range(len(dose)):
        dose[i] += enters[i] - leaves[i]
