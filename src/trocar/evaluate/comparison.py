"""Two doses compared point by point at the voxels of one of them."""

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import EvaluateError
from trocar.evaluate.sampling import DoseAt, doses
from trocar.geometry.affine import apply_affine
from trocar.geometry.volume import Quantity, Volume
from trocar.results.comparison import DoseComparison, DosePair, Spread

WORST = 10
"""So many worst points are listed if not asked otherwise."""


def compare_doses(
    reference: Volume,
    evaluated_at: DoseAt,
    *,
    from_gy: float,
    to_gy: float = float("inf"),
    where: Bool[np.ndarray, "k j i"] | None = None,
    worst: int = WORST,
) -> DoseComparison:
    """Return how an evaluated dose differs from a reference at the reference's voxel centres.

    Parameters
    ----------
    reference
        Dose in Gy; nothing is interpolated in it.
    evaluated_at
        The other dose in Gy: an exact engine, or `trocar.evaluate.dose_sources.dose_from_grid`; NaN where unknown.
    from_gy, to_gy
        Reference doses that are compared; above 0, as differences are also given in percent. Doses next to a source
        and doses that a file cannot hold are best left out.
    where
        Voxels that may be compared, such as those outside the capsules; all if not given.
    worst
        How many of the points with the largest relative differences to list.

    Raises
    ------
    EvaluateError
        The reference is no dose in Gy or holds something else than numbers, the range is none, or nothing is left.

    Examples
    --------
    >>> from trocar.geometry.grid import Grid
    >>> grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(2, 2, 2))
    >>> dose = Volume(grid=grid, values_kji=np.full((2, 2, 2), 100.0), quantity=Quantity.DOSE_GY, frame_uid="1")
    >>> compare_doses(dose, lambda points: np.full(len(points), 102.0), from_gy=1.0).relative_percent.mean
    2.0
    """
    _check(reference, from_gy, to_gy)
    values = np.asarray(reference.values_kji, dtype=np.float64)
    in_range = (values >= from_gy) & (values <= to_gy)
    asked = in_range if where is None else in_range & where
    index = np.argwhere(asked)[:, ::-1].astype(np.float64)
    points = apply_affine(reference.grid.lps_from_ijk, index)
    expected = values[asked]
    found = doses(evaluated_at, points)
    known = ~np.isnan(found)
    if not known.any():
        raise EvaluateError(
            "evaluate.nothing-to-compare",
            "of {voxels} voxels, {in_range} hold a reference dose from {from_gy:g} to {to_gy:g} Gy, and none of them "
            "may be compared and has a dose to compare with; check range, mask and dose grids",
            voxels=values.size,
            in_range=int(in_range.sum()),
            from_gy=from_gy,
            to_gy=to_gy,
        )
    points, expected, found = points[known], expected[known], found[known]
    difference = found - expected
    percent = 100.0 * difference / expected
    largest = np.argsort(-np.abs(percent), kind="stable")[:worst]
    return DoseComparison(
        from_gy=from_gy,
        to_gy=to_gy,
        out_of_range=int(np.count_nonzero(~in_range)),
        left_out=int(np.count_nonzero(in_range & ~asked)),
        unknown=int(np.count_nonzero(~known)),
        difference_gy=_spread(difference),
        relative_percent=_spread(percent),
        worst=tuple(
            DosePair(
                position_lps_mm=(float(points[n, 0]), float(points[n, 1]), float(points[n, 2])),
                reference_gy=float(expected[n]),
                evaluated_gy=float(found[n]),
            )
            for n in largest
        ),
    )


def _spread(values: Float[np.ndarray, " n"]) -> Spread:
    low, lower, median, upper, high = np.quantile(values, [0.0, 0.05, 0.5, 0.95, 1.0])
    return Spread(
        points=len(values),
        mean=float(values.mean()),
        standard_deviation=float(values.std()),
        root_mean_square=float(np.sqrt((values**2).mean())),
        mean_absolute=float(np.abs(values).mean()),
        least=float(low),
        p05=float(lower),
        median=float(median),
        p95=float(upper),
        largest=float(high),
    )


def _check(reference: Volume, from_gy: float, to_gy: float) -> None:
    bad = int(np.count_nonzero(~np.isfinite(reference.values_kji)))
    if reference.quantity is not Quantity.DOSE_GY or bad:
        raise EvaluateError(
            "evaluate.comparison-needs-dose",
            "the reference volume holds {quantity} and {bad} voxels without a finite number; two doses in Gy are "
            "compared",
            quantity=reference.quantity.value,
            bad=bad,
        )
    if not 0 < from_gy < to_gy:
        raise EvaluateError(
            "evaluate.comparison-range",
            "reference doses from {from_gy} to {to_gy} Gy were to be compared; give a range above 0 Gy",
            from_gy=from_gy,
            to_gy=to_gy,
        )
