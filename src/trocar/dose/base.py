"""`SourceTerm`: where sources of one model are and how much each gives; and how a plan becomes such terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
from jaxtyping import Bool, Float

from trocar.catalogue.sources import Source, load_source
from trocar.dose.decay import effective_hours, elapsed_since_implant_s, strength_at_u
from trocar.dose.tg43 import Formalism
from trocar.errors import DoseError
from trocar.geometry.value import Value, frozen_array
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.seeds import Dwell, Seed
from trocar.units import hours_from_seconds

__all__ = ["Formalism", "Method", "SourceTerm", "rate_terms", "source_terms"]


class Method(Enum):
    """How the formula is evaluated."""

    DIRECT = "directly, in double precision"
    TABULATED = "from a table, in single precision; at most 0.1 % from the direct formula outside the capsule"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceTerm(Value):
    """Sources of one model.

    Parameters
    ----------
    source
        The model.
    positions_lps_mm
        Centres.
    axes_lps
        Unit vectors from the cable or tail to the tip; a row of NaN where the direction is unknown, which is then
        computed one-dimensionally with φ_an.
    weight_u_h
        S_K times effective time: dose in Gy = 0.01 x weight x dose rate in cGy/(h U).

    Raises
    ------
    DoseError
        A position or weight is not finite, or an axis is neither a unit vector nor unknown.
    """

    source: Source
    positions_lps_mm: Float[np.ndarray, "n 3"]
    axes_lps: Float[np.ndarray, "n 3"]
    weight_u_h: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        positions = frozen_array(self.positions_lps_mm, np.float64)
        axes = frozen_array(self.axes_lps, np.float64)
        weight = frozen_array(self.weight_u_h, np.float64)
        lengths = np.linalg.norm(axes, axis=1)
        good_axes = np.isnan(axes).all(axis=1) | (np.abs(lengths - 1.0) < 1e-6)
        counts = {len(positions), len(axes), len(weight)}
        if len(counts) != 1 or not (np.isfinite(positions).all() and np.isfinite(weight).all() and good_axes.all()):
            raise DoseError(
                "dose.source-term-invalid",
                "a source term of {n} sources of {key} was given with a position or weight that is not finite, an axis "
                "that is no unit vector, or lists of unequal length",
                n=len(positions),
                key=self.source.key,
            )
        object.__setattr__(self, "positions_lps_mm", positions)
        object.__setattr__(self, "axes_lps", axes)
        object.__setattr__(self, "weight_u_h", weight)

    @property
    def is_oriented(self) -> Bool[np.ndarray, " n"]:
        """Which sources have a known axis."""
        return np.asarray(~np.isnan(self.axes_lps[:, 0]))

    def __len__(self) -> int:
        return len(self.positions_lps_mm)


def source_terms(plan: ImplantPlan | AfterloadingPlan, *, until: datetime | None = None) -> tuple[SourceTerm, ...]:
    """Return the source terms of a plan, one a source model: total dose, or dose until a moment.

    Parameters
    ----------
    plan
        Permanent implant, or afterloading treatment (all its fractions).
    until
        For an implant: dose delivered until this moment instead of to complete decay.

    Raises
    ------
    DoseError
        A moment before the implant, or any moment for an afterloading plan; no treatment time where one is needed.
    CatalogueError
        A source model that the catalogue does not hold.

    Notes
    -----
    Implant: weight = S_K(implant) x effective hours (D2, D3). Afterloading: S_K at treatment x dwell time x fractions;
    the decay within a treatment, under 0.01 % for Ir-192, is left out.
    """
    if isinstance(plan, AfterloadingPlan):
        return _afterloading_terms(plan, until)
    elapsed_s = None if until is None else elapsed_since_implant_s(plan.implant_at, at=until)
    terms = []
    for model, seeds in _by_model(plan.seeds).items():
        source = load_source(model)
        hours = effective_hours(source.nuclide, elapsed_s=elapsed_s)
        strength_u = [strength_at_u(seed.strength, source.nuclide, at=plan.implant_at) for seed in seeds]
        terms.append(_term(source, seeds, np.array(strength_u) * hours))
    return tuple(terms)


def rate_terms(plan: ImplantPlan, *, at: datetime) -> tuple[SourceTerm, ...]:
    """Return source terms whose dose in Gy is the dose rate of an implant at a moment in Gy/h.

    Raises
    ------
    DoseError
        The moment lies before the implant.
    """
    elapsed_since_implant_s(plan.implant_at, at=at)
    terms = []
    for model, seeds in _by_model(plan.seeds).items():
        source = load_source(model)
        terms.append(_term(source, seeds, np.array([strength_at_u(s.strength, source.nuclide, at=at) for s in seeds])))
    return tuple(terms)


def _afterloading_terms(plan: AfterloadingPlan, until: datetime | None) -> tuple[SourceTerm, ...]:
    if until is not None:
        raise DoseError(
            "dose.until-of-afterloading",
            "a dose until {until} was asked for, but plan {label} is an afterloading treatment, which is over when the "
            "source returns; ask for its total dose",
            until=until.isoformat(sep=" "),
            label=plan.label,
        )
    source = load_source(plan.source_model)
    s_k_u = _treatment_strength_u(plan, source)
    dwells = plan.dwells
    hours = np.array([hours_from_seconds(dwell.time_s) for dwell in dwells])
    return (_term(source, dwells, s_k_u * hours * plan.fractions),)


def _treatment_strength_u(plan: AfterloadingPlan, source: Source) -> float:
    if plan.strength_is_for_treatment:
        return plan.strength.s_k_u
    if plan.treat_at is None:
        raise DoseError(
            "dose.treatment-time-missing",
            "plan {label} states a source strength dated {reference_at} but no treatment time to decay it to; give the "
            "treatment time, or state that the dwell times belong to the strength as given",
            label=plan.label,
            reference_at=plan.strength.reference_at.isoformat(sep=" "),
        )
    return strength_at_u(plan.strength, source.nuclide, at=plan.treat_at)


def _by_model(seeds: Sequence[Seed]) -> dict[str, list[Seed]]:
    groups: dict[str, list[Seed]] = {}
    for seed in seeds:
        groups.setdefault(seed.source_model, []).append(seed)
    return groups


def _term(source: Source, items: Sequence[Seed] | Sequence[Dwell], weight_u_h: np.ndarray) -> SourceTerm:
    unknown = np.full(3, np.nan)
    axes = [unknown if item.axis_lps is None else item.axis_lps for item in items]
    return SourceTerm(
        source=source,
        positions_lps_mm=np.array([item.position_lps_mm for item in items]).reshape(-1, 3),
        axes_lps=np.array(axes).reshape(-1, 3),
        weight_u_h=weight_u_h,
    )
