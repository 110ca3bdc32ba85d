"""Ways in: what a needle must avoid, where it may enter, and the account of each candidate."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int32

from trocar.errors import PlanError
from trocar.geometry.value import Value, frozen_array
from trocar.plan.needles import Needle
from trocar.plan.structures import Structure

SIDES = {
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
    "head": (0.0, 0.0, 1.0),
    "feet": (0.0, 0.0, -1.0),
}
"""Which way skin looks, by the side of the patient, as a direction in LPS."""


def _require_not_negative(**lengths: float | None) -> None:
    wrong = {name: value for name, value in lengths.items() if value is not None and not value >= 0}
    if wrong:
        raise PlanError(
            "plan.access-rule-negative",
            "the access rules {wrong} are below 0 or no numbers; give lengths in mm and angles in degrees, 0 or more",
            wrong=wrong,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Obstacle(Value):
    """A structure that needles keep away from.

    Parameters
    ----------
    structure
        As drawn; each outline stands for its slice, half a slice beyond the first and the last.
    margin_mm
        Least distance between the needle's surface and the structure; 0 allows touching, never crossing.
    may_be_drilled
        Whether a nearest plan may go through it where nothing else leads to the target: bone found on the CT.
    """

    structure: Structure
    margin_mm: float
    may_be_drilled: bool = False

    def __post_init__(self) -> None:
        _require_not_negative(margin_mm=self.margin_mm)

    @property
    def name(self) -> str:
        """Name of the structure."""
        return self.structure.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossingLimit(Value):
    """How often a needle may enter a structure: once for the lung that holds the tumour, never for bowel.

    Parameters
    ----------
    structure
        What is entered.
    at_most
        Times, 0 or more; parts less than a millimetre long along the needle are not counted.
    """

    structure: Structure
    at_most: int

    def __post_init__(self) -> None:
        _require_not_negative(at_most=self.at_most)

    @property
    def name(self) -> str:
        """Name of the structure."""
        return self.structure.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Couch(Value):
    """The plane the patient lies on: no part of a needle may lie beyond it.

    Parameters
    ----------
    point_lps_mm
        Any point of its upper surface.
    normal_lps
        From the couch to the patient.
    """

    point_lps_mm: Float[np.ndarray, " 3"]
    normal_lps: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        normal = np.asarray(self.normal_lps, dtype=np.float64)
        object.__setattr__(self, "point_lps_mm", frozen_array(self.point_lps_mm, np.float64))
        object.__setattr__(self, "normal_lps", frozen_array(normal / np.linalg.norm(normal), np.float64))

    def height_mm(self, points_lps_mm: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
        """Return how far points lie above the couch."""
        return np.asarray((points_lps_mm - self.point_lps_mm) @ self.normal_lps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bore(Value):
    """The opening of the scanner: the outer end of a needle must stay inside it.

    Parameters
    ----------
    centre_lps_mm
        Any point of its axis, which runs along z.
    radius_mm
        Of the opening.
    """

    centre_lps_mm: Float[np.ndarray, " 3"]
    radius_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_lps_mm", frozen_array(self.centre_lps_mm, np.float64))

    def room_mm(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        """Return how far points lie inside the opening."""
        away = points_lps_mm[:, :2] - self.centre_lps_mm[:2]
        return np.asarray(self.radius_mm - np.linalg.norm(away, axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccessRules(Value):
    """What every needle must obey.

    Parameters
    ----------
    obstacles
        Structures with a margin each.
    crossing_limits
        Structures that may be entered a limited number of times.
    needle_length_mm
        From hub to tip: insertion is never deeper, and what remains outside must clear couch and scanner.
    needle_radius_mm
        Outer radius; margins count from the needle's surface.
    most_depth_mm
        Largest way from skin to tip.
    beyond_target_mm
        How far the tip goes beyond the far border of the target.
    least_in_target_mm
        Needles with less of their way in the target are not worth having.
    most_skin_angle_deg
        Largest angle between needle and the straight way into the skin; None for any.
    most_axial_tilt_deg
        Largest angle between needle and the axial plane (the scanner's tilt and opening limit it); None for any.
    couch, bore
        What the outer end must not touch; None where it does not matter.
    may_stop_short
        Whether a needle may end within the target, before an obstacle's margin or a structure it may not enter;
        otherwise it reaches the far border or is refused.

    Raises
    ------
    PlanError
        A length or angle that is negative or no number, or a structure named as an obstacle twice.
    """

    obstacles: tuple[Obstacle, ...]
    needle_length_mm: float
    needle_radius_mm: float
    most_depth_mm: float
    beyond_target_mm: float
    least_in_target_mm: float
    crossing_limits: tuple[CrossingLimit, ...] = ()
    most_skin_angle_deg: float | None = None
    most_axial_tilt_deg: float | None = None
    couch: Couch | None = None
    bore: Bore | None = None
    may_stop_short: bool = False

    def __post_init__(self) -> None:
        _require_not_negative(
            needle_length_mm=self.needle_length_mm,
            needle_radius_mm=self.needle_radius_mm,
            most_depth_mm=self.most_depth_mm,
            beyond_target_mm=self.beyond_target_mm,
            least_in_target_mm=self.least_in_target_mm,
            most_skin_angle_deg=self.most_skin_angle_deg,
            most_axial_tilt_deg=self.most_axial_tilt_deg,
        )
        names = [obstacle.name for obstacle in self.obstacles]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PlanError(
                "plan.obstacle-twice",
                "{twice} are named as obstacles more than once; give each structure one margin",
                twice=twice,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkinEntries(Value):
    """Points of the skin where needles may go in.

    Parameters
    ----------
    points_lps_mm
        On the skin.
    normals_lps
        Unit vectors out of the body.
    """

    points_lps_mm: Float[np.ndarray, "n 3"]
    normals_lps: Float[np.ndarray, "n 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_lps_mm", frozen_array(self.points_lps_mm, np.float64))
        object.__setattr__(self, "normals_lps", frozen_array(self.normals_lps, np.float64))

    def __len__(self) -> int:
        return len(self.points_lps_mm)

    def where(self, wanted: Bool[np.ndarray, " n"]) -> "SkinEntries":
        """Return the wanted ones: any test of points or normals makes an entry region."""
        return SkinEntries(points_lps_mm=self.points_lps_mm[wanted], normals_lps=self.normals_lps[wanted])

    def facing(self, direction_lps: Float[np.ndarray, " 3"], *, within_deg: float) -> "SkinEntries":
        """Return those whose skin faces a direction: ``(0, -1, 0)`` is the front of the patient."""
        way = np.asarray(direction_lps, dtype=np.float64) / np.linalg.norm(direction_lps)
        return self.where(self.normals_lps @ way >= np.cos(np.radians(within_deg)))

    def above(self, couch: Couch, *, by_mm: float) -> "SkinEntries":
        """Return those that lie at least ``by_mm`` above the couch."""
        return self.where(couch.height_mm(self.points_lps_mm) >= by_mm)

    def near(self, points_lps_mm: Float[np.ndarray, "m 3"], *, within_mm: float) -> "SkinEntries":
        """Return those within a distance of any of some points."""
        gaps = np.linalg.norm(self.points_lps_mm[:, None] - points_lps_mm[None], axis=2)
        return self.where(gaps.min(axis=1) <= within_mm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskAccount(Value):
    """What a planner reads about one candidate needle.

    Parameters
    ----------
    depth_mm
        From skin to tip.
    in_target_mm
        Length within the target.
    unserved_mm
        Length that the same line would have in the target beyond the tip: above 0 where the needle stops short.
    skin_angle_deg
        Between needle and the straight way into the skin.
    axial_tilt_deg
        Between needle and the axial plane.
    clearance_mm
        Obstacle to the distance from the needle's surface, rounded towards danger; a large one may just be the reach
        to which distances were computed.
    slack_mm
        Least clearance beyond the margin, over all obstacles.
    tightest
        Obstacle with the least slack; empty where there is none.
    entered
        Structure with a crossing limit to the number of times the needle enters it.
    """

    depth_mm: float
    in_target_mm: float
    unserved_mm: float
    skin_angle_deg: float
    axial_tilt_deg: float
    clearance_mm: Mapping[str, float]
    slack_mm: float
    tightest: str
    entered: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Accesses(Value):
    """Candidate needles with their accounts, one a row.

    Parameters
    ----------
    entries_lps_mm, tips_lps_mm
        Ends.
    labels
        Name on the template, empty for free needles.
    in_target_mm, unserved_mm, skin_angle_deg, axial_tilt_deg
        See `RiskAccount`.
    clearance_mm
        One column an obstacle.
    entered
        One column a crossing limit.
    obstacle_names, margins_mm, limit_names
        What the columns are.
    """

    entries_lps_mm: Float[np.ndarray, "n 3"]
    tips_lps_mm: Float[np.ndarray, "n 3"]
    labels: tuple[str, ...]
    in_target_mm: Float[np.ndarray, " n"]
    unserved_mm: Float[np.ndarray, " n"]
    skin_angle_deg: Float[np.ndarray, " n"]
    axial_tilt_deg: Float[np.ndarray, " n"]
    clearance_mm: Float[np.ndarray, "n obstacles"]
    entered: Int32[np.ndarray, "n limits"]
    obstacle_names: tuple[str, ...]
    margins_mm: tuple[float, ...]
    limit_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in (
            "entries_lps_mm",
            "tips_lps_mm",
            "in_target_mm",
            "unserved_mm",
            "skin_angle_deg",
            "axial_tilt_deg",
        ):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))
        object.__setattr__(self, "clearance_mm", frozen_array(self.clearance_mm, np.float64))
        object.__setattr__(self, "entered", frozen_array(self.entered, np.int32))

    def __len__(self) -> int:
        return len(self.entries_lps_mm)

    @property
    def depth_mm(self) -> Float[np.ndarray, " n"]:
        """From skin to tip."""
        return np.asarray(np.linalg.norm(self.tips_lps_mm - self.entries_lps_mm, axis=1))

    @property
    def directions_lps(self) -> Float[np.ndarray, "n 3"]:
        """Unit vectors from entry to tip."""
        return np.asarray((self.tips_lps_mm - self.entries_lps_mm) / self.depth_mm[:, None])

    @property
    def slack_mm(self) -> Float[np.ndarray, " n"]:
        """Least clearance beyond the margin over all obstacles; infinite without obstacles."""
        spare = self.clearance_mm - np.asarray(self.margins_mm)
        return np.asarray(spare.min(axis=1, initial=np.inf))

    def account(self, row: int) -> RiskAccount:
        """Return the account of one candidate."""
        spare = self.clearance_mm[row] - np.asarray(self.margins_mm)
        tightest = self.obstacle_names[int(np.argmin(spare))] if len(spare) else ""
        clearances = zip(self.obstacle_names, self.clearance_mm[row].tolist(), strict=True)
        entered = zip(self.limit_names, self.entered[row].tolist(), strict=True)
        return RiskAccount(
            depth_mm=float(self.depth_mm[row]),
            in_target_mm=float(self.in_target_mm[row]),
            unserved_mm=float(self.unserved_mm[row]),
            skin_angle_deg=float(self.skin_angle_deg[row]),
            axial_tilt_deg=float(self.axial_tilt_deg[row]),
            clearance_mm=MappingProxyType(dict(clearances)),
            slack_mm=float(spare.min(initial=np.inf)),
            tightest=tightest,
            entered=MappingProxyType(dict(entered)),
        )

    def needle(self, row: int, *, number: int) -> Needle:
        """Return one candidate as a needle."""
        return Needle(
            number=number,
            entry_lps_mm=self.entries_lps_mm[row],
            tip_lps_mm=self.tips_lps_mm[row],
            label=self.labels[row],
        )

    def needles(self) -> tuple[Needle, ...]:
        """Return all candidates as needles, numbered from 1."""
        return tuple(self.needle(row, number=row + 1) for row in range(len(self)))

    def take(self, rows: np.ndarray) -> "Accesses":
        """Return some candidates in the order given."""
        rows = np.asarray(rows, dtype=np.int64)
        return Accesses(
            entries_lps_mm=self.entries_lps_mm[rows],
            tips_lps_mm=self.tips_lps_mm[rows],
            labels=tuple(self.labels[row] for row in rows),
            in_target_mm=self.in_target_mm[rows],
            unserved_mm=self.unserved_mm[rows],
            skin_angle_deg=self.skin_angle_deg[rows],
            axial_tilt_deg=self.axial_tilt_deg[rows],
            clearance_mm=self.clearance_mm[rows],
            entered=self.entered[rows],
            obstacle_names=self.obstacle_names,
            margins_mm=self.margins_mm,
            limit_names=self.limit_names,
        )

    def sorted_by(self, *keys: Float[np.ndarray, " n"]) -> "Accesses":
        """Return the candidates by rising keys, the first key first: ``a.sorted_by(-a.slack_mm, a.depth_mm)``."""
        return self.take(np.lexsort(keys[::-1]))
