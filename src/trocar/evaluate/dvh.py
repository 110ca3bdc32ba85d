"""Dose-volume histograms: any region, any dose, with the error of the result. Theory: docs/theory/dvh.md."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from trocar.errors import EvaluateError
from trocar.evaluate.curve import Curve, curve_from_samples, knot_shares
from trocar.evaluate.extremes import find_extremes
from trocar.evaluate.sampling import DoseAt, Samples, sample_region
from trocar.geometry.region import Region
from trocar.results.dvh import Dvh
from trocar.units import cc_from_mm3

MOST_ROUNDS = 4
"""Times the sample may be enlarged to reach the accuracy asked for."""

SMALLEST_KNOT = 1e-6
"""Share of the volume, and volume in cc, at which the outermost knots stand before the extremes themselves."""

MARGIN = 1.3
"""A sample is enlarged by this factor more than the expected convergence asks for."""

JUDGED_PART = 0.95
"""Part of the knots at which the error must be as small as asked for; the largest of all is mostly chance."""

JUDGED_BETWEEN_PERCENT = (2.0, 98.0)
"""The dose error is judged from D98 to D2; beyond, it is stated only."""


class Uncovered(Enum):
    """What is done with parts of a structure where no dose is known."""

    REFUSED = "an error"
    LEFT_OUT = "the curve describes the rest, and the volume left out is stated"
    WITHOUT_DOSE = "they count as receiving 0 Gy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How good a DVH shall be; a numerical setting, which cannot move a result by more than it says.

    Parameters
    ----------
    volume_percent
        Standard error of the cumulative volume at 95 of 100 doses, in percent of the structure's volume.
    dose_percent
        Standard error of 95 of 100 doses from D98 to D2, in percent of the dose.
    smallest_cc
        Hottest and coldest volume down to which the curve is sampled with the same relative care; a hundredth of the
        structure if that is less.
    points
        Size of the first sample.
    most_points
        Size beyond which a sample is not enlarged; the error reached is stated in the result.
    """

    volume_percent: float = 0.2
    dose_percent: float = 0.5
    smallest_cc: float = 0.01
    points: int = 80_000
    most_points: int = 2_000_000


def compute_dvh(
    region: Region,
    dose_at: DoseAt,
    *,
    name: str | None = None,
    uncovered: Uncovered = Uncovered.REFUSED,
    accuracy: Accuracy | None = None,
    progress: Callable[[float], None] | None = None,
) -> Dvh:
    """Return the DVH of a region.

    The region is sampled adaptively along three axes, independently of any image, contour or dose grid; the sample is
    enlarged until the standard error is as small as asked for. The same call gives the same curve.

    Parameters
    ----------
    region
        The structure, with its choices of end cap and interpolation.
    dose_at
        Dose in Gy at points in LPS mm: `trocar.evaluate.dose_sources.dose_from_grid`, or an exact engine.
    name
        Of the structure; the region's if not given.
    uncovered
        What to do where ``dose_at`` returns NaN.
    accuracy
        Numerical setting; `Accuracy` with its defaults if not given.
    progress
        Called with the part of the work done, 0 to 1.

    Raises
    ------
    EvaluateError
        Part of the structure has no known dose and that is refused, or none of it has.

    References
    ----------
    Nelms B, Stambaugh C, Hunt D, Tonner B, Zhang G, Feygelman V. Methods, software and datasets to verify DVH
    calculations against analytical values: Twenty years late(r). Med Phys 2015;42:4435, doi 10.1118/1.4923175.

    Examples
    --------
    >>> from trocar.geometry.grid import Grid
    >>> from trocar.geometry.region import region_from_grid
    >>> box = region_from_grid(Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(10, 10, 10), shape_kji=(1, 1, 1)))
    >>> dvh = compute_dvh(box, lambda points: 100.0 + points[:, 0], name="box")
    >>> round(dvh.dose_at_percent(50), 1), round(dvh.min_gy, 2), round(dvh.max_gy, 2)
    (100.0, 95.0, 105.0)
    """
    accuracy = accuracy or Accuracy()
    name = region.name if name is None else name
    report = progress or (lambda share: None)
    points = accuracy.points
    volume_cc = cc_from_mm3(region.volume_mm3)
    shares = knot_shares(min(SMALLEST_KNOT, SMALLEST_KNOT / volume_cc))
    for round_number in range(MOST_ROUNDS):
        smallest_cc = min(accuracy.smallest_cc, 0.01 * volume_cc)
        samples = sample_region(region, dose_at, points=points, smallest_cc=smallest_cc)
        samples, covered = _covered(samples, uncovered=uncovered, name=name)
        curve = curve_from_samples(samples, share=shares)
        report((round_number + 1) / (MOST_ROUNDS + 1))
        excess = _excess(curve, accuracy)
        if excess <= 1.0 or points >= accuracy.most_points:
            break
        points = int(min(max(MARGIN * excess**1.5, 2.0) * points, accuracy.most_points))
    dvh = _histogram(region, dose_at, samples, curve, covered_share=covered, name=name)
    report(1.0)
    return dvh


