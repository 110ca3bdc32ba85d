"""Orders, lots, moves of seeds, what is measured of them, and counts of what is really there."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from trocar_clinic.custody.devices import Device  # noqa: F401 — Django finds an app's models in its models.py
from trocar_clinic.custody.library import library
from trocar_clinic.custody.papers import SearchForSeeds, Transport, WasteVessel  # noqa: F401
from trocar_clinic.custody.places import HELD, OF_A_CASE, TWO_PERSONS, WAYS, Move, Place
from trocar_clinic.institution.models import Equipment, Product
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.records.files import ScanField
from trocar_clinic.records.kept import Kept, fact, not_in_future

if TYPE_CHECKING:
    from trocar.workflow.custody import Assay, LotStrength

ABOVE_NOUGHT = MinValueValidator(Decimal("0.0001"))


class SeedOrder(Kept):
    """Seeds asked of a supplier."""

    number = models.CharField(both("order number", "订单号"), max_length=40)
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=both("seed", "粒子产品"), limit_choices_to={"kind": Product.Kind.SEED}
    )
    supplier = models.CharField(both("supplier", "供应商"), max_length=120)
    count = models.PositiveIntegerField(both("seeds", "数量（粒）"), validators=[MinValueValidator(1)])
    wanted_mci = models.DecimalField(
        both("wanted activity (mCi)", "要求活度（mCi）"), max_digits=6, decimal_places=3, validators=[ABOVE_NOUGHT]
    )
    wanted_on = models.DateField(both("needed on", "需用日期"))
    ordered_on = models.DateField(both("ordered on", "订购日期"), validators=[not_in_future])
    transfer_approval = models.CharField(both("approval of transfer", "转让审批（备案）号"), max_length=80, blank=True)

    class Meta:
        verbose_name = both("seed order", "粒子订单")
        verbose_name_plural = both("seed orders", "粒子订单")
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "number"],
                condition=models.Q(voided_at=None),
                name="order_once",
                violation_error_message=both("This order number of this supplier is entered", "该供应商的订单号已登记"),
            )
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        """Seeds are needed after they are ordered."""
        if self.wanted_on and self.ordered_on and self.wanted_on < self.ordered_on:
            raise ValidationError({"wanted_on": both("This is before the day of the order", "需用日期早于订购日期")})

    @fact(both("received so far", "已到货"))
    def received(self) -> int:
        """Seeds that came of this order."""
        return sum(lot.received() for lot in self.lots.all() if not lot.is_void)


class SeedLot(Kept):
    """A lot with its certificate: what the maker says of every seed in it."""

    class Unit(models.TextChoices):
        """Unit of the certificate's strength."""

        U = "U", both("U (air-kerma strength)", "U（空气比释动能强度）")
        MCI = "mCi", both("mCi (apparent activity)", "mCi（表观活度）")
        MBQ = "MBq", both("MBq (apparent activity)", "MBq（表观活度）")

    class Form(models.TextChoices):
        """How the seeds come."""

        LOOSE = "loose", both("loose", "散装")
        CARTRIDGE = "cartridge", both("in cartridges", "弹夹")
        STRAND = "strand", both("stranded", "粒子链")

    order = models.ForeignKey(
        SeedOrder, models.PROTECT, verbose_name=both("order", "订单"), null=True, blank=True, related_name="lots"
    )
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=both("seed", "粒子产品"), limit_choices_to={"kind": Product.Kind.SEED}
    )
    lot_number = models.CharField(both("lot", "批号"), max_length=60)
    certificate = models.CharField(both("certificate", "出厂检验报告号"), max_length=80)
    form = models.CharField(both("form", "包装形式"), max_length=12, choices=Form.choices)
    strength = models.DecimalField(
        both("strength of a seed", "单粒强度"), max_digits=9, decimal_places=4, validators=[ABOVE_NOUGHT]
    )
    unit = models.CharField(both("unit", "单位"), max_length=4, choices=Unit.choices)
    calibrated_at = models.DateTimeField(both("calibrated at", "标定时间"))
    sterile = models.BooleanField(both("sterile", "已灭菌"), default=False)
    use_by = models.DateField(both("use by", "有效期至"), null=True, blank=True)
    leak_tested_on = models.DateField(
        both("leak test of the maker", "厂家泄漏检验日期"), null=True, blank=True, validators=[not_in_future]
    )
    barcode = models.CharField(both("barcode (UDI)", "条码（UDI）"), max_length=120, blank=True)
    scan = ScanField(both("certificate", "检验报告扫描件"))

    class Meta:
        verbose_name = both("seed lot", "粒子批次")
        verbose_name_plural = both("seed lots", "粒子批次")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "lot_number"],
                condition=models.Q(voided_at=None),
                name="lot_once",
                violation_error_message=both("This lot of this product is entered", "该产品的批号已登记"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.product.model} {self.lot_number}"

    def clean(self) -> None:
        """The product names its source data, and the unit can be converted by it."""
        if not self.product_id or not self.strength:
            return
        if not self.product.source_key:
            raise ValidationError(
                {
                    "product": both(
                        "This product names no source data set; enter it first", "该产品未填写源数据集，请先补录"
                    )
                }
            )
        try:
            self.certified_u  # noqa: B018 — asking is the check
        except Exception as error:
            raise ValidationError({"unit": str(error)}) from error

    @fact(both("certified S_K (U)", "标定空气比释动能强度（U）"))
    def certified_u(self) -> float:
        """Air-kerma strength by the certificate, U."""
        unit = library().StrengthUnit(self.unit)
        return library().certified_strength_u(self.product.source_key, float(self.strength), unit)

    def strength_at(self, at: datetime) -> "LotStrength":
        """Return the strength of one seed at a moment."""
        return library().strength_on(
            self.product.source_key, certified_u=self.certified_u, calibrated_at=self.calibrated_at, at=at
        )

    @fact(both("today (U)", "当前强度（U）"))
    def strength_now_u(self) -> float:
        """Strength of one seed now, U."""
        return self.strength_at(timezone.now()).s_k_u

    @fact(both("today (mCi)", "当前活度（mCi）"))
    def activity_now_mci(self) -> float | None:
        """Apparent activity of one seed now, mCi."""
        return self.strength_at(timezone.now()).apparent_mci

    def balance(self, at: datetime | None = None) -> dict[Place, int]:
        """Return how many seeds of the lot are at each place at a moment, or now."""
        totals = dict.fromkeys(Place, 0)
        for move in self.moves.all():
            if move.is_void or (at is not None and move.at > at):
                continue
            start, end = WAYS[Move(move.kind)]
            totals[start] -= move.count
            totals[end] += move.count
        return totals

    def received(self) -> int:
        """Return how many seeds came."""
        return -self.balance()[Place.SUPPLIER]

    @fact(both("in the store", "库存（粒）"))
    def in_store(self) -> int:
        """Seeds in the store now."""
        return self.balance()[Place.STORE]

    @fact(both("where they are", "去向"))
    def whereabouts(self) -> list[str]:
        """Places with their counts."""
        balance = self.balance()
        return [f"{place.label} {balance[place]}" for place in Place if place is not Place.SUPPLIER and balance[place]]

    @fact(both("last assay", "最近一次活度抽检"))
    def last_assay(self) -> "SeedAssay | None":
        """The last assay."""
        return self.assays.filter(voided_at=None).order_by("-done_at").first()  # type: ignore[no-any-return]


