"""Finding implanted seeds on a CT by the physics of the picture: a seed is a short line, blurred by the scanner.

Bright things are taken apart into as many such lines as their brightness holds; brightness summed over volume is the
same for every seed of a scan, whatever its direction. Nothing is trained.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation

from trocar.errors import ImagingError
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.kernels import add_line
from trocar.imaging.seed_evidence import Surroundings, confidences, log_odds, log_odds_of_place
from trocar.imaging.seed_fit import (
    HOPELESS,
    LONG_THING,
    REACH_MM,
    SAME_PLACE_MM,
    ClusterFit,
    Patch,
    Picture,
    drawn_along,
    fit_cluster,
)
from trocar.imaging.seed_picture import measure_picture
from trocar.imaging.seed_things import (
    CONNECTED,
    DIM_HU,
    DIM_SHARE_OF_PEAK,
    DIMMEST_HU,
    HIGHEST_SHARE,
    SHARE_OF_PEAK,
    Thing,
    brighter_parts,
    patch_of,
    things_above,
    typical_peak,
)
from trocar.imaging.seed_trust import SHARP, Trust, near_plan, sharpness, trust_in
from trocar.imaging.seed_ways import common_way
from trocar.results.seeds_seen import FoundSeed, Localisation, SeedBody, Verdict

SURE, POSSIBLE = 0.5, 0.1
"""Confidence from which a thing is taken for a seed, and from which a person is asked."""

MOST_IN_A_CLUSTER = 40
"""Touching seeds beyond this number are not taken apart: it is a prosthesis, a stent or contrast."""

LEAST_CONTRAST, LEAST_CONTRAST_OF_GROUP = 0.25, 0.45
"""Contrast of the brightest voxel, relative to a lone seed's usual one, of one or two seeds, and of more."""

WORTH_LEFT = 0.25
"""Things of which more is left unexplained are not fitted again."""

CLOSE, GOOD_LEFT = 0.08, 0.12
"""Two readings whose scores differ by less are close; things of which less is left unexplained count as seeds."""

SHARED = (0.7, 1.4)
"""A number of seeds that a count decides for leaves each about the brightness of a seed, within this range."""

ABLE_MASS, ABLE_EXPLAINED, SURELY_EXPLAINED = (0.3, 3.0), 0.6, 0.88
"""Lines outside this range of brightness, or that explain less of their surroundings, are no seeds; and surely one."""

DOUBT = 5.0
"""Log-odds taken from every line of a scan that may show no seed at all: a person is asked, none is taken for sure, and
the number implanted adds nothing."""

SURELY_MASS = (0.6, 1.4)
"""Brightness of those that the needles' direction is taken from."""

LEAST_DIM, DIM_NEAR_MM = 0.25, 20.0
"""The second look: a thing holds this share of a seed's brightness, and lies so near a line that is surely a seed."""

DENSE = 2.5
"""Many seeds are not packed side by side: their number is no more than this many times that of a train as long."""

TAKEN_MM = 2.4
"""Voxels so near a line of the first look belong to it: the second look leaves them out."""


