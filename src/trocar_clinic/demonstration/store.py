"""The store of the demonstration department: an order, a lot that came, its assay, needles on the shelf."""

from datetime import date, datetime, timedelta
from itertools import cycle, islice

from trocar_clinic.custody.actions import move_seeds
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.models import LeakTest, PackageSurvey, SeedAssay, SeedLot, SeedOrder
from trocar_clinic.custody.papers import Transport
from trocar_clinic.custody.places import Move
from trocar_clinic.demonstration.people import Team
from trocar_clinic.institution.models import Equipment, Product
from trocar_clinic.records.actions import record

DEVIATIONS = (0.004, -0.011, 0.018, 0.007, -0.003, 0.012)


def a_lot(team: Team, *, came_at: datetime, count: int, number: str) -> SeedLot:
    """Order, receive, survey, assay and release a lot."""
    safety, physicist = team.accounts["safety"], team.accounts["physicist"]
    product = Product.objects.get(kind=Product.Kind.SEED)
    came_on = came_at.date()
    order = record(
        SeedOrder, actor=physicist, at=came_at - timedelta(days=10),
        values={
            "number": f"PO-{number}", "product": product, "supplier": "示例粒子公司", "count": count, "wanted_mci": "0.600",
            "wanted_on": came_on, "ordered_on": came_on - timedelta(days=10), "transfer_approval": f"示例转[{came_on:%Y}]001",
        },
    )  # fmt: skip
    lot = record(
        SeedLot, actor=safety, at=came_at,
        values={
            "order": order, "product": product, "lot_number": number, "certificate": f"示例检{number}", "form": SeedLot.Form.LOOSE,
            "strength": "0.6000", "unit": SeedLot.Unit.MCI, "calibrated_at": came_at - timedelta(days=2), "sterile": False,
            "use_by": came_on + timedelta(days=60), "leak_tested_on": came_on - timedelta(days=3),
        },
    )  # fmt: skip
    brought = {
        "direction": Transport.Direction.IN, "package": f"PK-{number}", "at": came_at, "consignor": "示例粒子公司", "consignee": "介入治疗科粒子库",
        "carrier": "示例危险品运输公司", "carrier_licence": "示例道路运输证 1 号", "content": f"碘-125 粒子 {count} 粒",
        "activity_mbq": f"{count * 0.6 * 37.0:.2f}", "surface_usv_h": "3.20", "at_1m_usv_h": "0.110", "seal": f"FZ-{number}",
    }  # fmt: skip
    record(Transport, actor=safety, at=came_at, values=brought)
    move_seeds(lot, actor=safety, at=came_at, kind=Move.RECEIVE, count=count, moved_at=came_at)
    _measure(team, lot, at=came_at + timedelta(hours=1))
    move_seeds(
        lot, actor=physicist, at=came_at + timedelta(hours=3), kind=Move.RELEASE, count=count,
        moved_at=came_at + timedelta(hours=3), second=team.accounts["nurse"],
    )  # fmt: skip
    return lot


def _measure(team: Team, lot: SeedLot, *, at: datetime) -> None:
    meter = Equipment.objects.get(kind=Equipment.Kind.SURVEY_METER)
    chamber = Equipment.objects.get(kind=Equipment.Kind.WELL_CHAMBER)
    survey = {
        "lot": lot, "done_at": at, "instrument": meter, "surface_usv_h": "3.20", "at_1m_usv_h": "0.110", "wipe_bq_cm2": "0.020",
        "label_stated": "WHITE-I", "seal_whole": True,
    }  # fmt: skip
    record(PackageSurvey, actor=team.accounts["safety"], at=at, values=survey)
    expected = lot.strength_at(at).s_k_u
    sample = max(len(DEVIATIONS), -(-lot.received() // 10))  # a tenth of the lot at least
    measured = [round(expected * (1 + each), 4) for each in islice(cycle(DEVIATIONS), sample)]
    assay = {"lot": lot, "done_at": at, "instrument": chamber, "unit": SeedLot.Unit.U, "measured": measured}
    record(SeedAssay, actor=team.accounts["physicist"], at=at, values=assay)
    leak = {"lot": lot, "done_on": at.date(), "method": "擦拭法", "removable_bq": "2.0", "done_by": "示例物理师"}
    record(LeakTest, actor=team.accounts["safety"], at=at, values=leak)


def antennas(team: Team, *, came_at: datetime, count: int) -> list[Device]:
    """Enter microwave antennas on the shelf."""
    product = Product.objects.get(kind=Product.Kind.ANTENNA)
    use_by = date(came_at.year + 2, 6, 30)
    return [
        record(
            Device, actor=team.accounts["nurse"], at=came_at,
            values={
                "product": product, "udi": f"(01){product.device_identifier}(17){use_by:%y%m%d}(10)M26A(21){number:04d}",
                "lot_number": "M26A", "serial": f"{number:04d}", "use_by": use_by, "received_on": came_at.date(),
            },
        )
        for number in range(1, count + 1)
    ]  # fmt: skip
