"""A CT scanner that sees metal: rods are projected polychromatically into an existing scan and reconstructed.

The patient's own scan stays as it is; what is reconstructed is the *difference* the rods make to the projections of
each slice, with beam hardening, partial volume, photon starvation and its noise. So streaks and blooming are the
physics' own, and anatomy and noise are the scan's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import ImagingError
from trocar.geometry.value import Value
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.kernels import back_project, metal_paths, water_paths
from trocar.phantom.rods import Rod, layer_table
from trocar.phantom.xray import Metal, Spectrum, attenuation_per_mm, signal, tube_spectrum

METALS = tuple(Metal)
ROW_MM = 0.625
"""Height of a detector row at the centre of rotation: thicker slices are means of rows."""

HEIGHTS_A_ROW = 3
SAMPLES_A_CHANNEL = 3
"""Rays a detector cell: its signal is their mean, so partial volume acts before the logarithm as in a scanner."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scanner(Value):
    """A third-generation scanner.

    Parameters
    ----------
    kvp
        Tube voltage.
    photons
        Photons a detector cell sees in air; sets the noise behind metal.
    cutoff_per_mm
        Spatial frequency at which the reconstruction kernel has fallen to half: 0.35 for soft, 0.6 for sharp kernels.
    source_mm
        From focal spot to centre of rotation.
    channels
        Of the detector.
    pitch_mm
        Of the detector, at the centre of rotation.
    views
        A turn.
    largest_hu
        Values are cut off here, as 12-bit scanners do; None for an extended scale.
    """

    kvp: float
    photons: float
    cutoff_per_mm: float
    source_mm: float = 595.0
    channels: int = 736
    pitch_mm: float = 0.7
    views: int = 720
    largest_hu: float | None = 3071.0

    @property
    def fans_rad(self) -> Float[np.ndarray, " n"]:
        """Fan angle of each channel."""
        return (np.arange(self.channels) - 0.5 * (self.channels - 1)) * (self.pitch_mm / self.source_mm)

    @property
    def views_rad(self) -> Float[np.ndarray, " n"]:
        """Angle of each view."""
        return np.arange(self.views) * (2.0 * np.pi / self.views)


def scan_with_rods(
    scan: Volume,
    rods: Sequence[Rod],
    scanner: Scanner,
    *,
    slice_mm: float,
    generator: np.random.Generator,
    progress: Callable[[float], None] | None = None,
) -> Volume:
    """Return the scan as it would look with rods in the patient.

    Parameters
    ----------
    scan
        HU on an axial grid with square pixels, without the rods.
    rods
        What lies in the patient.
    scanner
        The machine.
    slice_mm
        Thickness of the slices (the grid's own spacing may be smaller: overlapping slices).
    generator
        Of the noise behind metal.
    progress
        Called with the share done.

    Raises
    ------
    ImagingError
        The scan is not axial with square pixels, or not in HU.
    """
    _require_axial(scan)
    rows_kji = scan.values_kji
    result = np.array(rows_kji, dtype=np.float32)
    origin, (step, _, step_z) = scan.grid.origin_lps_mm, scan.grid.spacing_ijk_mm
    nk, nj, ni = scan.grid.shape_kji
    centre = origin[:2] + 0.5 * step * np.array([ni - 1, nj - 1])
    spectrum = tube_spectrum(scanner.kvp)
    detector = _Detector(spectrum)
    x_mm, y_mm = origin[0] - centre[0] + step * np.arange(ni), origin[1] - centre[1] + step * np.arange(nj)
    for k in range(nk):
        z_mm = float(origin[2] + k * step_z)
        near = [rod for rod in rods if abs(rod.centre_lps_mm[2] - z_mm) <= rod.reach_mm + 0.5 * slice_mm]
        if near:
            layers = layer_table(near, METALS)
            layers[:, :2] -= centre
            added = _difference_mm(
                rows_kji[k], layers, scanner, detector, z_mm=z_mm, slice_mm=slice_mm, x0=x_mm[0], y0=y_mm[0], step=step,
                generator=generator,
            )  # fmt: skip
            result[k] += 1000.0 * _reconstruct(added, scanner, x_mm, y_mm)
        if progress is not None:
            progress((k + 1) / nk)
    if scanner.largest_hu is not None:
        np.clip(result, -1024.0, scanner.largest_hu, out=result)
    return Volume.owning(
        grid=scan.grid,
        values_kji=np.rint(result).astype(np.int16),
        quantity=Quantity.HOUNSFIELD,
        frame_uid=scan.frame_uid,
    )


