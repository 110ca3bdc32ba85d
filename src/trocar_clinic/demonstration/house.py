"""The house of the demonstration department, plainly made up."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from trocar_clinic.demonstration.people import Team, next_year
from trocar_clinic.institution.models import (
    Appointment,
    AreaSurvey,
    Equipment,
    EquipmentTest,
    Hospital,
    Licence,
    Product,
    RescueCheck,
    RescueItem,
    Room,
    Ward,
)
from trocar_clinic.records.actions import record

LICENCES = (
    (Licence.Kind.RADIOTHERAPY, "示例卫放证字(2021)第0001号", "", "放射治疗：放射性粒子植入；介入放射学", "示例省卫生健康委员会", date(2021, 3, 1), 800),
    (Licence.Kind.RADIOPHARMACEUTICAL, "示例RP0001", "二", "放射性粒子（碘-125）", "示例省药品监督管理局", date(2022, 1, 10), 40),
    (Licence.Kind.RADIATION_SAFETY, "示例环辐证[00001]", "", "使用Ⅴ类放射源（碘-125粒子）", "示例省生态环境厅", date(2021, 5, 20), 400),
)  # fmt: skip
ROOMS = (
    ("粒子植入治疗室", Room.Kind.SEED_ROOM, Room.Clean.III, "42.0", 0, Room.Zone.CONTROLLED),
    ("消融治疗室", Room.Kind.ABLATION_ROOM, Room.Clean.III, "45.5", 0, Room.Zone.SUPERVISED),
    ("手术室 3 间", Room.Kind.OPERATING_ROOM, Room.Clean.II, "40.0", 0, Room.Zone.NONE),
    ("CT 引导室", Room.Kind.IMAGING_ROOM, Room.Clean.IV, "55.0", 0, Room.Zone.CONTROLLED),
    ("麻醉后恢复室", Room.Kind.PACU, Room.Clean.III, "96.0", 6, Room.Zone.NONE),
    ("粒子储存室", Room.Kind.SEED_STORE, Room.Clean.NONE, "9.0", 0, Room.Zone.CONTROLLED),
    ("粒子准备室", Room.Kind.SEED_PREPARATION, Room.Clean.III, "12.0", 0, Room.Zone.CONTROLLED),
)
DEVICES = (
    ("引导用 CT", Equipment.Kind.CT, "示例影像公司", "CT-64D", "SN-CT-0001", "CT 引导室", "DEMO_CT"),
    ("彩色超声", Equipment.Kind.ULTRASOUND, "示例超声公司", "US-9", "SN-US-0007", "消融治疗室", "DEMO_US"),
    ("血管造影机", Equipment.Kind.DSA, "示例影像公司", "DSA-20", "SN-DSA-0003", "手术室 3 间", "DEMO_DSA"),
    ("超声内镜", Equipment.Kind.ENDOSCOPE, "示例内镜公司", "EBUS-1", "SN-EB-0002", "手术室 3 间", "DEMO_EBUS"),
    ("治疗计划系统", Equipment.Kind.PLANNING, "示例计划公司", "SeedTPS 3", "SN-TPS-0001", "粒子准备室", ""),
    ("射频消融仪", Equipment.Kind.GENERATOR_RF, "示例射频公司", "RF-200", "SN-RF-0011", "消融治疗室", ""),
    ("微波消融仪", Equipment.Kind.GENERATOR_MW, "示例微波公司", "MW-100", "SN-MW-0012", "消融治疗室", ""),
    ("井型电离室及静电计", Equipment.Kind.WELL_CHAMBER, "示例计量公司", "WC-1", "SN-WC-0001", "粒子准备室", ""),
    ("辐射巡测仪", Equipment.Kind.SURVEY_METER, "示例计量公司", "SM-2", "SN-SM-0004", "粒子储存室", ""),
    ("多功能监护仪", Equipment.Kind.MONITOR, "示例监护公司", "PM-10", "SN-PM-0021", "粒子植入治疗室", ""),
    ("除颤仪", Equipment.Kind.DEFIBRILLATOR, "示例急救公司", "DF-1", "SN-DF-0002", "麻醉后恢复室", ""),
    ("麻醉机", Equipment.Kind.ANAESTHESIA, "示例麻醉公司", "AN-5", "SN-AN-0006", "手术室 3 间", ""),
)
PRODUCTS = (
    (
        Product.Kind.SEED,
        "碘-125 密封籽源",
        "示例粒子公司",
        "I125-6711 型",
        "国药准字示例0001",
        "06900000000011",
        "I125_6711",
    ),
    (Product.Kind.NEEDLE, "粒子植入针 18G", "示例器械公司", "18G×150", "国械注准示例0101", "06900000000028", ""),
    (Product.Kind.ELECTRODE, "射频消融电极针", "示例射频公司", "RF-17G", "国械注准示例0102", "06900000000035", ""),
    (Product.Kind.ANTENNA, "微波消融针", "示例微波公司", "MW-14G", "国械注准示例0103", "06900000000042", ""),
)
RESCUE = (
    ("肾上腺素注射液 1 mg", RescueItem.Kind.DRUG, 10, 5),
    ("阿托品注射液 0.5 mg", RescueItem.Kind.DRUG, 10, 5),
    ("多巴胺注射液 20 mg", RescueItem.Kind.DRUG, 10, 5),
    ("简易呼吸器", RescueItem.Kind.DEVICE, 2, 1),
    ("吸引器", RescueItem.Kind.DEVICE, 2, 1),
    ("胸腔闭式引流包", RescueItem.Kind.DEVICE, 3, 2),
)


def make(team: Team, at: datetime) -> None:
    """Enter hospital, departments, rooms, licences, equipment, products, rescue things and duties."""
    actor = team.accounts["affairs"]

    def enter(kind_of_row: Any, /, **values: Any) -> Any:
        return record(kind_of_row, actor=actor, at=at, values=values)

    enter(
        Hospital,
        name="示例医院",
        name_en="Demonstration Hospital",
        level="3A",
        kind="综合",
        province="示例省",
        beds=800,
    )
    ward = enter(
        Ward, name="介入治疗科", area="住院楼 8 层", registered_subject="肿瘤科；医学影像科", beds=36, tumour_beds=32
    )
    enter(Ward, name="胸外科", area="住院楼 6 层", registered_subject="外科", beds=40, tumour_beds=0)
    rooms = {
        name: enter(
            Room, name=name, kind=kind, ward=ward, clean_class=clean, net_area_m2=area, beds=beds, zone=zone,
            invasive_monitoring=kind == Room.Kind.PACU, invasive_ventilation=kind == Room.Kind.PACU,
        )
        for name, kind, clean, area, beds, zone in ROOMS
    }  # fmt: skip
    _survey(enter, rooms)
    for kind, number, licence_class, scope, issuer, issued_on, left in LICENCES:
        enter(
            Licence, kind=kind, number=number, licence_class=licence_class, scope=scope, issuer=issuer,
            issued_on=issued_on, expires_on=timezone.localdate() + timedelta(days=left),
        )  # fmt: skip
    _devices(enter, rooms)
    for what, name, maker, model, approval, identifier, source in PRODUCTS:
        enter(
            Product, kind=what, name=name, maker=maker, model=model, approval_number=approval,
            approval_expires_on=next_year(), device_identifier=identifier, source_key=source,
        )  # fmt: skip
    for name, sort, quantity, least in RESCUE:
        item = enter(
            RescueItem,
            name=name,
            kind=sort,
            room=rooms["麻醉后恢复室"],
            quantity=quantity,
            least=least,
            expires_on=next_year(),
        )
        enter(RescueCheck, item=item, done_on=timezone.localdate() - timedelta(days=3), quantity=quantity, is_fit=True)
    for duty, person in (
        ("custodian", "safety"),
        ("transport", "safety"),
        ("safety", "safety"),
        ("technical_lead", "operator"),
    ):
        enter(Appointment, duty=duty, person=team.staff[person], begins_on=date(2022, 1, 1))


def _survey(enter: Any, rooms: dict[str, Any]) -> None:
    for room in rooms.values():
        if room.zone != Room.Zone.NONE:
            enter(
                AreaSurvey, room=room, done_on=timezone.localdate() - timedelta(days=45), instrument="SM-2 SN-SM-0004", highest_usv_per_h="0.18",
                limit_usv_per_h="2.5", done_by="示例检测机构",
            )  # fmt: skip


def _devices(enter: Any, rooms: dict[str, Any]) -> None:
    for name, kind, maker, model, serial, room, node in DEVICES:
        device = enter(
            Equipment, name=name, kind=kind, maker=maker, model=model, serial=serial, room=rooms[room],
            approval_number="国械注准示例1000", in_use_since=date(2020, 1, 15), test_interval_months=12, pacs_node=node,
            pacs_address="pacs.example:104" if node else "",
            hl7_identifier="0009FBFFFF000021" if kind == Equipment.Kind.MONITOR else "",
        )  # fmt: skip
        tested = {
            "equipment": device,
            "done_on": timezone.localdate() - timedelta(days=200),
            "done_by": "示例检测机构",
            "result": EquipmentTest.Result.PASSED,
        }
        enter(
            EquipmentTest, kind=EquipmentTest.Kind.STATE, next_due=timezone.localdate() + timedelta(days=165), **tested
        )
        if node:
            enter(EquipmentTest, kind=EquipmentTest.Kind.PACS, **tested)
