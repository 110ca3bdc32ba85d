"""The suppositions that are tried on every plan: units, decay, formalism, sources, orientation, grid."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from trocar.catalogue.sources import Source, load_source, source_keys
from trocar.dose.base import Method
from trocar.dose.tg43 import Formalism
from trocar.geometry.affine import affine_from_axes, translation
from trocar.geometry.grid import Grid
from trocar.messages import Message
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.seeds import Seed, Strength
from trocar.results.plan_check import Cause
from trocar.units import MBQ_PER_MCI, days_from_seconds
from trocar.workflow.compute import Plan, sources_of
from trocar.workflow.suppose import AxisRule, Model, Supposition, TurnedFrames

FACTOR_MATTERS = 1e-4
"""A supposed factor nearer to 1 than this changes nothing that could be seen."""

SHIFT_NAMES = "ijk"
UNUSUAL = 0.05
"""Handicap of what a system may do but hardly does any more."""

ANOTHER_NAME = 1e-3
"""Handicap that settles the order of two suppositions which give the same dose."""


def all_suppositions(plan: Plan, grid: Grid) -> tuple[Supposition, ...]:
    """Return everything that is tried on a plan whose stored dose lies on a grid."""
    return (
        *dose_unit_suppositions(plan),
        *strength_unit_suppositions(plan),
        *fraction_suppositions(plan),
        *decay_suppositions(plan),
        *formalism_suppositions(),
        *source_suppositions(plan),
        *orientation_suppositions(plan),
        *grid_suppositions(grid),
    )


def _say(code: str, template: str, /, **data: object) -> Message:
    return Message(code=code, template=template, data=data)


def scaled(cause: Cause, message: Message, factor: float) -> Iterator[Supposition]:
    """Yield the supposition of a uniform factor unless it is 1."""
    if abs(factor - 1.0) > FACTOR_MATTERS:
        yield Supposition(
            cause=cause, message=message, applied_to=lambda model: replace(model, factor=model.factor * factor)
        )


def dose_unit_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield confusions of the unit of dose."""
    yield from scaled(Cause.DOSE_UNIT, _say("workflow.suppose-cgy", "the stored numbers are cGy, labelled Gy"), 100.0)
    yield from scaled(
        Cause.DOSE_UNIT,
        _say("workflow.suppose-gy-over-100", "the stored numbers were divided by 100 once too often"),
        0.01,
    )
    if isinstance(plan, ImplantPlan):
        mean_life_h = sources_of(plan)[0].nuclide.mean_life_h
        message = _say(
            "workflow.suppose-rate", "the stored numbers are the initial dose rate in cGy/h, not the total dose"
        )
        yield from scaled(Cause.DOSE_UNIT, message, 100.0 / mean_life_h)


def strength_unit_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield confusions of U, mCi and MBq."""
    for source in sources_of(plan):
        if source.u_per_mci is None:
            continue
        u_per_mci, u_per_mbq = source.u_per_mci, source.u_per_mci / MBQ_PER_MCI
        for unit, factor in (("mCi", u_per_mci), ("MBq", u_per_mbq)):
            message = _say(
                "workflow.suppose-activity-as-strength",
                "the dose was computed with the stated strength read as {unit} (factor {factor:.4g})",
                unit=unit,
                factor=factor,
            )
            yield from scaled(Cause.STRENGTH_UNIT, message, factor)
            message = _say(
                "workflow.suppose-strength-as-activity",
                "the dose was computed with the number of {unit} read as U (factor {factor:.4g})",
                unit=unit,
                factor=1.0 / factor,
            )
            yield from scaled(Cause.STRENGTH_UNIT, message, 1.0 / factor)


def fraction_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield the dose of one fraction stored for all, and all for one."""
    if not isinstance(plan, AfterloadingPlan) or plan.fractions == 1:
        return
    one = _say(
        "workflow.suppose-one-fraction", "the stored dose is that of one fraction, not of all {n}", n=plan.fractions
    )
    all_of_them = _say(
        "workflow.suppose-fractions-twice", "the stored dose counts the {n} fractions once too often", n=plan.fractions
    )
    yield from scaled(Cause.FRACTIONS, one, 1.0 / plan.fractions)
    yield from scaled(Cause.FRACTIONS, all_of_them, float(plan.fractions))


