"""Contours: curves and points as drawn, in LPS mm."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.errors import GeometryError
from trocar.geometry.value import Value, frozen_array


class ContourKind(Enum):
    """DICOM Contour Geometric Type (3006,0042)."""

    POINT = "POINT"
    OPEN_PLANAR = "OPEN_PLANAR"
    OPEN_NONPLANAR = "OPEN_NONPLANAR"
    CLOSED_PLANAR = "CLOSED_PLANAR"
    CLOSED_PLANAR_XOR = "CLOSEDPLANAR_XOR"


CLOSED_KINDS = frozenset({ContourKind.CLOSED_PLANAR, ContourKind.CLOSED_PLANAR_XOR})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contour(Value):
    """One curve, polygon or point.

    Parameters
    ----------
    kind
        Polygon, open curve or point. A polygon closes from its last point to its first.
    points_lps_mm
        At least one point; the order is kept.
    image_uid
        SOP Instance UID of the slice it was drawn on, empty where unknown.

    Raises
    ------
    GeometryError
        No point, or a coordinate that is not finite.
    """

    kind: ContourKind
    points_lps_mm: Float[np.ndarray, "n 3"]
    image_uid: str = ""

    def __post_init__(self) -> None:
        points = frozen_array(self.points_lps_mm, np.float64)
        if len(points) == 0 or not np.isfinite(points).all():
            raise GeometryError(
                "geometry.contour-invalid",
                "a contour of {n} points was given, or one of its coordinates is not a number; "
                "a contour needs at least one finite point",
                n=len(points),
            )
        object.__setattr__(self, "points_lps_mm", points)

    @property
    def is_closed(self) -> bool:
        """Whether it encloses an area."""
        return self.kind in CLOSED_KINDS
