"""The pictures of a plan report: slices through the target, histograms, needles in space."""

from dataclasses import dataclass

import numpy as np

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
VIEWPOINT_DEG = (18.0, -55.0)


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
        """Structures drawn on slices."""
        return (self.target, *self.organs)[:MOST_OUTLINES]


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
        space=space_picture(
            shown.plan, outlined[:4], seed_length_mm=shown.seed_length_mm, viewpoint_deg=VIEWPOINT_DEG, paper=paper
        ),
        dvh=dvh_picture(curves, reference_gy=shown.reference_gy, paper=paper),
    )


def _cuts(shown: ShownPlan) -> tuple[Cut, ...]:
    """Return four axial slices on drawn planes, one coronal and one sagittal, all about the target."""
    points = np.vstack([contour.points_lps_mm for contour in shown.target.closed_contours])
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
    upright = tuple(
        Cut(view=view, centre_lps_mm=middle, half_width_mm=half, half_height_mm=half)
        for view in (View.CORONAL, View.SAGITTAL)
    )
    return (*axial, *upright)
