"""The margin of an ablation: signed distance from every point of the tumour's surface to the border of the dead zone.

docs/theory/margin.md derives it; equations (margin-1) to (margin-7) are its.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trocar.errors import EvaluateError
from trocar.geometry.mesh import Mesh
from trocar.geometry.mesh_distance import Nearest, nearest_on_mesh, vertex_areas_mm2, vertex_normals
from trocar.geometry.smooth_body import Fit, SmoothBody
from trocar.messages import Message
from trocar.results.ablation_margin import AblationMargin, MarginErrors, MarginInterval, ThinPatch

CAPSULE_MM = 1.5
"""Surfaces nearer to the organ's border than this, or than half the thickest slice, lie on it."""
LEVELS_MM = (0.0, 5.0, 10.0)
SAMPLES = 2000
SAMPLED_POINTS = 1500
VOLUME_STEP_MM = 1.25
MOST_VOLUME_POINTS = 400_000
SMALLEST_PATCH_MM2 = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Margins with the direction in which each grows."""

    signed: Nearest
    asked_mm: Float[np.ndarray, " n"]
    growing: Float[np.ndarray, "n 3"]


def measure_margin(
    lesion: SmoothBody,
    zone: SmoothBody,
    *,
    wanted_mm: float,
    organ: SmoothBody | None = None,
    errors: MarginErrors | None = None,
    seed: int = 1,
) -> AblationMargin:
    """Return the margin of an ablation.

    Parameters
    ----------
    lesion, zone
        Tumour before and dead zone after, in one frame.
    wanted_mm
        Margin aimed at, 0 or more.
    organ
        What they lie in; where it ends no margin is asked. None if not outlined.
    errors
        Errors of registration and outlines for an interval; None for none.
    seed
        Of the Monte Carlo.

    Raises
    ------
    EvaluateError
        A wanted margin or an error below 0.
    """
    _require(wanted_mm, errors)
    vertices = np.asarray(lesion.mesh.vertices_lps_mm)
    measured = _margins(vertices, zone.mesh, organ)
    signed, asked = measured.signed.signed_mm, measured.asked_mm
    area = vertex_areas_mm2(lesion.mesh)
    capsule = _on_capsule(vertices, organ)
    worst = int(np.argmin(asked))
    uncovered, with_margin = _uncovered_ml(lesion.mesh, zone.mesh, organ, wanted_mm)
    return AblationMargin(
        surface=lesion.mesh,
        signed_mm=signed,
        asked_mm=asked,
        area_mm2=area,
        at_capsule=capsule,
        wanted_mm=wanted_mm,
        least_mm=float(asked[worst]),
        least_any_mm=float(signed.min()),
        worst_lps_mm=vertices[worst],
        worst_side=side_of(vertices[worst] - np.average(vertices, axis=0, weights=area)),
        percent_under={level: float(100 * area[asked < level].sum() / area.sum()) for level in LEVELS_MM},
        capsule_covered_mm2=float(area[capsule & (signed >= 0)].sum()),
        capsule_uncovered_mm2=float(area[capsule & (signed < 0)].sum()),
        lesion_ml=lesion.mesh.volume_mm3 / 1000,
        zone_ml=zone.mesh.volume_mm3 / 1000,
        uncovered_ml=uncovered,
        uncovered_with_margin_ml=with_margin,
        patches=_patches(lesion.mesh, asked, area, wanted_mm),
        interval=None if errors is None else _interval(measured, errors, seed=seed),
        remarks=_remarks(lesion, zone, organ),
    )


def _require(wanted_mm: float, errors: MarginErrors | None) -> None:
    numbers = [wanted_mm, *(() if errors is None else (errors.registration_mm, errors.lesion_mm, errors.zone_mm))]
    if not all(np.isfinite(each) and each >= 0 for each in numbers):
        raise EvaluateError(
            "evaluate.margin-errors-negative",
            "a wanted margin and errors of {numbers} mm were given; each must be 0 mm or more",
            numbers=numbers,
        )


def _margins(vertices: np.ndarray, zone: Mesh, organ: SmoothBody | None) -> _Measured:
    """Return signed margins, equation (margin-1), and those asked within the organ, equation (margin-5)."""
    signed = nearest_on_mesh(zone, vertices)
    inside = signed.signed_mm >= 0
    growing = _directions(vertices, signed.places_lps_mm, inside, zone)
    if organ is None:
        return _Measured(signed=signed, asked_mm=signed.signed_mm, growing=growing)
    border = np.asarray(zone.vertices_lps_mm)
    facing = nearest_on_mesh(organ.mesh, border).signed_mm > _capsule_mm(organ)
    asked = signed.signed_mm.copy()
    if facing.all():
        return _Measured(signed=signed, asked_mm=asked, growing=growing)
    if not facing.any():
        asked[inside] = np.inf
    else:
        gaps, places = _to_part(zone, facing, vertices[inside])
        asked[inside] = gaps
        growing[inside] = _directions(vertices[inside], places, np.ones(len(places), bool), zone)
    outside_organ = nearest_on_mesh(organ.mesh, vertices).signed_mm < -_capsule_mm(organ)
    asked[~inside & outside_organ] = np.inf
    if not np.isfinite(asked).any():
        raise EvaluateError(
            "evaluate.margin-nowhere-asked",
            "no part of the zone's border faces the organ, so no margin can be told; check that the organ's outline "
            "belongs to this scan and holds the tumour",
        )
    asked[~np.isfinite(asked)] = np.max(asked[np.isfinite(asked)])
    return _Measured(signed=signed, asked_mm=asked, growing=growing)


def _to_part(zone: Mesh, wanted: Bool[np.ndarray, " n"], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distances to the triangles all of whose corners are wanted, and the nearest places."""
    triangles = np.asarray(zone.triangles)
    kept = triangles[wanted[triangles].all(axis=1)]
    used, renamed = np.unique(kept, return_inverse=True)
    part = Mesh(vertices_lps_mm=np.asarray(zone.vertices_lps_mm)[used], triangles=renamed.reshape(-1, 3))
    nearest = nearest_on_mesh(part, points)
    return np.abs(nearest.signed_mm), nearest.places_lps_mm


