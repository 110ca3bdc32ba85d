"""`Lines`: straight ways from the skin, and what each runs through."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int32

from trocar.geometry.affine import apply_affine
from trocar.geometry.value import Value, frozen_array
from trocar.optimise.access.scene import Scene
from trocar.optimise.kernels.tracing import stretches


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines(Value):
    """Ways to be examined.

    Parameters
    ----------
    entries_lps_mm
        On the skin.
    ways_lps
        Unit vectors into the body.
    normals_lps
        Unit vectors out of the body at the entries.
    labels
        Name on the template; none for free needles.
    """

    entries_lps_mm: Float[np.ndarray, "n 3"]
    ways_lps: Float[np.ndarray, "n 3"]
    normals_lps: Float[np.ndarray, "n 3"]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("entries_lps_mm", "ways_lps", "normals_lps"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))

    def __len__(self) -> int:
        return len(self.entries_lps_mm)

    def take(self, rows: np.ndarray) -> "Lines":
        """Return some of them."""
        rows = np.asarray(rows, dtype=np.int64)
        return Lines(
            entries_lps_mm=self.entries_lps_mm[rows],
            ways_lps=self.ways_lps[rows],
            normals_lps=self.normals_lps[rows],
            labels=tuple(self.labels[row] for row in rows) if self.labels else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Where lines run inside something: mm from the entry, NaN where they miss.

    Parameters
    ----------
    first_mm, last_mm
        Where they enter first and leave last.
    inside_mm
        How much of them is inside.
    times
        In how many stretches of at least 1 mm.
    served_mm
        Where as much as was wanted has run inside; NaN where it never does.
    refused_mm
        Where the stretch begins that is one too many; infinity where none is.
    """

    first_mm: Float[np.ndarray, " n"]
    last_mm: Float[np.ndarray, " n"]
    inside_mm: Float[np.ndarray, " n"]
    times: Int32[np.ndarray, " n"]
    served_mm: Float[np.ndarray, " n"]
    refused_mm: Float[np.ndarray, " n"]


def voxels(scene: Scene, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Return points in voxels of the scene, ready for the kernels."""
    return np.ascontiguousarray(apply_affine(scene.grid.ijk_from_lps, points_lps_mm))


def inside_of(
    occupancy_kji: np.ndarray,
    scene: Scene,
    *,
    starts_lps_mm: Float[np.ndarray, "n 3"],
    ways_lps: Float[np.ndarray, "n 3"],
    span_mm: Float[np.ndarray, "n 2"],
    wanted_mm: float = 0.0,
    at_most: int = 1_000_000,
) -> Stretch:
    """Return where lines run inside a thing, looked at over a span of each line; see `Stretch`."""
    count = len(starts_lps_mm)
    first, last, inside, served, refused = (np.empty(count) for _ in range(5))
    times = np.empty(count, np.int32)
    stretches(
        occupancy_kji,
        scene.step_mm,
        voxels(scene, starts_lps_mm),
        np.ascontiguousarray(ways_lps),
        np.ascontiguousarray(span_mm),
        wanted_mm,
        at_most,
        first,
        last,
        inside,
        times,
        served,
        refused,
    )
    return Stretch(first_mm=first, last_mm=last, inside_mm=inside, times=times, served_mm=served, refused_mm=refused)


def span_in_box(
    starts_lps_mm: Float[np.ndarray, "n 3"],
    ways_lps: Float[np.ndarray, "n 3"],
    box_lps_mm: Float[np.ndarray, "2 3"],
    *,
    most_mm: float,
) -> Float[np.ndarray, "n 2"]:
    """Return the part of each line within a box, between 0 and ``most_mm``; empty parts begin where they end."""
    slow = np.where(np.abs(ways_lps) < 1e-12, 1e-12, ways_lps)
    to_low, to_high = (box_lps_mm[0] - starts_lps_mm) / slow, (box_lps_mm[1] - starts_lps_mm) / slow
    begin = np.clip(np.minimum(to_low, to_high).max(axis=1), 0, most_mm)
    end = np.clip(np.maximum(to_low, to_high).min(axis=1), begin, most_mm)
    return np.column_stack([begin, end])
