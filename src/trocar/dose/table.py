"""`RateTable`: the dose rate of a source model tabulated so that one look-up needs no search. Equations (K1), (K2).

Rows are the leading bits of the float32 r², so that they stand close near the source and wide far from it; columns
are equal steps of the polar angle, fine enough that every angle of the published anisotropy table is a column: the
kinks of its bilinear interpolation then fall on columns, where linear interpolation keeps them. One entry of 32 bits
holds the value in the middle of a column and its slope across it, so that a rate takes two loads instead of four.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int32

from trocar.catalogue.sources import Source
from trocar.dose.kernels import NEAREST_MM2
from trocar.dose.tg43 import Formalism, dose_rate_cgy_per_h_per_u
from trocar.geometry.value import Value, frozen_array
from trocar.units import cm_from_mm, mm_from_cm

FARTHEST_MM = 3000.0
"""Largest distance between a point and a source that a table serves."""
GOOD_UNTIL_MM = 400.0
"""Distance up to which the rows are made close enough for `ROW_ERROR`."""
ROW_ERROR = 4e-4
"""Largest relative error of interpolation between rows on the transverse axis, by choice of the number of rows."""
NEAREST_SERVED_MM = 3.0
"""Distance from which on doses are taken from a table; nearer, the direct formula is used."""
COLUMNS_PER_DEGREE = (1, 2, 4)
LARGEST_SLOPE_STORED = 511
"""What the 10 bits of slope can hold."""
LEAST_LARGEST_SLOPE = 1e-3
"""Stands in where a table has no slope at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateTable(Value):
    """Dose rates of one source model in one formalism.

    Parameters
    ----------
    entries
        Rates in cGy/(h U), row after row, as `packed` makes them.
    row_bits
        How many bits of r² below its exponent number a row.
    columns_per_degree
        0 for a rate that does not depend on the angle.
    largest_slope
        Largest step from a column to the next, as a part of the value between, outside `NEAREST_SERVED_MM`.
    """

    entries: Int32[np.ndarray, " n"]
    row_bits: int
    columns_per_degree: int
    largest_slope: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", frozen_array(self.entries, np.int32))

    @property
    def shape(self) -> tuple[np.int32, np.int32, np.float32, np.int64, np.int64, np.float32, np.float32, np.float32]:
        """What the compiled look-up must know of the table."""
        shift = 23 - self.row_bits
        stride = _columns(self.columns_per_degree)
        first_row = _bits(float(NEAREST_MM2)) >> shift
        return (
            np.int32(shift),
            np.int32((1 << shift) - 1),
            np.float32(1.0 / (1 << shift)),
            np.int64(stride),
            np.int64(-first_row * stride),
            np.float32(np.rad2deg(self.columns_per_degree)),
            np.float32(180 * self.columns_per_degree),
            np.float32(self.largest_slope / LARGEST_SLOPE_STORED / 2**22),
        )


@lru_cache(maxsize=64)
def rate_table(source: Source, formalism: Formalism) -> RateTable:
    """Return the table of a source, computed once a process."""
    row_bits = next(bits for bits in range(6, 12) if bits == 11 or _row_error(source, formalism, bits) < ROW_ERROR)
    per_degree = _columns_per_degree(source) if formalism is Formalism.LINE_2D else 0
    radius_cm = cm_from_mm(np.sqrt(_row_nodes_mm2(row_bits, FARTHEST_MM)))
    rates = _rates(source, formalism, radius_cm, per_degree)
    steps, middle = _steps(rates[radius_cm >= cm_from_mm(NEAREST_SERVED_MM)])
    with np.errstate(invalid="ignore"):  # nought by nought where the dose is too small for a float
        largest_slope = max(float(np.nanmax(np.abs(steps / middle))), LEAST_LARGEST_SLOPE)
    return RateTable(
        entries=packed(rates, largest_slope=largest_slope).ravel(),
        row_bits=row_bits,
        columns_per_degree=per_degree,
        largest_slope=largest_slope,
    )


