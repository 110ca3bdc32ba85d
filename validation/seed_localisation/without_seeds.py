"""What the seed finder makes of real scans without seeds: `python validation/seed_localisation/without_seeds.py`."""

import time
from collections.abc import Iterator

import numpy as np
from scenes import SHARED

from trocar.dicom.image import read_image
from trocar.errors import ImagingError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.imaging.seeds import find_seeds
from trocar.results.seeds_seen import Localisation, SeedBody

SCANS = (
    "ct-headneck-submandibular/ct",
    "ct-abdomen-multiorgan/ct",
    "ct-liver-cort/ct",
    "ct-gantry-tilt-phantom",
    "ct-liver-3slice-seg/ct",
    "ct-lung-lidc-0314",
)
FOLDS, THICKEST_MM = (1, 2, 3, 5), 6.1
PLANNED, HALF_MM = 40, 18.0
"""Seeds of a made-up plan, and half the edge of the cube they are planned in."""


def thickened(scan: Volume, fold: int) -> Volume:
    """Return a scan with so many slices averaged to one."""
    count = scan.grid.shape_kji[0] // fold
    values = scan.values_kji[: count * fold].reshape(count, fold, *scan.grid.shape_kji[1:]).mean(axis=1)
    di, dj, dk = scan.grid.spacing_ijk_mm
    x, y, z = scan.grid.origin_lps_mm
    grid = Grid.axial(
        origin_lps_mm=(x, y, z + 0.5 * (fold - 1) * dk), spacing_ijk_mm=(di, dj, fold * dk), shape_kji=values.shape
    )
    return Volume.owning(
        grid=grid, values_kji=np.rint(values).astype(np.int16), quantity=Quantity.HOUNSFIELD, frame_uid="1.2.3"
    )


def thicknesses(name: str) -> Iterator[tuple[int, Volume]]:
    """Yield a scan as it is and in thicker slices."""
    scan = read_image(SHARED / name).value.volume
    for fold in FOLDS:
        if fold == 1:
            yield 1, scan
        elif fold * scan.grid.spacing_ijk_mm[2] < THICKEST_MM and scan.grid.shape_kji[0] >= 3 * fold:
            yield fold, thickened(scan, fold)


def read_as(scan: Volume, *, is_planned: bool) -> Localisation | None:
    """Return what is found, told nothing or a plan in the middle of the scan; None where no seed is found."""
    middle = scan.grid.corners_lps_mm.mean(axis=0)
    places = middle + np.random.default_rng(0).uniform(-HALF_MM, HALF_MM, (PLANNED, 3))
    try:
        return find_seeds(
            scan,
            SeedBody(length_mm=4.5),
            expected=PLANNED if is_planned else None,
            planned_lps_mm=places if is_planned else None,
        )
    except ImagingError:
        return None


def main() -> None:
    """Print a line a scan."""
    print("| scan | slice | told a plan | taken for seeds | shown to a person | seconds |")
    print("|---|---|---|---|---|---|")
    for name in SCANS:
        for _, scan in thicknesses(name):
            for is_planned in (False, True):
                started = time.process_time()
                found = read_as(scan, is_planned=is_planned)
                seconds = time.process_time() - started
                sure, asked = (len(found.seeds), len(found.doubtful)) if found else (0, 0)
                told = "yes" if is_planned else "no"
                print(
                    f"| {name} | {scan.grid.spacing_ijk_mm[2]:g} mm | {told} | {sure} | {asked} | {seconds:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
