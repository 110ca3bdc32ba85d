"""DVHs and their numbers for the structures of a set, from any dose."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from trocar.dose.base import Method, SourceTerm
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.errors import EvaluateError, GeometryError
from trocar.evaluate.conformity import implant_indices
from trocar.evaluate.dvh import Accuracy, compute_dvh
from trocar.evaluate.structures import region_of_structure
from trocar.geometry.region import EndCap, Region
from trocar.messages import Message
from trocar.plan.goals import Metric, MetricKind, Unit
from trocar.plan.structures import Structure, StructureSet
from trocar.results.dvh import Dvh
from trocar.results.plan_check import MetricPair, StructureCheck

DoseAt = Callable[[Float[np.ndarray, "n 3"]], Float[np.ndarray, " n"]]

TARGET_METRICS = ("D90", "D100", "V100", "V150", "V200", "Dmean")
ORGAN_METRICS = ("D0.1cc", "D1cc", "D2cc", "Dmean")
TARGET_TYPES = frozenset({"GTV", "CTV", "PTV"})
NOT_EVALUATED_TYPES = frozenset({"EXTERNAL", "SUPPORT", "FIXATION"})
"""The body and what holds it: their DVH says nothing."""

LARGEST_CC = 5_000.0
"""A structure larger than this is a body or a tank, whatever its type."""

SCREEN_ACCURACY = Accuracy(volume_percent=0.2, dose_percent=0.5)


def exact_dose(terms: tuple[SourceTerm, ...], *, formalism: Formalism) -> DoseAt:
    """Return a function that gives the dose of sources at points."""
    return lambda points: dose_at_points(terms, points, formalism=formalism, method=Method.TABULATED)


def is_target(structure: Structure, *, target: str | None) -> bool:
    """Say whether a structure is the target: the one named, or else any drawn as GTV, CTV or PTV."""
    if target is not None:
        return structure.name.strip().casefold() == target.strip().casefold()
    return structure.interpreted_type.upper() in TARGET_TYPES


def target_among(
    structures: StructureSet, *, told: str | None, prescribed: str | None
) -> tuple[str | None, tuple[Message, ...]]:
    """Return the name of the target, None to go by the types of the structures, and what a reader should know of it.

    Parameters
    ----------
    structures
        As drawn.
    told
        Name the user gave; None where the plan is to be followed.
    prescribed
        Name the plan prescribes to; None or empty where it names none.

    Raises
    ------
    PlanError
        No structure, or more than one, has the name that the user gave.
    """
    if told is not None:
        return structures.named(told).name, ()
    if not prescribed or any(is_target(each, target=prescribed) for each in structures):
        return prescribed or None, ()
    not_drawn = Message(
        code="workflow.target-not-drawn",
        template="the plan prescribes to {prescribed}, but no structure has this name; structures drawn as GTV, CTV or "
        "PTV, if there are any, stand for it: say which is the target (--target)",
        data={"prescribed": prescribed},
    )
    return None, (not_drawn,)


def region_of(structure: Structure, *, end_cap: EndCap) -> Region:
    """Return the solid of a structure; a gap between its planes is left open."""
    return region_of_structure(structure, end_cap=end_cap)


def evaluated_structures(structures: StructureSet) -> tuple[Structure, ...]:
    """Return the structures whose DVH is worth computing, targets first."""
    drawn = [s for s in structures if s.is_region and s.interpreted_type.upper() not in NOT_EVALUATED_TYPES]
    return tuple(sorted(drawn, key=lambda s: s.interpreted_type.upper() not in TARGET_TYPES))


def check_structures(
    structures: StructureSet,
    *,
    recomputed: DoseAt,
    stored: DoseAt | None,
    reference_gy: float,
    target: str | None,
    end_cap: EndCap,
    progress: Callable[[float], None] | None = None,
) -> tuple[tuple[StructureCheck, ...], tuple[Message, ...]]:
    """Return DVHs and metrics of every structure from both doses, and remarks on what was left out.

    Parameters
    ----------
    structures
        As drawn.
    recomputed, stored
        The two doses; ``stored`` is None where there is none.
    reference_gy
        What V100 refers to.
    target
        Name of the target; None to go by the types of the structures.
    end_cap
        What closes structures beyond their end planes.
    progress
        Told the share done.
    """
    report = progress or (lambda share: None)
    checked: list[StructureCheck] = []
    remarks: list[Message] = []
    wanted = evaluated_structures(structures)
    for number, structure in enumerate(wanted):
        try:
            one, said = _check_structure(
                structure,
                recomputed=recomputed,
                stored=stored,
                reference_gy=reference_gy,
                target=is_target(structure, target=target),
                end_cap=end_cap,
            )
        except (GeometryError, EvaluateError) as problem:
            one, said = None, (_left_out(structure, problem.message),)
        remarks.extend(said)
        if one is not None:
            checked.append(one)
        report((number + 1) / len(wanted))
    return tuple(checked), tuple(remarks)


def _left_out(structure: Structure, reason: Message) -> Message:
    return Message(
        code="workflow.structure-left-out",
        template="structure {name} was not evaluated: {reason}",
        data={"name": structure.name, "reason": reason},
    )


def _check_structure(
    structure: Structure,
    *,
    recomputed: DoseAt,
    stored: DoseAt | None,
    reference_gy: float,
    target: bool,
    end_cap: EndCap,
) -> tuple[StructureCheck | None, tuple[Message, ...]]:
    region = region_of(structure, end_cap=end_cap)
    if region.volume_mm3 > 1e3 * LARGEST_CC:
        message = Message(
            code="workflow.structure-too-large",
            template="a volume of {volume_cc:.0f} cc is a body, not an organ at risk",
            data={"volume_cc": region.volume_mm3 / 1e3},
        )
        return None, (_left_out(structure, message),)
    ours = compute_dvh(region, recomputed, name=structure.name, accuracy=SCREEN_ACCURACY)
    theirs, said = _stored_dvh(structure, region, stored)
    names = TARGET_METRICS if target else ORGAN_METRICS
    pairs = tuple(_pair(Metric.parse(name), ours, theirs, reference_gy=reference_gy) for name in names)
    indices = None
    if target:
        indices = implant_indices(region, recomputed, prescription_gy=reference_gy, accuracy=SCREEN_ACCURACY)
    return (
        StructureCheck(
            name=structure.name,
            number=structure.number,
            is_target=target,
            recomputed=ours,
            stored=theirs,
            metrics=pairs,
            indices=indices,
        ),
        (*(_remark(structure, each) for each in region.remarks), *said),
    )


def _stored_dvh(structure: Structure, region: Region, stored: DoseAt | None) -> tuple[Dvh | None, tuple[Message, ...]]:
    """Return the DVH of the stored dose, or none where the stored grid does not hold the whole structure."""
    if stored is None:
        return None, ()
    try:
        return compute_dvh(region, stored, name=structure.name, accuracy=SCREEN_ACCURACY), ()
    except EvaluateError:
        message = Message(
            code="workflow.structure-beyond-grid",
            template="structure {name} reaches beyond the stored dose grid; there only the recomputed dose is known",
            data={"name": structure.name},
        )
        return None, (message,)


def _remark(structure: Structure, said: Message) -> Message:
    return Message(
        code="workflow.structure-remark",
        template="structure {name}: {remark}",
        data={"name": structure.name, "remark": said},
    )


def _pair(metric: Metric, ours: Dvh, theirs: Dvh | None, *, reference_gy: float) -> MetricPair:
    return MetricPair(
        name=metric.text,
        unit="Gy" if metric.is_dose else "%",
        recomputed=metric_value(metric, ours, reference_gy=reference_gy),
        stored=None if theirs is None else metric_value(metric, theirs, reference_gy=reference_gy),
    )


def metric_value(metric: Metric, dvh: Dvh, *, reference_gy: float) -> float:
    """Return a metric's value from a DVH: Gy for doses, percent of the volume for volumes; NaN where not defined."""
    match metric.kind:
        case MetricKind.MAXIMUM:
            return dvh.max_gy
        case MetricKind.MINIMUM:
            return dvh.min_gy
        case MetricKind.MEAN:
            return dvh.mean_gy
        case MetricKind.VOLUME_WITH_DOSE:
            return dvh.percent_at_dose(metric.dose_level_gy(reference_gy))
    level = metric.level if metric.level is not None else float("nan")
    if metric.level_unit is Unit.CC:
        return dvh.dose_at_cc(level) if level <= dvh.volume_cc else float("nan")
    return dvh.dose_at_percent(level)
