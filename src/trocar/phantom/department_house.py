"""Staff, devices, licences and stated facts of the demonstration department, with the gaps that reports hide."""

from datetime import date

from trocar.department.records import Device, Evidence, Fact, Licence, StaffMember

_CHECKED = date(2023, 5, 31)


def _doctor(key: str, name: str, role: str, title: str, *, years: float, certificate: str, until: date) -> StaffMember:
    return StaffMember(
        key=key,
        name=name,
        roles=frozenset({role, "attending_physician"}),
        title=title,
        registration=f"示例-{key}-0001",
        registered_here=True,
        years=years,
        certificate=certificate,
        certificate_until=until,
    )


STAFF = (
    _doctor(
        "D1",
        "示例医师甲",
        "implanting_physician",
        "associate_chief",
        years=14.0,
        certificate="培训-S-01",
        until=date(2026, 3, 31),
    ),
    _doctor(
        "D2", "示例医师乙", "ablating_physician", "chief", years=21.0, certificate="培训-X-01", until=date(2025, 12, 31)
    ),
    _doctor(
        "D3",
        "示例医师丙",
        "ablating_physician",
        "associate_chief",
        years=12.0,
        certificate="培训-X-02",
        until=date(2025, 6, 30),
    ),
    _doctor(
        "D4",
        "示例医师丁",
        "ablating_physician",
        "attending",
        years=6.0,
        certificate="培训-X-03",
        until=date(2024, 6, 30),
    ),
    StaffMember(
        key="P1",
        name="示例物理师甲",
        roles=frozenset({"physicist"}),
        title="intermediate",
        years=7.0,
        registered_here=True,
        certificate="物理-01",
        certificate_until=date(2025, 9, 30),
    ),
    StaffMember(
        key="L1",
        name="示例计划员甲",
        roles=frozenset({"planner"}),
        title="attending",
        registration="示例-L1-0001",
        registered_here=True,
        years=5.0,
    ),
    StaffMember(key="N1", name="示例护士甲", roles=frozenset({"nurse"}), years=9.0, registered_here=True),
    StaffMember(key="C1", name="示例保管员甲", roles=frozenset({"custodian"}), years=4.0, registered_here=True),
)

DEVICES = (
    Device(
        key="CT-1",
        kind="CT",
        model="示例CT-64",
        registration="国械注准示例001",
        guides=True,
        archived=True,
        tested_on=date(2023, 2, 10),
        test_due_on=date(2024, 2, 10),
    ),
    Device(
        key="US-1",
        kind="ultrasound",
        model="示例超声-8",
        registration="国械注准示例002",
        guides=True,
        archived=True,
        tested_on=date(2023, 1, 12),
        test_due_on=date(2024, 1, 12),
    ),
    Device(
        key="MR-1",
        kind="MRI",
        model="示例MR-1.5",
        registration="国械注准示例003",
        guides=True,
        archived=True,
        tested_on=date(2022, 11, 3),
        test_due_on=date(2023, 11, 3),
    ),
    Device(
        key="EBUS-1",
        kind="endoscope",
        model="示例超声支气管镜",
        registration="国械注准示例004",
        guides=True,
        archived=False,
        tested_on=date(2023, 3, 1),
        test_due_on=date(2024, 3, 1),
    ),
    Device(
        key="TPS-1",
        kind="planning_system",
        model="示例粒子治疗计划系统",
        registration="国械注准示例005",
        tested_on=date(2023, 1, 5),
        test_due_on=date(2024, 1, 5),
    ),
    Device(
        key="RF-1",
        kind="ablation_generator",
        model="示例射频主机",
        registration="国械注准示例006",
        tested_on=date(2022, 3, 1),
        test_due_on=date(2023, 3, 1),
    ),
    Device(
        key="MW-1",
        kind="ablation_generator",
        model="示例微波主机",
        registration="国械注准示例007",
        tested_on=date(2023, 2, 1),
        test_due_on=date(2024, 2, 1),
    ),
    Device(
        key="CR-1",
        kind="ablation_generator",
        model="示例冷冻系统",
        registration="国械注准示例008",
        tested_on=date(2023, 2, 1),
        test_due_on=date(2024, 2, 1),
    ),
)
"""The endoscope's images do not reach the archive, and the radiofrequency generator's test is overdue."""

