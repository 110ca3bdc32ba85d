"""The scan after an ablation, made from the one before: zone and rim, another posture and breath, noise."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.ndimage import distance_transform_edt

from trocar.geometry.volume import Volume
from trocar.plan.patient import Image

EDGE_MM = 0.5
RIM_WIDTH_MM = 1.5
ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAfter:
    """How the second scan differs.

    Parameters
    ----------
    moved_lps_mm
        How the patient lies otherwise.
    breath_mm, wave_mm
        Amplitude and length of a smooth wave of displacement along the body, as breath held otherwise makes.
    zone_hu
        Of dead tissue, which takes up no contrast.
    rim_hu
        Added in a thin rim around it.
    noise_hu
        Standard deviation of noise added to that of the first scan.
    """

    moved_lps_mm: tuple[float, float, float]
    breath_mm: float
    wave_mm: float
    zone_hu: float
    rim_hu: float
    noise_hu: float

    def to_after(self, points_lps_mm: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Return where points of the scan before lie in the scan after."""
        return np.asarray(points_lps_mm + np.array(self.moved_lps_mm) + self._wave(points_lps_mm))

    def to_before(self, points_lps_mm: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Return where points of the scan after lay before, by fixed-point iteration of `to_after`."""
        still = points_lps_mm - np.array(self.moved_lps_mm)
        back = still
        for _ in range(ROUNDS):
            back = still - self._wave(back)
        return np.asarray(back)

    def _wave(self, points: np.ndarray) -> np.ndarray:
        shift = np.zeros_like(points)
        shift[..., 2] = self.breath_mm * np.sin(2 * np.pi * points[..., 1] / self.wave_mm)
        shift[..., 1] = 0.5 * self.breath_mm * np.sin(2 * np.pi * points[..., 0] / self.wave_mm)
        return shift


def scan_after_ablation(before: Image, score: Volume, *, how: ScanAfter, rng: np.random.Generator) -> Image:
    """Return the scan after an ablation, in whole HU and in a frame of reference of its own.

    Parameters
    ----------
    before
        The scan before.
    score
        Positive where tissue died, in the frame of the scan before.
    how
        What is otherwise.
    rng
        Of the noise.
    """
    volume = before.volume
    places = how.to_before(volume.grid.centres_lps_mm())
    depth_mm = _depth(score).sample(places, outside=-100.0)
    rim = np.exp(-0.5 * (depth_mm / RIM_WIDTH_MM) ** 2) * (depth_mm < 0)
    values = volume.sample(places, outside=-1000.0) + how.rim_hu * rim
    values += (how.zone_hu - values) / (1 + np.exp(np.clip(-depth_mm / EDGE_MM, -50, 50)))
    values += rng.normal(0.0, how.noise_hu, values.shape)
    frame = before.reference.frame_uid + ".1"
    moved = Volume(grid=volume.grid, values_kji=np.round(values), quantity=volume.quantity, frame_uid=frame)
    series = before.reference.series_uid + ".1"
    instances = tuple(f"{each}.1" for each in before.reference.instance_uids)
    reference = replace(before.reference, frame_uid=frame, series_uid=series, instance_uids=instances)
    return replace(before, volume=moved, reference=reference)


def _depth(score: Volume) -> Volume:
    """Return the depth below the edge of the zone in mm, negative outside."""
    dead = np.asarray(score.values_kji) >= 0
    spacing = score.grid.spacing_ijk_mm[::-1]
    depth = distance_transform_edt(dead, sampling=spacing) - distance_transform_edt(~dead, sampling=spacing)
    return Volume(grid=score.grid, values_kji=depth, quantity=score.quantity, frame_uid=score.frame_uid)
