"""Single devices that go into patients: needles, electrodes, antennas, probes, each with its UDI."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models

from trocar_clinic.institution.models import Product
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.records.kept import Kept, fact, not_in_future


class Device(Kept):
    """One device, or several of one lot without serial numbers."""

    class State(models.TextChoices):
        """What became of it."""

        READY = "ready", both("ready", "待用")
        USED = "used", both("used", "已使用")
        DESTROYED = "destroyed", both("destroyed", "已毁形销毁")
        RETURNED = "returned", both("returned", "已退回")

    product = models.ForeignKey(
        Product,
        models.PROTECT,
        verbose_name=both("product", "产品"),
        limit_choices_to=~models.Q(kind=Product.Kind.SEED),
    )
    udi = models.CharField(both("bar code (UDI)", "条码（UDI）"), max_length=120)
    lot_number = models.CharField(both("lot", "批号"), max_length=40)
    serial = models.CharField(both("serial number", "序列号"), max_length=40)
    use_by = models.DateField(both("use by", "有效期至"))
    received_on = models.DateField(both("received on", "到货日期"), validators=[not_in_future])
    state = models.CharField(
        both("state", "状态"), max_length=12, choices=State.choices, default=State.READY, editable=False
    )
    used_at = models.DateTimeField(both("used at", "使用时间"), null=True, blank=True, editable=False)
    used_for = models.ForeignKey(
        Case,
        models.PROTECT,
        verbose_name=both("used for", "使用病例"),
        null=True,
        blank=True,
        editable=False,
        related_name="devices",
    )
    destroyed_on = models.DateField(both("destroyed on", "销毁日期"), null=True, blank=True, editable=False)
    destroyed_how = models.CharField(both("how destroyed", "销毁方式"), max_length=120, blank=True, editable=False)

    class Meta:
        verbose_name = both("device", "器械")
        verbose_name_plural = both("devices", "一次性器械")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "lot_number", "serial"],
                condition=models.Q(voided_at=None),
                name="device_once",
                violation_error_message=both("This very device is entered already", "该器械（同一序列号）已登记"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.product.model} {self.lot_number}-{self.serial}"

    def clean(self) -> None:
        """What is received has not run out already."""
        if self.pk is None and self.use_by and self.received_on and self.use_by < self.received_on:
            raise ValidationError({"use_by": both("It had run out when it was received", "到货时已过有效期")})

    def is_usable_on(self, day: date) -> bool:
        """Say whether it may go into a patient on a day."""
        return self.state == self.State.READY and day <= self.use_by and not self.is_void

    @fact(both("single use", "一次性使用"))
    def single_use(self) -> bool:
        """Whether it is used once."""
        return self.product.single_use
