"""What was assumed about mishaps, in words for the report, and what came of it, for scripts."""

from typing import Any

from trocar.catalogue.placement import PlacementErrors, Spread
from trocar.evaluate.scenarios import Oedema, SeedErrors
from trocar.messages import Message
from trocar.report.document import Text, say
from trocar.results.robustness import Outcomes
from trocar.workflow.implant_request import RobustnessWish
from trocar.workflow.plan_judging import ProposedImplant


def assumed_words(wish: RobustnessWish | None) -> tuple[Text, ...]:
    """Return a sentence for each mishap that was tried."""
    if wish is None:
        return ()
    found: list[Text] = []
    if wish.mishaps.needles is not None:
        found.append(_needles(wish.mishaps.needles))
    if wish.mishaps.seeds is not None:
        found.append(_seeds(wish.mishaps.seeds))
    if wish.mishaps.oedema is not None:
        found.append(_oedema(wish.mishaps.oedema))
    if wish.planned_for:
        found.append(
            say(
                "cli.assumed-planned-for",
                "Seeds were placed for the plan and {n} scenarios of needle errors at once.",
                n=wish.planned_for,
            )
        )
    return tuple(found)


def _needles(errors: PlacementErrors) -> Message:
    return say(
        "cli.assumed-needles",
        "Needles err as measured: entry {entry} mm, tip {tip} mm, angle {angle}°, depth {depth} mm "
        "(mean ± standard deviation). {source}.",
        entry=_printed(errors.entry_mm),
        tip=_printed(errors.tip_mm),
        angle=_printed(errors.angle_deg),
        depth=_printed(errors.depth_mm),
        source=errors.source,
    )


def _printed(spread: Spread | None) -> str:
    return "–" if spread is None else f"{spread.mean:g} ± {spread.sd:g}"


def _seeds(errors: SeedErrors) -> Message:
    return say(
        "cli.assumed-seeds",
        "Seeds slide {slide:g} mm along and {across:g} mm across their needle (standard deviation); {dropped:g} % are "
        "drawn back by {back:g} mm on average; {lost:g} % are lost.",
        slide=errors.slide_sd_mm,
        across=errors.across_sd_mm,
        dropped=100.0 * errors.drop_probability,
        back=errors.drop_mean_mm,
        lost=100.0 * errors.loss_probability,
    )


def _oedema(oedema: Oedema) -> Message:
    return say(
        "cli.assumed-oedema",
        "Oedema adds {mean:g} ± {sd:g} % to the volume on the implant day, with a half-life of {days:g} days.",
        mean=100.0 * oedema.volume_increase.mean,
        sd=100.0 * oedema.volume_increase.sd,
        days=oedema.half_life_d,
    )


def consequences_json(proposed: ProposedImplant) -> dict[str, Any]:
    """Return robustness and biology for scripts; nothing where they were not asked for."""
    data: dict[str, Any] = {}
    found = proposed.robustness
    if found is not None:
        data["robustness"] = {
            "versions": found.versions,
            "probability_d90_reaches_prescription": found.covered.value,
            "standard_error": found.covered.standard_error,
            "d90_gy": _distribution(found.d90_gy),
            "v100_percent": _distribution(found.v100_percent),
            "goals": [
                {"goal": text, **_distribution(outcomes), "probability": found.chances[text].value}
                for text, outcomes in found.goals.items()
            ],
            "needles": [
                {"number": each.number, "first": each.first, "total": each.total, "error": each.total_error}
                for each in found.needles
            ],
        }
    if proposed.biology:
        data["biology"] = [
            {
                "structure": each.structure,
                "tissue": each.tissue.key,
                "metric": each.metric,
                "implant_gy": each.implant_gy,
                "external_gy": each.external_gy,
                "bed_gy": each.bed_gy,
                "eqd2_gy": each.eqd2_gy,
            }
            for each in proposed.biology
        ]
    return data


def _distribution(outcomes: Outcomes) -> dict[str, float]:
    low, middle, high = (outcomes.percentile(percent) for percent in (5.0, 50.0, 95.0))
    return {"planned": outcomes.planned, "p5": low, "median": middle, "p95": high}
