"""What speaks against heat and seeds in one patient, taken together."""

from collections.abc import Iterable
from itertools import product

import numpy as np

from trocar.optimise.candidates import segment_distance_mm
from trocar.plan.ablation import AblationPlan
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan
from trocar.results.combined_treatment import CombinedTreatment, OrganAccount
from trocar.results.findings import Finding, Severity, found

NEEDLES_TOUCH_MM = 3.0
"""Axes of an applicator and a seed needle nearer than this cannot both be placed, or hinder each other."""
NEARLY_USED = 0.8
NEGLIGIBLE_ML = 0.005


def combined_findings(made: CombinedTreatment, ablation: AblationPlan, seeds: ImplantPlan) -> tuple[Finding, ...]:
    """Return what speaks against both treatments taken together."""
    return (
        *_untreated(made),
        *(each for organ in made.organs for each in _organ_findings(organ)),
        *_order(made),
        *_crossings(made, ablation, seeds),
    )


def _untreated(made: CombinedTreatment) -> Iterable[Finding]:
    tumour, margin = made.parts
    if tumour.neither_ml > NEGLIGIBLE_ML:
        data = {"ml": tumour.neither_ml, "total": tumour.total_ml}
        yield found("ablation.untreated-tumour", UNTREATED_TUMOUR, Severity.ACTION, **data)
    if margin.neither_ml > NEGLIGIBLE_ML:
        data = {"ml": margin.neither_ml, "total": margin.total_ml}
        yield found("ablation.untreated-margin", UNTREATED_MARGIN, Severity.ATTENTION, **data)


UNTREATED_TUMOUR = "{ml:.2f} ml of {total:.1f} ml tumour is neither killed by heat nor given the prescribed dose"
UNTREATED_MARGIN = "{ml:.2f} ml of {total:.1f} ml margin is neither killed by heat nor given the prescribed dose"


def _order(made: CombinedTreatment) -> Iterable[Finding]:
    """Yield what follows from which comes first: seeds in heat, seeds in tissue that shrinks."""
    data = {"n": made.seeds_in_zone, "seeds": made.seeds}
    over = made.times.heat_is_over
    if over is None:
        yield found("ablation.order-unknown", ORDER_UNKNOWN, Severity.ATTENTION)
    elif not over:
        severity = Severity.ACTION if made.seeds_in_zone else Severity.ATTENTION
        yield found("ablation.seeds-heated", SEEDS_HEATED, severity, **data)
    if made.seeds_in_zone:
        yield found("ablation.seeds-in-zone", SEEDS_IN_ZONE, Severity.ATTENTION, **data)


ORDER_UNKNOWN = (
    "when the ablation is done is not stated (ablate_at): whether seeds are in place while tissue is heated was not "
    "checked"
)
SEEDS_HEATED = (
    "seeds are to be placed before the ablation ends: {n} of {seeds} lie in the zone and would be heated with it, "
    "their metal disturbs the field, and applicators may push them; ablate first"
)
SEEDS_IN_ZONE = (
    "{n} of {seeds} seeds lie in tissue that heat kills: it shrinks by millimetres in the weeks after, and seeds move "
    "with it; place seeds after the ablation and verify their dose later too"
)


def _crossings(made: CombinedTreatment, ablation: AblationPlan, seeds: ImplantPlan) -> Iterable[Finding]:
    severity = Severity.NOTE if made.times.heat_is_over else Severity.ATTENTION
    for applicator, needle in product(ablation.applicators, seeds.needles):
        gap = gap_between(applicator.needle, needle)
        if gap < NEEDLES_TOUCH_MM:
            data = {"applicator": applicator.number, "needle": needle.number, "gap": gap}
            yield found("ablation.needles-cross", NEEDLES_CROSS, severity, **data)


NEEDLES_CROSS = (
    "applicator {applicator} and seed needle {needle} come within {gap:.1f} mm of each other: place one after the "
    "other, or move one"
)


def _organ_findings(organ: OrganAccount) -> Iterable[Finding]:
    data = {
        "name": organ.name,
        "gap": organ.gap_mm,
        "least": organ.least_gap_mm,
        "dose": organ.dose_gy,
        "most": organ.most_dose_gy,
        "cc": organ.cc,
    }
    gap_used, dose_used = organ.used
    if organ.gap_mm < 0:
        yield found("ablation.organ-in-zone", IN_ZONE, Severity.ACTION, **data, depth=-organ.gap_mm)
    elif gap_used > 1:
        yield found("ablation.organ-too-near", TOO_NEAR, Severity.ACTION, **data)
    if dose_used > 1:
        yield found("ablation.organ-too-much", TOO_MUCH, Severity.ACTION, **data)
    if NEARLY_USED < gap_used <= 1 and NEARLY_USED < dose_used <= 1:
        yield found("ablation.organ-both-near", BOTH_NEAR, Severity.ATTENTION, **data)
    yield from _needle_findings(organ)


def _needle_findings(organ: OrganAccount) -> Iterable[Finding]:
    applicators, needles = organ.entries
    if organ.most_entries is not None and applicators + needles > organ.most_entries:
        yield found(
            "ablation.organ-entered",
            ENTERED,
            Severity.ACTION,
            name=organ.name,
            applicators=applicators,
            needles=needles,
            total=applicators + needles,
            most=organ.most_entries,
        )
    if organ.least_needle_mm is not None and organ.needle_gap_mm < organ.least_needle_mm:
        data = {"name": organ.name, "gap": organ.needle_gap_mm, "least": organ.least_needle_mm}
        yield found("ablation.organ-needle-near", NEEDLE_NEAR, Severity.ACTION, **data)


IN_ZONE = "the zone reaches {depth:.1f} mm into {name}, which shall lie at least {least:.1f} mm from it"
ENTERED = (
    "{name} is entered {total} times ({applicators} applicators, {needles} seed needles), at most {most} are allowed"
)
NEEDLE_NEAR = "an applicator or seed needle comes within {gap:.1f} mm of {name}, {least:.1f} mm are asked"
TOO_NEAR = "the zone comes within {gap:.1f} mm of {name}, {least:.1f} mm are asked"
TOO_MUCH = "{name} receives {dose:.1f} Gy in its hottest {cc:g} cc, {most:.1f} Gy are allowed"
BOTH_NEAR = (
    "{name} keeps both limits, but each nearly to the full ({gap:.1f} mm of {least:.1f} mm; {dose:.1f} Gy of "
    "{most:.1f} Gy): no accepted rule adds heat and dose, so treat them as one load"
)


def axis_points(needle: Needle) -> np.ndarray:
    """Return points of a straight needle, half a millimetre or less apart."""
    n = max(2, int(np.ceil(2 * needle.length_mm)) + 1)
    points: np.ndarray = np.linspace(needle.entry_lps_mm, needle.tip_lps_mm, n)
    return points


def gap_between(first: Needle, second: Needle) -> float:
    """Return the least distance between the axes of two straight needles."""
    ends = (each[None] for each in (first.entry_lps_mm, first.tip_lps_mm, second.entry_lps_mm, second.tip_lps_mm))
    return float(segment_distance_mm(*ends)[0])
