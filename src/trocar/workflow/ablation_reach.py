"""How far a zone reaches into what shall be spared, and whether a tumour is shown whole."""

from collections.abc import Mapping

import numpy as np

from trocar.geometry.grid import Grid
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import nearest_on_mesh
from trocar.heat.base import BODY_C
from trocar.messages import Message
from trocar.plan.structures import Structure, StructureSet
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.findings import Finding, Severity, found
from trocar.units import celsius_from_kelvin, kelvin_from_celsius

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


def temperature_findings(
    outcome: AblationOutcome, structures: StructureSet, limits_c: Mapping[str, float]
) -> tuple[Finding, ...]:
    """Return how hot, or in freezing how cold, each structure with a limit becomes anywhere on its surface."""
    cold = outcome.chosen.is_cold
    findings = []
    for name, limit in limits_c.items():
        points = surface_points(structures.named(name))
        reached = celsius_from_kelvin(outcome.extreme.volume.sample(points, outside=kelvin_from_celsius(BODY_C)))
        at = int(np.argmin(reached) if cold else np.argmax(reached))
        worst = float(reached[at])
        data = {"name": name, "reached": worst, "limit": limit, "place": _place(points[at])}
        if worst < limit if cold else worst > limit:
            code, template = ("ablation.spared-too-cold", TOO_COLD) if cold else ("ablation.spared-too-hot", TOO_HOT)
            findings.append(found(code, template, Severity.ACTION, **data))
        else:
            findings.append(found("ablation.spared-temperature", KEEPS, Severity.NOTE, **data))
    return tuple(findings)


TOO_HOT = (
    "{name} reaches {reached:.1f} °C at {place} mm, at most {limit:.1f} °C are allowed: part them with fluid, or move "
    "the zone away"
)
TOO_COLD = (
    "{name} cools to {reached:.1f} °C at {place} mm, at least {limit:.1f} °C are asked: part them with fluid, or move "
    "the zone away"
)
KEEPS = "{name} keeps its limit of {limit:.1f} °C: {reached:.1f} °C at its most exposed place, {place} mm"


def _place(point: np.ndarray) -> str:
    return ", ".join(f"{value:.1f}" for value in point)


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
