"""`Registration`: how one picture lies to another, and how well that is known."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.geometry.affine import apply_affine, invert_affine
from trocar.geometry.contours import Contour
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Volume


class Motion(Enum):
    """What may move."""

    RIGID = "rigid"
    DEFORMABLE = "deformable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Places that a person marked on both scans, row by row."""

    before_lps_mm: Float[np.ndarray, "n 3"]
    after_lps_mm: Float[np.ndarray, "n 3"]


def root_mean_square(errors_mm: tuple[float, ...]) -> float:
    """Return the root mean square of errors at landmarks; NaN without any."""
    return float(np.sqrt(np.mean(np.square(errors_mm)))) if errors_mm else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Displacement(Value):
    """A smooth displacement on a grid of the fixed picture.

    Parameters
    ----------
    x_mm, y_mm, z_mm
        LPS components, at a point of the fixed picture, of what is added to its rigidly moved place.
    """

    x_mm: Volume
    y_mm: Volume
    z_mm: Volume

    def at(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Return the vectors at points of the fixed picture, zero outside the grid."""
        return np.stack([part.sample(points_lps_mm, outside=0.0) for part in (self.x_mm, self.y_mm, self.z_mm)], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration(Value):
    """A transform between two frames of reference with its quality.

    Parameters
    ----------
    moving_from_fixed
        Rigid 4 x 4 matrix from a point of the fixed picture to the moving picture.
    fixed_frame_uid, moving_frame_uid
        The frames it joins.
    motion
        Rigid or deformable.
    likeness_before, likeness_after
        Correlation of the two pictures where both show the body, −1 to 1.
    likeness_mirrored
        The same after registering the moving picture mirrored left to right: one that fits worse than its mirror image
        is the wrong way round.
    displacement
        None for a rigid registration.
    least_jacobian
        Smallest local volume ratio of the displacement; at or below 0 it folds.
    """

    moving_from_fixed: Float[np.ndarray, "4 4"]
    fixed_frame_uid: str
    moving_frame_uid: str
    motion: Motion
    likeness_before: float
    likeness_after: float
    likeness_mirrored: float
    displacement: Displacement | None = None
    least_jacobian: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "moving_from_fixed", frozen_array(self.moving_from_fixed, np.float64))

    def inverse(self) -> "Registration":
        """Return the rigid registration the other way round: what was moving is kept.

        A displacement is left behind: only the rigid part is turned round.
        """
        return replace(
            self,
            moving_from_fixed=invert_affine(self.moving_from_fixed),
            fixed_frame_uid=self.moving_frame_uid,
            moving_frame_uid=self.fixed_frame_uid,
            motion=Motion.RIGID,
            displacement=None,
            least_jacobian=1.0,
        )

    @property
    def rotation_deg(self) -> float:
        """Angle of the rigid part."""
        trace = float(np.trace(self.moving_from_fixed[:3, :3]))
        return float(np.degrees(np.arccos(np.clip(0.5 * (trace - 1.0), -1.0, 1.0))))

    def to_moving(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Return where points of the fixed picture lie in the moving one."""
        rigid = apply_affine(self.moving_from_fixed, points_lps_mm)
        return rigid if self.displacement is None else rigid + self.displacement.at(points_lps_mm)

    def to_fixed(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Return where points of the moving picture lie in the fixed one (by iteration for a displacement)."""
        fixed_from_moving = invert_affine(self.moving_from_fixed)
        points = apply_affine(fixed_from_moving, points_lps_mm)
        if self.displacement is not None:
            for _ in range(20):
                points = apply_affine(fixed_from_moving, points_lps_mm - self.displacement.at(points))
        return points

    def errors_mm(
        self, fixed_lps_mm: Float[np.ndarray, "n 3"], moving_lps_mm: Float[np.ndarray, "n 3"]
    ) -> tuple[float, ...]:
        """Return how far each landmark of the moving picture lands from where it was marked on the fixed one."""
        return tuple(map(float, np.linalg.norm(self.to_fixed(moving_lps_mm) - fixed_lps_mm, axis=1)))

    def contour_to_fixed(self, contour: Contour) -> Contour:
        """Return a contour drawn on the moving picture, carried to the fixed one; it need not stay planar."""
        return Contour(kind=contour.kind, points_lps_mm=self.to_fixed(contour.points_lps_mm))
