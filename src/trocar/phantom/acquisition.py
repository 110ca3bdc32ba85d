"""The plain scan of a made-up person: partial volume, blur, slice thickness and correlated noise.

Metal is painted as far as the scale goes, without streaks; `trocar.phantom.metal_scan` adds the physics of metal.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Float, Int16
from scipy.ndimage import gaussian_filter, zoom

from trocar.geometry.grid import Grid
from trocar.phantom.anatomy import Part
from trocar.phantom.axes import Axes
from trocar.phantom.tissues import Phase, tissue

HU_LOWEST, HU_HIGHEST = -1024, 3071
"""Ends of the 12-bit scale."""

TILE = 96
"""Edge of the repeating block of texture, in steps of `TILE_STEP_MM`."""

TILE_STEP_MM = 1.25
FWHM_PER_SIGMA = 2.3548
THREADS = 2
SLAB_SAMPLES = 800_000
"""Samples painted together: few enough for the processor's cache, enough to be worth a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """How the picture is taken.

    Parameters
    ----------
    blur_mm
        Full width at half maximum of the in-plane point spread.
    noise_hu
        Standard deviation in the middle of the body.
    noise_grain_mm
        Wavelength at which the noise is strongest: a soft kernel has coarse grain.
    samples_per_slice
        Planes averaged over the thickness of a slice; odd.
    """

    blur_mm: float = 1.1
    noise_hu: float = 11.0
    noise_grain_mm: float = 3.6
    samples_per_slice: int = 3


def axes_of(grid: Grid, first: int, last: int, planes: int) -> Axes:
    """Return sample coordinates of slices ``first`` to ``last`` of an axial grid, ``planes`` to a slice."""
    x0, y0, z0 = grid.origin_lps_mm
    dx, dy, dz = grid.spacing_ijk_mm
    inside = (np.arange(planes) - 0.5 * (planes - 1)) / planes
    z = (z0 + dz * (np.arange(first, last)[:, None] + inside)).ravel()
    _, nj, ni = grid.shape_kji
    return Axes(
        x_mm=(x0 + dx * np.arange(ni)).astype(np.float32),
        y_mm=(y0 + dy * np.arange(nj)).astype(np.float32),
        z_mm=z.astype(np.float32),
    )


def texture_tile(seed: int) -> Float[np.ndarray, "t t t"]:
    """Return a repeating block of lumpy noise with mean 0 and standard deviation 1."""
    white = np.random.default_rng([seed, 0x7E]).standard_normal((TILE,) * 3, dtype=np.float32)
    lumps = gaussian_filter(white, 1.0, mode="wrap") + 1.5 * gaussian_filter(white, 2.6, mode="wrap")
    return np.asarray((lumps - lumps.mean()) / lumps.std(), dtype=np.float32)


def _texture(tile: Float[np.ndarray, "t t t"], axes: Axes) -> Float[np.ndarray, "k j i"]:
    k, j, i = (np.rint(v / TILE_STEP_MM).astype(np.int64) % TILE for v in (axes.z_mm, axes.y_mm, axes.x_mm))
    return tile[np.ix_(k, j, i)]


def coverage(levels_mm: Float[np.ndarray, "k j i"], *, pixel_mm: float) -> Float[np.ndarray, "k j i"]:
    """Return the share of each pixel that lies inside a surface, from the level in its middle."""
    return np.asarray(np.clip(np.float32(0.5) - levels_mm * np.float32(1 / pixel_mm), 0, 1))


def _fine_coverage(part: Part, axes: Axes, *, pixel_mm: float) -> Float[np.ndarray, "k j i"]:
    """Return the share of each pixel inside a part thinner than a pixel, by sampling within the pixel."""
    n = part.oversample
    fine = ((np.arange(n) - 0.5 * (n - 1)) / n * pixel_mm).astype(np.float32)
    dense = Axes(x_mm=(axes.x_mm[:, None] + fine).ravel(), y_mm=(axes.y_mm[:, None] + fine).ravel(), z_mm=axes.z_mm)
    share = coverage(part.solid.levels(dense, reach_mm=pixel_mm), pixel_mm=pixel_mm / n)
    nk, nj, ni = axes.shape_kji
    return np.asarray(share.reshape(nk, nj, n, ni, n).mean(axis=(2, 4), dtype=np.float32))


def paint(
    canvas: Float[np.ndarray, "k j i"], axes: Axes, part: Part, *, phase: Phase, tile: np.ndarray, pixel_mm: float
) -> None:
    """Paint one part over a canvas, in place."""
    window = axes.window(part.solid.bounds_lps_mm, reach_mm=pixel_mm)
    if window is None:
        return
    cut = axes.cut(window)
    if part.oversample > 1:
        share = _fine_coverage(part, cut, pixel_mm=pixel_mm)
        canvas[window] += share * (_colour(part.tissue, part, cut, phase=phase, tile=tile) - canvas[window])
        return
    deepest = max((depth for depth, _ in part.lining), default=0.0)
    levels = part.solid.levels(cut, reach_mm=pixel_mm + deepest)
    for depth_mm, name in ((0.0, part.tissue), *part.lining):
        share = coverage(levels + np.float32(depth_mm), pixel_mm=pixel_mm)
        canvas[window] += share * (_colour(name, part, cut, phase=phase, tile=tile) - canvas[window])


def _colour(name: str, part: Part, axes: Axes, *, phase: Phase, tile: np.ndarray) -> np.ndarray:
    """Return the HU of a tissue on a block: mean, slope and texture."""
    look = tissue(name)
    colour: np.ndarray = np.asarray(look.hu[phase], dtype=np.float32)
    if any(part.gradient_hu_per_mm):
        middle = part.solid.bounds_lps_mm.mean(axis=0)
        for values, start, slope in zip(axes.open_grid(), middle, part.gradient_hu_per_mm, strict=True):
            colour = colour + np.float32(slope) * (values - np.float32(start))
    if look.texture_hu > 0:
        colour = colour + np.float32(look.texture_hu) * _texture(tile, axes)
    return np.asarray(colour)


def expose(
    parts: tuple[Part, ...], grid: Grid, *, acquisition: Acquisition, phase: Phase, seed: int
) -> Float[np.ndarray, "k j i"]:
    """Return the blurred picture without noise, in HU.

    Parameters
    ----------
    parts
        In painting order; what none covers is air.
    grid
        Axial, ascending.
    acquisition
        Blur and sampling.
    phase
        Contrast medium.
    seed
        Of the texture.
    """
    tile = texture_tile(seed)

    count, rows, columns = grid.shape_kji
    together = max(1, SLAB_SAMPLES // (rows * columns * acquisition.samples_per_slice))

    def slab(first: int) -> Float[np.ndarray, "k j i"]:
        last = min(first + together, count)
        return _slab(parts, grid, (first, last), acquisition=acquisition, phase=phase, tile=tile)

    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(slab, range(0, count, together))))


def _slab(
    parts: tuple[Part, ...],
    grid: Grid,
    slices: tuple[int, int],
    *,
    acquisition: Acquisition,
    phase: Phase,
    tile: np.ndarray,
) -> Float[np.ndarray, "k j i"]:
    """Return a few slices of the picture."""
    dx, dy, _ = grid.spacing_ijk_mm
    (first, last), planes = slices, acquisition.samples_per_slice
    axes = axes_of(grid, first, last, planes)
    canvas = np.full(axes.shape_kji, -1000.0, dtype=np.float32)
    for part in parts:
        paint(canvas, axes, part, phase=phase, tile=tile, pixel_mm=dx)
    mean = canvas.reshape(last - first, planes, *canvas.shape[1:]).mean(axis=1)
    sigma = acquisition.blur_mm / FWHM_PER_SIGMA
    return np.asarray(gaussian_filter(mean, (0, sigma / dy, sigma / dx), truncate=3.5))


def _noise_amplitude(rows: int, columns: int, *, spacing_mm: tuple[float, float], grain_mm: float) -> np.ndarray:
    """Return the amplitude of noise by spatial frequency: a ramp under a window, as filtered back-projection has it."""
    fy = scipy.fft.fftfreq(rows, spacing_mm[1])[:, None]
    fx = scipy.fft.rfftfreq(columns, spacing_mm[0])[None, :]
    relative = np.hypot(fx, fy) * grain_mm
    amplitude = np.asarray(np.sqrt(relative) * np.exp(-0.25 * relative**2), dtype=np.float32)
    mirrored = amplitude[:, 1 : (columns + 1) // 2]
    power = (float((amplitude**2).sum()) + float((mirrored**2).sum())) / (rows * columns)
    return np.asarray(amplitude / np.float32(np.sqrt(power)))


def correlated_noise(
    shape_kji: tuple[int, int, int], *, spacing_ijk_mm: tuple[float, float, float], grain_mm: float, seed: int
) -> Float[np.ndarray, "k j i"]:
    """Return noise of standard deviation 1 with the grain of a CT kernel, neighbouring slices slightly alike."""
    nk, nj, ni = shape_kji
    rng = np.random.default_rng([seed, 0x40])
    rows, columns = scipy.fft.next_fast_len(nj, real=True), scipy.fft.next_fast_len(ni, real=True)
    amplitude = _noise_amplitude(rows, columns, spacing_mm=spacing_ijk_mm[:2], grain_mm=grain_mm)
    noise = np.empty(shape_kji, dtype=np.float32)
    for k in range(nk):
        white = scipy.fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
        noise[k] = scipy.fft.irfft2(white * amplitude, s=(rows, columns))[:nj, :ni]
    if nk >= 3:
        share = np.array([0.22, 0.95, 0.22], dtype=np.float32)
        share /= np.sqrt((share**2).sum())
        noise[1:-1] = share[0] * (noise[:-2] + noise[2:]) + share[1] * noise[1:-1]
    return noise


def _noise_profile(picture: Float[np.ndarray, "k j i"], *, pixel_mm: float) -> Float[np.ndarray, "k j i"]:
    """Return the relative noise: 1 deep in soft tissue, less towards and outside the skin."""
    step = max(1, round(8.0 / pixel_mm))
    coarse = np.clip((picture[:, ::step, ::step] + 1000) / 1000, 0, 1)
    reach = 32.0 / (step * pixel_mm)
    profile = 0.3 + 0.7 * np.clip(gaussian_filter(coarse, (0, reach, reach)) / 0.8, 0, 1)
    _, nj, ni = picture.shape
    fine = zoom(profile, (1, nj / profile.shape[1], ni / profile.shape[2]), order=1, grid_mode=True, mode="nearest")
    return np.asarray(fine, dtype=np.float32)


def scan(
    parts: tuple[Part, ...], grid: Grid, *, acquisition: Acquisition, phase: Phase, seed: int
) -> Int16[np.ndarray, "k j i"]:
    """Return the picture in HU as a scanner stores it: blurred, noisy, whole numbers on the 12-bit scale.

    Metal beyond the scale is cut off at its top, as real scanners do.
    """
    picture = expose(parts, grid, acquisition=acquisition, phase=phase, seed=seed)
    if acquisition.noise_hu > 0:
        noise = correlated_noise(
            grid.shape_kji, spacing_ijk_mm=grid.spacing_ijk_mm, grain_mm=acquisition.noise_grain_mm, seed=seed
        )
        noise *= np.float32(acquisition.noise_hu) * _noise_profile(picture, pixel_mm=grid.spacing_ijk_mm[0])
        picture += noise
    return np.asarray(np.clip(np.rint(picture), HU_LOWEST, HU_HIGHEST).astype(np.int16))
