"""Single-use devices are used once; bar codes say what they are."""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import START
from trocar_clinic.custody.actions import destroy_device, use_device
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.forms import DeviceForm
from trocar_clinic.custody.udi import parse_udi
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Product
from trocar_clinic.records.actions import record

CODE = "(01)06901234567892(17)270131(10)A12(21)0007"


def a_device(team: Any, *, use_by: date = date(2027, 1, 31)) -> Device:
    product = Product.objects.get(kind=Product.Kind.ELECTRODE)
    values = {
        "product": product,
        "udi": CODE,
        "lot_number": "A12",
        "serial": "0007",
        "use_by": use_by,
        "received_on": date(2026, 2, 1),
    }
    return record(Device, actor=team.accounts["nurse"], at=timezone.now(), values=values)


def use(team: Any, device: Device, case: Any) -> Device:
    return use_device(device, actor=team.accounts["nurse"], at=timezone.now(), case=case, used_at=START)


def test_a_second_use_is_refused(house: Any) -> None:
    device, case = a_device(house), a_signed_case(house, timezone.now(), "ablation")
    used = use(house, device, case)
    with pytest.raises(Refused) as refused:
        use(house, used, a_signed_case(house, timezone.now(), "ablation"))
    assert refused.value.codes == ("custody.second-use",)
    assert Device.objects.get(pk=device.pk).used_for == case


def test_a_destroyed_device_is_not_used(house: Any) -> None:
    device, case = a_device(house), a_signed_case(house, timezone.now(), "ablation")
    used = use(house, device, case)
    gone = destroy_device(used, actor=house.accounts["nurse"], at=timezone.now(), on=date(2026, 3, 6), how="毁形")
    with pytest.raises(Refused) as refused:
        use(house, gone, case)
    assert refused.value.codes == ("custody.device-gone",)


def test_a_device_that_has_run_out_is_refused(house: Any) -> None:
    device = a_device(house, use_by=date(2026, 3, 4))
    with pytest.raises(Refused) as refused:
        use(house, device, a_signed_case(house, timezone.now(), "ablation"))
    assert refused.value.codes == ("custody.device-expired",)


@pytest.mark.parametrize(
    "text", [CODE, "010690123456789217270131" + "10A12\x1d210007", "]d20106901234567892172701312100" + "07\x1d10A12"]
)
def test_one_device_in_every_way_of_writing_its_code(text: str) -> None:
    code = parse_udi(text)
    assert (code.product, code.lot, code.serial, code.use_by) == ("06901234567892", "A12", "0007", date(2027, 1, 31))


def test_a_day_of_00_means_the_last_of_the_month() -> None:
    assert parse_udi("(01)06901234567892(17)270200").use_by == date(2027, 2, 28)


@pytest.mark.parametrize(
    "text", ["", "hello", "(01)06901234567893(10)A", "(01)123", "<script>alert(1)</script>", "'; DROP TABLE x;--"]
)
def test_what_is_no_code_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_udi(text)
    assert refused.value.codes == ("custody.udi-unreadable",)


def test_typing_against_the_bar_code_is_pointed_out(house: Any) -> None:
    form = DeviceForm(data={"udi": CODE, "lot_number": "B99", "received_on": "2026-02-01"})
    assert not form.is_valid()
    assert {"lot_number", "product"} <= set(form.errors)
