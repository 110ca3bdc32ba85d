"""A person or a machine that acts, and the roles in which it may."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.db import models

from trocar_clinic.language import both


class Role(models.TextChoices):
    """What somebody is in the department; one person may be several."""

    PHYSICIAN = "physician", both("Physician", "医师")
    PHYSICIST = "physicist", both("Physicist", "物理师")
    NURSE = "nurse", both("Nurse", "护士")
    SAFETY = "safety", both("Radiation-safety officer", "辐射安全员")
    AFFAIRS = "affairs", both("Medical affairs", "医务处")
    ADMINISTRATOR = "administrator", both("Administrator", "系统管理员")


EVERYBODY = frozenset(Role)
CLINICAL = frozenset({Role.PHYSICIAN, Role.PHYSICIST, Role.NURSE})
SEES_CASES = CLINICAL | {Role.SAFETY, Role.AFFAIRS}


class User(AbstractUser):
    """An account. The name people are called by is `display_name`; a machine acts under its own account."""

    display_name = models.CharField(both("name", "姓名"), max_length=80)
    is_machine = models.BooleanField(both("is a machine", "是否为程序账号"), default=False)

    class Meta:
        verbose_name = both("account", "账号")
        verbose_name_plural = both("accounts", "账号")

    def __str__(self) -> str:
        return self.display_name or self.username

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles this account has; none once it is closed."""
        names = set(self.groups.values_list("name", flat=True)) if self.is_active and self.pk else set()
        return frozenset(role for role in Role if role.value in names)

    def is_any(self, *roles: Role) -> bool:
        """Say whether the account has one of some roles."""
        return bool(self.roles & set(roles))
