"""The coplanar grid template: parallel holes at a fixed pitch, in any pose."""

from dataclasses import dataclass
from enum import Enum
from string import ascii_uppercase

import numpy as np
from jaxtyping import Float

from trocar.errors import PlanError
from trocar.geometry.affine import apply_affine
from trocar.geometry.value import Value, frozen_array


class HoleNames(Enum):
    """How the holes are named.

    Examples
    --------
    >>> HoleNames.HALF_STEPS.value
    'A, a, B, b ... and 1.0, 1.5, 2.0 ...: every other hole of a 5 mm grid has a lower-case letter or a half number'
    """

    PLAIN = "A, B, C ... and 1, 2, 3 ...: one letter a column, one number a row"
    HALF_STEPS = (
        "A, a, B, b ... and 1.0, 1.5, 2.0 ...: every other hole of a 5 mm grid has a lower-case letter or a half number"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridTemplate(Value):
    """A plate with a rectangular grid of parallel holes.

    Parameters
    ----------
    lps_from_template
        Rigid pose as the person sees it who puts the needles in: template x to the right along the columns, y upwards
        along the rows, z out of the patient; the origin is the mouth of hole A1 on the face towards the patient.
    pitch_mm
        Distance between neighbouring holes.
    columns, rows
        Number of holes; at most 26 columns with plain names, 52 with half steps.
    names
        How holes are named.

    Raises
    ------
    PlanError
        The pose is not a rotation with a shift, or the grid has no or too many holes.
    """

    lps_from_template: Float[np.ndarray, "4 4"]
    pitch_mm: float
    columns: int
    rows: int
    names: HoleNames = HoleNames.PLAIN

    def __post_init__(self) -> None:
        pose = frozen_array(self.lps_from_template, np.float64)
        turn = pose[:3, :3]
        if not (np.allclose(turn @ turn.T, np.eye(3), atol=1e-6) and np.linalg.det(turn) > 0):
            raise PlanError(
                "plan.template-pose-not-rigid",
                "the pose of the template is not a rotation with a shift: {pose}; "
                "give perpendicular unit axes, right-handed",
                pose=np.round(pose, 4).tolist(),
            )
        most = 26 * (2 if self.names is HoleNames.HALF_STEPS else 1)
        if not (self.pitch_mm > 0 and 1 <= self.columns <= most and self.rows >= 1):
            raise PlanError(
                "plan.template-without-holes",
                "a template of {columns} x {rows} holes at {pitch_mm} mm was given; "
                "it needs a positive pitch, 1 to {most} columns and at least 1 row",
                columns=self.columns,
                rows=self.rows,
                pitch_mm=self.pitch_mm,
                most=most,
            )
        object.__setattr__(self, "lps_from_template", pose)

    @property
    def direction_lps(self) -> Float[np.ndarray, " 3"]:
        """Unit vector of all needles, into the patient."""
        return -self.lps_from_template[:3, 2]

    def hole_name(self, column: int, row: int) -> str:
        """Return the name of a hole; column and row count from 0.

        Examples
        --------
        >>> import numpy as np
        >>> GridTemplate(lps_from_template=np.eye(4), pitch_mm=10.0, columns=9, rows=9).hole_name(2, 4)
        'C5'
        >>> fine = GridTemplate(
        ...     lps_from_template=np.eye(4), pitch_mm=5.0, columns=13, rows=13, names=HoleNames.HALF_STEPS
        ... )
        >>> fine.hole_name(3, 4)
        'b3.0'
        """
        if self.names is HoleNames.PLAIN:
            return f"{ascii_uppercase[column]}{row + 1}"
        letter = ascii_uppercase[column // 2]
        return f"{letter.lower() if column % 2 else letter}{1 + row / 2:.1f}"

    @property
    def hole_names(self) -> tuple[str, ...]:
        """Names of all holes, row by row from A1."""
        return tuple(self.hole_name(column, row) for row in range(self.rows) for column in range(self.columns))

    @property
    def holes_lps_mm(self) -> Float[np.ndarray, "n 3"]:
        """Mouths of all holes, in the order of `hole_names`."""
        x, y = np.meshgrid(np.arange(self.columns) * self.pitch_mm, np.arange(self.rows) * self.pitch_mm)
        flat = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
        return apply_affine(self.lps_from_template, flat)


def template_towards(
    direction_lps: Float[np.ndarray, " 3"],
    *,
    centre_lps_mm: Float[np.ndarray, " 3"],
    up_lps: Float[np.ndarray, " 3"],
    pitch_mm: float,
    columns: int,
    rows: int,
    names: HoleNames = HoleNames.PLAIN,
) -> GridTemplate:
    """Return a template whose needles run along a direction.

    Parameters
    ----------
    direction_lps
        Into the patient.
    centre_lps_mm
        Where the middle of the grid lies.
    up_lps
        Rows run as nearly along it as the direction allows: ``(0, -1, 0)`` for a template before the perineum.
    pitch_mm, columns, rows, names
        See `GridTemplate`.

    Raises
    ------
    PlanError
        Direction and up are parallel, or the grid is impossible.
    """
    z = -np.asarray(direction_lps, dtype=np.float64) / np.linalg.norm(direction_lps)
    y = np.asarray(up_lps, dtype=np.float64) - (np.asarray(up_lps) @ z) * z
    if np.linalg.norm(y) < 1e-6:
        raise PlanError(
            "plan.template-up-along-needles",
            "the template's up direction {up} runs along its needles; give a direction across them",
            up=np.round(up_lps, 4).tolist(),
        )
    y /= np.linalg.norm(y)
    x = np.cross(y, z)
    pose = np.eye(4)
    pose[:3, :3] = np.column_stack([x, y, z])
    pose[:3, 3] = centre_lps_mm - 0.5 * pitch_mm * ((columns - 1) * x + (rows - 1) * y)
    return GridTemplate(lps_from_template=pose, pitch_mm=pitch_mm, columns=columns, rows=rows, names=names)
