"""Forms of the store: moves, the second person, values of an assay, bar codes."""

import re
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.utils import timezone

from trocar_clinic.accounts.models import User
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.models import SeedAssay
from trocar_clinic.custody.papers import WasteVessel
from trocar_clinic.custody.places import HELD, OF_A_CASE, TWO_PERSONS, Move
from trocar_clinic.custody.policies import MOVERS
from trocar_clinic.custody.udi import parse_udi
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Product
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case


class SecondPerson(forms.Form):
    """The second person proves presence by name and password."""

    second_name = forms.CharField(label=both("Second person: user name", "第二人账号"), max_length=150, required=False)
    second_password = forms.CharField(
        label=both("Second person: password", "第二人密码"),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Give the account of the second person as ``second``."""
        values = super().clean() or {}
        name, password = values.pop("second_name", ""), values.pop("second_password", "")
        values["second"] = None
        if name:
            second = authenticate(request=None, username=name, password=password)
            if not isinstance(second, User) or not second.is_active:
                raise forms.ValidationError(
                    both("The second person's name and password do not match", "第二人账号或密码不正确")
                )
            values["second"] = second
        return values


class MoveForm(SecondPerson):
    """A move of seeds of a lot."""

    for_row = True

    def __init__(self, *args: Any, row: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = [move for move in Move if MOVERS[move] & reader.roles]
        choice: Any = self.fields["kind"]
        choice.choices = [(move.value, move.label) for move in mine]
        cases: Any = self.fields["case"]
        cases.queryset = Case.objects.visible_for(reader).standing()
        self.order_fields(["kind", "count", "moved_at", "case", "second_name", "second_password", "remark"])

    kind = forms.ChoiceField(label=both("What is done", "操作"))
    count = forms.IntegerField(label=both("Seeds", "数量（粒）"), min_value=1)
    moved_at = forms.DateTimeField(label=both("When", "时间"), initial=timezone.now)
    case = forms.ModelChoiceField(label=both("Case", "病例"), queryset=Case.objects.none(), required=False)
    remark = forms.CharField(label=both("Remark", "备注"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for the case and for the second person where the move needs them."""
        values = super().clean()
        if "kind" not in values:
            return values
        kind = values["kind"] = Move(values["kind"])
        if kind in TWO_PERSONS and values.get("second") is None:
            self.add_error("second_name", both("Two persons open the store", "出入库须双人"))
        if kind in OF_A_CASE and values.get("case") is None:
            self.add_error("case", both("For which case?", "请选择病例"))
        return values


class CountForm(SecondPerson):
    """Seeds found at a place by two persons."""

    place = forms.ChoiceField(label=both("Place", "位置"), choices=[(each.value, each.label) for each in HELD])
    counted_at = forms.DateTimeField(label=both("When", "时间"), initial=timezone.now)
    count = forms.IntegerField(label=both("Seeds found", "实盘数（粒）"), min_value=0)

    def clean(self) -> dict[str, Any]:
        """Ask for the second person."""
        values = super().clean()
        if values.get("second") is None:
            self.add_error("second_name", both("Two persons count the store", "盘点须双人"))
        return values


class NumbersField(forms.CharField):
    """Numbers separated by spaces, commas or lines."""

    def prepare_value(self, value: Any) -> Any:
        """Show a list as a line."""
        return " ".join(f"{each:g}" for each in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Give a list of numbers, or say which is none."""
        if isinstance(value, list):
            return value
        parts = [each for each in re.split(r"[\s,，;；、]+", value or "") if each]
        try:
            return [float(each) for each in parts]
        except ValueError as error:
            raise forms.ValidationError(
                both("These are not all numbers: %(given)s", "其中有非数字内容：%(given)s"), params={"given": value}
            ) from error


class AssayForm(forms.ModelForm):
    """An assay with its values in one line."""

    measured = NumbersField(
        label=both("Values, one a seed", "测量值（每粒一个）"),
        widget=forms.Textarea,
        help_text=both("separated by spaces or commas", "以空格或逗号分隔"),
    )

    class Meta:
        model = SeedAssay
        fields = ("lot", "done_at", "instrument", "unit", "measured", "remark")


class DeviceForm(forms.ModelForm):
    """A device: scan the bar code, and the rest follows from it."""

    lot_number = forms.CharField(
        label=both("Lot", "批号"), required=False, help_text=both("from the bar code", "扫码后自动读取")
    )
    serial = forms.CharField(
        label=both("Serial number", "序列号"), required=False, help_text=both("from the bar code", "扫码后自动读取")
    )
    use_by = forms.DateField(
        label=both("Use by", "有效期至"), required=False, help_text=both("from the bar code", "扫码后自动读取")
    )
    product = forms.ModelChoiceField(
        label=both("Product", "产品"), queryset=Product.objects.exclude(kind=Product.Kind.SEED), required=False
    )

    class Meta:
        model = Device
        fields = ("udi", "product", "lot_number", "serial", "use_by", "received_on")

    def clean(self) -> dict[str, Any]:
        """Fill what the bar code says; what was typed must not contradict it."""
        values = super().clean() or {}
        try:
            code = parse_udi(values.get("udi", ""))
        except Refused as refused:
            self.add_error("udi", str(refused.reasons[0]))
            return values
        told = {"lot_number": code.lot, "serial": code.serial, "use_by": code.use_by}
        for name, value in told.items():
            if value and values.get(name) and values[name] != value:
                self.add_error(name, both("The bar code says otherwise", "与条码内容不一致"))
            values[name] = values.get(name) or value
            if not values[name]:
                self.add_error(name, both("The bar code does not say it: enter it", "条码中无此项，请手工填写"))
        if values.get("product") is None:
            values["product"] = Product.objects.filter(device_identifier=code.product, voided_at=None).first()
        if values["product"] is None:
            self.add_error(
                "product",
                both("No product has this identifier; choose or enter it", "无此产品标识的产品，请选择或先登记"),
            )
        return values


class UseForm(forms.Form):
    """A device is used in a case."""

    for_row = True

    def __init__(self, *args: Any, row: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cases: Any = self.fields["case"]
        cases.queryset = Case.objects.visible_for(reader).standing()

    case = forms.ModelChoiceField(label=both("Case", "病例"), queryset=Case.objects.none())
    used_at = forms.DateTimeField(label=both("Used at", "使用时间"), initial=timezone.now)


class DestroyForm(forms.Form):
    """How and when a device was destroyed."""

    on = forms.DateField(label=both("Destroyed on", "销毁日期"), initial=timezone.localdate)
    how = forms.CharField(label=both("How", "销毁方式"), max_length=120)


class ClearForm(forms.Form):
    """What was measured when a vessel was cleared."""

    reading_usv_h = forms.DecimalField(
        label=both("Reading (µSv/h)", "测量值（µSv/h）"), min_value=0, max_digits=9, decimal_places=3
    )


class WhyForm(forms.Form):
    """A reason."""

    why = forms.CharField(label=both("Why", "原因"), max_length=400)


class VesselForm(forms.ModelForm):
    """A waste vessel; its seeds are chosen among the department's products."""

    class Meta:
        model = WasteVessel
        fields = ("source_key",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seeds = Product.objects.standing().filter(kind=Product.Kind.SEED).exclude(source_key="")
        choices = [("", "—"), *((each.source_key, str(each)) for each in seeds)]
        self.fields["source_key"] = forms.ChoiceField(label=both("Seeds of", "粒子型号"), choices=choices)
