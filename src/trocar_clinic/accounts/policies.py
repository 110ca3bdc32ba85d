"""Who may, by role."""

from collections.abc import Iterable

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.errors import Verdict, refuse_if
from trocar_clinic.language import both


def names_of_roles(roles: Iterable[Role]) -> str:
    """Return the roles' names in the order in which they are declared."""
    wanted = set(roles)
    return str(both(", ", "、")).join(str(role.label) for role in Role if role in wanted)


def has_one_of(actor: User, roles: Iterable[Role]) -> Verdict:
    """Allow what one of some roles may do; refuse by naming them."""
    wanted = frozenset(roles)
    return refuse_if(
        not actor.roles & wanted,
        "accounts.role-needed",
        en="This is done by: {roles}. You are signed in as {actor}",
        zh="此操作限：{roles}。当前登录：{actor}",
        roles=both_names(wanted),
        actor=actor,
    )


class both_names:  # noqa: N801 — a text that is told late
    """Names of roles, told in the reader's language when they are read."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.roles = roles

    def __format__(self, spec: str) -> str:
        return names_of_roles(self.roles)
