"""Outline a mass from one click: grow through what looks alike, cut thin necks, smooth; then edit by hand."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter, label, maximum_filter

from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.level_lines import level_lines
from trocar.plan.structures import Structure

LOOK_MM = 3.0
"""Radius of the ball about the click in which the tissue is measured."""

EVEN_HU = 150.0
"""Where HU differ by more than this about the click, it is not one tissue."""

LEAST_SPREAD = 8.0
"""Smallest spread taken for the tissue, in units of the picture: a very even ball must not shut its own border out."""

RIM_MM, BESIDE_MM = 2.5, 4.0
"""How far the half-way border may lie beyond what looks alike, and where the neighbouring tissue is looked for."""

SMOOTH_MM = 1.2
"""Blur of the mask before its outline is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GrowRules(Value):
    """How a mass is grown.

    Parameters
    ----------
    blur_mm
        Blur of the picture before it is compared with the tissue at the click.
    spreads
        How many times the spread of that tissue a voxel may differ from its middle.
    neck_mm
        Parts that hang on by necks thinner than this are cut off: vessels, bronchi, adhesions to the chest wall.
    most_radius_mm
        Nothing farther from the click is taken.
    """

    blur_mm: float
    spreads: float
    neck_mm: float
    most_radius_mm: float

    def __post_init__(self) -> None:
        values = (self.blur_mm, self.spreads, self.neck_mm, self.most_radius_mm)
        if not (min(values) >= 0 and self.spreads > 0 and self.most_radius_mm > 0):
            raise ImagingError(
                "imaging.grow-rules-negative",
                "a mass was to be grown with blur, spreads, neck and radius of {values}; "
                "all must be 0 or more, spreads and radius above 0",
                values=values,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grown(Value):
    """A mass as grown or edited.

    Parameters
    ----------
    mask_kji
        1 inside.
    grid
        Its voxels.
    tissue
        Middle and spread of the tissue at the click, in units of the picture.
    """

    mask_kji: Bool[np.ndarray, "k j i"]
    grid: Grid
    tissue: tuple[float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask_kji", frozen_array(self.mask_kji, np.bool_))

    @property
    def volume_cc(self) -> float:
        """Volume of its voxels."""
        return float(np.count_nonzero(self.mask_kji)) * self.grid.voxel_volume_mm3 * 1e-3

    def structure(self, *, number: int, name: str, instance_uids: tuple[str, ...] = ()) -> Structure:
        """Return it as a structure of type GTV with smooth outlines."""
        soft = gaussian_filter(self.mask_kji.astype(np.float32), _voxels(self.grid, SMOOTH_MM, flat=True))
        contours = level_lines(soft, self.grid, level=0.5, outside=0.0, instance_uids=instance_uids, least_area_mm2=4.0)
        return Structure(number=number, name=name, contours=contours, interpreted_type="GTV")


def grow_mass(
    picture: Volume,
    click_lps_mm: Float[np.ndarray, " 3"],
    rules: GrowRules,
    *,
    within: Bool[np.ndarray, "k j i"] | None = None,
) -> Grown:
    """Return the mass about a click.

    Parameters
    ----------
    picture
        CT in HU, or MR.
    click_lps_mm
        A point well inside the mass.
    rules
        How far to go.
    within
        Where it may grow, such as an organ; None for everywhere.

    Raises
    ------
    ImagingError
        The click lies outside the picture, the allowed region or at a border, or nothing grows there.
    """
    box = _box(picture.grid, click_lps_mm, rules.most_radius_mm)
    near = _distance_mm(picture.grid, box, click_lps_mm)
    blurred = gaussian_filter(picture.values_kji[box].astype(np.float32), _voxels(picture.grid, rules.blur_mm))
    look_mm = max(LOOK_MM, 1.2 * max(picture.grid.spacing_ijk_mm))
    look = near <= look_mm
    middle = float(np.median(blurred[look]))
    spread = max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(blurred[look] - middle))))
    low, high = (float(each) for each in np.quantile(blurred[look], (0.1, 0.9)))
    if picture.quantity is Quantity.HOUNSFIELD and high - low > EVEN_HU:
        raise ImagingError(
            "imaging.click-at-border",
            "the tissue within {look_mm:.1f} mm of the click at {click} is uneven ({low:.0f} to {high:.0f} HU): "
            "the click lies at a border; click the middle of the mass",
            look_mm=look_mm,
            click=np.round(click_lps_mm, 1).tolist(),
            low=low,
            high=high,
        )
    alike = (np.abs(blurred - middle) <= rules.spreads * spread) & (near <= rules.most_radius_mm)
    if within is not None:
        alike &= within[box]
    start = tuple(int(n) for n in np.unravel_index(int(np.argmin(near)), near.shape))
    mass = _cut_necks(alike, start, picture.grid, rules.neck_mm)
    if not mass.any():
        raise ImagingError(
            "imaging.nothing-grows",
            "nothing grows from the click at {click}: the tissue there ({middle:.0f} ± {spread:.0f}) is thinner than "
            "{neck_mm} mm or outside the allowed region; click the middle of the mass or allow thinner necks",
            click=np.round(click_lps_mm, 1).tolist(),
            middle=middle,
            spread=spread,
            neck_mm=rules.neck_mm,
        )
    mass = _to_half_level(mass, np.abs(blurred - middle), picture.grid, within=None if within is None else within[box])
    mass &= near <= rules.most_radius_mm
    mask = np.zeros(picture.grid.shape_kji, np.bool_)
    mask[box] = np.stack([binary_fill_holes(plane) for plane in mass])
    return Grown(mask_kji=mask, grid=picture.grid, tissue=(middle, spread))


