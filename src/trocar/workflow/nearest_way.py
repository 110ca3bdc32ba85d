"""The nearest way in where none obeys every rule: the least change of the rules that opens one, named and applied."""

from dataclasses import replace

from trocar.errors import OptimiseError, PlanError
from trocar.messages import Message
from trocar.optimise.access.explanation import Change, Relaxation, Rule, change_message, no_access_message
from trocar.plan.access import SIDES, AccessRules
from trocar.results.findings import Finding, Severity
from trocar.workflow.implant_request import ImplantRequest, NeedleWish
from trocar.workflow.way_in import allowed_entries, scene_of, search_in, why_no_way

SIDE_DEG = 60.0
"""Skin within this of a side's direction belongs to it: all whose direction is nearer to it than to any other."""


def with_nearest_access(request: ImplantRequest) -> tuple[ImplantRequest, tuple[Finding, ...]]:
    """Return the request, its rules widened as little as opens a way where they leave none, and what was widened.

    Raises
    ------
    OptimiseError
        Only crossing a structure would open a way: that is never done, except by drilling bone found on the CT.
    """
    scene, entries = scene_of(request)
    search = search_in(scene, allowed_entries(entries, request.needles), request.needles)
    if len(search.accesses):
        return request, ()
    explanation = why_no_way(scene, entries, search, request.needles)
    for relaxation in explanation.relaxations:
        wish = relaxed_wish(request.needles, relaxation)
        if wish is not None:
            changes = tuple(change_message(change) for change in relaxation.changes)
            return replace(request, needles=wish), (_widened(request.target, changes),)
    message = no_access_message(explanation, target=request.target)
    raise OptimiseError(message.code, message.template, **message.data)


def _widened(target: str, changes: tuple[Message, ...]) -> Finding:
    return Finding(
        severity=Severity.ACTION,
        message=Message(
            code="workflow.rules-widened",
            template="no needle reaches {target} by the rules that were given; this nearest plan needs {changes}",
            data={"target": target, "changes": changes},
        ),
    )


def relaxed_wish(wish: NeedleWish, relaxation: Relaxation) -> NeedleWish | None:
    """Return a wish with a relaxation applied; None where it would cross a structure or is no rule to be widened."""
    for change in relaxation.changes:
        if change.rule is Rule.ENTRY:
            wish = replace(wish, facing_lps=SIDES[change.name], within_deg=SIDE_DEG, entry_box_lps_mm=None)
            continue
        rules = _wider(wish.rules, change)
        if rules is None:
            return None
        wish = replace(wish, rules=rules)
    return wish


def _wider(rules: AccessRules, change: Change) -> AccessRules | None:
    if change.rule is Rule.DEPTH:
        longest = max(rules.needle_length_mm, change.needed)
        return replace(rules, most_depth_mm=change.needed, needle_length_mm=longest)
    if change.rule is Rule.SKIN_ANGLE:
        return replace(rules, most_skin_angle_deg=change.needed)
    if change.rule is Rule.AXIAL_TILT:
        return replace(rules, most_axial_tilt_deg=change.needed)
    if change.rule is Rule.IN_TARGET:
        return replace(rules, least_in_target_mm=change.needed)
    return _wider_about(rules, change)


def _wider_about(rules: AccessRules, change: Change) -> AccessRules | None:
    """Return the rules with a margin or a crossing limit of one structure widened."""
    if change.rule is Rule.MARGIN and change.needed < 0:
        left = tuple(each for each in rules.obstacles if each.name != change.name or not each.may_be_drilled)
        return replace(rules, obstacles=left) if len(left) < len(rules.obstacles) else None
    if change.rule is Rule.MARGIN:
        obstacles = tuple(
            replace(each, margin_mm=change.needed) if each.name == change.name else each for each in rules.obstacles
        )
        return replace(rules, obstacles=obstacles)
    if change.rule is Rule.CROSSING:
        limits = tuple(
            replace(each, at_most=int(change.needed)) if each.name == change.name else each
            for each in rules.crossing_limits
        )
        return replace(rules, crossing_limits=limits)
    return None


def require_seeds(request: ImplantRequest) -> None:
    """Raise where every entry of the stock is empty.

    Raises
    ------
    PlanError
        No seed is left of any strength.
    """
    if all(each.count == 0 for each in request.stock):
        raise PlanError(
            "workflow.plan-stock-empty",
            "no seed is left of {models}; order seeds or enter what there is, or ask for the nearest plan to see "
            "how many it takes",
            models=", ".join(f"{each.source_model} {each.strength.s_k_u:g} U" for each in request.stock),
        )


def with_seeds_to_order(request: ImplantRequest) -> tuple[ImplantRequest, tuple[Finding, ...]]:
    """Return the request as if there were enough seeds where there are none, and the finding that says so."""
    if not all(each.count == 0 for each in request.stock):
        return request, ()
    filled = replace(request, stock=tuple(replace(each, count=None) for each in request.stock))
    message = Message(
        code="workflow.planned-without-stock",
        template="no seed is in stock; this plan shows what would be needed: order its seeds before it can be "
        "carried out",
    )
    return filled, (Finding(severity=Severity.ACTION, message=message),)