def _directions(vertices: np.ndarray, places: np.ndarray, inside: np.ndarray, zone: Mesh) -> np.ndarray:
    """Return the unit vectors along which the margin grows: away from the border inside, towards it outside."""
    away = (vertices - places) * np.where(inside, 1.0, -1.0)[:, None]
    length: np.ndarray = np.linalg.norm(away, axis=1, keepdims=True)
    inward = np.asarray(zone.vertices_lps_mm).mean(axis=0) - vertices
    fallback = inward / np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-9)
    return np.asarray(np.where(length > 1e-6, away / np.maximum(length, 1e-9), fallback))


def _capsule_mm(organ: SmoothBody) -> float:
    return max(CAPSULE_MM, 0.5 * organ.coarsest_mm)


def _on_capsule(vertices: np.ndarray, organ: SmoothBody | None) -> Bool[np.ndarray, " n"]:
    if organ is None:
        return np.zeros(len(vertices), np.bool_)
    return np.asarray(nearest_on_mesh(organ.mesh, vertices).signed_mm < _capsule_mm(organ))


def _uncovered_ml(lesion: Mesh, zone: Mesh, organ: SmoothBody | None, wanted_mm: float) -> tuple[float, float]:
    """Return the volume of the tumour, and of it with its margin in the organ, that lies outside the zone."""
    points, cell_ml = _lattice(np.asarray(lesion.vertices_lps_mm), wanted_mm)
    depth = nearest_on_mesh(lesion, points).signed_mm
    near = depth >= -wanted_mm
    points, depth = points[near], depth[near]
    alive = nearest_on_mesh(zone, points).signed_mm < 0
    points, depth = points[alive], depth[alive]
    in_organ = np.ones(len(points), bool) if organ is None else nearest_on_mesh(organ.mesh, points).signed_mm > 0
    return float((depth > 0).sum() * cell_ml), float((in_organ | (depth > 0)).sum() * cell_ml)


def _lattice(vertices: np.ndarray, reach_mm: float) -> tuple[np.ndarray, float]:
    low, high = vertices.min(axis=0) - reach_mm, vertices.max(axis=0) + reach_mm
    step = max(VOLUME_STEP_MM, float((np.prod(high - low) / MOST_VOLUME_POINTS) ** (1 / 3)))
    axes = [np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3), step**3 / 1000