def decay_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield a strength that was not decayed to the implant or treatment, or decayed twice."""
    days = days_to_use(plan)
    if days is None or abs(days) < 1e-6:
        return
    undecayed = _say(
        "workflow.suppose-not-decayed",
        "the strength was not decayed over the {days:.1f} days from calibration to use",
        days=days,
    )
    twice = _say(
        "workflow.suppose-decayed-twice",
        "the strength was decayed twice over the {days:.1f} days from calibration to use",
        days=days,
    )
    if isinstance(plan, AfterloadingPlan) and plan.strength_is_for_treatment:
        decayed = _say(
            "workflow.suppose-decayed",
            "the strength was decayed over the {days:.1f} days from calibration to treatment, though the dwell times "
            "already belong to the stated strength",
            days=days,
        )
        yield Supposition(cause=Cause.DECAY, message=decayed, applied_to=lambda model: _decayed(model, times=1))
        return
    yield Supposition(cause=Cause.DECAY, message=undecayed, applied_to=lambda model: _decayed(model, times=-1))
    yield Supposition(cause=Cause.DECAY, message=twice, applied_to=lambda model: _decayed(model, times=1))


def days_to_use(plan: Plan) -> float | None:
    """Return the days from calibration to implant or treatment (of the first seed); None without a treatment time."""
    if isinstance(plan, AfterloadingPlan):
        if plan.treat_at is None:
            return None
        return days_from_seconds((plan.treat_at - plan.strength.reference_at).total_seconds())
    return days_from_seconds((plan.implant_at - plan.seeds[0].strength.reference_at).total_seconds())


def _decayed(model: Model, *, times: int) -> Model:
    """Return the model with every strength decayed ``times`` more often over its own time from calibration to use."""
    plan = model.plan
    if isinstance(plan, AfterloadingPlan):
        days = days_to_use(plan) or 0.0
        share = _decay_share(load_source(plan.source_model), days) ** times
        return replace(model, plan=replace(plan, strength=_scaled_strength(plan.strength, share)))
    seeds = tuple(_seed_decayed(seed, plan, times=times) for seed in plan.seeds)
    return replace(model, plan=replace(plan, seeds=seeds))


def _seed_decayed(seed: Seed, plan: ImplantPlan, *, times: int) -> Seed:
    days = days_from_seconds((plan.implant_at - seed.strength.reference_at).total_seconds())
    share = _decay_share(load_source(seed.source_model), days) ** times
    return replace(seed, strength=_scaled_strength(seed.strength, share))


def _decay_share(source: Source, days: float) -> float:
    return float(0.5 ** (days / source.nuclide.half_life_d))


def _scaled_strength(strength: Strength, factor: float) -> Strength:
    return replace(strength, s_k_u=strength.s_k_u * factor)


def formalism_suppositions() -> Iterator[Supposition]:
    """Yield the other formalisms."""
    names = {
        Formalism.LINE_2D: _say(
            "workflow.suppose-2d", "the dose was computed two-dimensionally, with source orientation"
        ),
        Formalism.LINE_1D: _say(
            "workflow.suppose-1d", "the dose was computed one-dimensionally (line source, anisotropy factor)"
        ),
        Formalism.POINT_1D: _say(
            "workflow.suppose-point", "the dose was computed one-dimensionally (point source, anisotropy factor)"
        ),
    }
    for formalism, message in names.items():
        yield Supposition(cause=Cause.FORMALISM, message=message, applied_to=_with_formalism(formalism))
    flat = _say(
        "workflow.suppose-flat",
        "the dose was computed one-dimensionally (point source, one anisotropy constant for all distances)",
    )
    yield Supposition(
        cause=Cause.FORMALISM,
        message=flat,
        applied_to=lambda model: replace(
            model, formalism=Formalism.POINT_1D, flat_anisotropy=True, method=Method.DIRECT
        ),
        handicap=UNUSUAL,
    )


def _with_formalism(formalism: Formalism) -> Callable[[Model], Model | None]:
    def applied_to(model: Model) -> Model | None:
        return None if model.formalism is formalism else replace(model, formalism=formalism)

    return applied_to


def source_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield every other source of the catalogue of the same kind."""
    used = sources_of(plan)
    planned = {source.key for source in used}
    for key in source_keys():
        source = load_source(key)
        if key in planned or source.rate is not used[0].rate:
            continue
        message = _say(
            "workflow.suppose-source",
            "the dose was computed with the data of {manufacturer} {model} ({key})",
            manufacturer=source.manufacturer,
            model=source.model,
            key=key,
        )
        yield Supposition(cause=Cause.SOURCE_DATA, message=message, applied_to=_with_source(key))


def _with_source(key: str) -> Callable[[Model], Model | None]:
    def applied_to(model: Model) -> Model:
        return replace(model, plan=with_source(model.plan, key), method=Method.DIRECT)

    return applied_to


def with_source(plan: Plan, key: str) -> Plan:
    """Return a plan in which every source is of one model."""
    if isinstance(plan, AfterloadingPlan):
        return replace(plan, source_model=key)
    return replace(plan, seeds=tuple(replace(seed, source_model=key) for seed in plan.seeds))


def orientation_suppositions(plan: Plan) -> Iterator[Supposition]:
    """Yield other directions of the sources; meaningful in two dimensions only."""
    rules = {
        AxisRule.UNKNOWN: _say("workflow.suppose-axis-unknown", "the source orientation was not used"),
        AxisRule.ALONG_Z: _say("workflow.suppose-axis-z", "all sources were taken to lie along foot to head (z)"),
        AxisRule.ALONG_Y: _say("workflow.suppose-axis-y", "all sources were taken to lie along front to back (y)"),
        AxisRule.ALONG_X: _say("workflow.suppose-axis-x", "all sources were taken to lie along left to right (x)"),
        AxisRule.REVERSED: _say("workflow.suppose-axis-reversed", "the sources were taken to point the other way"),
    }
    if all(source.F.is_symmetric for source in sources_of(plan)):
        del rules[AxisRule.REVERSED]
    for rule, message in rules.items():
        # without directions every source is computed one-dimensionally: the usual name of it goes first
        handicap = ANOTHER_NAME if rule is AxisRule.UNKNOWN else 0.0
        yield Supposition(cause=Cause.ORIENTATION, message=message, applied_to=_with_axes(rule), handicap=handicap)


