"""What stands in the way: every rule against every line, and the nearest relaxation that works."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from trocar.errors import OptimiseError
from trocar.optimise.access.explanation import Change, Explanation, Refusal, Relaxation, Rule, no_access_message
from trocar.optimise.access.lines import Lines
from trocar.optimise.access.scene import Scene
from trocar.optimise.access.search import (
    OUT_OF_BODY_MM,
    AccessSearch,
    Shape,
    axial_tilt_deg,
    clearance_of,
    entered_of,
    outside_body_mm,
    shape_of,
    skin_angle_deg,
)

MOST_LINES = 60_000
"""Of more lines than this a fair sample is explained, and numbers of lines are scaled up."""

NICE = 0.1
"""Needed values are rounded to this, towards the relaxation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """One rule against all lines: what each line would need, and what is given; lines fail where ``failed``."""

    rule: Rule
    name: str
    given: float
    needed: Float[np.ndarray, " n"]
    failed: Bool[np.ndarray, " n"]
    rising: bool


def explain(scene: Scene, lines: Lines) -> Explanation:
    """Return what refuses lines, and the nearest relaxations.

    Parameters
    ----------
    scene
        With the rules.
    lines
        All lines tried, such as `AccessSearch.lines`.
    """
    stride = -(-len(lines) // MOST_LINES) if len(lines) else 1
    sample = lines.take(np.arange(0, len(lines), stride)) if stride > 1 else lines
    shape = shape_of(scene, sample)
    hits = np.flatnonzero(np.isfinite(shape.tip_depth_mm))
    tests = rule_tests(scene, sample, shape, hits)
    failed = np.column_stack([test.failed for test in tests])
    by_count = failed.sum(axis=1)
    refusals = [
        Refusal(
            rule=test.rule,
            name=test.name,
            lines=int(test.failed.sum()) * stride,
            alone=int((test.failed & (by_count == 1)).sum()) * stride,
        )
        for test in tests
        if test.failed.any()
    ]
    return Explanation(
        tried=len(lines),
        missing=(len(sample) - len(hits)) * stride,
        refusals=tuple(sorted(refusals, key=lambda refusal: -refusal.lines)),
        relaxations=_relaxations(tests, failed, stride=stride),
    )


def rule_tests(scene: Scene, lines: Lines, shape: Shape, hits: np.ndarray) -> list[RuleTest]:
    """Return every rule against some lines, each followed to the far border of the target.

    Parameters
    ----------
    scene, lines, shape
        Where, the ways, and their lengths.
    hits
        Which of the lines.
    """
    rules = scene.rules
    most = min(rules.most_depth_mm, rules.needle_length_mm)
    tip = shape.tip_depth_mm
    hit = lines.take(hits)
    tests = [
        _at_most(Rule.DEPTH, most, tip[hits]),
        _at_least(Rule.IN_TARGET, rules.least_in_target_mm, shape.in_target_mm[hits]),
    ]
    if rules.most_skin_angle_deg is not None:
        tests.append(_at_most(Rule.SKIN_ANGLE, rules.most_skin_angle_deg, skin_angle_deg(hit)))
    if rules.most_axial_tilt_deg is not None:
        tests.append(_at_most(Rule.AXIAL_TILT, rules.most_axial_tilt_deg, axial_tilt_deg(hit)))
    if rules.couch is not None:
        tests.append(_at_least(Rule.COUCH, 0.0, shape.couch_mm[hits]))
    if rules.bore is not None:
        tests.append(_at_least(Rule.BORE, 0.0, shape.bore_mm[hits]))
    tests.append(_at_most(Rule.LEAVES_BODY, OUT_OF_BODY_MM, outside_body_mm(scene, lines, hits, tip[hits])))
    clearance = clearance_of(scene, lines, hits, tip[hits])
    for n, obstacle in enumerate(rules.obstacles):
        tests.append(_at_least(Rule.MARGIN, obstacle.margin_mm, clearance[:, n], name=obstacle.name))
    entered = entered_of(scene, lines, hits, tip[hits])
    for n, limit in enumerate(rules.crossing_limits):
        tests.append(_at_most(Rule.CROSSING, limit.at_most, entered[:, n].astype(np.float64), name=limit.name))
    return tests


def _at_most(rule: Rule, given: float, values: Float[np.ndarray, " n"], *, name: str = "") -> RuleTest:
    return RuleTest(rule=rule, name=name, given=float(given), needed=values, failed=values > given, rising=True)


def _at_least(rule: Rule, given: float, values: Float[np.ndarray, " n"], *, name: str = "") -> RuleTest:
    return RuleTest(rule=rule, name=name, given=float(given), needed=values, failed=values < given, rising=False)


def _relaxations(tests: list[RuleTest], failed: Bool[np.ndarray, "n rules"], *, stride: int) -> tuple[Relaxation, ...]:
    """Return the best relaxation for each of the smallest sets of rules that would have to give."""
    stuck = np.flatnonzero(failed.any(axis=1))
    if not len(stuck) or (~failed.any(axis=1)).any():
        return ()
    count = failed[stuck].sum(axis=1)
    found = []
    for size in sorted(set(count.tolist()))[:3]:
        rows = stuck[count == size]
        sets, owner = np.unique(failed[rows], axis=0, return_inverse=True)
        for n, which in enumerate(sets):
            found.append(_best_of(tests, np.flatnonzero(which), rows[owner.ravel() == n], stride=stride))
    ranked = sorted(found, key=lambda each: (each.danger, len(each.changes), _cost(each)))
    return tuple(ranked[:5])


def _best_of(tests: list[RuleTest], which: np.ndarray, rows: np.ndarray, *, stride: int) -> Relaxation:
    """Return the change that the most modest of some lines needs, all failing by the same rules."""
    effort = np.zeros(len(rows))
    for rule in which:
        effort += _effort(tests[rule], tests[rule].needed[rows])
    best = rows[int(np.argmin(effort))]
    changes = []
    for rule in which:
        test = tests[rule]
        exact = float(test.needed[best])
        rounded = np.ceil(exact / NICE) * NICE if test.rising else np.floor(exact / NICE) * NICE
        changes.append(Change(rule=test.rule, name=test.name, given=test.given, needed=float(np.round(rounded, 3))))
    return Relaxation(changes=tuple(changes), lines=len(rows) * stride)


def _effort(test: RuleTest, needed: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return how much is asked of a rule: relative change, and as much as ten such for crossing an obstacle."""
    change = np.abs(needed - test.given) / max(abs(test.given), 5.0)
    if test.rule is Rule.MARGIN:
        change = change + 10.0 * (needed < 0)
    return np.asarray(change)


def _cost(relaxation: Relaxation) -> float:
    return sum(
        abs(change.needed - change.given) / max(abs(change.given), 5.0)
        + 10.0 * (change.rule is Rule.MARGIN and change.needed < 0)
        for change in relaxation.changes
    )


def require_access(search: AccessSearch, scene: Scene) -> None:
    """Raise unless a needle was found, and say what prevents it and what would open a way.

    Raises
    ------
    OptimiseError
        No line obeys every rule.
    """
    if len(search.accesses):
        return
    message = no_access_message(explain(scene, search.lines), target=scene.target.name)
    raise OptimiseError(message.code, message.template, **message.data)