def packed(rates: Float[np.ndarray, "rows columns"], *, largest_slope: float) -> Int32[np.ndarray, "rows columns"]:
    """Return rates as 32-bit entries (K2): a float32 shortened to 22 bits, and 10 bits of slope.

    Parameters
    ----------
    rates
        Row after row.
    largest_slope
        Largest step from a column to the next as a part of the value between; larger ones are cut.

    Notes
    -----
    The value is that half-way to the next column, good to 6e-5. The last column has no slope.
    """
    steps, middle = _steps(rates)
    value = (middle.astype(np.float32).view(np.int32) + 0x200) & np.int32(-0x400)
    held = np.maximum(value.view(np.float32).astype(np.float64), np.finfo(np.float32).tiny)
    slope = np.rint(np.clip(steps / held / largest_slope, -1.0, 1.0) * LARGEST_SLOPE_STORED).astype(np.int32)
    return np.asarray(value | (slope & 0x3FF), dtype=np.int32)


def _steps(rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the step from each column to the next, and the mean of the two."""
    following = np.concatenate([rates[:, 1:], rates[:, -1:]], axis=1)
    return following - rates, 0.5 * (rates + following)


def _rates(source: Source, formalism: Formalism, radius_cm: np.ndarray, per_degree: int) -> np.ndarray:
    """Return the rates of all rows and columns; of a symmetric source only half of them is computed."""
    degrees = np.minimum(np.arange(_columns(per_degree)) / max(per_degree, 1), 180.0)
    mirrored = np.minimum(degrees, 180.0 - degrees) if source.F.is_symmetric else degrees
    distinct, column = np.unique(mirrored, return_inverse=True)
    r, theta = np.broadcast_arrays(radius_cm[:, None], np.deg2rad(distinct)[None, :])
    return dose_rate_cgy_per_h_per_u(source, r, theta, formalism)[:, column]


def _row_error(source: Source, formalism: Formalism, row_bits: int) -> float:
    """Return the largest relative error between rows: half-way on the transverse axis, and at every published radius.

    The published radii are where the slope of the interpolated functions changes.
    """
    nodes_mm2 = _row_nodes_mm2(row_bits, GOOD_UNTIL_MM)
    middle_mm2 = 0.5 * (nodes_mm2[1:] + nodes_mm2[:-1])
    published_cm = np.union1d(source.g_L.radius_cm, source.F.radius_cm)
    published_mm2 = np.square(mm_from_cm(published_cm[published_cm > cm_from_mm(NEAREST_SERVED_MM)]))
    across = np.array([0.5 * np.pi])
    return max(
        _interpolation_error(source, formalism, nodes_mm2, middle_mm2, across),
        _interpolation_error(source, formalism, nodes_mm2, published_mm2, np.deg2rad(source.F.theta_deg)),
    )


def _interpolation_error(
    source: Source, formalism: Formalism, nodes_mm2: np.ndarray, r2_mm2: np.ndarray, theta: np.ndarray
) -> float:
    def rate(at_mm2: np.ndarray) -> np.ndarray:
        r, angle = np.broadcast_arrays(cm_from_mm(np.sqrt(at_mm2))[:, None], theta[None, :])
        return dose_rate_cgy_per_h_per_u(source, r, angle, formalism)

    row = np.searchsorted(nodes_mm2, r2_mm2, side="right") - 1
    low, high = nodes_mm2[row], nodes_mm2[row + 1]
    share = ((r2_mm2 - low) / (high - low))[:, None]
    interpolated = rate(low) * (1.0 - share) + rate(high) * share
    return float(np.abs(interpolated / rate(r2_mm2) - 1.0).max())


def _columns_per_degree(source: Source) -> int:
    """Return the fewest columns a degree that put a column on every angle of the anisotropy table."""
    for per_degree in COLUMNS_PER_DEGREE:
        steps = source.F.theta_deg * per_degree
        if np.abs(steps - np.round(steps)).max() < 1e-9:
            return per_degree
    return COLUMNS_PER_DEGREE[-1]


def _columns(per_degree: int) -> int:
    """Return the number of columns: 0 to 180 degrees, and one more that is read with weight 0."""
    return 180 * per_degree + 2


def _row_nodes_mm2(row_bits: int, farthest_mm: float) -> np.ndarray:
    """Return r² at the rows from the nearest to one beyond a distance."""
    shift = 23 - row_bits
    first, last = (_bits(r2) >> shift for r2 in (float(NEAREST_MM2), farthest_mm**2))
    rows = (np.arange(first, last + 3, dtype=np.int64) << shift).astype(np.int32)
    return np.asarray(rows.view(np.float32), dtype=np.float64)


def _bits(value: float) -> int:
    return int(np.asarray(value, dtype=np.float32).view(np.int32))
