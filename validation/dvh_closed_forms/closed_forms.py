"""Solids, doses and their exact cumulative DVHs.

Every solid stands in a dose that depends on one coordinate only, or on the distance from one point, such that the
volume that receives at least a dose has a closed form, or is one integral of a closed form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RADIUS_MM = 12.0
HEIGHT_MM = 24.0
SLOPE_GY_PER_MM = 1.0
MIDDLE_GY = 20.0
SOURCE_MM = 20.0
"""Distance of the point source of the inverse-square dose from the middle of the solid."""
AT_MIDDLE_GY = 20.0

VolumeAbove = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A solid in a dose.

    Parameters
    ----------
    name
        For the table.
    contours
        Outlines on a plane z, in mm: a function of z; None where the plane misses the solid.
    z_range
        Where it begins and ends.
    volume_mm3
        Exact.
    dose_at
        Dose in Gy at points in mm.
    above_mm3
        Exact volume that receives at least each of many doses.
    low_gy, high_gy
        Exact extremes.
    """

    name: str
    outline: Callable[[float], np.ndarray | None]
    z_range: tuple[float, float]
    volume_mm3: float
    dose_at: Callable[[np.ndarray], np.ndarray]
    above_mm3: VolumeAbove
    low_gy: float
    high_gy: float


def ball_outline(z: float, n: int = 720) -> np.ndarray | None:
    radius = np.sqrt(max(RADIUS_MM**2 - z**2, 0.0))
    return _ellipse(radius, n) if radius > 1e-6 else None


def upright_cylinder_outline(z: float) -> np.ndarray | None:
    return _ellipse(RADIUS_MM, 720) if abs(z) <= HEIGHT_MM / 2 else None


def lying_cylinder_outline(z: float) -> np.ndarray | None:
    half = np.sqrt(max(RADIUS_MM**2 - z**2, 0.0))
    length = HEIGHT_MM / 2
    if half <= 1e-6:
        return None
    return np.array([[-length, -half], [length, -half], [length, half], [-length, half]])


def upright_cone_outline(z: float) -> np.ndarray | None:
    radius = cone_radius(z)
    return _ellipse(radius, 720) if radius > 1e-6 else None


def lying_cone_outline(z: float) -> np.ndarray | None:
    """Return the section of a cone along x (base at -12 mm, apex at 12 mm): a hyperbola and a straight base."""
    apex = HEIGHT_MM / 2 - abs(z) * HEIGHT_MM / RADIUS_MM
    if apex <= -HEIGHT_MM / 2 + 1e-6:
        return None
    x = np.linspace(-HEIGHT_MM / 2, apex, 400)
    y = np.sqrt(np.maximum(cone_radius(x) ** 2 - z**2, 0.0))
    return np.concatenate([np.column_stack([x, -y]), np.column_stack([x, y])[-2::-1]])


def cone_radius(along: np.ndarray | float) -> np.ndarray:
    """Return the radius of the cone: 12 mm at its base (-12 mm), 0 at its apex (12 mm)."""
    return np.clip(RADIUS_MM * (HEIGHT_MM / 2 - np.asarray(along)) / HEIGHT_MM, 0.0, None)


def _ellipse(radius: float, n: int) -> np.ndarray:
    """Return a polygon with exactly the area of the circle."""
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    corner = radius * np.sqrt(2 * np.pi / n / np.sin(2 * np.pi / n))
    return corner * np.column_stack([np.cos(angle), np.sin(angle)])


def segment_mm2(radius: np.ndarray, beyond: np.ndarray | float) -> np.ndarray:
    """Return the area of the part of a disc beyond a chord at a signed distance from its centre."""
    beyond = np.clip(beyond, -radius, radius)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = np.arccos(np.where(radius > 0, beyond / radius, 1.0))
    return radius**2 * angle - beyond * np.sqrt(np.maximum(radius**2 - beyond**2, 0.0))


def along_axis(section: Callable[[np.ndarray, np.ndarray], np.ndarray], given: np.ndarray) -> np.ndarray:
    """Return the integral of sections over the length of an upright solid, for each of many given numbers.

    Midpoint rule with 6000 points: exact to a millionth, kinks and square roots at the ends included.
    """
    n = 6000
    x = HEIGHT_MM * ((np.arange(n) + 0.5) / n - 0.5)
    return section(x[None, :], np.atleast_1d(given)[:, None]).sum(axis=1) * HEIGHT_MM / n


