"""`Dvh`: how much of a structure receives how much dose, and how well that is known."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import EvaluateError
from trocar.geometry.slabs import Between, EndCap
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dvh(Value):
    """A dose-volume histogram as a curve: knots of dose and of the volume that receives at least that dose.

    Between knots the curve is a straight line. Errors are one standard error of the sampling alone: they say how
    well the curve belongs to the contours and the dose that were given, not how well those are known.

    Parameters
    ----------
    name
        Of the structure.
    volume_cc
        Volume that the curve describes.
    volume_error_cc
        How far the sampled volume was from it, or the numerical error of the volume itself if that is larger.
    uncovered_cc
        Further volume of the structure without a known dose, which the curve leaves out.
    dose_gy
        Rising; the first is the minimum and the last the maximum.
    cumulative_cc
        Volume that receives at least ``dose_gy``; falls from ``volume_cc`` to 0.
    cumulative_error_cc
        Standard error of ``cumulative_cc`` at ``dose_gy``.
    dose_error_gy
        Standard error of ``dose_gy`` at ``cumulative_cc``.
    mean_gy, mean_error_gy
        Mean dose and its standard error.
    minimum_lps_mm, maximum_lps_mm
        Where the least and the largest dose were found.
    surface_min_gy, surface_max_gy
        Least and largest dose on the surface of the structure.
    samples
        Number of places at which the dose was asked for.
    end_cap, between
        What the structure was taken to be between and beyond its contours.

    Raises
    ------
    EvaluateError
        Knots that are not a histogram: too few, not sorted, not finite.

    Examples
    --------
    Half of 10 cc receives 100 to 200 Gy evenly, the other half 200 Gy:

    >>> dvh = Dvh.from_knots(name="GTV", dose_gy=[100.0, 200.0, 200.0], cumulative_cc=[10.0, 5.0, 0.0], mean_gy=175.0)
    >>> dvh.dose_at_percent(75), dvh.dose_at_cc(2.0), dvh.percent_at_dose(150.0), dvh.cc_at_dose(200.0)
    (150.0, 200.0, 75.0, 5.0)
    """

    name: str
    volume_cc: float
    volume_error_cc: float
    uncovered_cc: float
    dose_gy: Float[np.ndarray, " n"]
    cumulative_cc: Float[np.ndarray, " n"]
    cumulative_error_cc: Float[np.ndarray, " n"]
    dose_error_gy: Float[np.ndarray, " n"]
    mean_gy: float
    mean_error_gy: float
    minimum_lps_mm: Float[np.ndarray, " 3"] | None
    maximum_lps_mm: Float[np.ndarray, " 3"] | None
    surface_min_gy: float
    surface_max_gy: float
    samples: int
    end_cap: EndCap
    between: Between

    def __post_init__(self) -> None:
        for field in ("dose_gy", "cumulative_cc", "cumulative_error_cc", "dose_error_gy"):
            object.__setattr__(self, field, frozen_array(getattr(self, field), np.float64))
        for field in ("minimum_lps_mm", "maximum_lps_mm"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, frozen_array(getattr(self, field), np.float64))
        knots = np.stack([self.dose_gy, -self.cumulative_cc])
        if knots.shape[1] < 2 or not np.isfinite(knots).all() or (np.diff(knots, axis=1) < 0).any():
            raise EvaluateError(
                "evaluate.dvh-not-a-histogram",
                'the DVH of "{name}" was given {knots} knots that are not finite or not sorted; dose must rise and '
                "volume fall from knot to knot",
                name=self.name,
                knots=knots.shape[1],
            )

    @classmethod
    def from_knots(
        cls, *, name: str, dose_gy: object, cumulative_cc: object, mean_gy: float, end_cap: EndCap = EndCap.HALF_SLICE
    ) -> "Dvh":
        """Return a curve taken over from elsewhere, without errors or places; the errors are NaN."""
        dose, volume = np.asarray(dose_gy, dtype=np.float64), np.asarray(cumulative_cc, dtype=np.float64)
        unknown = np.full(dose.shape, np.nan)
        return cls(
            name=name,
            volume_cc=float(volume[0]) if volume.size else 0.0,
            volume_error_cc=float("nan"),
            uncovered_cc=0.0,
            dose_gy=dose,
            cumulative_cc=volume,
            cumulative_error_cc=unknown,
            dose_error_gy=unknown,
            mean_gy=mean_gy,
            mean_error_gy=float("nan"),
            minimum_lps_mm=None,
            maximum_lps_mm=None,
            surface_min_gy=float("nan"),
            surface_max_gy=float("nan"),
            samples=0,
            end_cap=end_cap,
            between=Between.SLAB,
        )

    @property
    def min_gy(self) -> float:
        """Least dose anywhere in the structure; D100."""
        return float(self.dose_gy[0])

    @property
    def max_gy(self) -> float:
        """Largest dose anywhere in the structure."""
        return float(self.dose_gy[-1])

    @property
    def cumulative_percent(self) -> Float[np.ndarray, " n"]:
        """``cumulative_cc`` in percent of ``volume_cc``."""
        percent: np.ndarray = 100.0 * self.cumulative_cc / self.volume_cc
        return percent

    def dose_percent(self, prescription_gy: float) -> Float[np.ndarray, " n"]:
        """Return ``dose_gy`` in percent of a prescription."""
        percent: np.ndarray = 100.0 * self.dose_gy / prescription_gy
        return percent

    def dose_at_percent(self, percent: float) -> float:
        """Return D_x in Gy: the least dose to the hottest ``percent`` of the volume, above 0 to 100."""
        return self._at_volume(self._cc_of(percent), self.dose_gy)

    def dose_at_cc(self, volume_cc: float) -> float:
        """Return D_x in Gy: the least dose to the hottest ``volume_cc``, above 0 to the volume of the structure."""
        return self._at_volume(self._checked_cc(volume_cc), self.dose_gy)

    def dose_error_at_percent(self, percent: float) -> float:
        """Return the standard error of `dose_at_percent` in Gy."""
        return self._at_volume(self._cc_of(percent), self.dose_error_gy)

    def dose_error_at_cc(self, volume_cc: float) -> float:
        """Return the standard error of `dose_at_cc` in Gy."""
        return self._at_volume(self._checked_cc(volume_cc), self.dose_error_gy)

    def cc_at_dose(self, dose_gy: float) -> float:
        """Return V_x in cc: the volume that receives at least ``dose_gy``."""
        return self._at_dose(dose_gy, self.cumulative_cc, below=self.volume_cc)

    def percent_at_dose(self, dose_gy: float) -> float:
        """Return V_x in percent of the volume."""
        return 100.0 * self.cc_at_dose(dose_gy) / self.volume_cc

    def cc_error_at_dose(self, dose_gy: float) -> float:
        """Return the standard error of `cc_at_dose` in cc."""
        return self._at_dose(dose_gy, self.cumulative_error_cc, below=0.0)

    def percent_error_at_dose(self, dose_gy: float) -> float:
        """Return the standard error of `percent_at_dose` in percent of the volume."""
        return 100.0 * self.cc_error_at_dose(dose_gy) / self.volume_cc

    def differential_cc(self, edges_gy: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m-1"]:
        """Return the volume in each bin between neighbouring rising edges; the last bin includes its upper edge.

        Divide by the width of the bins for the volume per Gy.
        """
        above = np.array([self.cc_at_dose(float(edge)) for edge in edges_gy])
        if edges_gy[-1] >= self.max_gy:
            above[-1] = 0.0
        volumes: np.ndarray = above[:-1] - above[1:]
        return volumes

    def _cc_of(self, percent: float) -> float:
        if not 0.0 < percent <= 100.0:
            raise EvaluateError(
                "evaluate.percent-of-volume",
                'the dose to the hottest {percent} % of "{name}" was asked for; give more than 0 and at most 100 %',
                percent=percent,
                name=self.name,
            )
        return self.volume_cc * percent / 100.0

    def _checked_cc(self, volume_cc: float) -> float:
        if not 0.0 < volume_cc <= self.volume_cc:
            raise EvaluateError(
                "evaluate.volume-beyond-structure",
                'the dose to the hottest {asked_cc:g} cc of "{name}" was asked for; the structure has {volume_cc:.3f} '
                "cc, give more than 0 and at most that",
                asked_cc=volume_cc,
                name=self.name,
                volume_cc=self.volume_cc,
            )
        return volume_cc

    def _at_volume(self, volume_cc: float, values: np.ndarray) -> float:
        """Return a knot value at a volume; where the curve runs level (no dose in between), its right end."""
        rising, values = self.cumulative_cc[::-1], values[::-1]
        after = min(int(np.searchsorted(rising, volume_cc, side="left")), len(rising) - 1)
        if after == 0:
            return float(values[0])
        share = (volume_cc - rising[after - 1]) / (rising[after] - rising[after - 1])
        return float((1.0 - share) * values[after - 1] + share * values[after])

    def _at_dose(self, dose_gy: float, values: np.ndarray, *, below: float) -> float:
        """Return a knot value at a dose; where the curve drops straight down, its upper end."""
        if not dose_gy > self.dose_gy[0]:
            return below
        after = int(np.searchsorted(self.dose_gy, dose_gy, side="left"))
        if after == len(self.dose_gy):
            return 0.0
        step = self.dose_gy[after] - self.dose_gy[after - 1]
        share = (dose_gy - self.dose_gy[after - 1]) / step
        return float((1.0 - share) * values[after - 1] + share * values[after])
