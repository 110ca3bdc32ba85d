"""Rescue devices and drugs, and when somebody looked at them."""

from datetime import date, timedelta

from django.core.validators import MinValueValidator
from django.db import models

from trocar_clinic.language import both
from trocar_clinic.records.kept import Kept, fact, not_in_future


class RescueItem(Kept):
    """A rescue device or drug at its place."""

    class Kind(models.TextChoices):
        """Device or drug."""

        DEVICE = "device", both("device", "抢救设备")
        DRUG = "drug", both("drug", "抢救药品")

    name = models.CharField(both("name", "名称"), max_length=120)
    kind = models.CharField(both("kind", "类别"), max_length=8, choices=Kind.choices)
    room = models.ForeignKey("institution.Room", models.PROTECT, verbose_name=both("room", "存放地点"))
    quantity = models.PositiveIntegerField(both("quantity", "数量"))
    least = models.PositiveIntegerField(both("least quantity", "最低基数"), default=1)
    expires_on = models.DateField(both("expires on", "有效期至"), null=True, blank=True)
    check_every_days = models.PositiveSmallIntegerField(
        both("days between checks", "检查周期（天）"), default=7, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = both("rescue equipment or drug", "抢救设备与药品")
        verbose_name_plural = both("rescue equipment and drugs", "抢救设备与药品")

    def __str__(self) -> str:
        return self.name

    @fact(both("next check due", "下次检查日期"))
    def next_check_due(self) -> date | None:
        """When it must be looked at again."""
        done: list[date] = [each.done_on for each in self.checks.all() if not each.is_void]
        return max(done) + timedelta(days=self.check_every_days) if done else None


class RescueCheck(Kept):
    """A look at a rescue device or drug."""

    item = models.ForeignKey(RescueItem, models.PROTECT, verbose_name=both("item", "物品"), related_name="checks")
    done_on = models.DateField(both("checked on", "检查日期"), validators=[not_in_future])
    quantity = models.PositiveIntegerField(both("quantity found", "清点数量"))
    is_fit = models.BooleanField(both("fit for use", "完好可用"))
    remark = models.CharField(both("remark", "说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = both("check", "检查")
        verbose_name_plural = both("checks", "检查记录")

    def __str__(self) -> str:
        return f"{self.item} {self.done_on}"
