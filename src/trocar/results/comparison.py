"""`DoseComparison`: what a point by point comparison of two doses came to."""

from dataclasses import dataclass

from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread(Value):
    """How numbers are spread, in the unit of the field that holds it."""

    points: int
    mean: float
    standard_deviation: float
    root_mean_square: float
    mean_absolute: float
    least: float
    p05: float
    median: float
    p95: float
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DosePair(Value):
    """Two doses at one place."""

    position_lps_mm: tuple[float, float, float]
    reference_gy: float
    evaluated_gy: float

    @property
    def difference_percent(self) -> float:
        """(evaluated - reference) / reference in percent."""
        return 100.0 * (self.evaluated_gy - self.reference_gy) / self.reference_gy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DoseComparison(Value):
    """Evaluated minus reference dose, over the voxels of the reference.

    Parameters
    ----------
    from_gy, to_gy
        Reference doses that were compared.
    out_of_range, left_out, unknown
        Voxels that were not: dose outside that range, left out on demand, no evaluated dose there.
    difference_gy
        Differences in Gy.
    relative_percent
        Differences in percent of the reference dose at the point.
    worst
        The points with the largest relative differences, the worst first.
    """

    from_gy: float
    to_gy: float
    out_of_range: int
    left_out: int
    unknown: int
    difference_gy: Spread
    relative_percent: Spread
    worst: tuple[DosePair, ...]