LICENCES = (
    Licence(
        kind="放射诊疗许可证",
        number="示例放诊-0001",
        scope="介入放射学、核医学、籽粒插植治疗",
        issued_on=date(2021, 7, 1),
        valid_until=date(2025, 6, 30),
    ),
    Licence(
        kind="放射性药品使用许可证",
        number="示例放药-0001",
        scope="第二类",
        issued_on=date(2020, 9, 1),
        valid_until=date(2025, 8, 31),
    ),
    Licence(
        kind="辐射安全许可证",
        number="示例辐安-0001",
        scope="使用Ⅴ类放射源",
        issued_on=date(2018, 4, 1),
        valid_until=date(2023, 3, 31),
    ),
)
"""The last one ended two months before the end of the period."""


LEVEL = "三级甲等"


def _shown(name: str, value: object, title: str, on: date = _CHECKED) -> Fact:
    return Fact(name=name, value=value, evidence=Evidence(title=title, on=on))


FACTS = (
    _shown("hospital.level", LEVEL, "医院等级证书", date(2019, 6, 1)),
    _shown("beds.total", 800, "医院床位登记"),
    _shown("beds.tumour", 32, "肿瘤介入科床位登记"),
    Fact(name="pacu_or_icu", value={"clean_class": "III"}),
    _shown("licence.departments", True, "医疗机构执业许可证诊疗科目"),
    _shown("rooms.seed_room", True, "治疗室平面图与空气检测报告", date(2023, 4, 12)),
    _shown("capability", ["invasive_monitoring", "invasive_ventilation"], "重症医学科设备清单"),
    _shown("emergency.check", True, "抢救车检查登记", date(2023, 5, 30)),
    _shown(
        "emergency.items",
        ["oxygen", "anaesthesia_machine", "defibrillator", "suction", "drugs"],
        "抢救设备检查登记",
        date(2023, 5, 30),
    ),
    _shown("devices.contrast", True, "增强CT与MRI设备登记"),
    _shown("room.asepsis_test", True, "手术室空气与物表检测报告", date(2023, 4, 12)),
    _shown("store.dual_control", True, "粒子库双人双锁登记"),
    _shown("waste.label", ["nuclide", "activity", "date"], "废粒子容器标签检查"),
    Fact(name="survey.lost_seed", value=False),
    _shown(
        "consent.items",
        [
            "preop_diagnosis",
            "procedure_name",
            "possible_complications",
            "risks",
            "patient_signature",
            "doctor_signature",
            "purpose",
            "postoperative_precautions",
            "prevention",
            "signature",
        ],
        "知情同意书模板第3版",
        date(2022, 4, 1),
    ),
    _shown("followup.schedule", True, "随访制度与随访登记"),
    _shown("equipment_register", True, "设备检测、维护和使用登记"),
    _shown(
        "filing.parts",
        ["conditions_and_assessment", "management_body_review", "ethics_review", "technical_lead_credentials"],
        "备案材料回执",
        date(2019, 3, 20),
    ),
    _shown(
        "filing.management_review",
        {"on": "2019-02-21", "number": "示例医管〔2019〕3 号", "present": "9 / 11", "conclusion": "同意开展"},
        "医疗技术临床应用管理专门组织会议纪要",
        date(2019, 2, 21),
    ),
    _shown(
        "filing.ethics_review",
        {"on": "2019-02-28", "number": "示例伦审〔2019〕5 号", "present": "7 / 9", "conclusion": "同意"},
        "伦理委员会审查意见",
        date(2019, 2, 28),
    ),
    _shown("filing.working_days_after_first_case", 11, "备案材料回执", date(2019, 3, 20)),
    _shown(
        "audit.domains",
        [
            "case_selection",
            "success_rate",
            "severe_complications",
            "deaths",
            "malpractice",
            "post_care",
            "follow_up",
            "record_quality",
        ],
        "2022年度能力审核报告",
        date(2023, 1, 18),
    ),
)
"""The audit leaves out quality of life; beds and area of the recovery room are not stated; a survey is claimed, "
"not shown."""