def _covered(samples: Samples, *, uncovered: Uncovered, name: str) -> tuple[Samples, float]:
    """Return the samples that count, and which part of the volume they stand for."""
    unknown = np.isnan(samples.dose_gy)
    if not unknown.any():
        return samples, 1.0
    share = float(samples.weight_mm3[unknown].sum() / samples.weight_mm3.sum())
    if uncovered is Uncovered.WITHOUT_DOSE:
        return _with_dose(samples, np.where(unknown, 0.0, samples.dose_gy)), 1.0
    if uncovered is Uncovered.REFUSED or unknown.all():
        raise EvaluateError(
            "evaluate.structure-beyond-dose",
            '{percent:.1f} % of "{name}" lies where no dose is known, such as outside the dose grid; give a dose that '
            "covers the structure, or choose to leave that part out or to count it as 0 Gy",
            percent=100.0 * share,
            name=name,
        )
    return _only(samples, ~unknown), 1.0 - share


def _with_dose(samples: Samples, dose_gy: np.ndarray) -> Samples:
    return Samples(
        points_lps_mm=samples.points_lps_mm,
        dose_gy=dose_gy,
        weight_mm3=samples.weight_mm3,
        replicate=samples.replicate,
    )


def _only(samples: Samples, kept: np.ndarray) -> Samples:
    return Samples(
        points_lps_mm=samples.points_lps_mm[kept],
        dose_gy=samples.dose_gy[kept],
        weight_mm3=samples.weight_mm3[kept],
        replicate=samples.replicate[kept],
    )


def _excess(curve: Curve, accuracy: Accuracy) -> float:
    """Return how many times the error is larger than asked for."""
    low, high = (percent / 100.0 for percent in JUDGED_BETWEEN_PERCENT)
    judged = (curve.share >= low) & (curve.share <= high)
    dose = np.maximum(np.abs(curve.dose_gy), 1e-9 + 1e-6 * np.abs(curve.dose_gy).max())
    volume_percent = 100.0 * float(np.quantile(curve.share_error, JUDGED_PART))
    dose_percent = 100.0 * float(np.quantile((curve.dose_error_gy / dose)[judged], JUDGED_PART))
    return max(volume_percent / accuracy.volume_percent, dose_percent / accuracy.dose_percent)


def _histogram(
    region: Region, dose_at: DoseAt, samples: Samples, curve: Curve, *, covered_share: float, name: str
) -> Dvh:
    low, high, on_surface = find_extremes(region, dose_at, samples)
    dose = np.clip(curve.dose_gy, low.dose_gy, high.dose_gy)
    dose[0], dose[-1] = high.dose_gy, low.dose_gy
    volume_cc = cc_from_mm3(region.volume_mm3)
    curve_cc = volume_cc * covered_share
    sampled_cc = cc_from_mm3(float(samples.weight_mm3.sum()))
    return Dvh(
        name=name,
        volume_cc=curve_cc,
        volume_error_cc=max(abs(sampled_cc - curve_cc), cc_from_mm3(region.volume_error_mm3)),
        uncovered_cc=volume_cc - curve_cc,
        dose_gy=dose[::-1],
        cumulative_cc=curve_cc * curve.share[::-1],
        cumulative_error_cc=curve_cc * curve.share_error[::-1],
        dose_error_gy=curve.dose_error_gy[::-1],
        mean_gy=curve.mean_gy,
        mean_error_gy=curve.mean_error_gy,
        minimum_lps_mm=low.point_lps_mm,
        maximum_lps_mm=high.point_lps_mm,
        surface_min_gy=on_surface[0],
        surface_max_gy=on_surface[1],
        samples=len(samples.dose_gy),
        end_cap=region.end_cap,
        between=region.between,
    )