def find_seeds(
    scan: Volume,
    body: SeedBody,
    *,
    expected: int | None = None,
    within: Bool[np.ndarray, "k j i"] | None = None,
    planned_lps_mm: Float[np.ndarray, "n 3"] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Localisation:
    """Return every seed the scan shows, and what is doubtful.

    Parameters
    ----------
    scan
        HU, slices from 0.5 to 5 mm.
    body
        What a seed looks like.
    expected
        How many were implanted, if known: used only to decide between readings of touching seeds that explain the
        picture about equally well.
    within
        Where to look; None for the whole scan.
    planned_lps_mm
        Where seeds were planned, in the frame of the scan: far from there, teeth, clips and bone are likelier than a
        seed, and only what is plainly one is taken for one.
    progress
        Called with the share done.

    Raises
    ------
    ImagingError
        The scan is not in HU, or shows no seed.
    """
    if scan.quantity is not Quantity.HOUNSFIELD:
        raise ImagingError(
            "imaging.seeds-need-hu",
            "a scan in {quantity} was given; seeds are looked for on CT in HU",
            quantity=scan.quantity.value,
        )
    look = _Look.at(scan, within)
    patches = [patch for _, patch in look.first]
    planned_mm = _in_scan_axes(scan, planned_lps_mm)
    picture = _picture_of(patches, body, scan.grid.spacing_ijk_mm[2], planned_mm)
    if picture is None:
        raise _nothing_found(len(patches), body)
    reader = _Reader(picture)
    trust = trust_in(patches, picture, reader.fits, planned_mm=planned_mm)
    if trust is Trust.NONE:
        raise _nothing_found(len(patches), body)
    lines = _read_all(look, reader, expected, progress)
    lines, odds = _one_a_place(lines, look, picture)
    if trust is Trust.DOUBT:
        odds, expected = odds - DOUBT, None
    found = _judged(lines, odds, picture, scan, expected=expected, planned_lps_mm=planned_lps_mm)
    if not found:
        raise _nothing_found(len(patches), body)
    return Localisation(found=found, blur_mm=picture.blur_mm, seed_mass_hu_mm3=picture.mass_hu_mm3)


def _in_scan_axes(scan: Volume, places_lps_mm: np.ndarray | None) -> np.ndarray | None:
    """Return places as mm along the scan's own axes."""
    if places_lps_mm is None or not len(places_lps_mm):
        return None
    unit_steps = scan.grid.steps_lps_mm / np.array(scan.grid.spacing_ijk_mm)[:, None]
    return np.asarray((places_lps_mm - scan.grid.origin_lps_mm) @ np.linalg.inv(unit_steps))


def _picture_of(patches: list[Patch], body: SeedBody, slice_mm: float, planned_mm: np.ndarray | None) -> Picture | None:
    """Return how the scan shows a seed: by what lies near the plan, or else by all its things; None without any."""
    if planned_mm is not None and (near := near_plan(patches, planned_mm)):
        picture = measure_picture(near, body, slice_mm)
        if picture is not None and sharpness(picture) >= SHARP:
            return picture
    return measure_picture(patches, body, slice_mm) if patches else None


def _nothing_found(looked_at: int, body: SeedBody) -> ImagingError:
    return ImagingError(
        "imaging.no-seed-found",
        "no seed was found: {n} bright things were looked at, none is a line of {length_mm} mm as bright as a seed; "
        "check that this is the scan after the implant and that it covers the target",
        n=looked_at,
        length_mm=body.length_mm,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The scan as it is looked at: its bright things, and the levels above which they are."""

    values_kji: np.ndarray
    allowed: np.ndarray | None
    spacing_kji: np.ndarray
    typical_hu: float
    bright: np.ndarray
    first: list[tuple[Thing, Patch]]

    @classmethod
    def at(cls, scan: Volume, within: np.ndarray | None) -> "_Look":
        """Find the bright things of a scan."""
        values, spacing = scan.values_kji, np.array(scan.grid.spacing_ijk_mm[::-1])
        typical = typical_peak(values, within)
        level = max(DIMMEST_HU, SHARE_OF_PEAK * typical)
        bright = values > level if within is None else within & (values > level)
        first = []
        for thing in things_above(values, bright, level, HIGHEST_SHARE * typical, spacing):
            patch = patch_of(values, bright, thing, spacing)
            if patch is not None:
                first.append((thing, patch))
        return cls(
            values_kji=values, allowed=within, spacing_kji=spacing, typical_hu=typical, bright=bright, first=first
        )

    @property
    def highest_hu(self) -> float:
        """Level above which no thing is taken apart further."""
        return HIGHEST_SHARE * self.typical_hu

    def brighter(self, thing: Thing) -> list[tuple[Thing, Patch]]:
        """Return what stands out of a thing."""
        found = []
        for part in brighter_parts(self.values_kji, thing, self.highest_hu, self.spacing_kji):
            patch = patch_of(self.values_kji, np.zeros_like(self.bright), part, self.spacing_kji)
            if patch is not None:
                found.append((part, patch))
        return found

    def second(self, rows: np.ndarray, picture: Picture) -> list[Patch]:
        """Return dimmer things away from the lines already found, with those lines taken off."""
        level = max(DIM_HU, DIM_SHARE_OF_PEAK * self.typical_hu)
        dim = self.values_kji > level
        if self.allowed is not None:
            dim &= self.allowed
        _leave_out(dim, rows, picture.half_mm, self.spacing_kji)
        dim &= ~binary_dilation(self.bright, structure=CONNECTED)
        dim &= _near(rows, dim.shape, self.spacing_kji)
        found = []
        for thing in things_above(self.values_kji, dim, level, level, self.spacing_kji):
            patch = patch_of(self.values_kji, self.bright, thing, self.spacing_kji)
            if patch is not None and patch.mass_hu_mm3 > LEAST_DIM * picture.seen_mass_hu_mm3:
                found.append(_without(patch, rows, picture))
        return found


def _leave_out(dim: np.ndarray, rows: np.ndarray, half_mm: float, spacing_kji: np.ndarray) -> None:
    """Clear the voxels near lines."""
    steps = np.linspace(-half_mm, half_mm, 5)
    reach = np.ceil((TAKEN_MM + half_mm) / spacing_kji).astype(int) + 1
    for row in rows:
        middle = np.rint(row[2::-1] / spacing_kji).astype(int)
        low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, dim.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        if any(part.start >= part.stop for part in box):
            continue
        places = (np.indices(dim[box].shape).reshape(3, -1).T + low) * spacing_kji
        points = row[:3] + steps[:, None] * row[3:6]
        away = np.linalg.norm(places[:, None, ::-1] - points[None], axis=2).min(axis=1)
        dim[box] &= (away > TAKEN_MM).reshape(dim[box].shape)


def _near(rows: np.ndarray, shape_kji: tuple[int, ...], spacing_kji: np.ndarray) -> np.ndarray:
    """Return where dim seeds may be: beside other seeds, whose shadows dim them."""
    near = np.zeros(shape_kji, dtype=bool)
    reach = np.ceil(DIM_NEAR_MM / spacing_kji).astype(int)
    for row in rows:
        middle = np.rint(row[2::-1] / spacing_kji).astype(int)
        low, high = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, shape_kji)
        near[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = True
    return near


def _without(patch: Patch, rows: np.ndarray, picture: Picture) -> Patch:
    near = [row for row in rows if np.linalg.norm(patch.points_mm - row[:3], axis=1).min() < REACH_MM]
    observed = patch.observed_hu.copy()
    for row in near:
        add_line(patch.points_mm, row, picture.half_mm, picture.sigma, observed, -1.0)
    return replace(patch, observed_hu=np.maximum(observed, patch.background_hu - 200.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of the chosen reading of a thing."""

    row: np.ndarray
    explained: float
    sd_mm: float
    sd_deg: float
    share_left: float
    patch: Patch
    cluster: int

    def may_be_seed(self, picture: Picture) -> bool:
        """Whether it is worth a closer look."""
        low, high = ABLE_MASS
        return self.explained > ABLE_EXPLAINED and bool(low < self.row[6] / picture.mass_hu_mm3 < high)

    def log_odds(self, surroundings: Surroundings) -> float:
        """Return the log-odds of its being a seed, by the picture alone."""
        return log_odds(
            surroundings.evidence(self.row, self.patch, explained=self.explained, share_left=self.share_left)
        )

    def seen(self, place_lps_mm: np.ndarray, axis_lps: np.ndarray, confidence: float, mass_hu_mm3: float) -> FoundSeed:
        """Return it as a found seed."""
        return FoundSeed(
            position_lps_mm=place_lps_mm,
            axis_lps=axis_lps,
            confidence=confidence,
            verdict=Verdict.SEED if confidence >= SURE else Verdict.DOUBTFUL,
            position_sd_mm=self.sd_mm,
            cluster=self.cluster,
            mass_ratio=float(self.row[6] / mass_hu_mm3),
            explained=self.explained,
            axis_sd_deg=self.sd_deg,
        )


class _Reader:
    """Readings of things as a picture shows seeds; a thing looked at twice is fitted once."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._known: dict[int, tuple[Patch, list[ClusterFit]]] = {}

    def fits(self, patch: Patch) -> list[ClusterFit]:
        """Return the readings of a thing, the best first; none where it is too much."""
        if id(patch) not in self._known:
            self._known[id(patch)] = patch, _fits(patch, self.picture)
        return self._known[id(patch)][1]


def _read_all(
    look: _Look, reader: _Reader, expected: int | None, progress: Callable[[float], None] | None
) -> list[_Line]:
    told = progress or (lambda share: None)
    picture = reader.picture
    waiting = list(look.first)
    readings: list[tuple[Patch, list[ClusterFit]]] = []
    done, whole = 0, max(len(waiting), 1)
    while waiting:
        thing, patch = waiting.pop()
        done += 1
        told(0.8 * min(done / whole, 1.0))
        if not _is_bright_enough(patch, picture):
            continue
        fits = reader.fits(patch)
        if fits and fits[0].share_left < 1.0 - HOPELESS:
            readings.append((patch, fits))
        else:
            parts = look.brighter(thing)
            waiting += parts
            whole += len(parts)
            if not parts and fits:
                readings.append((patch, fits[:1]))
    chosen = _settled([fits for _, fits in readings], expected, picture)
    picture = _with_way(picture, chosen)
    if picture.way is not None:
        chosen = [
            drawn_along(patch, picture, fit) if fit.share_left < WORTH_LEFT else fit
            for (patch, _), fit in zip(readings, chosen, strict=True)
        ]
    lines = [
        line
        for number, ((patch, _), fit) in enumerate(zip(readings, chosen, strict=True))
        for line in _lines(fit, patch, number)
    ]
    lines = [line for line in lines if line.may_be_seed(picture)]
    sure = [line.row for line in lines if line.explained > SURELY_EXPLAINED]
    for number, patch in enumerate(look.second(np.array(sure).reshape(-1, 8), picture), start=len(readings)):
        fits = _fits(patch, picture) if _is_bright_enough(patch, picture) else []
        if fits:
            lines += [line for line in _lines(fits[0], patch, number) if line.may_be_seed(picture)]
    told(1.0)
    return lines


def _with_way(picture: Picture, chosen: list[ClusterFit]) -> Picture:
    """Return the picture with the needles' common direction, as the surest seeds show it."""
    low, high = SURELY_MASS
    sure = [
        row[:3]
        for fit in chosen
        for row, share in zip(fit.rows, fit.explained, strict=True)
        if share > SURELY_EXPLAINED and low < row[6] / picture.mass_hu_mm3 < high and fit.share_left < GOOD_LEFT
    ]
    return replace(picture, way=common_way(np.array(sure).reshape(-1, 3), picture.slice_mm))


def _is_bright_enough(patch: Patch, picture: Picture) -> bool:
    """Say whether a thing can be seeds: one may be dim in another's shadow, a group has bright ones among them."""
    count = max(patch.count_by_mass(picture), patch.count_by_length(picture))
    least = LEAST_CONTRAST_OF_GROUP if count > 2 else LEAST_CONTRAST
    return bool(patch.contrast_hu > least * picture.contrast_hu)


def _fits(patch: Patch, picture: Picture) -> list[ClusterFit]:
    """Return the readings of a thing, the best first; none where it is too much."""
    by_mass, by_length = patch.count_by_mass(picture), patch.count_by_length(picture)
    if max(by_mass, by_length) > MOST_IN_A_CLUSTER or (by_mass > LONG_THING and by_mass > DENSE * by_length):
        return []
    return sorted(fit_cluster(patch, picture), key=lambda fit: fit.score)


def _lines(fit: ClusterFit, patch: Patch, number: int) -> list[_Line]:
    return [
        _Line(
            row=row,
            explained=float(share),
            sd_mm=float(sd_mm),
            sd_deg=float(sd_deg),
            share_left=fit.share_left,
            patch=patch,
            cluster=number,
        )
        for row, share, (sd_mm, sd_deg) in zip(fit.rows, fit.explained, fit.spreads, strict=True)
    ]


def _one_a_place(lines: list[_Line], look: _Look, picture: Picture) -> tuple[list[_Line], np.ndarray]:
    """Return lines with their log-odds; of lines in one place, which two looks can find, the likelier only."""
    odds = _log_odds(lines, look, picture)
    kept: list[int] = []
    for number in np.argsort(-odds):
        here = lines[number].row[:3]
        if all(np.linalg.norm(lines[other].row[:3] - here) > SAME_PLACE_MM for other in kept):
            kept.append(int(number))
    if len(kept) == len(lines):
        return lines, odds
    left = [lines[number] for number in kept]
    return left, _log_odds(left, look, picture)


def _log_odds(lines: list[_Line], look: _Look, picture: Picture) -> np.ndarray:
    surroundings = Surroundings(
        values_kji=look.values_kji,
        spacing_kji=look.spacing_kji,
        picture=picture,
        rows=np.array([line.row for line in lines]).reshape(-1, 8),
    )
    return np.array([line.log_odds(surroundings) for line in lines])


def _judged(
    lines: list[_Line],
    odds: np.ndarray,
    picture: Picture,
    scan: Volume,
    *,
    expected: int | None,
    planned_lps_mm: Float[np.ndarray, "n 3"] | None,
) -> tuple[FoundSeed, ...]:
    """Return lines with their confidence, the surest first; those that nobody need look at are left out."""
    unit_steps = scan.grid.steps_lps_mm / np.array(scan.grid.spacing_ijk_mm)[:, None]
    rows = np.array([line.row for line in lines]).reshape(-1, 8)
    places = scan.grid.origin_lps_mm + rows[:, :3] @ unit_steps
    if planned_lps_mm is not None and len(planned_lps_mm) and len(places):
        away = np.linalg.norm(places[:, None] - planned_lps_mm[None], axis=2).min(axis=1)
        odds = odds + log_odds_of_place(away)
    found = [
        line.seen(place, line.row[3:6] @ unit_steps, float(confidence), picture.mass_hu_mm3)
        for line, place, confidence in zip(lines, places, confidences(odds, expected), strict=True)
        if confidence >= POSSIBLE
    ]
    return tuple(sorted(found, key=lambda seed: -seed.confidence))


def _settled(readings: list[list[ClusterFit]], expected: int | None, picture: Picture) -> list[ClusterFit]:
    """Return one reading a bright thing; a known count decides close calls between the best two able ones."""
    chosen = [fits[0] for fits in readings]
    if expected is None:
        return chosen
    preference = [fits[1].score - fits[0].score if len(fits) > 1 else np.inf for fits in readings]
    good = [fits[0].share_left < GOOD_LEFT for fits in readings]
    for place in np.argsort(preference):
        if preference[place] >= CLOSE or not good[place]:
            continue
        if not SHARED[0] < readings[place][1].rows[:, 6].mean() / picture.mass_hu_mm3 < SHARED[1]:
            continue
        missing = expected - sum(len(fit.rows) for fit, counts in zip(chosen, good, strict=True) if counts)
        change = len(readings[place][1].rows) - len(readings[place][0].rows)
        if abs(missing - change) < abs(missing):
            chosen[place] = readings[place][1]
    return chosen
