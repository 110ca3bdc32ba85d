"""Fits: the uniform factor, the displacement and the strength of each source that would explain a stored dose best.

A fit measures what is different; it does not say why.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.optimize import lsq_linear

from trocar.dose.base import Method
from trocar.geometry.affine import translation
from trocar.messages import Message
from trocar.results.plan_check import Cause
from trocar.workflow.compute import Plan, source_positions_lps_mm, sources_of
from trocar.workflow.suppose import Model, Supposition, dose_of_each_gy, model_dose_gy, stated_to_true

if TYPE_CHECKING:
    from trocar.workflow.explain import Evidence

PROBE_MM = 0.1
"""Step of the numerical derivative of the dose with respect to a displacement."""

STEPS_OF_NEWTON = 6
LARGEST_STEP_MM = 2.0
SETTLED_MM = 0.005
ODD_SOURCE = 0.10
"""A source whose fitted strength is this far from the others' counts as odd."""

MOST_ODD = 0.25
"""When more than this share of the sources is odd, the cause is not single sources."""

NAMED_AT_MOST = 8
RADIAL_NODES_MM = (2.0, 5.0, 10.0, 20.0, 30.0, 50.0)
FLAT_WITHIN = 0.01
"""Radial factors that differ by less are one factor."""

SEEN_SHARE = 0.01
"""A distance that brings less of the dose than this cannot be judged."""

CLOSE_POINTS = 3000
"""So many points are enough to tell the sources apart."""


def fitted_suppositions(evidence: "Evidence", model: Model) -> tuple[Supposition, ...]:
    """Return the fits to stored doses, each with what it found."""
    computed = model_dose_gy(model, evidence.points_lps_mm)
    points, stored = _close_evidence(evidence)
    alone = dose_of_each_gy(model, points)
    return (
        *_factor(evidence, model, computed),
        *_displacement(evidence, model),
        *_single_sources(model, alone, stored),
        *_radial(model, alone, points, stored),
    )


def _factor(evidence: "Evidence", model: Model, computed: np.ndarray) -> Iterator[Supposition]:
    factor = float(np.median(evidence.stored_gy / np.maximum(computed, 1e-12)))
    if not factor > 0 or abs(factor - 1.0) < 1e-4:
        return
    message = Message(
        code="workflow.fit-factor",
        template="a uniform factor of {factor:.4f} lies on the stored dose (it would be {days:+.1f} days of decay)",
        data={"factor": factor, "days": decay_days(model.plan, factor)},
    )
    yield Supposition(
        cause=Cause.FACTOR, message=message, applied_to=lambda each: replace(each, factor=each.factor * factor)
    )


def decay_days(plan: Plan, factor: float) -> float:
    """Return the days of decay that would change a dose by a factor, positive for a loss."""
    return float(-np.log2(factor) * sources_of(plan)[0].nuclide.half_life_d)


def _displacement(evidence: "Evidence", model: Model) -> Iterator[Supposition]:
    shift = fitted_shift_mm(evidence, model)
    if np.linalg.norm(shift) < SETTLED_MM:
        return
    message = Message(
        code="workflow.fit-displacement",
        template="the stored dose is displaced by ({x:+.2f}, {y:+.2f}, {z:+.2f}) mm",
        data={"x": float(shift[0]), "y": float(shift[1]), "z": float(shift[2])},
    )
    matrix = translation(-shift)
    yield Supposition(cause=Cause.DISPLACEMENT, message=message, applied_to=lambda each: each.moved(matrix))


def fitted_shift_mm(evidence: "Evidence", model: Model) -> Float[np.ndarray, " 3"]:
    """Return the displacement of the stored dose that fits best, by Gauss-Newton steps on the local difference."""
    shift = np.zeros(3)
    for _ in range(STEPS_OF_NEWTON):
        step = _newton_step(evidence, model.moved(translation(-shift)))
        length = float(np.linalg.norm(step))
        shift = shift + step * min(1.0, LARGEST_STEP_MM / max(length, 1e-9))
        if length < SETTLED_MM:
            break
    return shift


def _newton_step(evidence: "Evidence", model: Model) -> np.ndarray:
    points = evidence.points_lps_mm
    computed = model_dose_gy(model, points)
    slopes = np.empty((len(points), 3))
    for axis in range(3):
        probe = np.zeros(3)
        probe[axis] = 0.5 * PROBE_MM
        ahead = model_dose_gy(model.moved(translation(-probe)), points)
        behind = model_dose_gy(model.moved(translation(probe)), points)
        slopes[:, axis] = (ahead - behind) / (PROBE_MM * np.maximum(computed, 1e-12))
    difference = (evidence.stored_gy - computed) / np.maximum(computed, 1e-12)
    trust = 1.0 / np.maximum(np.abs(difference - np.median(difference)), 0.01)
    left = slopes.T @ (trust[:, None] * slopes)
    right = slopes.T @ (trust * (difference - np.median(difference)))
    return np.asarray(np.linalg.lstsq(left, right, rcond=None)[0])


