"""The real cases: where their images are, what is drawn on them, and how each is planned by the command line."""

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation, binary_opening

from trocar.dicom.image import read_image
from trocar.dicom.image_writer import write_image
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import write_structures
from trocar.evaluate.structures import region_of_structure
from trocar.geometry.contours import Contour, ContourKind
from trocar.geometry.grid import Grid
from trocar.geometry.region import EndCap
from trocar.imaging.grow import Grown, GrowRules, erased, grow_mass
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet

HERE = Path(__file__).parent
AT = datetime(2026, 3, 1, 8, 0)

CLICK_LPS_MM = np.array([-74.0, 155.0, -481.0])
MASS = GrowRules(blur_mm=1.5, spreads=3.0, neck_mm=10.0, most_radius_mm=27.0)
VESSEL_TAKEN_OFF_LPS_MM, VESSEL_RADIUS_MM = np.array([-54.0, 152.0, -497.0]), 9.0
MEDIASTINUM_LPS_MM = (np.array([-10.0, 165.0, -475.0]), np.array([32.0, 45.0, 45.0]))

LESION_LPS_MM = (np.array([-80.0, -178.0, 391.0]), np.array([14.0, 13.0, 13.0]))


AROUND_KJI = np.ones((3, 3, 3), dtype=bool)

PERINEUM_Z_MM = -106.0
"""Below this the published volume shows the thighs of one who lies straight; for an implant the legs are raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealCase:
    """A case that can be planned: its published images, and what is made of them for the planner."""

    name: str
    published: str
    prepare: Callable[[Path, Path], tuple[Path, Path]]

    @property
    def request(self) -> Path:
        return HERE / "requests" / f"{self.name}.toml"


def as_published(folder: Path, out: Path) -> tuple[Path, Path]:
    """Return the published images and structures."""
    return folder, folder.parent / "rtstruct.dcm"


def with_raised_legs(folder: Path, out: Path) -> tuple[Path, Path]:
    """Return the painted volume emptied below the perineum, and the part of the bed that needles from there can reach.

    The bed of external beam was drawn over the wall of the bladder, behind it and round the rectum; needles from
    the perineum reach what lies before both, with one voxel left for the margins.
    """
    image = read_image(folder).value
    grid = image.volume.grid
    heights = grid.origin_lps_mm[2] + np.arange(grid.shape_kji[0]) * grid.spacing_ijk_mm[2]
    values = np.where((heights < PERINEUM_Z_MM)[:, None, None], -1000, image.volume.values_kji)
    emptied = dataclasses.replace(
        image, volume=dataclasses.replace(image.volume, values_kji=values.astype(image.volume.values_kji.dtype))
    )
    shutil.rmtree(out / "ct", ignore_errors=True)
    write_image(emptied, out / "ct", at=AT)
    image = read_image(out / "ct").value
    published = read_structures(folder.parent / "rtstruct.dcm").value
    bed, bladder, rectum = (filled(published.named(name), grid) for name in ("prostate_bed", "Bladder", "Rectum"))
    in_the_way = binary_dilation(bladder | rectum, AROUND_KJI)
    behind = np.logical_or.accumulate(in_the_way, axis=0)  # k rises from feet to head, as the needles do
    reached = binary_opening(bed & ~behind)  # no slivers thinner than a seed
    target = Grown(mask_kji=reached, grid=grid, tissue=(0.0, 0.0)).structure(number=901, name="Bed")
    made = StructureSet(
        label=published.label,
        patient=image.patient,
        frame_uid=image.volume.frame_uid,
        structures=(*published.structures, target),
        image=image.reference,
    )
    return out / "ct", _written(made, out)


def filled(structure: Structure, grid: Grid) -> np.ndarray:
    """Return which voxel centres lie in a structure."""
    region = region_of_structure(structure, end_cap=EndCap.HALF_SLICE)
    k, j, i = np.indices(grid.shape_kji)
    places = np.stack([i, j, k], axis=-1).reshape(-1, 3) @ grid.lps_from_ijk[:3, :3].T + grid.origin_lps_mm
    return np.asarray(region.contains(places).reshape(grid.shape_kji))


def with_lesion(folder: Path, out: Path) -> tuple[Path, Path]:
    """Return the published structures and an ellipsoid in the right lobe of the liver, beside the portal vein."""
    image = read_image(folder).value
    published = read_structures(folder.parent / "rtstruct.dcm", image=image).value
    lesion = ellipsoid(image, "Lesion", "GTV", *LESION_LPS_MM)
    return folder, _written(dataclasses.replace(published, structures=(*published.structures, lesion)), out)


def with_grown_mass(folder: Path, out: Path) -> tuple[Path, Path]:
    """Return a mass grown from one click and edited, and a rough outline of the mediastinum."""
    image = read_image(folder).value
    grown = erased(
        grow_mass(image.volume, CLICK_LPS_MM, MASS), centre_lps_mm=VESSEL_TAKEN_OFF_LPS_MM, radius_mm=VESSEL_RADIUS_MM
    )
    mass = grown.structure(number=1, name="Mass", instance_uids=image.reference.instance_uids)
    mediastinum = ellipsoid(image, "Mediastinum", "AVOIDANCE", *MEDIASTINUM_LPS_MM, number=2)
    made = StructureSet(
        label="Outlined here",
        patient=image.patient,
        frame_uid=image.volume.frame_uid,
        structures=(mass, mediastinum),
        image=image.reference,
    )
    return folder, _written(made, out)


def _written(structures: StructureSet, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    path = out / "structures.dcm"
    path.unlink(missing_ok=True)
    write_structures(structures, path, at=AT)
    return path


def ellipsoid(
    image: Image, name: str, kind: str, centre: np.ndarray, semi: np.ndarray, *, number: int = 900
) -> Structure:
    """Return an ellipsoid drawn on the slices of an image."""
    grid = image.volume.grid
    angles = np.linspace(0.0, 2.0 * np.pi, 72, endpoint=False)
    contours = []
    for k in range(grid.shape_kji[0]):
        z = float(grid.origin_lps_mm[2] + k * grid.spacing_ijk_mm[2])
        left = 1.0 - ((z - centre[2]) / semi[2]) ** 2
        if left > 0.02:
            ring = centre + np.sqrt(left) * np.stack(
                [semi[0] * np.cos(angles), semi[1] * np.sin(angles), np.zeros_like(angles)], axis=1
            )
            ring[:, 2] = z
            contours.append(
                Contour(
                    points_lps_mm=ring,
                    kind=ContourKind.CLOSED_PLANAR,
                    image_uid=image.reference.instance_uids[k] if image.reference.instance_uids else "",
                )
            )
    return Structure(number=number, name=name, contours=tuple(contours), interpreted_type=kind)


CASES = (
    RealCase(name="head_and_neck", published="ct-headneck-submandibular/ct", prepare=as_published),
    RealCase(name="prostate_bed", published="contours-prostate-cort/ct_painted_not_a_scan", prepare=with_raised_legs),
    RealCase(name="liver_lesion", published="ct-abdomen-multiorgan/ct", prepare=with_lesion),
    RealCase(name="lung_mass", published="ct-lung-lidc-0314", prepare=with_grown_mass),
)
