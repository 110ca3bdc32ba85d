"""Measuring a guide from its triangles alone, as a metrologist would: bores, walls, tightness.

Nothing here knows how the guide was made; it is given triangles as read back from the file, and where to look.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from manifold3d import Manifold, Mesh

from trocar.errors import GuideError
from trocar.geometry.solid import Solid
from trocar.geometry.value import Value, frozen_array

WHOLE_MM = 0.02
"""A bore's cut is whole if its wall departs no more than this from a circle: its polygon does by a thousandth."""

SECTIONS = 9
"""Cuts across each bore."""

MOST_OFFSET_MM, MOST_TILT_DEG = 0.2, 0.2
"""How far a written bore may lie from its needle: a fifth of what a print adds."""

FEWEST_ON_CIRCLE = 16
WIDEST_GAP_RAD = 0.6
"""A cut whose wall is open by more than this is no bore there."""

OPPOSITE = -0.7
"""Cosine between two faces' normals below which they bound one wall; edges and corners are no walls."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredBore(Value):
    """A bore as found in the triangles.

    Parameters
    ----------
    centre_mm
        A point on its axis, in the solid's frame.
    axis
        Unit direction, along the direction looked for.
    diameter_mm
        Mean over the cuts.
    roundness_mm
        Largest departure of a wall point from the mean radius.
    """

    centre_mm: Float[np.ndarray, " 3"]
    axis: Float[np.ndarray, " 3"]
    diameter_mm: float
    roundness_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_mm", frozen_array(self.centre_mm, np.float64))
        object.__setattr__(self, "axis", frozen_array(self.axis, np.float64))

    def offset_mm(self, point_mm: Float[np.ndarray, " 3"]) -> float:
        """Return how far the axis passes from a point."""
        return float(np.linalg.norm(np.cross(point_mm - self.centre_mm, self.axis)))

    def tilt_deg(self, direction: Float[np.ndarray, " 3"]) -> float:
        """Return the angle between the axis and a unit direction."""
        return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(self.axis, direction)), self.axis @ direction)))


def measure_bore(
    solid: Solid, *, from_mm: Float[np.ndarray, " 3"], to_mm: Float[np.ndarray, " 3"], reach_mm: float
) -> MeasuredBore:
    """Return the bore that runs roughly between two points.

    Cuts the triangles by planes between the points, fits a circle to the innermost closed line of each cut, and a line
    to the centres. Cuts through a mouth that was opened on one side show no whole circle and are left out.

    Parameters
    ----------
    from_mm, to_mm
        Rough ends of the part of the bore to measure, in the solid's frame.
    reach_mm
        How far from the rough axis its wall may lie.

    Raises
    ------
    GuideError
        Fewer than three cuts show a wall there.
    """
    axis = (to_mm - from_mm) / np.linalg.norm(to_mm - from_mm)
    circles = []
    for share in np.linspace(0.05, 0.95, SECTIONS):
        at = from_mm + share * (to_mm - from_mm)
        wall = _cut(solid, at, axis)
        circle = _innermost_circle(wall[np.linalg.norm(wall - at, axis=1) < reach_mm], at, axis)
        if circle is not None and circle[2] < WHOLE_MM:
            circles.append(circle)
    if len(circles) < 3:
        raise GuideError(
            "guide.bore-not-found",
            "no open bore was found between {start_mm} and {end_mm} within {reach_mm} mm; do not print this file",
            start_mm=np.round(from_mm, 2).tolist(),
            end_mm=np.round(to_mm, 2).tolist(),
            reach_mm=reach_mm,
        )
    centres = np.array([centre for centre, _, _ in circles])
    middle = centres.mean(axis=0)
    direction = np.linalg.svd(centres - middle)[2][0]
    direction = direction if direction @ axis > 0 else -direction
    return MeasuredBore(
        centre_mm=middle,
        axis=direction,
        diameter_mm=2.0 * float(np.mean([radius for _, radius, _ in circles])),
        roundness_mm=float(max(out for _, _, out in circles)),
    )


def require_true_bore(
    bore: MeasuredBore, number: int, *, entry_mm: Float[np.ndarray, " 3"], way: Float[np.ndarray, " 3"]
) -> None:
    """Raise unless a measured bore runs where its needle was planned.

    Raises
    ------
    GuideError
        It passes the entry at `MOST_OFFSET_MM` or more, or is tilted by `MOST_TILT_DEG` or more.
    """
    offset_mm, tilt_deg = bore.offset_mm(entry_mm), bore.tilt_deg(way)
    if offset_mm >= MOST_OFFSET_MM or tilt_deg >= MOST_TILT_DEG:
        raise GuideError(
            "guide.bore-off-needle",
            "the bore of needle {number} as written lies {offset_mm:.2f} mm and {tilt_deg:.2f}° off its needle, "
            "less than {most_mm} mm and {most_deg}° are allowed; do not print this guide and report it",
            number=number,
            offset_mm=offset_mm,
            tilt_deg=tilt_deg,
            most_mm=MOST_OFFSET_MM,
            most_deg=MOST_TILT_DEG,
        )


def _innermost_circle(
    near_mm: np.ndarray, at_mm: np.ndarray, normal: np.ndarray
) -> tuple[np.ndarray, float, float] | None:
    """Return the circle through the wall round the axis, or None where a cut shows no closed one.

    Beside the bore a cut may show skin, letters or the sleeve's outside: what lies off the first circle is dropped and
    the circle fitted again; where the points left do not go all the way round, the cut is not used.
    """
    for allowed_mm in (0.5, 0.15, 0.05):
        if len(near_mm) < FEWEST_ON_CIRCLE:
            return None
        centre, radius, _ = _circle(near_mm, at_mm, normal)
        if allowed_mm == 0.5:
            radius = float(np.percentile(np.linalg.norm(near_mm - centre, axis=1), 20.0))
        off = np.abs(np.linalg.norm(near_mm - centre, axis=1) - radius)
        near_mm = near_mm[off < allowed_mm]
    if len(near_mm) < FEWEST_ON_CIRCLE or _widest_gap(near_mm, normal) > WIDEST_GAP_RAD:
        return None
    return _circle(near_mm, at_mm, normal)


def _widest_gap(points_mm: np.ndarray, normal: np.ndarray) -> float:
    """Return the widest angle, seen from their middle, in which no point lies."""
    side, other = _plane_axes(normal)
    away = points_mm - points_mm.mean(axis=0)
    angles = np.sort(np.arctan2(away @ other, away @ side))
    return float(np.diff(np.append(angles, angles[0] + 2.0 * np.pi)).max())


def _plane_axes(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = np.cross(normal, (1.0, 0.0, 0.0) if abs(normal[0]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    return side, np.cross(normal, side)


def _cut(solid: Solid, at_mm: np.ndarray, normal: np.ndarray) -> Float[np.ndarray, "n 3"]:
    """Return the points where the triangles' edges cross a plane."""
    height = (solid.vertices_mm - at_mm) @ normal
    pairs = np.concatenate([solid.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    low, high = height[pairs[:, 0]], height[pairs[:, 1]]
    across = (low < 0) != (high < 0)
    share = (low[across] / (low[across] - high[across]))[:, None]
    a, b = solid.vertices_mm[pairs[across, 0]], solid.vertices_mm[pairs[across, 1]]
    points: np.ndarray = a + share * (b - a)
    return points


def _circle(points_mm: np.ndarray, at_mm: np.ndarray, normal: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return centre, radius and worst departure of the least-squares circle (Kåsa) through points of a plane."""
    side, other = _plane_axes(normal)
    x, y = (points_mm - at_mm) @ side, (points_mm - at_mm) @ other
    matrix = np.stack([x, y, np.ones_like(x)], axis=1)
    (a, b, c), *_ = np.linalg.lstsq(matrix, x**2 + y**2, rcond=None)
    radius = float(np.sqrt(c + 0.25 * (a * a + b * b)))
    out = float(np.abs(np.hypot(x - a / 2, y - b / 2) - radius).max())
    return at_mm + 0.5 * a * side + 0.5 * b * other, radius, out


def wall_thickness_mm(solid: Solid, *, samples: int, generator: np.random.Generator) -> Float[np.ndarray, " n"]:
    """Return thicknesses met by rays shot inward from random points of the surface.

    A ray counts where it leaves through a face nearly opposite to the one it entered by, so that edges are not
    taken for walls; the two flanks of a raised letter's stroke are one.
    """
    corners = solid.vertices_mm[solid.triangles]
    crossed = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(crossed, axis=1)
    normals = crossed / np.maximum(area, 1e-12)[:, None]
    chosen = generator.choice(len(area), size=samples, p=area / area.sum())
    weights = generator.dirichlet((1.0, 1.0, 1.0), size=samples)
    starts = np.einsum("sc,scd->sd", weights, corners[chosen])
    body = Manifold(
        Mesh(
            vert_properties=solid.vertices_mm.astype(np.float32),
            tri_verts=solid.triangles.astype(np.uint32),
        )
    )
    reach = float(np.linalg.norm(solid.extent_mm))
    found = []
    for start, normal in zip(starts, normals[chosen], strict=True):
        inward = start - 1e-3 * normal
        hits = body.ray_cast(tuple(inward), tuple(start - reach * normal))
        if hits and float(np.dot(hits[0].normal, normal)) < OPPOSITE:
            found.append(float(np.linalg.norm(np.asarray(hits[0].position) - start)))
    return np.array(found)
