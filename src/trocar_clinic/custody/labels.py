"""Labels for vessels with seeds, and the paper that goes with a package: what is in it, how strong, whose it is."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst

from trocar_clinic.custody.models import SeedLot, SeedMove
from trocar_clinic.custody.papers import Transport
from trocar_clinic.institution.queries import name_of_the_hospital
from trocar_clinic.language import both
from trocar_clinic.records.paper import Sheet

RADIOACTIVE = both("RADIOACTIVE", "放射性 RADIOACTIVE")


def lot_label(lot: SeedLot, at: datetime) -> Sheet:
    """Return the label of the vessel in the store that holds the seeds of a lot."""
    return Sheet(
        title=both("Seeds in the store", "粒子储存标签"),
        warning=RADIOACTIVE,
        facts=(*_seeds(lot, lot.in_store, at), (both("Use by", "有效期至"), lot.use_by or "–"), *_found()),
        small=True,
    )


def case_label(move: SeedMove) -> Sheet:
    """Return the label of the vessel in which seeds go to a case or come back; no name of a patient stands on it."""
    return Sheet(
        title=capfirst(move.get_kind_display()),
        warning=RADIOACTIVE,
        facts=(
            (both("Case", "病例号"), move.case.number if move.case else "–"),
            *_seeds(move.lot, move.count, move.at),
            (both("Handed over by", "经手人"), f"{move.by} / {move.second or '–'}"),
            *_found(),
        ),
        small=True,
    )


def transport_paper(transport: Transport) -> Sheet:
    """Return the paper that goes with a package: who sends what to whom, its rates, and the category they ask for."""
    return Sheet(
        title=both("Transport of radioactive material", "放射性物品运输单"),
        subtitle=name_of_the_hospital(),
        warning=f"{RADIOACTIVE} · {transport.label}",
        facts=(
            (both("Package", "货包编号"), transport.package),
            (both("Direction", "方向"), transport.get_direction_display()),
            (both("Time", "时间"), f"{timezone.localtime(transport.at):%Y-%m-%d %H:%M}"),
            (both("Consignor", "托运人"), transport.consignor),
            (both("Consignee", "收货人"), transport.consignee),
            (both("Carrier", "承运人"), transport.carrier),
            (both("Licence of the carrier", "承运资质证号"), transport.carrier_licence or "–"),
            (both("Content", "内容物"), transport.content),
            (both("Activity", "总活度"), f"{transport.activity_mbq} MBq"),
            (both("At the surface", "表面剂量率"), f"{transport.surface_usv_h} µSv/h"),
            (both("At 1 m", "1 m 处剂量率"), f"{transport.at_1m_usv_h} µSv/h"),
            (both("Transport index", "运输指数（TI）"), f"{transport.transport_index:.1f}"),
            (both("Label category", "标签类别"), transport.label),
            (both("Seal", "封志号"), transport.seal or "–"),
        ),
        signatures=(
            both("Handed over by", "移交人"),
            both("Carried by", "承运人"),
            both("Received by", "接收人"),
        ),
    )


def _seeds(lot: SeedLot, count: int, at: datetime) -> tuple[tuple[Any, Any], ...]:
    now = lot.strength_at(at)
    one = f"{now.s_k_u:.3f} U" + (f" ({now.apparent_mci:.3f} mCi)" if now.apparent_mci is not None else "")
    total = f"{now.apparent_mci * count:.1f} mCi" if now.apparent_mci is not None else f"{now.s_k_u * count:.1f} U"
    return (
        (both("Seed", "粒子"), lot.product),
        (both("Lot", "批号"), lot.lot_number),
        (both("Count", "数量"), count),
        (both("Each", "单粒强度"), one),
        (both("All", "总活度"), total),
        (both("At", "时间"), f"{timezone.localtime(at):%Y-%m-%d %H:%M}"),
    )


def _found() -> tuple[tuple[Any, Any], ...]:
    return ((both("If found, call", "拾获请联系"), both("radiation-safety officer ________", "辐射安全员 ________")),)
