"""Affine transforms as 4 x 4 matrices named target-from-source: ``lps_from_ijk``."""

import numpy as np
from jaxtyping import Float


def apply_affine(
    target_from_source: Float[np.ndarray, "4 4"], points_source: Float[np.ndarray, "*batch 3"]
) -> Float[np.ndarray, "*batch 3"]:
    """Return points carried from the source frame to the target frame.

    Parameters
    ----------
    target_from_source
        Homogeneous matrix; its last row is ``0 0 0 1``.
    points_source
        Points in the source frame.

    Examples
    --------
    >>> import numpy as np
    >>> apply_affine(translation(np.array([1.0, 2.0, 3.0])), np.zeros((1, 3)))
    array([[1., 2., 3.]])
    """
    moved: np.ndarray = points_source @ target_from_source[:3, :3].T + target_from_source[:3, 3]
    return moved


def invert_affine(target_from_source: Float[np.ndarray, "4 4"]) -> Float[np.ndarray, "4 4"]:
    """Return source-from-target."""
    inverse = np.eye(4)
    inverse[:3, :3] = np.linalg.inv(target_from_source[:3, :3])
    inverse[:3, 3] = -inverse[:3, :3] @ target_from_source[:3, 3]
    return inverse


def translation(shift_mm: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "4 4"]:
    """Return the transform that adds a vector."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift_mm
    return matrix


def affine_from_axes(
    *, origin_lps_mm: Float[np.ndarray, " 3"], steps_lps_mm: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "4 4"]:
    """Return ``lps_from_ijk`` from the first voxel's centre and the steps along i, j and k.

    Parameters
    ----------
    origin_lps_mm
        Centre of voxel (0, 0, 0).
    steps_lps_mm
        Row 0 is the vector from a voxel to its neighbour in i, row 1 in j, row 2 in k.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = steps_lps_mm.T
    matrix[:3, 3] = origin_lps_mm
    return matrix
