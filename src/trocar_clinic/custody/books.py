"""The books of the store."""

from datetime import datetime
from typing import Any

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.custody import actions
from trocar_clinic.custody.devices import Device
from trocar_clinic.custody.forms import (
    AssayForm,
    ClearForm,
    CountForm,
    DestroyForm,
    DeviceForm,
    MoveForm,
    UseForm,
    VesselForm,
    WhyForm,
)
from trocar_clinic.custody.models import LeakTest, PackageSurvey, SeedAssay, SeedLot, SeedMove, SeedOrder, StoreCount
from trocar_clinic.custody.papers import SearchForSeeds, Transport, WasteVessel
from trocar_clinic.custody.places import Place
from trocar_clinic.custody.policies import ORDERERS, STORE_KEEPERS, THEATRE, USES_DEVICES, WASTE
from trocar_clinic.language import both
from trocar_clinic.records.books import Book, Group, RowDeed, Section

EVERY_MOVER = STORE_KEEPERS | THEATRE


def _move(lot: SeedLot, *, actor: User, at: datetime, **values: Any) -> Any:
    return actions.move_seeds(lot, actor=actor, at=at, **values)


def _count(lot: SeedLot, *, actor: User, at: datetime, **values: Any) -> Any:
    return actions.count_store(lot, actor=actor, at=at, **{**values, "place": Place(values["place"])})


def _void_move(move: SeedMove, *, actor: User, at: datetime, why: str) -> Any:
    return actions.void_move(move, actor=actor, at=at, why=why)


def _search(*, actor: User, at: datetime, values: dict[str, Any]) -> Any:
    return actions.enter_search(actor=actor, at=at, values=values)


