"""Deeds on accounts, without their audit: `trocar_clinic.institution.access` does them with it."""

from collections.abc import Iterable

from django.contrib.auth.models import Group

from trocar_clinic.accounts.models import Role, User


def set_roles(user: User, roles: Iterable[Role]) -> None:
    """Give an account exactly these roles."""
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    user.__dict__.pop("roles", None)


def machine(name: str, display_name: str) -> User:
    """Return the account of a machine; nobody can log in with it."""
    user, made = User.objects.get_or_create(username=name, defaults={"display_name": display_name, "is_machine": True})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
