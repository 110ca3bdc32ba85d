"""From roles to the structures of a case: a pack says ``urethra``, the contours say what somebody called it."""

from collections.abc import Iterable, Mapping

from trocar.errors import RuleError
from trocar.plan.goals import Goal
from trocar.rules.pack import Pack


def suggest_binding(pack: Pack, names: Iterable[str]) -> dict[str, str]:
    """Return, for each role, the one structure whose name is among its aliases.

    A role with none or several is left out. A suggestion for a person to confirm: names are compared without case,
    blanks, underscores and hyphens.
    """
    given = tuple(names)
    binding = {}
    for role, aliases in pack.aliases.items():
        known = {_plain(alias) for alias in (role, *aliases)}
        found = [name for name in given if _plain(name) in known]
        if len(found) == 1:
            binding[role] = found[0]
    return binding


def bind_goals(goals: Iterable[Goal], binding: Mapping[str, str]) -> tuple[Goal, ...]:
    """Return goals on named structures; those of roles that the binding leaves out are dropped.

    Parameters
    ----------
    goals
        On roles.
    binding
        Role to structure name, as a person confirmed it.

    Raises
    ------
    RuleError
        The binding names a role of which no goal speaks.
    """
    wanted = tuple(goals)
    roles = {goal.structure for goal in wanted}
    strangers = sorted(set(binding) - roles)
    if strangers:
        raise RuleError(
            "rules.role-unknown",
            "structures were assigned to the roles {strangers}, of which no goal speaks; there are: {roles}",
            strangers=", ".join(strangers),
            roles=", ".join(sorted(roles)),
        )
    return tuple(goal.bound_to(binding[goal.structure]) for goal in wanted if goal.structure in binding)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-.")
