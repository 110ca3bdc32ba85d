"""Solids to and from the files that printers read: STL (binary) and 3MF, in millimetres."""

import io
from enum import Enum
from pathlib import Path

import numpy as np
import trimesh

from trocar.errors import ReportError
from trocar.geometry.solid import Solid


class SolidFormat(Enum):
    """File formats of solids."""

    STL = "stl"
    THREE_MF = "3mf"


def solid_bytes(solid: Solid, file_format: SolidFormat) -> bytes:
    """Return the file of a solid.

    Raises
    ------
    ReportError
        The solid is not watertight or inside out: no printer would make what is meant.
    """
    if not solid.is_watertight or solid.volume_mm3 <= 0:
        raise ReportError(
            "report.solid-not-closed",
            "the solid is not closed or is inside out (volume {volume_mm3:.1f} mm³); "
            "it is not written, as it could not be printed",
            volume_mm3=solid.volume_mm3,
        )
    mesh = trimesh.Trimesh(vertices=solid.vertices_mm, faces=solid.triangles, process=False)
    mesh.units = "mm"
    data: bytes = mesh.export(file_type=file_format.value)
    return data


def read_solid(path: Path) -> Solid:
    """Return the solid of an STL or 3MF file; equal corners of an STL become one vertex.

    Raises
    ------
    ReportError
        The file is not a solid of one of these formats.
    """
    kind = path.suffix.lower().lstrip(".")
    try:
        mesh = trimesh.load(
            io.BytesIO(path.read_bytes()), file_type=SolidFormat(kind).value, force="mesh", process=False
        )
    except Exception as error:  # any failure of the foreign parser means the same to the user
        raise ReportError(
            "report.solid-unreadable",
            "{name} is not a readable STL or 3MF solid; export it again",
            name=path.name,
        ) from error
    corners, vertex_of = np.unique(np.asarray(mesh.vertices, dtype=np.float64), axis=0, return_inverse=True)
    return Solid(vertices_mm=corners, triangles=vertex_of.reshape(-1)[np.asarray(mesh.faces, dtype=np.int64)])