def _require_axial(scan: Volume) -> None:
    steps = scan.grid.steps_lps_mm
    square = abs(steps[0, 0] - steps[1, 1]) < 1e-3
    if scan.quantity is not Quantity.HOUNSFIELD or not square or np.abs(steps - np.diag(np.diag(steps))).max() > 1e-6:
        raise ImagingError(
            "phantom.scan-not-axial",
            "the scanner model was given {quantity} with steps {steps} mm; "
            "it takes HU on an axial grid with square pixels",
            quantity=scan.quantity.value,
            steps=np.round(steps, 3).tolist(),
        )


def _difference_mm(
    slice_hu: np.ndarray,
    layers: np.ndarray,
    scanner: Scanner,
    detector: "_Detector",
    *,
    z_mm: float,
    slice_mm: float,
    x0: float,
    y0: float,
    step: float,
    generator: np.random.Generator,
) -> Float[np.ndarray, "view channel"]:
    """Return how much longer, in mm of water, each ray seems to the scanner because of the rods."""
    views, fans = scanner.views_rad, scanner.fans_rad
    rows = max(int(np.ceil(slice_mm / ROW_MM - 1e-9)), 1)
    water = np.zeros((len(views), len(fans)), dtype=np.float32)
    known = np.zeros(water.shape, dtype=np.bool_)
    total = np.zeros(water.shape, dtype=np.float32)
    relative = np.clip(1.0 + slice_hu / 1000.0, 0.0, None).astype(np.float32)
    for row in range(rows):
        middle = z_mm + slice_mm * ((row + 0.5) / rows - 0.5)
        heights = middle + slice_mm / rows * ((np.arange(HEIGHTS_A_ROW) + 0.5) / HEIGHTS_A_ROW - 0.5)
        shape = (*water.shape, HEIGHTS_A_ROW * SAMPLES_A_CHANNEL, len(METALS))
        paths = np.zeros(shape, dtype=np.float32)
        metal_paths(layers, heights, views, fans, SAMPLES_A_CHANNEL, scanner.source_mm, paths)
        hit = paths.any(axis=(2, 3))
        water_paths(relative, x0, y0, step, views, fans, scanner.source_mm, hit & ~known, water)
        known |= hit
        total[hit] += detector.added_mm(water[hit], paths[hit], scanner.photons, generator)
    return total / rows


class _Detector:
    """What the detector sees behind water and metal, and how much water the scanner takes it for."""

    def __init__(self, spectrum: Spectrum) -> None:
        self.spectrum = spectrum
        self.energies = attenuation_per_mm()
        path = np.linspace(0.0, 1500.0, 3001)
        self._path, self._seen = path, -np.log(signal(spectrum, path, {}))

    def added_mm(
        self,
        water_mm: Float[np.ndarray, " n"],
        metal_mm: Float[np.ndarray, "n samples metals"],
        photons: float,
        generator: np.random.Generator,
    ) -> Float[np.ndarray, " n"]:
        """Return the apparent extra water path of each ray, noise included."""
        metal_per_mm = np.array([self.energies[metal.value] for metal in METALS], dtype=np.float32)
        water_per_mm = self.energies["water"].astype(np.float32)
        left = np.empty(len(water_mm))
        chunk = 20_000
        for first in range(0, len(water_mm), chunk):
            part = slice(first, first + chunk)
            behind_metal = np.exp(-metal_mm[part] @ metal_per_mm).mean(axis=1)
            behind_water = np.exp(-water_mm[part, None] * water_per_mm)
            left[part] = (behind_metal * behind_water) @ self.spectrum.weights
        without = np.exp(-np.interp(water_mm, self._path, self._seen))
        extra_variance = np.clip(1.0 / (photons * left) - 1.0 / (photons * without), 0.0, None)
        noisy = -np.log(left) + np.sqrt(extra_variance) * generator.standard_normal(len(left))
        seen: np.ndarray = np.interp(noisy, self._seen, self._path) - water_mm
        return seen.astype(np.float32)


