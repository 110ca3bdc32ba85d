"""What another system may have done differently, as models that can be computed.

A `Model` is one complete way to compute the dose of a plan at the points of a stored grid. A `Supposition` changes one
thing in a model; suppositions can be laid on top of each other, so that two errors in one plan can be told apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from jaxtyping import Float

from trocar.catalogue.sources import Source
from trocar.catalogue.tables import RadialTable
from trocar.dose.base import Method, SourceTerm, source_terms
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.geometry.affine import apply_affine
from trocar.geometry.grid import Grid
from trocar.geometry.value import frozen_array
from trocar.messages import Message
from trocar.plan.plan import AfterloadingPlan
from trocar.results.plan_check import Cause
from trocar.units import cm_from_mm
from trocar.workflow.compute import Plan


class AxisRule(Enum):
    """Which way the sources point in a model."""

    AS_PLANNED = "as the plan says"
    UNKNOWN = "unknown: the one-dimensional anisotropy function"
    REVERSED = "against the plan's direction"
    ALONG_X = "left to right"
    ALONG_Y = "front to back"
    ALONG_Z = "foot to head"


_FIXED_AXES = {AxisRule.ALONG_X: (1.0, 0.0, 0.0), AxisRule.ALONG_Y: (0.0, 1.0, 0.0), AxisRule.ALONG_Z: (0.0, 0.0, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedFrames:
    """Frames of a stored grid that are in turned order: the frame at k belongs at k + ``steps``, around the end.

    Parameters
    ----------
    grid
        The stored grid.
    steps
        How far, with sign.
    """

    grid: Grid
    steps: int

    def true_points(self, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Return where the numbers at stated voxel centres belong."""
        frames = self.grid.shape_kji[0]
        stated = np.rint(self.grid.index_ijk(points_lps_mm)[:, 2])
        away = (stated + self.steps) % frames - stated
        moved: np.ndarray = points_lps_mm + away[:, None] * self.grid.steps_lps_mm[2]
        return moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One way to compute the dose at the points of a stored grid.

    Parameters
    ----------
    plan
        Seeds or dwells.
    formalism
        Two- or one-dimensional.
    axes
        Which way the sources point.
    factor
        The dose is multiplied by this.
    true_from_stated
        Where a stated grid position lies in truth: the identity where the grid is right.
    source_factors
        A factor a source, in the order of the plan; empty for 1 everywhere.
    flat_anisotropy
        Whether φ_an(r) is replaced by one number, its average beyond 1 cm weighted by 1/r².
    turned_frames
        The order of the frames where it is turned; None where it is right.
    radial_factors
        Pairs of a distance in mm and a factor on the radial dose function there; empty for 1 everywhere.
    method
        Directly, for source data of which a few thousand doses are wanted; by table where the table is used again.
    """

    plan: Plan
    formalism: Formalism
    axes: AxisRule = AxisRule.AS_PLANNED
    factor: float = 1.0
    true_from_stated: Float[np.ndarray, "4 4"] = field(default_factory=lambda: frozen_array(np.eye(4), np.float64))
    source_factors: tuple[float, ...] = ()
    flat_anisotropy: bool = False
    turned_frames: TurnedFrames | None = None
    radial_factors: tuple[tuple[float, float], ...] = ()
    method: Method = Method.TABULATED

    def moved(self, true_from_stated: Float[np.ndarray, "4 4"]) -> "Model":
        """Return the model with a further change of position."""
        return replace(self, true_from_stated=frozen_array(true_from_stated @ self.true_from_stated, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """One thing that may be different.

    Parameters
    ----------
    cause
        Which kind.
    message
        In words.
    applied_to
        The model under the supposition; None where it has no meaning or changes nothing.
    handicap
        Share of its gain that it is denied in the ranking, for what is possible but unusual.
    """

    cause: Cause
    message: Message
    applied_to: Callable[[Model], Model | None]
    handicap: float = 0.0


def model_terms(model: Model) -> tuple[SourceTerm, ...]:
    """Return the source terms of a model."""
    terms = tuple(_turned(term, model.axes) for term in source_terms(model.plan))
    if model.flat_anisotropy:
        terms = tuple(replace(term, source=with_flat_anisotropy(term.source)) for term in terms)
    if model.radial_factors:
        terms = tuple(replace(term, source=with_radial_factors(term.source, model.radial_factors)) for term in terms)
    if not model.source_factors:
        return terms
    return _weighted(terms, model)


def model_dose_gy(model: Model, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Return the dose that a system working like the model would have stored at stated positions."""
    true_points = stated_to_true(model, points_lps_mm)
    dose = dose_at_points(model_terms(model), true_points, formalism=model.formalism, method=model.method)
    return np.asarray(model.factor * dose, dtype=np.float64)