def linear_along(axis: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda points: MIDDLE_GY + SLOPE_GY_PER_MM * points[:, axis]


def inverse_square(axis: int) -> Callable[[np.ndarray], np.ndarray]:
    source = np.zeros(3)
    source[axis] = SOURCE_MM
    return lambda points: AT_MIDDLE_GY * SOURCE_MM**2 / ((points - source) ** 2).sum(axis=1)


def reach_mm(dose_gy: np.ndarray | float) -> np.ndarray:
    """Return the distance from the point source at which a dose is reached."""
    return SOURCE_MM * np.sqrt(AT_MIDDLE_GY / np.asarray(dose_gy))


def level_mm(dose_gy: np.ndarray | float) -> np.ndarray:
    """Return the place along the linear dose at which a dose is reached."""
    return (np.asarray(dose_gy) - MIDDLE_GY) / SLOPE_GY_PER_MM


def ball_above_level(dose_gy: np.ndarray) -> np.ndarray:
    cap = np.clip(RADIUS_MM - level_mm(dose_gy), 0.0, 2 * RADIUS_MM)
    return np.pi * cap**2 * (3 * RADIUS_MM - cap) / 3


def ball_within_reach(dose_gy: np.ndarray) -> np.ndarray:
    """Return the lens that two balls share."""
    r, big, a = reach_mm(dose_gy), RADIUS_MM, SOURCE_MM
    inner = np.clip(r, a - big, a + big)
    return (
        np.pi
        * (big + inner - a) ** 2
        * (a**2 + 2 * a * inner - 3 * inner**2 + 2 * a * big + 6 * inner * big - 3 * big**2)
        / (12 * a)
    )


def cylinder_above_level_along(dose_gy: np.ndarray) -> np.ndarray:
    return np.pi * RADIUS_MM**2 * np.clip(HEIGHT_MM / 2 - level_mm(dose_gy), 0.0, HEIGHT_MM)


def cylinder_above_level_across(dose_gy: np.ndarray) -> np.ndarray:
    return HEIGHT_MM * segment_mm2(np.full(np.shape(dose_gy), RADIUS_MM), level_mm(dose_gy))


def cone_above_level_along(dose_gy: np.ndarray) -> np.ndarray:
    rest = np.clip(HEIGHT_MM / 2 - level_mm(dose_gy), 0.0, HEIGHT_MM)
    return np.pi * (RADIUS_MM / HEIGHT_MM) ** 2 * rest**3 / 3


def cone_above_level_across(dose_gy: np.ndarray) -> np.ndarray:
    return along_axis(lambda x, level: segment_mm2(cone_radius(x), level), level_mm(dose_gy))


def of_revolution_within_reach(radius_at: Callable[[np.ndarray], np.ndarray]) -> VolumeAbove:
    """Return the volume of a solid around the axis that is nearer than a distance to a source on the axis."""

    def section(x: np.ndarray, reach: np.ndarray) -> np.ndarray:
        return np.pi * np.minimum(radius_at(x) ** 2, np.maximum(reach**2 - (SOURCE_MM - x) ** 2, 0.0))

    return lambda dose_gy: along_axis(section, reach_mm(dose_gy))


def cylinder_radius(along: np.ndarray) -> np.ndarray:
    return np.full(np.shape(along), RADIUS_MM)


CYLINDER_MM3 = np.pi * RADIUS_MM**2 * HEIGHT_MM
LINEAR_GY = (MIDDLE_GY - 12 * SLOPE_GY_PER_MM, MIDDLE_GY + 12 * SLOPE_GY_PER_MM)
EXTENT = (-12.0, 12.0)
X, Z = 0, 2

BALL = ("ball", ball_outline, EXTENT, 4 / 3 * np.pi * RADIUS_MM**3)
UPRIGHT_CYLINDER = ("upright cylinder", upright_cylinder_outline, EXTENT, CYLINDER_MM3)
LYING_CYLINDER = ("lying cylinder", lying_cylinder_outline, EXTENT, CYLINDER_MM3)
UPRIGHT_CONE = ("upright cone", upright_cone_outline, EXTENT, CYLINDER_MM3 / 3)
LYING_CONE = ("lying cone", lying_cone_outline, EXTENT, CYLINDER_MM3 / 3)


def at_mm(distance: float) -> float:
    """Return the inverse-square dose at a distance from the source."""
    return AT_MIDDLE_GY * SOURCE_MM**2 / distance**2


def all_cases() -> list[Case]:
    near, far = at_mm(SOURCE_MM - 12), at_mm(SOURCE_MM + 12)
    rim = at_mm(float(np.hypot(SOURCE_MM + 12, RADIUS_MM)))
    cylinder_square, cone_square = (of_revolution_within_reach(each) for each in (cylinder_radius, cone_radius))
    cases = [
        case(BALL, "linear dose across slices", linear_along(Z), ball_above_level, LINEAR_GY),
        case(BALL, "linear dose within slices", linear_along(X), ball_above_level, LINEAR_GY),
        case(BALL, "inverse square", inverse_square(X), ball_within_reach, (far, near)),
    ]
    for solid, along, across in ((UPRIGHT_CYLINDER, Z, X), (LYING_CYLINDER, X, Z)):
        cases += [
            case(solid, "linear dose along it", linear_along(along), cylinder_above_level_along, LINEAR_GY),
            case(solid, "linear dose across it", linear_along(across), cylinder_above_level_across, LINEAR_GY),
            case(solid, "inverse square", inverse_square(along), cylinder_square, (rim, near)),
        ]
    for solid, along, across in ((UPRIGHT_CONE, Z, X), (LYING_CONE, X, Z)):
        cases += [
            case(solid, "linear dose along it", linear_along(along), cone_above_level_along, LINEAR_GY),
            case(solid, "linear dose across it", linear_along(across), cone_above_level_across, LINEAR_GY),
            case(solid, "inverse square", inverse_square(along), cone_square, (rim, near)),
        ]
    return cases


def case(
    solid: tuple[str, Callable[[float], np.ndarray | None], tuple[float, float], float],
    dose: str,
    dose_at: Callable[[np.ndarray], np.ndarray],
    above_mm3: VolumeAbove,
    extremes_gy: tuple[float, float],
) -> Case:
    name, outline, z_range, volume_mm3 = solid
    return Case(f"{name}, {dose}", outline, z_range, volume_mm3, dose_at, above_mm3, *extremes_gy)