def _reconstruct(
    added_mm: Float[np.ndarray, "view channel"], scanner: Scanner, x_mm: np.ndarray, y_mm: np.ndarray
) -> Float[np.ndarray, "j i"]:
    """Return the image of apparent extra water, relative to water: 1 is +1000 HU.

    The fan is re-sorted into parallel rays, filtered with the band-limited ramp and back-projected.

    References
    ----------
    A. C. Kak, M. Slaney, Principles of Computerized Tomographic Imaging, SIAM 2001: eq. 3.3.61 (ramp), section 3.4.3
    (re-sorting).
    """
    parallel, first_mm = _parallel(added_mm, scanner)
    pitch = scanner.pitch_mm
    size = 1 << int(np.ceil(np.log2(2 * parallel.shape[1])))
    n = np.arange(size)
    n = np.where(n < size // 2, n, n - size)
    ramp = np.zeros(size)
    ramp[0] = 0.25 / pitch**2
    odd = n % 2 != 0
    ramp[odd] = -1.0 / (np.pi * n[odd] * pitch) ** 2
    frequency_per_mm = np.fft.rfftfreq(size, d=pitch)
    window = np.exp(-np.log(2.0) * (frequency_per_mm / scanner.cutoff_per_mm) ** 2)
    response = pitch * np.fft.rfft(ramp).real * window
    filtered = np.fft.irfft(np.fft.rfft(parallel, n=size, axis=1) * response, n=size, axis=1)[:, : parallel.shape[1]]
    image = np.empty((len(y_mm), len(x_mm)), dtype=np.float32)
    angles = scanner.views_rad[: scanner.views // 2]
    back_project(filtered.astype(np.float32), angles, first_mm, pitch, x_mm, y_mm, image)
    return image


def _parallel(fan_mm: Float[np.ndarray, "view channel"], scanner: Scanner) -> tuple[np.ndarray, float]:
    """Return rays sorted by angle over half a turn and by distance from the centre, and the first distance.

    A ray of view β and fan angle γ has the direction of view φ = β + γ and passes the centre at t = −R sin γ; opposite
    rays are averaged.
    """
    turn = 2.0 * np.pi / scanner.views
    fans = scanner.fans_rad
    shift = fans / turn
    whole = np.floor(shift).astype(int)
    part = (shift - whole).astype(np.float32)
    view = np.arange(scanner.views)[:, None]
    channel = np.arange(len(fans))
    here = fan_mm[(view - whole) % scanner.views, channel]
    before = fan_mm[(view - whole - 1) % scanner.views, channel]
    sorted_mm = (1.0 - part) * here + part * before
    reach = scanner.source_mm * np.sin(fans[-1])
    distance = np.arange(-reach, reach, scanner.pitch_mm)
    distance -= 0.5 * (distance[0] + distance[-1])
    place = (np.arcsin(-distance / scanner.source_mm) - fans[0]) / (fans[1] - fans[0])
    low = np.clip(np.floor(place).astype(int), 0, len(fans) - 2)
    weight = (place - low).astype(np.float32)
    even = (1.0 - weight) * sorted_mm[:, low] + weight * sorted_mm[:, low + 1]
    half = scanner.views // 2
    return 0.5 * (even[:half] + even[half:, ::-1]), float(distance[0])
