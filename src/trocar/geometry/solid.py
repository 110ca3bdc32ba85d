"""`Solid`: a closed triangle surface, as it is printed."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from trocar.errors import GeometryError
from trocar.geometry.affine import apply_affine
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solid(Value):
    """Triangles that enclose matter, outward normals by the right-hand rule.

    Parameters
    ----------
    vertices_mm
        In the frame the maker of the solid states.
    triangles
        Vertex numbers.

    Raises
    ------
    GeometryError
        No triangle, or a triangle that names a vertex which is not there.
    """

    vertices_mm: Float[np.ndarray, "n 3"]
    triangles: Int[np.ndarray, "m 3"]

    def __post_init__(self) -> None:
        vertices = frozen_array(self.vertices_mm, np.float64)
        triangles = frozen_array(self.triangles, np.int64)
        if len(triangles) == 0 or triangles.min() < 0 or triangles.max() >= len(vertices):
            raise GeometryError(
                "geometry.solid-invalid",
                "a solid of {vertices} vertices and {triangles} triangles was given; "
                "it needs triangles, and each must name existing vertices",
                vertices=len(vertices),
                triangles=len(triangles),
            )
        object.__setattr__(self, "vertices_mm", vertices)
        object.__setattr__(self, "triangles", triangles)

    @property
    def is_watertight(self) -> bool:
        """Whether each edge is shared by exactly two triangles that run it in opposite directions."""
        edges = np.concatenate([self.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        forward = edges[:, 0] * len(self.vertices_mm) + edges[:, 1]
        backward = edges[:, 1] * len(self.vertices_mm) + edges[:, 0]
        once = len(np.unique(forward)) == len(forward)
        return once and bool(np.array_equal(np.sort(forward), np.sort(backward)))

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume by the divergence theorem; negative if the normals point inward."""
        a, b, c = (self.vertices_mm[self.triangles[:, corner]] for corner in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Edge lengths of the axis-parallel bounding box."""
        size = self.vertices_mm.max(axis=0) - self.vertices_mm.min(axis=0)
        return float(size[0]), float(size[1]), float(size[2])

    def moved(self, target_from_source: Float[np.ndarray, "4 4"]) -> "Solid":
        """Return the solid carried by a rigid transform."""
        return Solid(vertices_mm=apply_affine(target_from_source, self.vertices_mm), triangles=self.triangles)
