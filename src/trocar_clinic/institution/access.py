"""Deeds on accounts: open, change roles, close; each leaves its entry in the trail."""

from collections.abc import Iterable
from datetime import datetime

from trocar_clinic.accounts.actions import machine, set_roles
from trocar_clinic.accounts.models import Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import refuse_if
from trocar_clinic.records.actions import need_reason
from trocar_clinic.records.deed import deed

SETUP = ("setup", "Trocar setup")


def open_account(
    *, actor: User | None, at: datetime, name: str, display_name: str, password: str | None, roles: Iterable[Role]
) -> User:
    """Open an account; the very first is opened by the installation itself.

    Parameters
    ----------
    actor
        An administrator; none only while nobody is there.
    password
        None for people who log in through the hospital's identity provider.
    """
    roles = frozenset(roles)
    if actor is None:
        refuse_if(
            User.objects.filter(is_machine=False).exists(),
            "institution.somebody-is-here",
            en="There are accounts already; an administrator opens further ones",
            zh="已有账号；其余账号由系统管理员开通",
        ).insist()
        actor = machine(*SETUP)
    else:
        has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    note = {"roles": sorted(role.value for role in roles)}
    with deed("institution.open_account", actor=actor, at=at, note=note) as done:
        user = User(username=name, display_name=display_name)
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        set_roles(user, roles)
        done.note["account"] = user.pk
    return user


def change_roles(user: User, *, actor: User, at: datetime, roles: Iterable[Role], why: str) -> User:
    """Give an account other roles."""
    has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    need_reason(why)
    roles = frozenset(roles)
    refuse_if(
        user == actor and Role.ADMINISTRATOR not in roles,
        "institution.own-role",
        en="You cannot take the administrator's role from yourself",
        zh="不能取消自己的系统管理员角色",
    ).insist()
    refuse_if(
        user == actor and not roles,
        "institution.no-role",
        en="An account needs a role",
        zh="账号至少须有一个角色",
    ).insist()
    note = {"account": user.pk, "before": sorted(user.roles), "after": sorted(role.value for role in roles)}
    with deed("institution.change_roles", actor=actor, at=at, reason=why, note=note):
        set_roles(user, roles)
    return user


def close_account(user: User, *, actor: User, at: datetime, why: str) -> User:
    """Close an account; what it did stays under its name."""
    has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    need_reason(why)
    with deed("institution.close_account", actor=actor, at=at, reason=why, note={"account": user.pk}):
        user.is_active = False
        user.save(update_fields=["is_active"])
    return user


def reopen_account(user: User, *, actor: User, at: datetime, why: str) -> User:
    """Open a closed account again."""
    has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    need_reason(why)
    with deed("institution.reopen_account", actor=actor, at=at, reason=why, note={"account": user.pk}):
        user.is_active = True
        user.save(update_fields=["is_active"])
    return user


def set_password(user: User, *, actor: User, at: datetime, password: str, why: str) -> User:
    """Give an account a new password; whoever is signed in under it is signed out."""
    has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    need_reason(why)
    with deed("institution.set_password", actor=actor, at=at, reason=why, note={"account": user.pk}):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def remove_second_factor(user: User, *, actor: User, at: datetime, why: str) -> User:
    """Remove every second factor of an account whose device or key was lost."""
    from allauth.mfa.models import Authenticator

    has_one_of(actor, {Role.ADMINISTRATOR}).insist()
    need_reason(why)
    with deed("institution.remove_second_factor", actor=actor, at=at, reason=why, note={"account": user.pk}) as done:
        done.note["removed"], _ = Authenticator.objects.filter(user=user).delete()
    return user