BOOKS = (
    Book(
        slug="lots",
        model=SeedLot,
        section=Section.SEEDS,
        writers=STORE_KEEPERS,
        order=("-calibrated_at",),
        related=("product", "order"),
        columns=(
            "product",
            "lot_number",
            "strength",
            "unit",
            "calibrated_at",
            "strength_now_u",
            "activity_now_mci",
            "in_store",
            "whereabouts",
        ),
        prefetch=("moves",),
        fields=(
            Group(
                title=both("What came", "到货"),
                fields=("order", "product", "lot_number", "form", "sterile", "use_by", "barcode"),
            ),
            Group(
                title=both("Certificate", "出厂检验报告"),
                fields=("certificate", "strength", "unit", "calibrated_at", "leak_tested_on", "scan"),
            ),
        ),
        facts=("certified_u", "strength_now_u", "activity_now_mci", "whereabouts", "last_assay"),
        search=("lot_number", "certificate", "barcode", "product__model"),
        filters=("product", "form"),
        deeds=(
            RowDeed(name="move", title=both("Move seeds", "粒子出入账"), act=_move, doers=EVERY_MOVER, form=MoveForm),
            RowDeed(name="count", title=both("Count", "盘点"), act=_count, doers=STORE_KEEPERS, form=CountForm),
        ),
    ),
    Book(
        slug="ledger",
        model=SeedMove,
        section=Section.SEEDS,
        parent="lot",
        can_enter=False,
        can_correct=False,
        order=("-at", "-pk"),
        related=("lot", "lot__product", "case", "by", "second"),
        columns=("at", "lot", "kind", "count", "activity_mci", "case", "by", "second"),
        fields=("lot", "kind", "count", "at", "case", "remark"),
        facts=("activity_mci", "by", "second"),
        filters=("kind", "lot"),
        search=("lot__lot_number", "case__number"),
        deeds=(
            RowDeed(
                name="void-move",
                title=both("Declare void", "作废"),
                act=_void_move,
                doers=EVERY_MOVER,
                form=WhyForm,
                grave=True,
            ),
        ),
    ),
    Book(
        slug="orders",
        model=SeedOrder,
        section=Section.SEEDS,
        writers=ORDERERS,
        enter=actions.order_seeds,
        order=("-ordered_on",),
        related=("product",),
        columns=("number", "product", "supplier", "count", "received", "wanted_mci", "wanted_on", "transfer_approval"),
        prefetch=("lots__moves",),
        fields=("number", "product", "supplier", "count", "wanted_mci", "ordered_on", "wanted_on", "transfer_approval"),
        facts=("received",),
        search=("number", "supplier"),
    ),
    Book(
        slug="package-surveys",
        model=PackageSurvey,
        parent="lot",
        writers=STORE_KEEPERS,
        order=("-done_at",),
        related=("lot",),
        columns=(
            "lot",
            "done_at",
            "surface_usv_h",
            "at_1m_usv_h",
            "transport_index",
            "label_due",
            "label_stated",
            "seal_whole",
        ),
        fields=(
            "lot",
            "done_at",
            "instrument",
            "surface_usv_h",
            "at_1m_usv_h",
            "wipe_bq_cm2",
            "label_stated",
            "seal_whole",
            "remark",
        ),
        facts=("transport_index", "label_due"),
    ),
    Book(
        slug="assays",
        model=SeedAssay,
        parent="lot",
        writers=frozenset({Role.PHYSICIST}),
        order=("-done_at",),
        related=("lot", "lot__product"),
        form=AssayForm,
        prefetch=("lot__moves",),
        columns=("lot", "done_at", "sample", "mean_deviation_percent", "largest_deviation_percent", "passed"),
        fields=("lot", "done_at", "instrument", "unit", "measured", "remark"),
        facts=("sample", "mean_deviation_percent", "largest_deviation_percent", "passed"),
    ),
    Book(
        slug="leak-tests",
        model=LeakTest,
        parent="lot",
        writers=STORE_KEEPERS,
        order=("-done_on",),
        related=("lot",),
        columns=("lot", "done_on", "method", "removable_bq", "passed", "done_by"),
        fields=("lot", "done_on", "method", "removable_bq", "done_by", "scan"),
        facts=("passed",),
    ),
    Book(
        slug="counts",
        model=StoreCount,
        section=Section.SEEDS,
        parent="lot",
        can_enter=False,
        can_correct=False,
        order=("-counted_at",),
        related=("lot", "lot__product", "by", "second"),
        prefetch=("lot__moves",),
        columns=("counted_at", "lot", "place", "count", "booked", "difference", "by", "second"),
        fields=("lot", "place", "counted_at", "count"),
        facts=("booked", "difference", "by", "second"),
    ),
    Book(
        slug="devices",
        model=Device,
        section=Section.SEEDS,
        writers=STORE_KEEPERS,
        order=("state", "use_by"),
        related=("product", "used_for"),
        form=DeviceForm,
        columns=("product", "lot_number", "serial", "use_by", "state", "used_for", "used_at", "destroyed_on"),
        fields=("udi", "product", "lot_number", "serial", "use_by", "received_on"),
        facts=("single_use", "state", "used_for", "used_at", "destroyed_on", "destroyed_how"),
        search=("udi", "lot_number", "serial", "product__model"),
        filters=("state", "product"),
        deeds=(
            RowDeed(
                name="use",
                title=both("Use in a case", "用于病例"),
                act=actions.use_device,
                doers=USES_DEVICES,
                form=UseForm,
                offered=lambda row: row.state in {Device.State.READY, Device.State.USED} and not row.is_void,
            ),
            RowDeed(
                name="destroy",
                title=both("Enter destruction", "登记销毁"),
                act=actions.destroy_device,
                doers=USES_DEVICES,
                form=DestroyForm,
                offered=lambda row: row.state == Device.State.USED and not row.is_void,
                grave=True,
            ),
        ),
    ),
    Book(
        slug="searches",
        model=SearchForSeeds,
        section=Section.SEEDS,
        writers=EVERY_MOVER,
        order=("-begun_at",),
        related=("done_by",),
        enter=_search,
        columns=(
            "begun_at",
            "case_number",
            "result",
            "missing",
            "highest_usv_h",
            "background_usv_h",
            "done_by",
            "reported_to",
        ),
        fields=(
            "case_number",
            "begun_at",
            "places",
            "instrument",
            "background_usv_h",
            "highest_usv_h",
            "missing",
            "result",
            "reported_to",
            "reported_at",
        ),
        facts=("done_by",),
        search=("case_number", "places"),
        filters=("result",),
    ),
    Book(
        slug="vessels",
        model=WasteVessel,
        form=VesselForm,
        section=Section.SEEDS,
        writers=WASTE,
        order=("opened_at", "closed_at"),
        columns=("label", "seeds", "activity_mbq", "closed_at", "clearable_at", "opened_at", "reading_usv_h"),
        fields=("label", "source_key", "seeds", "activity_mbq", "closed_at", "clearance_mbq", "clearance_source"),
        facts=("clearable_at", "opened_at", "reading_usv_h"),
        search=("label",),
        deeds=(
            RowDeed(
                name="clear",
                title=both("Clear", "解控"),
                act=actions.clear_vessel,
                doers=WASTE,
                form=ClearForm,
                offered=lambda row: row.opened_at is None and not row.is_void,
                grave=True,
            ),
        ),
    ),
    Book(
        slug="transports",
        model=Transport,
        section=Section.SEEDS,
        writers=STORE_KEEPERS,
        order=("-at",),
        columns=("at", "direction", "package", "content", "activity_mbq", "transport_index", "label", "carrier"),
        fields=(
            "direction",
            "package",
            "at",
            "consignor",
            "consignee",
            "carrier",
            "carrier_licence",
            "content",
            "activity_mbq",
            "surface_usv_h",
            "at_1m_usv_h",
            "seal",
            "scan",
        ),
        facts=("transport_index", "label"),
        search=("package", "carrier", "content"),
        filters=("direction",),
    ),
)
