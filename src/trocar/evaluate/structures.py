"""DVHs of structures as drawn, by doses as stored: frames, names and coverage checked."""

from collections.abc import Callable

from trocar.errors import EvaluateError
from trocar.evaluate.dose_sources import dose_from_grid
from trocar.evaluate.dvh import Accuracy, Uncovered, compute_dvh
from trocar.geometry.region import Between, EndCap, Gaps, Region, region_from_contours
from trocar.geometry.volume import require_same_frame
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dose import Dose
from trocar.results.dvh import Dvh


def region_of_structure(
    structure: Structure,
    *,
    end_cap: EndCap,
    between: Between = Between.SLAB,
    gaps: Gaps = Gaps.OPEN,
    plane_spacing_mm: float | None = None,
) -> Region:
    """Return the solid of a structure; see `trocar.geometry.region.region_from_contours`.

    Raises
    ------
    EvaluateError
        Nobody drew it.
    GeometryError
        Its contours enclose no volume.
    """
    if not structure.contours:
        raise EvaluateError(
            "evaluate.structure-empty",
            'structure "{name}" has no contours; draw it, or leave it out of the evaluation',
            name=structure.name,
        )
    return region_from_contours(
        structure.contours,
        end_cap=end_cap,
        between=between,
        gaps=gaps,
        plane_spacing_mm=plane_spacing_mm,
        name=structure.name,
    )


def structure_dvh(
    structures: StructureSet,
    name: str,
    dose: Dose,
    *,
    end_cap: EndCap,
    between: Between = Between.SLAB,
    gaps: Gaps = Gaps.OPEN,
    plane_spacing_mm: float | None = None,
    uncovered: Uncovered = Uncovered.REFUSED,
    prescription_gy: float | None = None,
    accuracy: Accuracy | None = None,
    progress: Callable[[float], None] | None = None,
) -> Dvh:
    """Return the DVH of a named structure by a stored dose.

    Parameters
    ----------
    structures, name
        The set and the structure in it.
    dose
        On any grid of the same frame of reference.
    end_cap, between, gaps, plane_spacing_mm
        What the contours stand for: `trocar.geometry.region.region_from_contours`.
    uncovered
        What to do with parts outside the dose grid.
    prescription_gy
        For a relative dose.
    accuracy, progress
        See `trocar.evaluate.dvh.compute_dvh`.

    Raises
    ------
    GeometryError
        Structure and dose lie in different frames of reference, or the contours enclose no volume.
    EvaluateError
        An empty structure, or a dose that does not serve.
    """
    require_same_frame(structures.frame_uid, dose.volume.frame_uid, first="structures", second="dose")
    region = region_of_structure(
        structures.named(name), end_cap=end_cap, between=between, gaps=gaps, plane_spacing_mm=plane_spacing_mm
    )
    return compute_dvh(
        region,
        dose_from_grid(dose, prescription_gy=prescription_gy),
        uncovered=uncovered,
        accuracy=accuracy,
        progress=progress,
    )
