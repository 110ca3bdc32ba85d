"""The contours of one structure, with what is odd about them said once a structure."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from trocar.dicom.attributes import Attributes
from trocar.errors import RefusedObject
from trocar.geometry.contours import CLOSED_KINDS, Contour, ContourKind

PLANAR_WITHIN_MM = 0.01
"""Distance from the best plane up to which a contour counts as planar: coordinates are often written to 0.01 mm."""

PLANAR_AT_ALL_MM = 1.0
"""Distance from the best plane beyond which a closed contour encloses no area one could agree on."""

_KINDS = {kind.value: kind for kind in ContourKind} | {"CLOSED_PLANAR_XOR": ContourKind.CLOSED_PLANAR_XOR}
_FEWEST_POINTS = 3


@dataclass(slots=True)
class _Oddities:
    """What deviates in the contours of one structure, gathered to be said once."""

    without_points: int = 0
    miscounted: int = 0
    too_few_points: int = 0
    several_points: int = 0
    several_images: int = 0
    not_planar_mm: list[float] = field(default_factory=list)


def read_contours(item: Attributes, *, name: str) -> tuple[Contour, ...]:
    """Return the contours of an item of the ROI Contour Sequence, in order.

    Parameters
    ----------
    item
        The item.
    name
        Of the structure, for messages.

    Raises
    ------
    RefusedObject
        Coordinates are incomplete or not numbers, a type is unknown, or a closed contour lies in no plane.
    """
    oddities = _Oddities()
    contours = [_contour(each, name, oddities) for each in item.items("ContourSequence")]
    _report(item, name, oddities)
    return tuple(contour for contour in contours if contour is not None)


def _contour(item: Attributes, name: str, oddities: _Oddities) -> Contour | None:
    numbers = item.numbers_or_none("ContourData")
    if numbers is None:
        oddities.without_points += 1
        return None
    if numbers.size % 3:
        raise RefusedObject(
            "rtstruct.coordinates-incomplete",
            "{where}: a contour of structure {name} has {n} coordinates, which is no multiple of three; "
            "points were lost: export the set again",
            where=item.where,
            name=name,
            n=numbers.size,
        )
    points = numbers.reshape(-1, 3)
    oddities.miscounted += item.integer_or_none("NumberOfContourPoints") != len(points)
    kind = _kind(item, points, oddities)
    if kind in CLOSED_KINDS:
        _judge_plane(item, points, name, oddities)
    images = item.items("ContourImageSequence")
    oddities.several_images += len(images) > 1
    image_uid = images[0].uid_or("ReferencedSOPInstanceUID", "") if images else ""
    return Contour(kind=kind, points_lps_mm=points, image_uid=image_uid)


def _kind(item: Attributes, points: Float[np.ndarray, "n 3"], oddities: _Oddities) -> ContourKind:
    """Return the kind stated, or the kind that so few points can have."""
    kind = item.choice("ContourGeometricType", _KINDS)
    if kind in CLOSED_KINDS and len(points) < _FEWEST_POINTS:
        oddities.too_few_points += 1
        return ContourKind.POINT if len(points) == 1 else ContourKind.OPEN_PLANAR
    oddities.several_points += kind is ContourKind.POINT and len(points) > 1
    return kind


def off_plane_mm(points_lps_mm: Float[np.ndarray, "n 3"]) -> float:
    """Return the greatest distance of points from their best plane."""
    if np.ptp(points_lps_mm, axis=0).min() == 0.0:
        return 0.0
    centred = points_lps_mm - points_lps_mm.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return float(np.abs(centred @ axes[:, 0]).max())


def _judge_plane(item: Attributes, points: Float[np.ndarray, "n 3"], name: str, oddities: _Oddities) -> None:
    distance_mm = off_plane_mm(points)
    if distance_mm > PLANAR_AT_ALL_MM:
        raise RefusedObject(
            "rtstruct.contour-not-planar",
            "{where}: a closed contour of structure {name} leaves its plane by {distance_mm:.1f} mm, so that its area "
            "is not defined; up to {allowed_mm} mm is accepted: draw it again or export it slice by slice",
            where=item.where,
            name=name,
            distance_mm=distance_mm,
            allowed_mm=PLANAR_AT_ALL_MM,
        )
    if distance_mm > PLANAR_WITHIN_MM:
        oddities.not_planar_mm.append(distance_mm)


def _report(item: Attributes, name: str, oddities: _Oddities) -> None:
    noted, file = item.noted, item.file
    if n := oddities.without_points:
        noted.note(
            "rtstruct.contour-without-points",
            "{n} contours of structure {name} have no points; there was nothing to read",
            where=file,
            n=n,
            name=name,
        )
    if n := oddities.miscounted:
        noted.note(
            "rtstruct.points-miscounted",
            "{n} contours of structure {name} state another number of points than they have; all points were read",
            where=file,
            n=n,
            name=name,
        )
    if n := oddities.too_few_points:
        noted.note(
            "rtstruct.too-few-points",
            "{n} closed contours of structure {name} have fewer than three points and enclose nothing; "
            "they were read as a point or a line",
            where=file,
            n=n,
            name=name,
        )
    if n := oddities.several_points:
        noted.note(
            "rtstruct.point-of-several",
            "{n} contours of structure {name} are called a point but have several; all were kept",
            where=file,
            n=n,
            name=name,
        )
    if n := oddities.several_images:
        noted.note(
            "rtstruct.contour-on-several-slices",
            "{n} contours of structure {name} quote more than one slice; the first was kept",
            where=file,
            n=n,
            name=name,
        )
    if oddities.not_planar_mm:
        noted.note(
            "rtstruct.contour-nearly-planar",
            "{n} closed contours of structure {name} leave their plane, by up to {distance_mm:.2f} mm; "
            "they were kept as drawn",
            where=file,
            n=len(oddities.not_planar_mm),
            name=name,
            distance_mm=max(oddities.not_planar_mm),
        )
