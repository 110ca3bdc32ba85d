"""The pictures of a plan report: slices through the target, histograms, needles in space."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trocar.geometry.volume import Volume
from trocar.plan.patient import Image
from trocar.plan.plan import ImplantPlan
from trocar.plan.structures import Structure
from trocar.report.charts import Curve
from trocar.report.implant_plan import PlanPictures
from trocar.report.pictures import Paper, dvh_picture, slices_picture
from trocar.report.planes import Cut, View
from trocar.report.seed_map import space_picture
from trocar.report.slices import Scene, isodose_levels, structure_colours
from trocar.results.dvh import Dvh

SHOWN_PERCENTS = (50.0, 100.0, 150.0, 200.0)
MARGIN_MM = 16.0
MOST_OUTLINES = 8
MOST_IN_SPACE = 5
BUSY_MM = 2.5
"""Seeds this near to an upright plane count for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """What the pictures are drawn from.

    Parameters
    ----------
    plan
        Needles and seeds.
    image
        The planning CT.
    dose
        On a grid about the target.
    target
        Drawn first.
    organs
        Drawn next, in this order.
    histograms
        The target's first.
    reference_gy
        What 100 % means.
    seed_length_mm
        Of a capsule.
    """

    plan: ImplantPlan
    image: Image
    dose: Volume
    target: Structure
    organs: tuple[Structure, ...]
    histograms: tuple[Dvh, ...]
    reference_gy: float
    seed_length_mm: float

    @property
    def outlined(self) -> tuple[Structure, ...]:
        """Structures drawn on slices: the target, then those with a histogram, then the nearest to the target."""
        known = [dvh.name for dvh in self.histograms]
        near = cKDTree(_corners(self.target))
        gap_mm = {each.number: float(near.query(_corners(each))[0].min()) for each in self.organs if each.is_region}
        organs = sorted(
            (each for each in self.organs if each.is_region),
            key=lambda each: (each.name not in known, gap_mm[each.number]),
        )
        return (self.target, *organs)[:MOST_OUTLINES]


def plan_pictures(shown: ShownPlan, *, paper: Paper) -> PlanPictures:
    """Return the pictures of a plan in the language of the paper."""
    outlined = shown.outlined
    colours = structure_colours(outlined)
    scene = Scene(
        image=shown.image.volume,
        dose=shown.dose,
        other_dose=None,
        levels=isodose_levels(SHOWN_PERCENTS, reference_gy=shown.reference_gy),
        structures=outlined,
        sources_lps_mm=np.array([seed.position_lps_mm for seed in shown.plan.seeds]),
        colours=colours,
    )
    by_name = {each.name: colours[each.number] for each in outlined}
    curves = tuple(
        Curve(
            name=dvh.name,
            colour=by_name.get(dvh.name, "#888888"),
            dose_gy=dvh.dose_gy,
            volume_percent=dvh.cumulative_percent,
        )
        for dvh in shown.histograms
    )
    return PlanPictures(
        slices=slices_picture(scene, _cuts(shown), columns=3, paper=paper),
        space=space_picture(shown.plan, outlined[:MOST_IN_SPACE], seed_length_mm=shown.seed_length_mm, paper=paper),
        dvh=dvh_picture(curves, reference_gy=shown.reference_gy, paper=paper),
    )


def _cuts(shown: ShownPlan) -> tuple[Cut, ...]:
    """Return four axial slices on drawn planes, and a coronal and a sagittal where most seeds lie."""
    points = _corners(shown.target)
    low, high = points.min(axis=0), points.max(axis=0)
    middle = 0.5 * (low + high)
    planes = np.unique(np.round(points[:, 2], 3))
    wanted = low[2] + (high[2] - low[2]) * np.array([0.15, 0.38, 0.62, 0.85])
    heights = planes[np.abs(planes[None] - wanted[:, None]).argmin(axis=1)]
    half = 0.5 * float((high - low).max()) + MARGIN_MM
    axial = tuple(
        Cut(
            view=View.AXIAL,
            centre_lps_mm=np.array([middle[0], middle[1], height]),
            half_width_mm=half,
            half_height_mm=half,
        )
        for height in heights
    )
    seeds = np.array([seed.position_lps_mm for seed in shown.plan.seeds])
    upright = []
    for view, axis in ((View.CORONAL, 1), (View.SAGITTAL, 0)):
        centre = middle.copy()
        centre[axis] = _busiest(seeds[:, axis], near=float(middle[axis]))
        upright.append(Cut(view=view, centre_lps_mm=centre, half_width_mm=half, half_height_mm=half))
    return (*axial, *upright)


def _corners(structure: Structure) -> np.ndarray:
    return np.vstack([contour.points_lps_mm for contour in structure.closed_contours])


def _busiest(places_mm: np.ndarray, *, near: float) -> float:
    """Return the place with most others about it; of equals the one nearest to a middle."""
    others = (np.abs(places_mm[:, None] - places_mm[None]) <= BUSY_MM).sum(axis=1)
    best = places_mm[others == others.max()]
    return float(best[np.abs(best - near).argmin()])
