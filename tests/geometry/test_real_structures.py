"""Contours of real planning systems become solids of the published volume."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.region import EndCap, region_from_contours

PUBLISHED_CC = {
    "tps-ldr-i125-oncentra-prostate/RTSTRUCT.dcm": {
        "target": 25.7,
        "urethra": 1.3,
        "bladder": 61.2,
        "rectum": 57.5,
        "bladder_neck": 4.5,
    },
    "tps-hdr-prostate-curved-needles/SS001.dcm": {"Prostate": 49.7, "Urethra": 1.4, "Rectum": 6.3},
    "tps-hdr-gyn-aria/RS.HDR.dcm": {"Water": 15160.0, "HRCTV": 121.1},
}
OF_PRINTING = 0.05
"""The published volumes have one decimal."""


def contours_of(file: Path, name: str) -> list[Contour]:
    dataset = pydicom.dcmread(file)
    number = next(roi.ROINumber for roi in dataset.StructureSetROISequence if name == roi.ROIName)
    drawn = next(roi for roi in dataset.ROIContourSequence if roi.ReferencedROINumber == number)
    return [
        Contour(
            kind=ContourKind(contour.ContourGeometricType),
            points_lps_mm=np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3),
        )
        for contour in drawn.ContourSequence
    ]


@pytest.mark.parametrize("file", sorted(PUBLISHED_CC))
def test_structures_of_planning_systems_have_the_published_volume(file: str, shared_data: Path) -> None:
    for name, published_cc in PUBLISHED_CC[file].items():
        region = region_from_contours(contours_of(shared_data / file, name), end_cap=EndCap.HALF_SLICE, name=name)
        assert region.volume_mm3 / 1000 == pytest.approx(published_cc, abs=OF_PRINTING + 5e-4 * published_cc), name
        assert [remark.code for remark in region.remarks] == [], name