def dose_of_each_gy(model: Model, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n sources"]:
    """Return what each source of a model gives to stated positions, in the order of the plan."""
    true_points = stated_to_true(model, points_lps_mm)
    places = source_places(model.plan)
    doses = np.empty((len(points_lps_mm), sum(len(each) for each in places.values())))
    for term in model_terms(model):
        for row, place in enumerate(places[term.source.key]):
            only = replace(
                term,
                positions_lps_mm=term.positions_lps_mm[row : row + 1],
                axes_lps=term.axes_lps[row : row + 1],
                weight_u_h=term.weight_u_h[row : row + 1],
            )
            alone = dose_at_points((only,), true_points, formalism=model.formalism, method=Method.DIRECT)
            doses[:, place] = model.factor * alone
    return doses


def stated_to_true(model: Model, points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Return where the numbers at stated positions belong in a model."""
    if model.turned_frames is not None:
        points_lps_mm = model.turned_frames.true_points(points_lps_mm)
    return apply_affine(model.true_from_stated, points_lps_mm)


def _turned(term: SourceTerm, rule: AxisRule) -> SourceTerm:
    match rule:
        case AxisRule.AS_PLANNED:
            return term
        case AxisRule.UNKNOWN:
            return replace(term, axes_lps=np.full_like(term.axes_lps, np.nan))
        case AxisRule.REVERSED:
            return replace(term, axes_lps=-term.axes_lps)
        case _:
            return replace(term, axes_lps=np.broadcast_to(_FIXED_AXES[rule], term.axes_lps.shape).copy())


def _weighted(terms: tuple[SourceTerm, ...], model: Model) -> tuple[SourceTerm, ...]:
    factors = np.asarray(model.source_factors)
    places = source_places(model.plan)
    return tuple(replace(term, weight_u_h=term.weight_u_h * factors[places[term.source.key]]) for term in terms)


def with_flat_anisotropy(source: Source) -> Source:
    """Return a source whose φ_an(r) is one number: the average over r >= 1 cm weighted by 1/r².

    References
    ----------
    Rivard et al., Med Phys 31:633 (2004), doi 10.1118/1.1646040, section II.B: the anisotropy constant, discouraged.
    """
    radius_cm, values = source.phi_an.radius_cm, source.phi_an.values
    weight = np.where(radius_cm >= 1.0, radius_cm**-2.0, 0.0)
    constant = float(weight @ values / weight.sum())
    return replace(source, phi_an=RadialTable(radius_cm=radius_cm, values=np.full_like(values, constant)))


def with_radial_factors(source: Source, factors: tuple[tuple[float, float], ...]) -> Source:
    """Return a source whose radial dose function is multiplied by factors, linear in the logarithm of the distance."""
    nodes_cm = cm_from_mm(np.array([distance for distance, _ in factors]))
    radius_cm = np.union1d(source.g_L.radius_cm, nodes_cm)
    values = np.exp(np.interp(radius_cm, source.g_L.radius_cm, np.log(source.g_L.values)))
    values *= np.interp(np.log(radius_cm), np.log(nodes_cm), np.array([factor for _, factor in factors]))
    return replace(source, g_L=RadialTable(radius_cm=radius_cm, values=values))


def source_places(plan: Plan) -> dict[str, np.ndarray]:
    """Return, for each source model, which seeds or dwells of the plan belong to it, in the order of its term."""
    if isinstance(plan, AfterloadingPlan):
        return {plan.source_model: np.arange(len(plan.dwells))}
    keys = np.array([seed.source_model for seed in plan.seeds])
    return {str(key): np.flatnonzero(keys == key) for key in dict.fromkeys(keys)}