def _voxels(grid: Grid, length_mm: float, *, flat: bool = False) -> tuple[float, float, float]:
    """Return a length in voxels along k, j and i; ``flat`` leaves thick slices alone."""
    di, dj, dk = grid.spacing_ijk_mm
    return (0.0 if flat and dk > 2 * length_mm else length_mm / dk, length_mm / dj, length_mm / di)


def _box(grid: Grid, click: Float[np.ndarray, " 3"], radius_mm: float) -> tuple[slice, slice, slice]:
    if not grid.contains(click[None])[0]:
        raise ImagingError(
            "imaging.click-outside",
            "the click at {click} lies outside the picture; click inside the mass",
            click=np.round(click, 1).tolist(),
        )
    centre = grid.index_ijk(click)
    reach = (radius_mm + 6.0) / np.array(grid.spacing_ijk_mm)
    low = np.maximum(np.floor(centre - reach), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach) + 1, grid.shape_kji[::-1]).astype(int)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return k, j, i


def _distance_mm(
    grid: Grid, box: tuple[slice, slice, slice], point: Float[np.ndarray, " 3"]
) -> Float[np.ndarray, "k j i"]:
    k, j, i = (np.arange(part.start, part.stop, dtype=np.float64) for part in box)
    step_i, step_j, step_k = grid.steps_lps_mm
    offset = (i[None, None, :, None] * step_i + j[None, :, None, None] * step_j + k[:, None, None, None] * step_k) + (
        grid.origin_lps_mm - point
    )
    return np.asarray(np.linalg.norm(offset, axis=-1))


def _cut_necks(
    alike: Bool[np.ndarray, "k j i"], start: tuple[int, ...], grid: Grid, neck_mm: float
) -> Bool[np.ndarray, "k j i"]:
    """Return the part about the start that stays in one piece when everything thinner than the neck is taken away."""
    spacing = grid.spacing_ijk_mm[::-1]
    parts, _ = label(alike)
    whole = parts == parts[start] if parts[start] else np.zeros_like(alike)
    if neck_mm == 0 or not whole.any():
        return whole
    depth = distance_transform_edt(np.pad(whole, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    cores, count = label(depth > 0.5 * neck_mm)
    if not count:
        return np.zeros_like(alike)
    mine = cores == (cores[start] or _nearest(cores, start, spacing))
    return np.asarray(whole & (distance_transform_edt(~mine, sampling=spacing) <= 0.5 * neck_mm + max(spacing[1:])))


def _to_half_level(
    mass: Bool[np.ndarray, "k j i"],
    unlike: Float[np.ndarray, "k j i"],
    grid: Grid,
    *,
    within: Bool[np.ndarray, "k j i"] | None,
) -> Bool[np.ndarray, "k j i"]:
    """Return the mass out to where the picture is half way to what lies beside it: there a blurred border truly is."""
    spacing = grid.spacing_ijk_mm[::-1]
    size = tuple(2 * max(1, round(BESIDE_MM / step)) + 1 for step in spacing)
    beside = maximum_filter(unlike, size=size)
    # one voxel at least: with voxels longer than the rim there would be none
    shares = tuple(step / max(RIM_MM, step) for step in spacing)
    rim = distance_transform_edt(~mass, sampling=shares) <= 1.0
    more = rim & (unlike < 0.5 * beside)
    if within is not None:
        more &= within
    return np.asarray(mass | more)


def _nearest(cores: np.ndarray, start: tuple[int, ...], spacing: tuple[float, ...]) -> int:
    """Return the core nearest to the start."""
    places = np.argwhere(cores > 0)
    away = np.linalg.norm((places - np.array(start)) * np.array(spacing), axis=1)
    return int(cores[tuple(places[int(np.argmin(away))])])


def painted(grown: Grown, *, centre_lps_mm: Float[np.ndarray, " 3"], radius_mm: float) -> Grown:
    """Return the mass with a ball added by hand."""
    return _with_ball(grown, centre_lps_mm, radius_mm, inside=True)


def erased(grown: Grown, *, centre_lps_mm: Float[np.ndarray, " 3"], radius_mm: float) -> Grown:
    """Return the mass with a ball taken away by hand."""
    return _with_ball(grown, centre_lps_mm, radius_mm, inside=False)


def _with_ball(grown: Grown, centre: Float[np.ndarray, " 3"], radius_mm: float, *, inside: bool) -> Grown:
    box = _box(grown.grid, centre, radius_mm)
    mask = np.array(grown.mask_kji)
    mask[box][_distance_mm(grown.grid, box, centre) <= radius_mm] = inside
    return replace(grown, mask_kji=mask)