def _radial(model: Model, alone: np.ndarray, points: np.ndarray, stored: np.ndarray) -> Iterator[Supposition]:
    if model.radial_factors:
        return
    nodes_mm, factors = fitted_radial_factors(model, alone, points, stored)
    if len(nodes_mm) < 2 or np.ptp(factors) < FLAT_WITHIN:
        return
    pairs = tuple((float(distance), float(factor)) for distance, factor in zip(nodes_mm, factors, strict=True))
    message = Message(
        code="workflow.fit-radial",
        template="the radial dose function differs: factor {factors}",
        data={"factors": ", ".join(f"{factor:.3f} @ {distance:g} mm" for distance, factor in pairs)},
    )
    yield Supposition(
        cause=Cause.RADIAL,
        message=message,
        applied_to=lambda each: replace(each, radial_factors=pairs, method=Method.DIRECT),
    )


def fitted_radial_factors(
    model: Model,
    alone_gy: Float[np.ndarray, "n sources"],
    points_lps_mm: Float[np.ndarray, "n 3"],
    stored_gy: Float[np.ndarray, " n"],
) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Return distances in mm and the factor on the radial dose function there that fits the stored dose best.

    Parameters
    ----------
    model
        How the dose is computed.
    alone_gy
        Dose of each source alone at the points.
    points_lps_mm, stored_gy
        Stated positions and stored doses.
    """
    true_points = stated_to_true(model, points_lps_mm)
    nodes = np.array(RADIAL_NODES_MM)
    columns = np.zeros((len(points_lps_mm), len(nodes)))
    for position, alone in zip(source_positions_lps_mm(model.plan), alone_gy.T, strict=True):
        distance = np.linalg.norm(true_points - position, axis=1)
        columns += alone[:, None] * _hats(np.log(np.maximum(distance, 1e-6)), np.log(nodes))
    seen = columns.sum(axis=0) > SEEN_SHARE * columns.sum()
    columns = np.column_stack([columns[:, seen], columns[:, ~seen].sum(axis=1)])
    return nodes[seen], _positive_fit(columns, stored_gy)[:-1]


def _positive_fit(columns: np.ndarray, stored_gy: np.ndarray) -> np.ndarray:
    """Return the factors, at least 0, on columns of dose whose sum is nearest to a stored dose in local differences."""
    scale = 1.0 / np.maximum(stored_gy, 1e-12)
    solved = lsq_linear(columns * scale[:, None], np.ones(len(stored_gy)), bounds=(0.0, np.inf), lsq_solver="exact")
    return np.asarray(solved.x, dtype=np.float64)


def _hats(where: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Return piecewise linear weights, one column a node, that sum to 1; beyond the ends the end node counts."""
    return np.column_stack([np.interp(where, nodes, row) for row in np.eye(len(nodes))])


def _single_sources(model: Model, alone: np.ndarray, stored: np.ndarray) -> Iterator[Supposition]:
    if alone.shape[1] < 2 or model.source_factors:
        return
    factors = fitted_source_factors(alone, stored)
    middle = float(np.median(factors))
    odd = np.flatnonzero(np.abs(factors / max(middle, 1e-9) - 1.0) > ODD_SOURCE)
    if middle <= 0 or len(odd) == 0 or len(odd) > max(1.0, MOST_ODD * len(factors)):
        return
    named = ", ".join(f"{index + 1} (× {factors[index] / middle:.2f})" for index in odd[:NAMED_AT_MOST])
    message = Message(
        code="workflow.fit-sources",
        template="{n} of {all} sources have another strength in the stored dose than in the plan: number {named}{more}",
        data={"n": len(odd), "all": len(factors), "named": named, "more": " …" if len(odd) > NAMED_AT_MOST else ""},
    )
    only_odd = np.ones(len(factors))
    only_odd[odd] = factors[odd] / middle
    weights = tuple(float(each) for each in only_odd)
    yield Supposition(
        cause=Cause.SINGLE_SOURCES, message=message, applied_to=lambda each: replace(each, source_factors=weights)
    )


def fitted_source_factors(
    alone_gy: Float[np.ndarray, "n sources"], stored_gy: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " sources"]:
    """Return the factor on each source, at least 0, that fits the stored dose best in local differences."""
    return _positive_fit(alone_gy, stored_gy)


def _close_evidence(evidence: "Evidence") -> tuple[np.ndarray, np.ndarray]:
    every = max(1, len(evidence.points_lps_mm) // CLOSE_POINTS)
    return evidence.points_lps_mm[::every], evidence.stored_gy[::every]
