"""Where the catalogue's zones of a plan lie: ellipsoids of revolution along the needles, and their union."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.catalogue.applicators import load_applicator
from trocar.catalogue.calibration import OwnFactor
from trocar.catalogue.zones import Evidence, ExpectedZone, ZoneTissue, expected_zone
from trocar.geometry.grid import Grid
from trocar.geometry.value import Value, frozen_array
from trocar.plan.ablation import AblationPlan, Control, Schedule
from trocar.workflow.simulated_zone import SimulatedZone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneChoice(Value):
    """Which rows of the catalogue are believed.

    Parameters
    ----------
    tissue, evidence
        In what they were measured.
    factor
        A hospital's own; None for the catalogue as it is.
    simulated
        Zones that are believed instead of the catalogue's at their setting.
    """

    tissue: ZoneTissue
    evidence: Evidence
    factor: OwnFactor | None = None
    simulated: tuple[SimulatedZone, ...] = ()

    def zone(self, model: str, schedule: Schedule) -> ExpectedZone:
        """Return the zone to expect of a schedule with one active step.

        Raises
        ------
        CatalogueError
            The catalogue does not hold the setting.
        """
        own = self._own(model, schedule)
        if own is not None:
            return own.expected
        active = [step for step in schedule.steps if step.control not in (Control.PAUSE, Control.THAW)]
        rows = load_applicator(model).settings(tissue=self.tissue, evidence=self.evidence)
        zone = expected_zone(rows, power_w=active[0].power_w, duration_s=schedule.active_s)
        return zone if self.factor is None else self.factor.applied_to(zone)

    def behind_tip_mm(self, model: str, schedule: Schedule) -> float:
        """Return how far the middle of the zone lies behind the tip."""
        own = self._own(model, schedule)
        return load_applicator(model).centre_behind_tip_mm if own is None else own.behind_tip_mm

    def _own(self, model: str, schedule: Schedule) -> SimulatedZone | None:
        key = (model, schedule.content_hash)
        return next((each for each in self.simulated if (each.model, each.schedule_hash) == key), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedZone(Value):
    """One zone in the patient.

    Parameters
    ----------
    applicator
        Number of the applicator.
    centre_lps_mm, axis_lps
        Middle, and unit vector along the applicator.
    zone
        Its size.
    """

    applicator: int
    centre_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"]
    zone: ExpectedZone

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_lps_mm", frozen_array(self.centre_lps_mm, np.float64))
        object.__setattr__(self, "axis_lps", frozen_array(self.axis_lps, np.float64))

    def contains(
        self, points_lps_mm: Float[np.ndarray, "*n 3"], *, shift_mm: Float[np.ndarray, " 3"] | None = None
    ) -> Bool[np.ndarray, "*n"]:
        """Return which points lie inside, the zone shifted if asked."""
        offset = points_lps_mm - (self.centre_lps_mm if shift_mm is None else self.centre_lps_mm + shift_mm)
        along = offset @ self.axis_lps
        across = (offset**2).sum(axis=-1) - along**2
        return np.asarray((2 * along / self.zone.long_mm) ** 2 + 4 * across / self.zone.short_mm**2 <= 1.0)


def planned_zones(plan: AblationPlan, choice: ZoneChoice) -> tuple[PlacedZone, ...]:
    """Return the zone of each activation of a plan.

    Raises
    ------
    CatalogueError
        The catalogue does not hold one of the settings.
    """
    placed = []
    for activation in plan.activations:
        applicator = plan.applicator(activation.applicator)
        back = choice.behind_tip_mm(applicator.model, activation.schedule) + activation.pulled_back_mm
        placed.append(
            PlacedZone(
                applicator=applicator.number,
                centre_lps_mm=applicator.tip_lps_mm(pulled_back_mm=back),
                axis_lps=applicator.needle.direction_lps,
                zone=choice.zone(applicator.model, activation.schedule),
            )
        )
    return tuple(placed)


def union_mask(zones: Sequence[PlacedZone], grid: Grid) -> Bool[np.ndarray, "k j i"]:
    """Return the voxels whose centre lies in any zone."""
    centres = grid.centres_lps_mm()
    mask = np.zeros(grid.shape_kji, np.bool_)
    for zone in zones:
        mask |= zone.contains(centres)
    return mask


def union_grid(zones: Sequence[PlacedZone], *, spacing_mm: float) -> Grid:
    """Return a grid that holds all zones with room around."""
    reach = max(zone.zone.long_mm for zone in zones) / 2
    points = np.array([zone.centre_lps_mm for zone in zones])
    return Grid.around(points, margin_mm=reach + 4 * spacing_mm, spacing_mm=spacing_mm)