class SeedMove(Kept):
    """Seeds of a lot that went from one place to another."""

    lot = models.ForeignKey(SeedLot, models.PROTECT, verbose_name=both("lot", "批次"), related_name="moves")
    kind = models.CharField(both("what was done", "操作"), max_length=12, choices=Move.choices)
    count = models.PositiveIntegerField(both("seeds", "数量（粒）"), validators=[MinValueValidator(1)])
    at = models.DateTimeField(both("at", "时间"), validators=[not_in_future])
    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=both("case", "病例"), null=True, blank=True, related_name="seed_moves"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("by", "经手人"), related_name="+"
    )
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=both("second person", "第二人"),
        related_name="+",
        null=True,
        blank=True,
    )
    remark = models.CharField(both("remark", "备注"), max_length=200, blank=True)

    class Meta:
        verbose_name = both("move of seeds", "粒子出入账")
        verbose_name_plural = both("ledger", "粒子台账")
        indexes = [models.Index(fields=["lot", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.count} · {self.lot}"

    def clean(self) -> None:
        """What belongs to a case names it; what needs two persons has two."""
        kind = Move(self.kind)
        if kind in OF_A_CASE and self.case_id is None:
            raise ValidationError({"case": both("For which case?", "请选择病例")})
        if kind not in OF_A_CASE and self.case_id is not None:
            raise ValidationError({"case": both("This move belongs to no case", "此操作不涉及病例")})
        if kind in TWO_PERSONS and (self.second_id is None or self.second_id == self.by_id):
            raise ValidationError(
                {"second": both("Two different persons open the store", "出入库须双人，且不能为同一人")}
            )

    @fact(both("activity moved (mCi)", "总活度（mCi）"))
    def activity_mci(self) -> float | None:
        """Apparent activity of all seeds moved, at that time."""
        one = self.lot.strength_at(self.at).apparent_mci
        return None if one is None else one * self.count


class PackageSurvey(Kept):
    """What was measured of a package on arrival."""

    lot = models.ForeignKey(SeedLot, models.PROTECT, verbose_name=both("lot", "批次"), related_name="surveys")
    done_at = models.DateTimeField(both("surveyed at", "监测时间"), validators=[not_in_future])
    instrument = models.ForeignKey(Equipment, models.PROTECT, verbose_name=both("instrument", "监测仪器"))
    surface_usv_h = models.DecimalField(
        both("at the surface (µSv/h)", "表面剂量率（µSv/h）"),
        max_digits=9,
        decimal_places=2,
        validators=[MinValueValidator(0)],
    )
    at_1m_usv_h = models.DecimalField(
        both("at 1 m (µSv/h)", "1 m 处剂量率（µSv/h）"),
        max_digits=9,
        decimal_places=3,
        validators=[MinValueValidator(0)],
    )
    wipe_bq_cm2 = models.DecimalField(
        both("wipe (Bq/cm²)", "擦拭污染（Bq/cm²）"),
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    label_stated = models.CharField(both("label on the package", "货包标签类别"), max_length=40)
    seal_whole = models.BooleanField(both("seal whole", "封志完好"))
    remark = models.CharField(both("remark", "备注"), max_length=200, blank=True)

    class Meta:
        verbose_name = both("package survey", "到货监测")
        verbose_name_plural = both("package surveys", "到货监测")

    def __str__(self) -> str:
        return f"{self.lot} {timezone.localtime(self.done_at):%Y-%m-%d}"

    @fact(both("transport index", "运输指数"))
    def transport_index(self) -> float:
        """From the rate at 1 m."""
        return library().transport_index(float(self.at_1m_usv_h) / 1000.0)

    @fact(both("label by measurement", "按测量应贴标签"))
    def label_due(self) -> str:
        """The label category that the measured rates ask for."""
        found = library().package_label(index=self.transport_index, surface_msv_h=float(self.surface_usv_h) / 1000.0)
        return found or str(both("above every category: do not move it", "超过全部类别，不得运输"))


class SeedAssay(Kept):
    """Strengths of a sample of a lot measured in the department."""

    lot = models.ForeignKey(SeedLot, models.PROTECT, verbose_name=both("lot", "批次"), related_name="assays")
    done_at = models.DateTimeField(both("measured at", "测量时间"), validators=[not_in_future])
    instrument = models.ForeignKey(Equipment, models.PROTECT, verbose_name=both("instrument", "测量仪器"))
    unit = models.CharField(both("unit", "单位"), max_length=4, choices=SeedLot.Unit.choices)
    measured = models.JSONField(
        both("values, one a seed", "测量值（每粒一个）"),
        help_text=both("numbers separated by spaces or commas", "以空格或逗号分隔"),
    )
    remark = models.CharField(both("remark", "备注"), max_length=200, blank=True)

    class Meta:
        verbose_name = both("assay", "活度抽检")
        verbose_name_plural = both("assays", "活度抽检")

    def __str__(self) -> str:
        return f"{self.lot} {timezone.localtime(self.done_at):%Y-%m-%d}"

    def clean(self) -> None:
        """Not more seeds are measured than came; every value is a strength."""
        if not isinstance(self.measured, list) or not self.measured or min(self.measured) <= 0:
            raise ValidationError(
                {"measured": both("Enter at least one value; all are above 0", "请至少填写一个大于 0 的值")}
            )
        if len(self.measured) > self.lot.received():
            raise ValidationError(
                {"measured": both("More values than seeds received", "测量粒数多于到货数量")}, code="more-than-received"
            )

    @property
    def judged(self) -> "Assay":
        """What the assay says."""
        unit = library().StrengthUnit(self.unit)
        key = self.lot.product.source_key
        measured = [library().certified_strength_u(key, float(each), unit) for each in self.measured]
        expected = self.lot.strength_at(self.done_at).s_k_u
        return library().assay(measured, expected_u=expected, received=self.lot.received())

    @fact(both("seeds measured", "抽检粒数"))
    def sample(self) -> str:
        """How many of how many."""
        return f"{len(self.measured)}/{self.lot.received()} ({100 * self.judged.share:.0f} %)"

    @fact(both("mean deviation (%)", "平均偏差（%）"))
    def mean_deviation_percent(self) -> float:
        """Mean measured over certified less one, percent."""
        return 100.0 * self.judged.mean_deviation

    @fact(both("largest deviation (%)", "最大单粒偏差（%）"))
    def largest_deviation_percent(self) -> float:
        """Of a single seed, percent."""
        return 100.0 * self.judged.largest_deviation

    @fact(both("enough seeds, within tolerance", "抽检比例足够且偏差合格"))
    def passed(self) -> bool:
        """Whether enough seeds were measured and their mean is tolerated."""
        return self.judged.enough and self.judged.within


class LeakTest(Kept):
    """A wipe or soak test for activity that comes off."""

    lot = models.ForeignKey(SeedLot, models.PROTECT, verbose_name=both("lot", "批次"), related_name="leak_tests")
    done_on = models.DateField(both("tested on", "检验日期"), validators=[not_in_future])
    method = models.CharField(both("method", "方法"), max_length=80)
    removable_bq = models.DecimalField(
        both("removable activity (Bq)", "可去除活度（Bq）"),
        max_digits=9,
        decimal_places=1,
        validators=[MinValueValidator(0)],
    )
    done_by = models.CharField(both("by", "检验人或机构"), max_length=120)
    scan = ScanField(both("report", "检验报告"))

    class Meta:
        verbose_name = both("leak test", "泄漏检验")
        verbose_name_plural = both("leak tests", "泄漏检验")

    def __str__(self) -> str:
        return f"{self.lot} {self.done_on}"

    @fact(both("tight", "是否合格"))
    def passed(self) -> bool:
        """Whether less comes off than the limit of the rule pack."""
        return float(self.removable_bq) < library().limit(library().LEAK_LIMIT)


class StoreCount(Kept):
    """Seeds of a lot counted by two persons at a place."""

    lot = models.ForeignKey(SeedLot, models.PROTECT, verbose_name=both("lot", "批次"), related_name="counts")
    place = models.CharField(both("place", "位置"), max_length=12, choices=[(each.value, each.label) for each in HELD])
    counted_at = models.DateTimeField(both("counted at", "盘点时间"), validators=[not_in_future])
    count = models.PositiveIntegerField(both("seeds found", "实盘数（粒）"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("by", "盘点人"), related_name="+"
    )
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=both("second person", "第二人"), related_name="+"
    )

    class Meta:
        verbose_name = both("stock count", "盘点")
        verbose_name_plural = both("stock counts", "盘点记录")

    def __str__(self) -> str:
        return f"{self.lot} {timezone.localtime(self.counted_at):%Y-%m-%d}"

    @fact(both("by the ledger", "账面数（粒）"))
    def booked(self) -> int:
        """Seeds at the place by the ledger at that time."""
        return self.lot.balance(self.counted_at)[Place(self.place)]

    @fact(both("difference", "差异（粒）"))
    def difference(self) -> int:
        """Found less booked."""
        return self.count - self.booked
