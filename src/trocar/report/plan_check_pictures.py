"""The pictures of a plan check: which slices, which curves, which map."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.volume import Volume
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.report.charts import Curve
from trocar.report.pictures import ColourScale, Paper, dvh_picture, map_picture, slices_picture, sources_picture
from trocar.report.planes import Cut, View
from trocar.report.slices import Scene, isodose_levels, structure_colours
from trocar.results.gamma import GammaMap
from trocar.results.plan_check import Comparison, PlanCheck, StructureCheck

SHOWN_PERCENTS = (50.0, 100.0, 150.0, 200.0)
MARGIN_MM = 14.0
"""Slices reach so far beyond sources and targets."""

MOST_STRUCTURES = 8
"""More outlines than this make a slice unreadable; targets and what received most come first."""

MOST_CURVES = 10
AXIAL_SLICES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the pictures of a check are drawn from; ``compared`` is Trocar's dose on the stored grid."""

    check: PlanCheck
    recomputed: Volume
    compared: Volume | None
    stored: Volume | None
    structures: StructureSet | None
    image: Image | None
    sources_lps_mm: Float[np.ndarray, "n 3"]
    gamma: GammaMap | None = None

    @property
    def targets(self) -> tuple[Structure, ...]:
        """Structures checked as targets."""
        return tuple(self.drawn(each) for each in self.check.structures if each.is_target)

    @property
    def outlined(self) -> tuple[Structure, ...]:
        """Structures drawn on slices: targets, then organs by the dose they receive."""
        organs = sorted((s for s in self.check.structures if not s.is_target), key=lambda s: -s.recomputed.max_gy)
        return (*self.targets, *(self.drawn(each) for each in organs))[:MOST_STRUCTURES]

    def drawn(self, checked: StructureCheck) -> Structure:
        """Return the contours of a checked structure."""
        return next(structure for structure in self.structures or () if structure.number == checked.number)


def scene_of(shown: Shown) -> Scene:
    """Return what the slices show."""
    outlined = shown.outlined
    return Scene(
        image=shown.image.volume if shown.image is not None else None,
        dose=shown.recomputed,
        other_dose=shown.stored,
        levels=isodose_levels(SHOWN_PERCENTS, reference_gy=shown.check.reference_dose_gy),
        structures=outlined,
        sources_lps_mm=shown.sources_lps_mm,
        colours=structure_colours(outlined),
    )


def _extent(shown: Shown) -> tuple[np.ndarray, np.ndarray]:
    points = [shown.sources_lps_mm]
    points += [contour.points_lps_mm for target in shown.targets for contour in target.closed_contours]
    everything = np.vstack(points)
    return everything.min(axis=0), everything.max(axis=0)


def axial_cuts(shown: Shown) -> tuple[Cut, ...]:
    """Return axial slices at a quarter, the middle and three quarters of the implant, on planes of the structures."""
    low, high = _extent(shown)
    heights = low[2] + (high[2] - low[2]) * np.linspace(0.2, 0.8, AXIAL_SLICES)
    planes = _drawn_heights(shown)
    if len(planes):
        heights = np.array([planes[np.argmin(np.abs(planes - height))] for height in heights])
    half = 0.5 * float((high - low)[:2].max()) + MARGIN_MM
    middle = 0.5 * (low + high)
    return tuple(
        Cut(
            view=View.AXIAL,
            centre_lps_mm=np.array([middle[0], middle[1], height]),
            half_width_mm=half,
            half_height_mm=half,
        )
        for height in np.unique(heights)
    )


def _drawn_heights(shown: Shown) -> np.ndarray:
    heights = {
        round(float(c.points_lps_mm[:, 2].mean()), 3) for target in shown.targets for c in target.closed_contours
    }
    return np.array(sorted(heights))


