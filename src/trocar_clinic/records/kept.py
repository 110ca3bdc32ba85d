"""What every kept row has: a version, who entered it when, its former values; and that it is never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Never

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from trocar_clinic.language import both
from trocar_clinic.records.deed import open_deed

if TYPE_CHECKING:
    from trocar_clinic.accounts.models import User


class NothingIsDeleted(TypeError):
    """A row of the record was about to be deleted or changed behind the trail's back."""


class KeptQuerySet(models.QuerySet):
    """Rows that are visible, standing, and never deleted."""

    def visible_for(self, actor: User) -> KeptQuerySet:
        """Return the rows the actor may see; all, unless the kind of row says otherwise."""
        return self

    def standing(self) -> KeptQuerySet:
        """Return the rows that were not declared void."""
        return self.filter(voided_at__isnull=True)

    def delete(self) -> Never:
        """Refuse."""
        raise NothingIsDeleted("nothing is deleted: void the row instead")

    def update(self, **values: Any) -> Never:
        """Refuse: former values would be lost."""
        raise NothingIsDeleted("rows are corrected one by one, so that former values are kept")


KeptManager: Any = models.Manager.from_queryset(KeptQuerySet)


class Kept(models.Model):
    """A row of the record.

    It is saved only inside a deed; saving validates it, raises its version, keeps its former values and enters it in
    the trail.
    """

    version = models.PositiveIntegerField(both("version", "版本"), default=0, editable=False)
    recorded_at = models.DateTimeField(both("entered at", "录入时间"), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=both("entered by", "录入人"),
        related_name="+",
        editable=False,
    )
    voided_at = models.DateTimeField(both("void since", "作废时间"), null=True, blank=True, editable=False)
    void_reason = models.TextField(both("why void", "作废原因"), blank=True, editable=False)

    history = HistoricalRecords(inherit=True, history_change_reason_field=models.TextField(null=True))
    objects: ClassVar[Any] = KeptManager()

    class Meta:
        abstract = True

    @property
    def is_void(self) -> bool:
        """Whether the row was declared void."""
        return self.voided_at is not None

    @property
    def changed_at(self) -> datetime:
        """When the row was last written."""
        return self.history.first().history_date  # type: ignore[no-any-return]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row as part of the deed that is being done."""
        deed = open_deed()
        created = self.pk is None
        self.version += 1
        if created:
            self.recorded_at, self.recorded_by = deed.at, deed.actor
        self.full_clean(exclude=["recorded_at", "recorded_by"])
        self._history_user, self._history_date, self._change_reason = deed.actor, deed.at, deed.reason or None
        super().save(*args, **kwargs)
        deed.touch(self, created=created)

    def full_clean(self, exclude: Any = None, validate_unique: bool = True, validate_constraints: bool = True) -> None:
        """Judge the fields first, and the row as a whole only if each of them can be read."""
        self.clean_fields(exclude=exclude)
        dates = {
            each.name: getattr(self, each.name)
            for each in self._meta.concrete_fields
            if isinstance(each, models.DateField)
        }
        wrong = {name: unthinkable(day) for name, day in dates.items() if day and not is_thinkable(day)}
        if wrong:
            raise ValidationError(wrong)  # type: ignore[arg-type]
        super().full_clean(exclude, validate_unique, validate_constraints)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse."""
        raise NothingIsDeleted("nothing is deleted: void the row instead")

    def former(self) -> Any:
        """Return the former values, latest first."""
        return self.history.select_related("history_user").order_by("-history_date", "-history_id")


def fact(label: Any) -> Any:
    """Make a method of a row a property with a name that pages show."""

    def named(method: Any) -> Any:
        method.short_description = label
        return property(method)

    return named


EARLIEST, LATEST = 1880, 2200


def is_thinkable(value: Any) -> bool:
    """Say whether a date or time lies in a year that a record can mean."""
    return EARLIEST <= value.year <= LATEST


def unthinkable(value: Any) -> ValidationError:
    """Return the error of a year that nobody means."""
    return ValidationError(
        both("The year %(given)s cannot be meant; write the date anew", "年份 %(given)s 不可能，请重新填写"),
        code="year",
        params={"given": value.year},
    )


def not_in_future(value: Any) -> None:
    """Refuse a date or time that has not come yet; what has happened lies in the past."""
    if not is_thinkable(value):
        raise unthinkable(value)
    now: Any = timezone.localtime() if isinstance(value, datetime) else timezone.localdate()
    if value > now:
        raise ValidationError(
            both(
                "This lies in the future (%(given)s); what happened cannot be later than now (%(now)s)",
                "时间在将来（%(given)s）；已发生的事不能晚于现在（%(now)s）",
            ),
            code="future",
            params={"given": _told(value), "now": _told(now)},
        )


def _told(value: Any) -> str:
    """Return a date or time as it stands in a sentence."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)
