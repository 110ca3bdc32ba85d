"""Finding implanted seeds on a CT by the physics of the picture: a seed is a short line, blurred by the scanner.

Bright things are taken apart into as many such lines as their brightness holds; brightness summed over volume is the
same for every seed of a scan, whatever its direction. Nothing is trained.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, label, maximum

from trocar.errors import ImagingError
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seed_fit import ClusterFit, Patch, Picture, fit_cluster
from trocar.imaging.seed_picture import measure_picture
from trocar.results.seeds_seen import FoundSeed, Localisation, SeedBody, Verdict

DIMMEST_HU = 600.0
"""Nothing darker than this at its brightest voxel is looked at: seeds show thousands even in 5 mm slices."""

SHARE_OF_PEAK = 0.4
"""Voxels above this share of the typical peak belong to a bright thing: parts neighbours, keeps both ends of a seed."""

PEAKS_RANKED = 15
"""The typical peak is the median of this many brightest things."""

THICK_MM = 4.0
"""Depth below its own surface that no seed or train of seeds reaches."""

AWAY_MM, SURE_AWAY = 30.0, 0.8
"""So far from every planned place a thing must look more like a seed to be taken for one."""

SURE, POSSIBLE = 0.5, 0.15
"""Confidence from which a thing is taken for a seed, and from which a person is asked."""

MOST_IN_A_CLUSTER = 40
"""Touching seeds beyond this number are not taken apart: it is a prosthesis, a stent or contrast."""


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
    patches = _patches(scan, within)
    picture = measure_picture(patches, body, scan.grid.spacing_ijk_mm[2]) if patches else None
    if picture is None:
        raise _nothing_found(len(patches), body)
    readings = []
    for number, patch in enumerate(patches):
        readings.append(_read(patch, picture, number, scan))
        if progress is not None:
            progress((number + 1) / len(patches))
    chosen = _settled(readings, expected)
    judged = (_judged_by_place(seed, planned_lps_mm) for seeds in chosen for seed in seeds)
    found = tuple(sorted(judged, key=lambda seed: -seed.confidence))
    if not found:
        raise _nothing_found(len(patches), body)
    return Localisation(found=found, blur_mm=picture.blur_mm, seed_mass_hu_mm3=picture.mass_hu_mm3)


def _judged_by_place(seed: FoundSeed, planned_lps_mm: Float[np.ndarray, "n 3"] | None) -> FoundSeed:
    if planned_lps_mm is None or seed.verdict is not Verdict.SEED or seed.confidence >= SURE_AWAY:
        return seed
    away_mm = np.linalg.norm(planned_lps_mm - seed.position_lps_mm, axis=1).min()
    return replace(seed, verdict=Verdict.DOUBTFUL) if away_mm > AWAY_MM else seed


def _nothing_found(looked_at: int, body: SeedBody) -> ImagingError:
    return ImagingError(
        "imaging.no-seed-found",
        "no seed was found: {n} bright things were looked at, none is a line of {length_mm} mm as bright as a seed; "
        "check that this is the scan after the implant and that it covers the target",
        n=looked_at,
        length_mm=body.length_mm,
    )


def _patches(scan: Volume, within: np.ndarray | None) -> list[Patch]:
    """Return the bright things with the voxels around them."""
    values = scan.values_kji
    allowed = np.ones(values.shape, dtype=bool) if within is None else within
    typical = _typical_peak(values, allowed)
    bright = allowed & (values > max(DIMMEST_HU, SHARE_OF_PEAK * typical))
    names, _ = label(bright, structure=np.ones((3, 3, 3)))
    spacing_kji = np.array(scan.grid.spacing_ijk_mm[::-1])
    pad = np.maximum(np.ceil(3.0 / spacing_kji).astype(int), 1)
    patches = []
    for number, box in enumerate(find_objects(names), start=1):
        wide = tuple(
            slice(max(part.start - p, 0), min(part.stop + p, size))
            for part, p, size in zip(box, pad, values.shape, strict=True)
        )
        inside = names[wide] == number
        if _is_thick(inside, spacing_kji):
            continue
        others = bright[wide] & ~inside
        patch = _patch(values[wide], inside, others, np.array([part.start for part in wide]), spacing_kji)
        if patch is not None:
            patches.append(patch)
    return patches


def _typical_peak(values: np.ndarray, allowed: np.ndarray) -> float:
    """Return the median peak of the brightest things: seeds outshine bone, and outnumber prostheses."""
    names, count = label(allowed & (values > 1.5 * DIMMEST_HU), structure=np.ones((3, 3, 3)))
    if count == 0:
        return 0.0
    peaks = np.sort(maximum(values, names, np.arange(1, count + 1)))[::-1]
    return float(np.median(peaks[:PEAKS_RANKED]))


def _patch(
    values: np.ndarray, inside: np.ndarray, others: np.ndarray, first_kji: np.ndarray, spacing_kji: np.ndarray
) -> Patch | None:
    """Return one bright thing: its voxels and those within 3 mm that no other bright thing owns."""
    around = binary_dilation(inside, structure=np.ones((3, 3, 3)), iterations=_voxels(2.0, spacing_kji[1]))
    kept = around & ~binary_dilation(others, structure=np.ones((3, 3, 3)))
    kept |= inside
    ring = around & ~binary_dilation(inside, structure=np.ones((3, 3, 3))) & ~others
    if ring.sum() < 8:
        return None
    index_kji = np.argwhere(kept) + first_kji
    return Patch(
        points_mm=(index_kji * spacing_kji)[:, ::-1].astype(np.float64),
        observed_hu=values[kept].astype(np.float64),
        bright=inside[kept],
        background_hu=float(np.median(values[ring])),
        voxel_mm3=float(np.prod(spacing_kji)),
    )


def _is_thick(inside: np.ndarray, spacing_kji: np.ndarray) -> bool:
    """Say whether a bright thing is thicker than any seed however it blooms: a prosthesis, a tooth, solid bone."""
    if inside.sum() * float(np.prod(spacing_kji)) < THICK_MM**3:
        return False
    depth = distance_transform_edt(np.pad(inside, 1), sampling=np.minimum(spacing_kji, THICK_MM))
    return bool(depth.max() > THICK_MM)


def _voxels(length_mm: float, spacing_mm: float) -> int:
    return max(int(np.ceil(length_mm / spacing_mm)), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The best and the second-best number of seeds for one bright thing."""

    best: tuple[FoundSeed, ...]
    second: tuple[FoundSeed, ...]
    preference: float