def upright_cuts(shown: Shown) -> tuple[Cut, ...]:
    """Return one coronal and one sagittal slice through the middle of the implant."""
    low, high = _extent(shown)
    half = 0.5 * float((high - low).max()) + MARGIN_MM
    return tuple(
        Cut(view=view, centre_lps_mm=0.5 * (low + high), half_width_mm=half, half_height_mm=half)
        for view in (View.CORONAL, View.SAGITTAL)
    )


def axial_picture(shown: Shown, *, paper: Paper) -> bytes:
    """Return axial slices with isodose lines of both doses."""
    cuts = axial_cuts(shown)
    return slices_picture(scene_of(shown), cuts, columns=len(cuts), paper=paper)


def upright_picture(shown: Shown, *, paper: Paper) -> bytes:
    """Return a coronal and a sagittal slice with isodose lines of both doses."""
    return slices_picture(scene_of(shown), upright_cuts(shown), columns=2, paper=paper)


def difference_map(shown: Shown, comparison: Comparison, *, paper: Paper) -> bytes:
    """Return the local difference in percent on the three axial slices."""
    stored, ours = shown.stored or shown.recomputed, shown.compared or shown.recomputed
    threshold = comparison.region.threshold_gy

    def sample(points: np.ndarray) -> np.ndarray:
        theirs_gy, ours_gy = stored.sample(points, outside=np.nan), ours.sample(points, outside=np.nan)
        percent = 100.0 * (theirs_gy - ours_gy) / np.maximum(ours_gy, 1e-9)
        return np.where((ours_gy >= threshold) | (theirs_gy >= threshold), percent, np.nan)

    limit = 2.0 * comparison.overall.tolerance_percent
    label = paper.words("report.chart-difference", "Stored − recomputed, local (%)")
    scale = ColourScale(colours="RdBu_r", low=-limit, high=limit, label=label)
    return map_picture(scene_of(shown), axial_cuts(shown), sample=sample, scale=scale, paper=paper)


def gamma_picture(shown: Shown, gamma: GammaMap, *, paper: Paper) -> bytes:
    """Return the gamma index on the three axial slices; each point shows the voxel it lies in."""

    def sample(points: np.ndarray) -> np.ndarray:
        index = np.rint(gamma.grid.index_ijk(points)).astype(int)
        upper = np.array(gamma.grid.shape_kji[::-1]) - 1
        i, j, k = np.moveaxis(np.clip(index, 0, upper), -1, 0)
        return np.where(gamma.grid.contains(points), gamma.gamma_kji[k, j, i], np.nan)

    label = f"γ ({gamma.dose_percent:g} % / {gamma.distance_mm:g} mm)"
    scale = ColourScale(colours="YlOrRd", low=0.0, high=gamma.limit, label=label)
    return map_picture(scene_of(shown), axial_cuts(shown), sample=sample, scale=scale, paper=paper)


def histogram_picture(shown: Shown, *, paper: Paper) -> bytes:
    """Return the DVHs of both doses."""
    check = shown.check
    chosen = sorted(check.structures, key=lambda s: (not s.is_target, -s.recomputed.max_gy))[:MOST_CURVES]
    colours = structure_colours(tuple(shown.drawn(each) for each in chosen))
    curves = []
    for structure in chosen:
        for dvh, dashed in ((structure.recomputed, False), (structure.stored, True)):
            if dvh is not None:
                curves.append(
                    Curve(
                        name=structure.name,
                        colour=colours[structure.number],
                        dose_gy=np.concatenate([[0.0], dvh.dose_gy]),
                        volume_percent=np.concatenate([[100.0], dvh.cumulative_percent]),
                        dashed=dashed,
                    )
                )
    return dvh_picture(tuple(curves), reference_gy=check.reference_dose_gy, paper=paper)


def positions_picture(shown: Shown, *, paper: Paper) -> bytes:
    """Return where the sources are, from the front and from the left."""
    target = shown.targets[0] if shown.targets else None
    name = paper.words("report.sources-in-picture", "sources")
    return sources_picture(shown.sources_lps_mm, target, paper=paper, name=name)
