"""Speed of finding seeds on a CT of 512 x 512 x 100 voxels after an implant, and how it compares with reading it once.

Run ``python -m benchmarks.seeds``. Times are CPU seconds of this process on one thread, the least of three runs; the
phantom's bone and 60 seeds, some end to end, are in the picture. The ratio is to one labelling of the whole scan at
600 HU, which no finder can do without.
"""

import time

import numpy as np
from scipy.ndimage import label

from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seeds import find_seeds
from trocar.phantom.case import Site, build_phantom
from trocar.phantom.metal_scan import Scanner, scan_with_rods
from trocar.phantom.rods import SEED_WITH_SILVER_ROD, Rod
from trocar.results.seeds_seen import SeedBody

RUNS, SLICES, SLICE_MM, PIXEL_MM = 3, 100, 2.5, 0.8
MIDDLE_LPS_MM = np.array([0.0, -20.0, -280.0])


def scene() -> Volume:
    """Return the prostate phantom with 60 seeds on 512 x 512 x 100 voxels."""
    patient = build_phantom(Site.PROSTATE, seed=3, matrix=320).image.volume
    origin = MIDDLE_LPS_MM - 0.5 * np.array([511 * PIXEL_MM, 511 * PIXEL_MM, (SLICES - 1) * SLICE_MM])
    grid = Grid.axial(
        origin_lps_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        spacing_ijk_mm=(PIXEL_MM, PIXEL_MM, SLICE_MM),
        shape_kji=(SLICES, 512, 512),
    )
    rng = np.random.default_rng(1)
    values = np.empty(grid.shape_kji, dtype=np.float32)
    j, i = np.meshgrid(np.arange(512), np.arange(512), indexing="ij")
    for k in range(SLICES):
        points = origin + np.stack([PIXEL_MM * i, PIXEL_MM * j, np.full(i.shape, SLICE_MM * k)], axis=-1)
        values[k] = patient.sample(points, outside=-1000.0) + rng.normal(0.0, 9.0, i.shape)
    before = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3")
    machine = Scanner(kvp=120.0, photons=3e5, cutoff_per_mm=0.45, views=480)
    return scan_with_rods(before, seeds(rng), machine, slice_mm=SLICE_MM, generator=rng)


def seeds(rng: np.random.Generator) -> list[Rod]:
    """Return twelve needles of five seeds, every third end to end."""
    rods = []
    for needle in range(12):
        start = MIDDLE_LPS_MM + np.array([10.0 * (needle % 4) - 15.0, 10.0 * (needle // 4) - 10.0, -20.0])
        axis = np.array([0.0, 0.15, 1.0]) + rng.normal(0, 0.05, 3)
        pitch = 4.6 if needle % 3 == 0 else 10.0
        rods += [
            Rod(centre_lps_mm=start + n * pitch * axis, axis_lps=axis, layers=SEED_WITH_SILVER_ROD) for n in range(5)
        ]
    return rods


def main() -> None:
    """Measure and print."""
    scan = scene()
    times = []
    for _ in range(RUNS + 1):
        start = time.process_time()
        found = find_seeds(scan, SeedBody(length_mm=4.5), expected=60)
        times.append(time.process_time() - start)
    start = time.process_time()
    label(scan.values_kji > 600.0)
    once = time.process_time() - start
    least = min(times[1:])
    print(f"60 seeds in {scan.grid.shape_kji}: {least:.1f} s CPU, {least / once:.0f} labellings of the scan")
    print(
        f"first call {times[0]:.1f} s (compiled code is read); {len(found.seeds)} seeds, {len(found.doubtful)} doubtful"
    )


if __name__ == "__main__":
    main()