def _read(patch: Patch, picture: Picture, number: int, scan: Volume) -> _Reading:
    if patch.count_by_mass(picture) > MOST_IN_A_CLUSTER:
        return _Reading(best=(), second=(), preference=np.inf)
    fits = sorted(fit_cluster(patch, picture), key=lambda fit: fit.score)
    readings = [_seeds_of(fit, picture, number, scan) for fit in fits[:2]]
    second = readings[1] if len(readings) > 1 else readings[0]
    preference = fits[1].score - fits[0].score if len(fits) > 1 else np.inf
    return _Reading(best=readings[0], second=second, preference=float(preference))


def _seeds_of(fit: ClusterFit, picture: Picture, cluster: int, scan: Volume) -> tuple[FoundSeed, ...]:
    unit_steps = scan.grid.steps_lps_mm / np.array(scan.grid.spacing_ijk_mm)[:, None]
    found = []
    for row, share, (sd_mm, sd_deg) in zip(fit.rows, fit.explained, fit.spreads, strict=True):
        ratio = float(row[6] / picture.mass_hu_mm3)
        confidence = _confidence(ratio, float(share))
        if confidence < POSSIBLE:
            continue
        found.append(
            FoundSeed(
                position_lps_mm=scan.grid.origin_lps_mm + row[:3] @ unit_steps,
                axis_lps=row[3:6] @ unit_steps,
                confidence=confidence,
                verdict=Verdict.SEED if confidence >= SURE else Verdict.DOUBTFUL,
                position_sd_mm=float(sd_mm),
                cluster=cluster,
                mass_ratio=ratio,
                explained=float(share),
                axis_sd_deg=float(sd_deg),
            )
        )
    return tuple(found)


def _confidence(mass_ratio: float, explained: float) -> float:
    """Return 1 for a line of the right brightness that explains its surroundings, falling to 0 for anything else.

    A factor of two in brightness, or 30 % of the picture unexplained, each cost a standard deviation: rays along a
    lying seed are nearly put out and a 12-bit scale cuts it off: it can show half the brightness of a standing one.
    """
    brightness = np.log(max(mass_ratio, 1e-3)) / np.log(2.0)
    rest = max(1.0 - explained, 0.0) / 0.30
    return float(np.exp(-0.5 * (brightness**2 + rest**2)))


def _settled(readings: list[_Reading], expected: int | None) -> list[tuple[FoundSeed, ...]]:
    """Return one reading a bright thing; a known count decides close calls."""
    chosen = [reading.best for reading in readings]
    if expected is None:
        return chosen
    close = 0.1
    for place in sorted(range(len(readings)), key=lambda n: readings[n].preference):
        reading = readings[place]
        missing = expected - sum(len(seeds) for seeds in chosen)
        change = len(reading.second) - len(reading.best)
        if reading.preference < close and change != 0 and abs(missing - change) < abs(missing):
            chosen[place] = reading.second
    return chosen
