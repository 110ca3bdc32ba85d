"""`build_phantom`: a made-up patient, scanned and outlined, with the exact truth."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

import numpy as np

from trocar.errors import PlanError
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.phantom.abdomen import (
    bowel_parts,
    build_liver,
    kidney_parts,
    liver_nodule,
    liver_parts,
    liver_tumour,
    spleen_parts,
)
from trocar.phantom.acquisition import Acquisition, axes_of, scan
from trocar.phantom.anatomy import Anatomy, Organ, Part
from trocar.phantom.chest import build_lungs, heart_parts, lung_parts, lung_tumour
from trocar.phantom.outlines import outline
from trocar.phantom.pelvis import build_prostate, pelvic_organs
from trocar.phantom.skeleton import cage, pelvis_bones
from trocar.phantom.solids import Intersection, Offset, Solid
from trocar.phantom.tissues import Phase
from trocar.phantom.trunk import Trunk, build_trunk, couch, lowest_point_mm, wall
from trocar.phantom.vertebrae import spine
from trocar.plan.patient import Image, ImageReference, Patient
from trocar.plan.structures import Structure, StructureSet

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
FIELD_OF_VIEW_MM = 420.0
CTV_MARGIN_MM = 5.0
"""How far the clinical target reaches beyond the tumour in the demonstration of liver and lung."""


class Site(Enum):
    """What is scanned, with the range of heights (z in mm from the first lumbar vertebra)."""

    LIVER = (-95.0, 135.0)
    LUNG = (45.0, 285.0)
    PROSTATE = (-360.0, -195.0)


_NAMES = {Site.LIVER: "演示^肝脏", Site.LUNG: "演示^肺", Site.PROSTATE: "演示^前列腺"}
_PHASES = {Site.LIVER: Phase.PORTAL_VENOUS, Site.LUNG: Phase.NATIVE, Site.PROSTATE: Phase.NATIVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomCase:
    """A demonstration case.

    Parameters
    ----------
    image
        The CT.
    structures
        Outlines on its slices.
    truth
        Structure name to the exact solid it was drawn from.
    """

    image: Image
    structures: StructureSet
    truth: Mapping[str, Solid]


def site_anatomy(site: Site, *, seed: int, nodule: bool = False) -> tuple[Anatomy, Trunk]:
    """Return all parts and organs of a person as far as a site needs them, and the trunk."""
    rng = np.random.default_rng([seed, list(Site).index(site)])
    trunk = build_trunk(fat_mm=float(rng.uniform(11.0, 16.0)), seed=int(rng.integers(1 << 20)))
    outside = couch(top_mm=lowest_point_mm(trunk, z_range_mm=site.value)) + wall(trunk)
    if site is Site.PROSTATE:
        prostate = build_prostate(rng=rng)
        bones = pelvis_bones() + spine()
        return outside + bones + pelvic_organs(prostate), trunk
    lungs = build_lungs(trunk)
    liver = build_liver(trunk, rng=rng)
    chest = lung_parts(lungs, rng=rng) + heart_parts()
    belly = liver_parts(liver) + spleen_parts(trunk) + bowel_parts(trunk, liver, rng=rng) + kidney_parts()
    everything = outside + cage(trunk) + chest + belly + spine()
    if site is Site.LIVER:
        tumour = liver_tumour(liver, rng=rng)
        second = _second(liver_nodule(liver, tumour)) if nodule else Anatomy()
        return everything + _target(tumour, liver.solid, "liver_tumour") + second, trunk
    core, spicules = lung_tumour(lungs, rng=rng)
    rays = Anatomy(parts=(Part(tissue="lung_tumour", solid=spicules),))
    return everything + rays + _target(core, lungs.right, "lung_tumour"), trunk


def _second(tumour: Solid) -> Anatomy:
    return Anatomy(
        parts=(Part(tissue="liver_tumour", solid=tumour),),
        organs=(Organ(name="GTV_2", solid=tumour, interpreted_type="GTV", colour_rgb=(255, 60, 0)),),
    )


def _target(tumour: Solid, organ: Solid, tissue: str) -> Anatomy:
    margin = Intersection((Offset(tumour, CTV_MARGIN_MM), organ))
    return Anatomy(
        parts=(Part(tissue=tissue, solid=tumour),),
        organs=(
            Organ(name="GTV", solid=tumour, interpreted_type="GTV", colour_rgb=(255, 0, 0)),
            Organ(name="CTV", solid=margin, interpreted_type="CTV", colour_rgb=(255, 120, 120)),
        ),
    )


def build_phantom(
    site: Site,
    *,
    seed: int,
    matrix: int = 256,
    slice_mm: float = 2.5,
    acquisition: Acquisition | None = None,
    phase: Phase | None = None,
    extra: tuple[Part, ...] = (),
    nodule: bool = False,
    acquired_at: datetime | None = None,
) -> PhantomCase:
    """Return a made-up patient with the organs of one site and a tumour; the same arguments give the same case.

    Parameters
    ----------
    site
        Which part of the body.
    seed
        The person: fat, organs, vessels, tumour, noise.
    matrix
        Rows and columns of a slice, over a field of view of 420 mm.
    slice_mm
        Slice thickness and distance.
    acquisition
        Blur and noise; a usual abdominal scan where None.
    phase
        Contrast medium; portal venous for the liver and native elsewhere where None.
    extra
        Things painted last: needles, seeds.
    nodule
        Whether the liver has a second, small metastasis ``GTV_2`` away from large vessels, such as one ablates.
    acquired_at
        Time of the scan, to be written to files.

    Raises
    ------
    PlanError
        The matrix or the slice thickness makes no image.
    """
    if matrix < 32 or not 0.2 <= slice_mm <= 20:
        raise PlanError(
            "phantom.no-image",
            "a phantom of {matrix} x {matrix} pixels in slices of {slice_mm} mm was asked for; "
            "at least 32 pixels and 0.2 to 20 mm are needed",
            matrix=matrix,
            slice_mm=slice_mm,
        )
    acquisition = acquisition or Acquisition()
    phase = phase or _PHASES[site]
    anatomy, trunk = site_anatomy(site, seed=seed, nodule=nodule)
    grid = _grid(site, trunk, matrix=matrix, slice_mm=slice_mm)
    values = scan(anatomy.parts + extra, grid, acquisition=acquisition, phase=phase, seed=seed)
    return _case(site, anatomy, grid, values, seed=seed, acquired_at=acquired_at)


def _grid(site: Site, trunk: Trunk, *, matrix: int, slice_mm: float) -> Grid:
    pixel = FIELD_OF_VIEW_MM / matrix
    low, high = site.value
    middle_y = float(trunk.skin.bounds_lps_mm[:, 1].mean()) + 12.0
    start = -0.5 * (matrix - 1) * pixel
    return Grid.axial(
        origin_lps_mm=(start, middle_y + start, low),
        spacing_ijk_mm=(pixel, pixel, slice_mm),
        shape_kji=(int((high - low) / slice_mm) + 1, matrix, matrix),
    )


def _case(
    site: Site, anatomy: Anatomy, grid: Grid, values: np.ndarray, *, seed: int, acquired_at: datetime | None
) -> PhantomCase:
    print_ = hashlib.sha256(values.tobytes() + grid.content_hash.encode()).hexdigest()
    patient = Patient(identifier=f"TROCAR-DEMO-{site.name}-{seed}", name=_NAMES[site], sex="M")
    reference = ImageReference(
        study_uid=_uid(print_, "study"),
        series_uid=_uid(print_, "series"),
        frame_uid=_uid(print_, "frame"),
        sop_class_uid=CT_IMAGE_STORAGE,
        instance_uids=tuple(_uid(print_, f"slice {k}") for k in range(grid.shape_kji[0])),
        modality="CT",
    )
    image = Image(
        volume=Volume.owning(grid=grid, values_kji=values, quantity=Quantity.HOUNSFIELD, frame_uid=reference.frame_uid),
        patient=patient,
        reference=reference,
        acquired_at=acquired_at,
        description=f"TROCAR phantom, {site.name.lower()}",
        study_description="Artificial patient, not a person",
    )
    structures, truth = _drawn(anatomy.organs, grid, reference)
    drawn = StructureSet(
        label="phantom", patient=patient, frame_uid=reference.frame_uid, structures=structures, image=reference
    )
    return PhantomCase(image=image, structures=drawn, truth=truth)


def _drawn(
    organs: tuple[Organ, ...], grid: Grid, reference: ImageReference
) -> tuple[tuple[Structure, ...], Mapping[str, Solid]]:
    planes = axes_of(grid, 0, grid.shape_kji[0], 1)
    structures: list[Structure] = []
    truth: dict[str, Solid] = {}
    for organ in organs:
        contours = outline(organ.solid, planes, image_uids=reference.instance_uids)
        if contours:
            truth[organ.name] = organ.solid
            structures.append(
                Structure(
                    number=len(structures) + 1,
                    name=organ.name,
                    contours=contours,
                    interpreted_type=organ.interpreted_type,
                    colour_rgb=organ.colour_rgb,
                )
            )
    return tuple(structures), MappingProxyType(truth)


def _uid(print_: str, what: str) -> str:
    """Return a UID under the UUID root 2.25 that depends on content alone."""
    digest = hashlib.sha256(f"trocar phantom {print_} {what}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