def _patches(mesh: Mesh, asked: np.ndarray, area: np.ndarray, wanted_mm: float) -> tuple[ThinPatch, ...]:
    """Return the connected pieces of surface with less than the wanted margin, worst first."""
    thin = asked < wanted_mm
    if not thin.any():
        return ()
    triangles = np.asarray(mesh.triangles)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = edges[thin[edges].all(axis=1)]
    links = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(len(thin), len(thin)))
    _, label = connected_components(links, directed=False)
    vertices, normals = np.asarray(mesh.vertices_lps_mm), vertex_normals(mesh)
    middle = np.average(vertices, axis=0, weights=area)
    found = []
    for piece in np.unique(label[thin]):
        rows = np.flatnonzero((label == piece) & thin)
        if area[rows].sum() < SMALLEST_PATCH_MM2:
            continue
        missing = wanted_mm - asked[rows]
        aims = vertices[rows] + normals[rows] * (0.5 * (wanted_mm + asked[rows]))[:, None]
        worst = rows[np.argmin(asked[rows])]
        found.append(
            ThinPatch(
                least_mm=float(asked[worst]),
                worst_lps_mm=vertices[worst],
                aim_lps_mm=np.average(aims, axis=0, weights=area[rows] * missing),
                area_mm2=float(area[rows].sum()),
                side=side_of(vertices[worst] - middle),
            )
        )
    return tuple(sorted(found, key=lambda patch: patch.least_mm))


def side_of(direction_lps: Float[np.ndarray, " 3"]) -> str:
    """Return the letters of a direction, the strongest first: ``L`` left, ``P`` back, ``S`` head and their opposites.

    Examples
    --------
    >>> side_of(np.array([-3.0, 0.2, 2.0]))
    'RS'
    """
    length = float(np.linalg.norm(direction_lps))
    letters = (("L", "R"), ("P", "A"), ("S", "I"))
    order = np.argsort(-np.abs(direction_lps))
    told = [int(axis) for axis in order if abs(direction_lps[axis]) > 0.38 * length]
    return "".join(letters[axis][0 if direction_lps[axis] > 0 else 1] for axis in told)


def _interval(measured: _Measured, errors: MarginErrors, *, seed: int) -> MarginInterval:
    """Return the spread of the least margin by equation (margin-6)."""
    rows = np.argsort(measured.asked_mm)[:SAMPLED_POINTS]
    margins, growing = measured.asked_mm[rows], measured.growing[rows]
    random = np.random.default_rng(seed)
    shift = random.normal(0.0, errors.registration_mm / np.sqrt(3), (SAMPLES, 3))
    swell = random.normal(0.0, np.hypot(errors.lesion_mm, errors.zone_mm), SAMPLES)
    least = np.concatenate([(margins + part @ growing.T).min(axis=1) for part in np.array_split(shift, 20)]) + swell
    low, middle, high = np.percentile(least, (2.5, 50, 97.5))
    return MarginInterval(
        errors=errors,
        low_mm=float(low),
        middle_mm=float(middle),
        high_mm=float(high),
        chance_at_least={level: float((least >= level).mean()) for level in LEVELS_MM},
        samples=SAMPLES,
        seed=seed,
    )


def _remarks(lesion: SmoothBody, zone: SmoothBody, organ: SmoothBody | None) -> tuple[Message, ...]:
    remarks = []
    thickest = max(lesion.coarsest_mm, zone.coarsest_mm)
    if thickest > 3.0:
        remarks.append(
            Message(
                code="evaluate.margin-thick-slices",
                template="slices are {thickest:.1f} mm apart: the margin itself is known to about {error:.1f} mm only",
                data={"thickest": thickest, "error": 0.25 * thickest},
            )
        )
    if Fit.BLURRED in (lesion.fit, zone.fit):
        remarks.append(
            Message(
                code="evaluate.margin-blurred",
                template="an outline is too irregular to be fitted; its surface is smoothed and the margin less exact",
            )
        )
    if organ is None:
        remarks.append(
            Message(
                code="evaluate.margin-no-organ",
                template="no organ was outlined: a margin is asked all around, also where the organ may end",
            )
        )
    return tuple(remarks)