def _with_axes(rule: AxisRule) -> Callable[[Model], Model | None]:
    def applied_to(model: Model) -> Model | None:
        return replace(model, axes=rule) if model.formalism is Formalism.LINE_2D else None

    return applied_to


def grid_suppositions(grid: Grid) -> Iterator[Supposition]:
    """Yield shifts by half and whole voxels, mirrored axes and exchanged spacings of the stored grid."""
    steps = grid.steps_lps_mm
    for i, j, k in itertools.product((-1, 0, 1), repeat=3):
        if i or j or k:
            yield _shifted((i, j, k), 0.5, steps)
    for axis, sign in itertools.product(range(3), (-1, 1)):
        whole = [0, 0, 0]
        whole[axis] = sign
        yield _shifted((whole[0], whole[1], whole[2]), 1.0, steps)
    yield from _turned_frames(grid)
    yield from _mirrored(grid)
    yield from _exchanged_spacing(grid)


def _shifted(voxels: tuple[int, int, int], size: float, steps_lps_mm: np.ndarray) -> Supposition:
    shift = size * np.asarray(voxels) @ steps_lps_mm
    words = ", ".join(f"{size * n:+g} {SHIFT_NAMES[axis]}" for axis, n in enumerate(voxels) if n)
    message = _say(
        "workflow.suppose-shift",
        "the stored grid is displaced by {voxels} voxels ({x:.2f}, {y:.2f}, {z:.2f} mm)",
        voxels=words,
        x=float(shift[0]),
        y=float(shift[1]),
        z=float(shift[2]),
    )
    matrix = translation(-shift)
    return Supposition(cause=Cause.GRID, message=message, applied_to=lambda model: model.moved(matrix))


def _turned_frames(grid: Grid) -> Iterator[Supposition]:
    """Yield frames in turned order: the last belongs before the first, or the first behind the last."""
    last_first = _say("workflow.suppose-last-frame", "the frames are turned by one: the last belongs before the first")
    first_last = _say("workflow.suppose-first-frame", "the frames are turned by one: the first belongs behind the last")
    for steps, message in ((1, last_first), (-1, first_last)):
        turned = TurnedFrames(grid=grid, steps=steps)
        yield Supposition(cause=Cause.GRID, message=message, applied_to=_with_turned_frames(turned))


def _with_turned_frames(turned: TurnedFrames) -> Callable[[Model], Model | None]:
    def applied_to(model: Model) -> Model | None:
        return replace(model, turned_frames=turned) if model.turned_frames is None else None

    return applied_to


def _mirrored(grid: Grid) -> Iterator[Supposition]:
    """Yield each axis read backwards about the grid's middle, and about its first plane (the sign of the offsets)."""
    shape = grid.shape_kji[::-1]
    for axis in range(3):
        about_middle = np.eye(4)
        about_middle[axis, axis] = -1.0
        about_middle[axis, 3] = shape[axis] - 1.0
        message = _say("workflow.suppose-mirrored", "the stored grid is mirrored along {axis}", axis=SHIFT_NAMES[axis])
        yield _in_voxels(grid, about_middle, message)
    opposite = np.diag([1.0, 1.0, -1.0, 1.0])
    message = _say("workflow.suppose-offset-sign", "the frame offsets of the stored grid have the wrong sign")
    yield _in_voxels(grid, opposite, message)


def _in_voxels(grid: Grid, ijk_from_ijk: np.ndarray, message: Message) -> Supposition:
    matrix = grid.lps_from_ijk @ ijk_from_ijk @ grid.ijk_from_lps
    return Supposition(cause=Cause.GRID, message=message, applied_to=lambda model: model.moved(matrix))


def _exchanged_spacing(grid: Grid) -> Iterator[Supposition]:
    """Yield rows and columns whose spacings were exchanged."""
    wide, high, _ = grid.spacing_ijk_mm
    if abs(wide - high) < 1e-4 * wide:
        return
    steps = grid.steps_lps_mm
    exchanged = np.vstack([steps[0] * high / wide, steps[1] * wide / high, steps[2]])
    other = affine_from_axes(origin_lps_mm=grid.origin_lps_mm, steps_lps_mm=exchanged)
    matrix = other @ grid.ijk_from_lps
    message = _say("workflow.suppose-spacing", "the spacings of rows and columns of the stored grid are exchanged")
    yield Supposition(cause=Cause.GRID, message=message, applied_to=lambda model: model.moved(matrix))
