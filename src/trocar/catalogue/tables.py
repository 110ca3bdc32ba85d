"""Tables of the TG-43 functions as values, and how they are read from CSV text.

A CSV table starts with comment lines (``#``) that name quantity, units and source; then one header row; then numbers.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import CatalogueError
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadialTable(Value):
    """A function of radius: g_L(r) or φ_an(r).

    Parameters
    ----------
    radius_cm
        Ascending, positive, at least two.
    values
        One a radius, positive.

    Raises
    ------
    CatalogueError
        Not ascending, not positive, or of unequal length.
    """

    radius_cm: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        radius = frozen_array(self.radius_cm, np.float64)
        values = frozen_array(self.values, np.float64)
        if len(radius) != len(values) or len(radius) < 2 or not _ascends(radius) or not (values > 0).all():
            raise CatalogueError(
                "catalogue.radial-table-invalid",
                "a radial table of {n_radii} radii and {n_values} values was given; it needs at least two ascending "
                "radii above 0 with one value above 0 each",
                n_radii=len(radius),
                n_values=len(values),
            )
        object.__setattr__(self, "radius_cm", radius)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnisotropyTable(Value):
    """The anisotropy function F(r, θ).

    Parameters
    ----------
    radius_cm
        Ascending, positive.
    theta_deg
        Ascending from 0; to 90 for a source symmetric about its middle plane, to 180 for one that is not.
    values
        One row an angle, one column a radius; NaN where the publication tabulates nothing (inside the capsule).

    Raises
    ------
    CatalogueError
        The axes do not ascend or do not end at 90 or 180 degrees, a value is not positive, or an angle has no value.
    """

    radius_cm: Float[np.ndarray, " n_r"]
    theta_deg: Float[np.ndarray, " n_theta"]
    values: Float[np.ndarray, "n_theta n_r"]

    def __post_init__(self) -> None:
        radius = frozen_array(self.radius_cm, np.float64)
        theta = frozen_array(self.theta_deg, np.float64)
        values = frozen_array(self.values, np.float64)
        tabulated = ~np.isnan(values)
        right = (
            values.shape == (len(theta), len(radius))
            and _ascends(radius)
            and bool((np.diff(theta) > 0).all())
            and theta[0] == 0.0
            and theta[-1] in (90.0, 180.0)
            and bool((values[tabulated] > 0).all())
            and bool(tabulated[:, -1].all())
        )
        if not right:
            raise CatalogueError(
                "catalogue.anisotropy-table-invalid",
                "an anisotropy table of {n_theta} angles from {first} to {last} degrees and {n_r} radii was given; "
                "radii and angles must ascend, angles run from 0 to 90 or 180 degrees, values are above 0 and every "
                "angle has a value at the largest radius",
                n_theta=len(theta),
                first=float(theta[0]),
                last=float(theta[-1]),
                n_r=len(radius),
            )
        object.__setattr__(self, "radius_cm", radius)
        object.__setattr__(self, "theta_deg", theta)
        object.__setattr__(self, "values", values)

    @property
    def is_symmetric(self) -> bool:
        """Whether F(r, θ) = F(r, 180° − θ), so that the sense of the axis does not matter."""
        return float(self.theta_deg[-1]) == 90.0

    def filled(self) -> Float[np.ndarray, "n_theta n_r"]:
        """Return the values with each gap holding the nearest larger radius of its angle.

        Gaps are inside or at the capsule; taking the nearest tabulated radius is what TG-43U1S1 asks for radii below
        the table.
        """
        values = np.array(self.values)
        for column in range(len(self.radius_cm) - 2, -1, -1):
            gap = np.isnan(values[:, column])
            values[gap, column] = values[gap, column + 1]
        return values


def read_radial_table(lines: Iterable[str]) -> RadialTable:
    """Return a radial table from the lines of a two-column CSV."""
    _, *rows = _cells(lines)
    numbers = np.array([[float(cell) for cell in row] for row in rows])
    return RadialTable(radius_cm=numbers[:, 0], values=numbers[:, 1])


def read_anisotropy_table(lines: Iterable[str]) -> AnisotropyTable:
    """Return an anisotropy table from CSV lines: radii in the header, an angle and its values in each row."""
    header, *rows = _cells(lines)
    values = np.array([[float(cell) if cell.strip() else np.nan for cell in row[1:]] for row in rows])
    return AnisotropyTable(
        radius_cm=np.array([float(cell) for cell in header[1:]]),
        theta_deg=np.array([float(row[0]) for row in rows]),
        values=values,
    )


def _cells(lines: Iterable[str]) -> list[list[str]]:
    return list(csv.reader(line for line in lines if line.strip() and not line.startswith("#")))


def _ascends(radius: np.ndarray) -> bool:
    return bool(len(radius) > 0 and radius[0] > 0 and (np.diff(radius) > 0).all())
