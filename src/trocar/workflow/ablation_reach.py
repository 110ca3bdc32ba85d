"""How far a zone reaches into what shall be spared, and whether a tumour is shown whole."""

import numpy as np

from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.messages import Message
from trocar.plan.structures import Structure, StructureSet
from trocar.results.findings import Finding, Severity

NEAR_SPARED_MM = 5.0
"""Distance of a zone from a structure to be spared under which it is told of: published clearances are 5 to 10 mm."""

ZONE_IN_SPARED = "the zone reaches {mm:.1f} mm into {name}; move it away, make it smaller or part them with fluid first"


def spared_findings(zone: Mesh, structures: StructureSet, spared: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return which structures to be spared the zone reaches, and how deep, or how near it comes."""
    findings = []
    for name in spared:
        points = surface_points(structures.named(name))
        depth = float(nearest_on_mesh(zone, points).signed_mm.max())
        if depth > 0:
            message = Message(code="ablation.zone-in-spared", template=ZONE_IN_SPARED, data={"name": name, "mm": depth})
            findings.append(Finding(severity=Severity.ACTION, message=message))
        elif depth > -NEAR_SPARED_MM:
            message = Message(
                code="ablation.zone-near-spared",
                template="the zone comes within {mm:.1f} mm of {name}, less than needles and breathing may be off: "
                "part them with fluid or watch it",
                data={"name": name, "mm": -depth},
            )
            findings.append(Finding(severity=Severity.ATTENTION, message=message))
    return tuple(findings)


def edge_findings(structure: Structure, grid: Grid) -> tuple[Finding, ...]:
    """Return a finding if a structure reaches the edge of the scan."""
    index = grid.index_ijk(surface_points(structure))
    last = np.array(grid.shape_kji[::-1]) - 1
    if not bool((index < 0.5).any() or (index > last - 0.5).any()):
        return ()
    return (
        Finding(
            severity=Severity.ACTION,
            message=Message(
                code="ablation.lesion-at-edge",
                template="{name} reaches the edge of the scan: part of it is not shown, and no margin can be told "
                "there",
                data={"name": structure.name},
            ),
        ),
    )


def surface_points(structure: Structure) -> np.ndarray:
    """Return the points of its outlines."""
    return np.vstack([contour.points_lps_mm for contour in structure.closed_contours])
