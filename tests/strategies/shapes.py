"""Stacks of contours of solids whose volume is known: balls, cylinders, cones, boxes, in any pose."""

from collections.abc import Callable, Iterable

import numpy as np

from trocar.geometry.contours import Contour, ContourKind


def closed(points_lps_mm: object, kind: ContourKind = ContourKind.CLOSED_PLANAR) -> Contour:
    """Return a closed contour through points."""
    return Contour(kind=kind, points_lps_mm=np.asarray(points_lps_mm, dtype=np.float64))


def rectangle(u_low: float, u_high: float, v_low: float, v_high: float, *, z: float) -> Contour:
    """Return an axial rectangle."""
    return closed([[u_low, v_low, z], [u_high, v_low, z], [u_high, v_high, z], [u_low, v_high, z]])


def circle(radius: float, *, z: float, centre: tuple[float, float] = (0.0, 0.0), n: int = 360) -> Contour:
    """Return an axial polygon of n points with exactly the area of the circle."""
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    corner = radius * np.sqrt(2 * np.pi / n / np.sin(2 * np.pi / n))
    x, y = centre[0] + corner * np.cos(angle), centre[1] + corner * np.sin(angle)
    return closed(np.column_stack([x, y, np.full(n, z)]))


def solid_of_revolution(radius_at: Callable[[float], float], planes: Iterable[float], n: int = 360) -> list[Contour]:
    """Return the axial circles of a solid around the z axis; planes without radius have none."""
    return [circle(radius_at(z), z=z, n=n) for z in planes if radius_at(z) > 0]


def ball(radius: float, *, spacing: float, offset: float = 0.0, n: int = 360) -> list[Contour]:
    """Return the axial circles of a ball around the origin."""
    planes = np.arange(-np.ceil(radius / spacing), np.ceil(radius / spacing) + 1) * spacing + offset
    return solid_of_revolution(lambda z: float(np.sqrt(max(radius**2 - z**2, 0.0))), planes, n)


def moved(contours: Iterable[Contour], rotation: np.ndarray, shift: np.ndarray) -> list[Contour]:
    """Return contours in another pose."""
    return [closed(contour.points_lps_mm @ rotation.T + shift, contour.kind) for contour in contours]


def rotation_about(axis: tuple[float, float, float], angle_rad: float) -> np.ndarray:
    """Return a rotation matrix (Rodrigues)."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: np.ndarray = np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross
    return rotation
