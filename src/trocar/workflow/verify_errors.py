"""Intervals of a verification's doses from named, sourced errors."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from trocar.dose.base import Formalism, Method, source_terms
from trocar.dose.points import dose_at_points
from trocar.evaluate.uncertainty import (
    ErrorSizes,
    SeedErrors,
    drawn_metrics,
    error_sample,
    interval_about,
    spread_by_kind,
)
from trocar.geometry.region import Region
from trocar.geometry.value import Value
from trocar.plan.plan import ImplantPlan
from trocar.results.verification import ErrorShare, Interval, StructureOutcome
from trocar.rules.sourced import SourcedNumber, shipped_numbers, sourced_numbers

SCHEMA, PACK = "trocar.verification-errors/1", "trocar/verification_errors"
UNITS = {
    "localisation": "mm",
    "registration": "mm",
    "contouring": "mm",
    "strength": "percent",
    "seed_strength": "percent",
}
TARGET_POINTS, ORGAN_POINTS = 10_000, 3_000
DRAWS = 100
SHARE_POINTS, SHARE_DRAWS = 4_000, 60
"""For telling which error weighs most: the standard deviations are then known to a tenth of themselves."""


MOST = {"CI": 1.0, "HI": 1.0}
"""Indices that are shares."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorBudget(Value):
    """The errors of a verification, each with its source."""

    numbers: tuple[SourcedNumber, ...]

    def value(self, key: str) -> float:
        """Return one standard deviation, in its own unit."""
        return next(each.value for each in self.numbers if each.key == key)

    def with_measured(self, key: str, value: float, *, source: tuple[str, str]) -> "ErrorBudget":
        """Return the errors with one of them as measured on the case itself; its source in English and Chinese."""
        return ErrorBudget(
            numbers=tuple(
                replace(each, value=value, source=source[0], source_zh=source[1], confidence="measured_here")
                if each.key == key
                else each
                for each in self.numbers
            )
        )


def error_budget(text: str | None = None) -> ErrorBudget:
    """Return the errors of a department's file, or those that come with Trocar.

    Raises
    ------
    RuleError
        The text is no such pack.
    """
    if text is None:
        numbers = shipped_numbers(PACK, schema=SCHEMA, section="errors", units=UNITS)
    else:
        numbers = sourced_numbers(text, schema=SCHEMA, section="errors", units=UNITS)
    return ErrorBudget(numbers=tuple(numbers.values()))


def with_intervals(
    outcomes: tuple[StructureOutcome, ...],
    indices: tuple[Interval, ...],
    regions: tuple[Region, ...],
    implanted: ImplantPlan,
    *,
    seed_sd_mm: Float[np.ndarray, " seeds"],
    budget: ErrorBudget,
    reference_gy: float,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> tuple[tuple[StructureOutcome, ...], tuple[Interval, ...]]:
    """Return outcomes and the target's indices with their intervals.

    Parameters
    ----------
    outcomes, regions
        Structures and their solids, in the same order.
    indices
        CI, EI and HI of the target.
    implanted
        The seeds seen.
    seed_sd_mm
        Of each seed's place, as its own fit tells.
    budget, reference_gy, rng, draws
        The errors, what V100 refers to, randomness and how much of it.
    """
    if not outcomes:
        return outcomes, indices
    samples = [
        error_sample(
            region,
            is_target=outcome.is_target,
            count=TARGET_POINTS if outcome.is_target else ORGAN_POINTS,
            rng=rng,
        )
        for outcome, region in zip(outcomes, regions, strict=True)
    ]
    sizes = [_sizes(outcome, budget) for outcome in outcomes]
    departures = drawn_metrics(
        samples,
        _moved_dose(implanted),
        sizes=sizes,
        seed_sd_mm=np.maximum(seed_sd_mm, budget.value("localisation")),
        reference_gy=reference_gy,
        draws=draws,
        rng=rng,
    )
    told = tuple(
        replace(outcome, metrics=tuple(_with(metric, drawn) for metric in outcome.metrics))
        for outcome, drawn in zip(outcomes, departures, strict=True)
    )
    of_target = next((drawn for each, drawn in zip(outcomes, departures, strict=True) if each.is_target), {})
    return told, tuple(_with(each, of_target) for each in indices)


def _sizes(outcome: StructureOutcome, budget: ErrorBudget) -> ErrorSizes:
    return ErrorSizes(
        registration_mm=budget.value("registration") if outcome.is_carried else 0.0,
        contouring_mm=budget.value("contouring"),
        strength=budget.value("strength") / 100.0,
        seed_strength=budget.value("seed_strength") / 100.0,
    )


def error_shares(
    outcome: StructureOutcome,
    region: Region,
    implanted: ImplantPlan,
    *,
    seed_sd_mm: Float[np.ndarray, " seeds"],
    budget: ErrorBudget,
    reference_gy: float,
    rng: np.random.Generator,
) -> tuple[ErrorShare, ...]:
    """Return what each named error alone does to D90 and V100 of a target, the one that weighs most first.

    Parameters
    ----------
    outcome, region
        The target and its solid.
    implanted, seed_sd_mm, budget, reference_gy, rng
        As in `with_intervals`.
    """
    spreads = spread_by_kind(
        error_sample(region, is_target=True, count=SHARE_POINTS, rng=rng),
        _moved_dose(implanted),
        sizes=_sizes(outcome, budget),
        seed_sd_mm=np.maximum(seed_sd_mm, budget.value("localisation")),
        reference_gy=reference_gy,
        draws=SHARE_DRAWS,
        rng=rng,
    )
    whole = sum(each["D90"] ** 2 for each in spreads.values())
    shares = [
        ErrorShare(
            key=kind.value,
            d90_gy=each["D90"],
            v100_percent=each["V100"],
            share_of_d90=each["D90"] ** 2 / whole if whole > 0.0 else 0.0,
        )
        for kind, each in spreads.items()
    ]
    return tuple(sorted(shares, key=lambda share: -share.share_of_d90))


def _with(metric: Interval, departures: dict[str, np.ndarray]) -> Interval:
    low, high = interval_about(metric.value, departures, metric.name)
    if not (np.isfinite(low) and np.isfinite(high)):
        return metric
    most = 100.0 if metric.unit == "%" else MOST.get(metric.name, np.inf)
    return replace(metric, low=max(low, 0.0), high=min(high, most))


def _moved_dose(implanted: ImplantPlan) -> Callable[[np.ndarray, SeedErrors], np.ndarray]:
    """Return the dose of seeds moved by a draw; the order of seeds is that of the plan."""
    terms = source_terms(implanted)
    models = [term.source.key for term in terms]
    members = [[n for n, seed in enumerate(implanted.seeds) if seed.source_model == key] for key in models]

    def dose_at(points: np.ndarray, errors: SeedErrors) -> np.ndarray:
        moved = tuple(
            replace(
                term,
                positions_lps_mm=term.positions_lps_mm + errors.offsets_mm[own],
                weight_u_h=term.weight_u_h * errors.factors[own],
            )
            for term, own in zip(terms, members, strict=True)
        )
        return dose_at_points(moved, points, formalism=Formalism.LINE_2D, method=Method.TABULATED)

    return dose_at
