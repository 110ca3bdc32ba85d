"""How fast a series is read, as a ratio to reading its bytes and to bare pydicom: ``python -m benchmarks.dicom``.

Times are process times, the least of several; on a busy machine the ratios count.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom

from trocar.dicom.folder import survey
from trocar.dicom.image import read_image
from trocar.dicom.image_writer import write_image
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.patient import Image, ImageReference, Patient

SLICES = 168
MATRIX = 512
REPEATS = 3
AT = datetime(2026, 1, 5, 8)


def least_s(action: Callable[[], object]) -> float:
    """Return the least process time of some runs, after one to warm up."""
    action()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def scan() -> Image:
    """Return an image of 168 slices of 512 × 512."""
    values = np.random.default_rng(1).integers(-1000, 1500, (SLICES, MATRIX, MATRIX), dtype=np.int16)
    grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(0.8, 0.8, 2.5), shape_kji=values.shape)
    reference = ImageReference(
        study_uid="2.25.1",
        series_uid="2.25.2",
        frame_uid="2.25.3",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        instance_uids=tuple(f"2.25.4{k}" for k in range(SLICES)),
        modality="CT",
    )
    volume = Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid="2.25.3")
    return Image(volume=volume, patient=Patient(identifier="1", name="A^B"), reference=reference, acquired_at=AT)


def main() -> None:
    """Write a series, read it in several ways, print times and ratios."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "series"
        start = time.process_time()
        paths = write_image(scan(), folder, at=AT)
        print(f"written: {SLICES} slices of {MATRIX} x {MATRIX} in {time.process_time() - start:.2f} s")
        bytes_s = least_s(lambda: [path.read_bytes() for path in paths])
        bare_s = least_s(lambda: np.stack([pydicom.dcmread(path).pixel_array for path in paths]))
        ours_s = least_s(lambda: read_image(folder))
        survey_s = least_s(lambda: survey(folder))
    print(f"bytes only     {bytes_s:6.3f} s")
    print(f"bare pydicom   {bare_s:6.3f} s   unsorted, unscaled, unchecked")
    print(f"read_image     {ours_s:6.3f} s   {ours_s / bare_s:.2f} of bare pydicom")
    print(f"survey         {survey_s:6.3f} s   {survey_s / bare_s:.2f} of bare pydicom")


if __name__ == "__main__":
    main()
