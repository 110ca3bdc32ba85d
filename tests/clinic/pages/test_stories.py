"""The main stories in a real browser, in Chinese and English: a case, a custody day, an expired licence."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from clinic.browser import CHINESE, ENGLISH, WIDE, Person

NOW = datetime.now(ZoneInfo("Asia/Shanghai"))
YESTERDAY, BEFORE = (NOW - timedelta(days=1)).date(), (NOW - timedelta(days=2)).date()
LANGUAGES = pytest.mark.parametrize("language", [CHINESE, ENGLISH])
SECOND = {"second_password": "demonstration"}


def at(hour: int, minute: int = 0, *, day: object = YESTERDAY) -> str:
    """Return a moment as a field for date and time takes it."""
    return f"{day}T{hour:02d}:{minute:02d}"


class Team:
    """The people of the department, each at a browser, who are called when they are needed."""

    def __init__(self, browser: Browser, address: str, language: str) -> None:
        self.browser, self.address, self.language = browser, address, language
        self.people: dict[str, Person] = {}

    def __getitem__(self, account: str) -> Person:
        if account not in self.people:
            self.people[account] = Person(self.browser, self.address, account, self.language, WIDE)
        return self.people[account]

    def leave(self) -> None:
        """Close the browsers; nothing may have gone wrong in any of them."""
        complaints = {name: each.complaints for name, each in self.people.items() if each.complaints}
        for each in self.people.values():
            each.context.close()
        assert complaints == {}


def number_in(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]


def register(team: Team, tag: str) -> str:
    """Register patient, admission, case and lesion; return the address of the case."""
    nurse = team["nurse"]
    nurse.do(
        "/records/patients/new/",
        number=f"B{tag}",
        name=f"示例患者{tag}",
        sex="1",
        birth_date="1958-02-03",
        identity_kind="99",
    )
    assert nurse.faults() == []
    nurse.page.locator("#admissions a.button").click()
    nurse.fill(number=f"Z{tag}", ward="介入治疗科", admitted_on=str(BEFORE), diagnosis="肺恶性肿瘤")
    nurse.send()
    nurse.page.locator("#admissions tbody a").first.click()
    nurse.page.locator("#cases a.button").click()
    nurse.fill(technique="seed", attending="示例医师丁", diagnosis="肺恶性肿瘤", icd10="C34.1", intent="palliative")
    nurse.send()
    nurse.page.locator("#cases tbody a").first.click()
    case = nurse.page.url
    nurse.page.locator("#lesions a.button").click()
    nurse.fill(label="T1", organ="lung", side="L", longest_mm="31.5", measured_on=str(BEFORE))
    nurse.send()
    nurse.picture(f"story-case-1-registered-{tag}")
    return case


def decide(team: Team, case: str, tag: str) -> None:
    """Assess the indication, which is refused while it is not met, and decide in the tumour board."""
    doctor = team["attending"]
    doctor.page.goto(f"{case}do/assess-indication/")
    doctor.fill(kps_70=True)
    doctor.send()
    assert doctor.refusals() == ["patients.indication-not-met"]
    doctor.picture(f"story-case-2-refused-{tag}")
    doctor.fill(locally_advanced=True, at_most_7_cm=True, needle_path=True, survival_3_months=True)
    assert doctor.faults() == []
    doctor.send()
    doctor.expect_done()
    doctor.do(
        f"{case}do/decide/", held_on=str(BEFORE), participants="示例医师甲（介入科）", condition="局部晚期", conclusion="this",
        grounds="不宜手术", patients_wish="同意，医保可承担",
    )  # fmt: skip


def plan_and_sign(team: Team, case: str, tag: str) -> None:
    """Enter a plan version; three persons sign it."""
    physicist = team["physicist"]
    physicist.page.goto(case)
    physicist.page.locator("#plans a.button").first.click()
    physicist.fill(
        origin="typed", system="SeedTPS 3", made_on=str(BEFORE), made_by="示例物理师", target="GTV", target_volume_cc="6.4",
        prescribed_dose_gy="120", source="碘-125", air_kerma_strength_u="0.762", strength_on=str(BEFORE), seeds="10", needles="3",
    )  # fmt: skip
    physicist.picture(f"story-case-3-plan-{tag}")
    physicist.send()
    physicist.expect_done()
    physicist.page.goto(case)
    physicist.page.locator("#plans tbody a").first.click()
    plan = physicist.page.url
    for account, role in (("physicist", "physicist"), ("attending", "attending"), ("operator", "operator")):
        signer = team[account]
        signer.page.goto(f"{plan}do/sign/")
        signer.fill(role=role, agreed=True)
        assert signer.faults() == []
        signer.send()
        signer.expect_done()


def state(person: Person, case: str) -> str:
    """Return the place of the case on its way, counted from one."""
    person.page.goto(case)
    return str(person.page.locator(".steps li").evaluate_all("all => all.findIndex(e => e.ariaCurrent) + 1"))


def stock(team: Team, tag: str) -> str:
    """Order, receive, survey, assay and release a lot of thirty seeds; return its address."""
    safety, physicist = team["safety"], team["physicist"]
    safety.do(
        "/records/orders/new/", number=f"D-{tag}", product="碘-125", supplier="示例粒子公司", count=30, wanted_mci="0.6",
        ordered_on=str(BEFORE), wanted_on=str(YESTERDAY), transfer_approval="示例备案 1 号",
    )  # fmt: skip
    safety.do(
        "/records/lots/new/", order=f"D-{tag}", product="碘-125", lot_number=f"L-{tag}", form="loose", use_by=str(NOW.date() + timedelta(days=60)),
        certificate=f"C-{tag}", strength="0.7620", unit="U", calibrated_at=at(12, day=BEFORE), leak_tested_on=str(BEFORE),
    )  # fmt: skip
    lot = safety.page.url
    safety.picture(f"story-custody-1-lot-{tag}")
    move = f"{lot}do/move/"
    safety.do(move, kind="receive", count=30, moved_at=at(8))
    safety.do(
        f"/records/package-surveys/new/?of={number_in(lot)}", done_at=at(8, 5), instrument="辐射巡测仪", surface_usv_h="4.2",
        at_1m_usv_h="0.3", label_stated="I-WHITE", seal_whole=True,
    )  # fmt: skip
    physicist.page.goto(move)
    physicist.fill(kind="release", count=30, moved_at=at(9), second_name="nurse", **SECOND)
    physicist.send()
    assert physicist.refusals() == ["custody.assay-missing"]
    physicist.do(
        f"/records/assays/new/?of={number_in(lot)}",
        done_at=at(8, 30),
        instrument="井型电离室",
        unit="U",
        measured="0.756 0.759 0.751",
    )
    physicist.page.goto(move)
    physicist.fill(kind="release", count=30, moved_at=at(9), second_name="physicist", **SECOND)
    physicist.send()
    assert physicist.refusals() == ["records.invalid"], "one person alone opened the store"
    physicist.fill(second_name="nurse", **SECOND)
    physicist.send()
    physicist.expect_done()
    return lot


def perform(team: Team, case: str, lot: str, tag: str) -> str:
    """Consent, time-out, seeds from the store, start, needles, vital signs, finish; return the procedure's address."""
    doctor, nurse, physicist, operator = (team[name] for name in ("attending", "nurse", "physicist", "operator"))
    doctor.page.goto(f"{case}do/consent/")
    doctor.tick_all()
    doctor.fill(
        text_version="2026-1", language="zh", told_by="示例医师丁", signer="patient", signer_name=f"示例患者{tag}", witness="示例护士乙",
        signed_at=at(15, day=BEFORE),
    )  # fmt: skip
    doctor.sign()
    doctor.picture(f"story-case-4-consent-{tag}")
    assert doctor.faults() == []
    doctor.send()
    doctor.expect_done()
    nurse.page.goto(f"{case}do/time-out/")
    nurse.tick_all()
    nurse.fill(done_at=at(9, 50))
    nurse.send()
    nurse.expect_done()
    move, number = f"{lot}do/move/", number_in(case)
    nurse.do(move, kind="issue", count=10, moved_at=at(9, 30), case=number, second_name="physicist", **SECOND)
    nurse.do(
        f"{case}do/start/", room="粒子植入治疗室", guidance="引导用 CT", anaesthesia="local", started_at=at(10), operator="示例医师甲",
        physicist="示例物理师", nurse="示例护士甲",
    )  # fmt: skip
    procedure = nurse.page.url
    for needle, seeds in ((1, 4), (2, 3), (3, 3)):
        nurse.page.goto(f"/records/insertions/new/?of={number_in(procedure)}")
        nurse.fill(number=needle, lesion="T1", depth_mm="92", seeds=seeds)
        nurse.send()
        nurse.expect_done()
    for minute in range(0, 60, 5):
        nurse.do(
            f"{procedure}do/vitals/", at_time=at(10, minute), ecg=76, respiration=16, systolic=128, diastolic=76, pulse=76, spo2=97
        )  # fmt: skip
    physicist.do(move, kind="implant", count=9, moved_at=at(10, 50), case=number)
    operator.page.goto(f"{procedure}do/finish/")
    operator.fill(ended_at=at(11), result="done", technical_success=True, narrative="CT 引导下 3 针植入 10 粒。")
    operator.send()
    assert set(operator.refusals()) == {"procedures.seeds-open", "procedures.seeds-differ"}
    operator.picture(f"story-case-5-seeds-open-{tag}")
    physicist.do(move, kind="implant", count=1, moved_at=at(10, 52), case=number)
    operator.send()
    operator.expect_done()
    operator.page.goto(procedure)
    assert operator.page.locator("text=100 %").count() == 5
    operator.picture(f"story-case-6-procedure-{tag}")
    assert operator.faults() == []
    return procedure


def verify_and_follow(team: Team, case: str, tag: str) -> None:
    """Verify the dose, begin follow-up, see the patient, measure the lesion, enter and grade a complication."""
    physicist, nurse = team["physicist"], team["nurse"]
    physicist.do(
        f"{case}do/verify/", kind="dose", image_on=str(YESTERDAY), day="0", verified_on=str(NOW.date()), verified_by="示例物理师",
        system="Trocar", seeds_seen=10, d90_gy="124.1", v100_percent="92.6", conclusion="D90 达到处方剂量。",
    )  # fmt: skip
    nurse.do(f"{case}do/begin-follow-up/")
    nurse.do(
        f"/records/visits/new/?of={number_in(case)}", seen_on=str(NOW.date()), way="ward", seen_by="示例护士甲", alive="true", kps=80,
        pain=2, quality_of_life=75, local_control="controlled",
    )  # fmt: skip
    nurse.page.goto(case)
    nurse.page.locator("#visits tbody a").first.click()
    nurse.page.locator("#measurements a.button").click()
    nurse.fill(lesion="T1", longest_mm="30.0")
    nurse.send()
    nurse.expect_done()
    nurse.do(
        f"/records/complications/new/?of={number_in(case)}", term="pneumothorax", cause="puncture", began_on=str(YESTERDAY),
        ctcae="1", sir="A", cirse="1", outcome="recovered", ended_on=str(NOW.date()),
    )  # fmt: skip
    nurse.page.goto(case)
    assert nurse.page.locator("#planned-visits tbody tr").count() >= 6
    nurse.picture(f"story-case-7-followed-{tag}")
    assert nurse.faults() == []


def test_a_new_case_becomes_a_signed_plan(browser: Browser, address: str) -> None:
    team, tag = Team(browser, address, CHINESE), "zh1"
    case = register(team, tag)
    decide(team, case, tag)
    plan_and_sign(team, case, tag)
    assert state(team["attending"], case) == "5"
    assert team["attending"].page.inner_text("[aria-current=step]") == "计划三方已签"
    assert team["attending"].faults() == []
    team.leave()


@pytest.mark.slow
@LANGUAGES
def test_a_case_goes_from_registration_to_follow_up(browser: Browser, address: str, language: str) -> None:
    team, tag = Team(browser, address, language), f"{language[:2]}2"
    case = register(team, tag)
    decide(team, case, tag)
    plan_and_sign(team, case, tag)
    perform(team, case, stock(team, f"{tag}c"), tag)
    assert state(team["nurse"], case) == "7"
    verify_and_follow(team, case, tag)
    assert state(team["nurse"], case) == "9"
    team.leave()


@pytest.mark.slow
@LANGUAGES
def test_a_custody_day_from_order_to_balance(browser: Browser, address: str, language: str) -> None:
    team, tag = Team(browser, address, language), f"day-{language[:2]}"
    case = register(team, f"{tag}3")
    decide(team, case, f"{tag}3")
    plan_and_sign(team, case, f"{tag}3")
    lot = stock(team, tag)
    safety, physicist, nurse = team["safety"], team["physicist"], team["nurse"]
    move = f"{lot}do/move/"
    number = number_in(case)
    for kind, count, when, by, second, of_case in (
        ("issue", 12, at(9, 30), nurse, "physicist", True),
        ("implant", 10, at(10, 50), physicist, "", True),
        ("bring_back", 1, at(11, 30), nurse, "physicist", True),
        ("lose_theatre", 1, at(11, 40), nurse, "", True),
        ("return", 4, at(15), safety, "nurse", False),
    ):
        further = {"second_name": second, **SECOND} if second else {}
        by.do(move, kind=kind, count=count, moved_at=when, **({"case": number} if of_case else {}), **further)
    nurse.page.goto(move)
    nurse.fill(kind="issue", count=99, moved_at=at(16), case=number, second_name="physicist", **SECOND)
    nurse.send()
    assert nurse.refusals() == ["custody.not-enough"]
    nurse.picture(f"story-custody-2-not-enough-{tag}")
    safety.page.goto("/custody/ledger/")
    row = safety.page.locator("tbody tr", has_text=f"L-{tag}").locator("td").all_inner_texts()
    assert [int(each) for each in row[2:-1]] == [30, 0, 15, 0, 10, 4, 1, 0, 0]
    assert "L-" + tag in safety.page.inner_text("[role=alert]"), "a lost seed is told of until it is found"
    safety.picture(f"story-custody-3-lost-{tag}")
    assert safety.faults() == []
    nurse.do(
        "/records/searches/new/", begun_at=at(11, 45), places="操作台、地面、敷料、垃圾桶", instrument="SM-2 SN-SM-0004",
        background_usv_h="0.110", highest_usv_h="3.4", missing=1, result="found",
    )  # fmt: skip
    nurse.do(move, kind="find", count=1, moved_at=at(12, 10))
    safety.do(f"{lot}do/count/", place="store", counted_at=at(16, 30), count=15, second_name="nurse", **SECOND)
    safety.page.goto("/custody/ledger/")
    row = safety.page.locator("tbody tr", has_text=f"L-{tag}").locator("td").all_inner_texts()
    assert [int(each) for each in row[2:-1]] == [30, 0, 15, 0, 10, 4, 0, 1, 0]
    assert safety.page.locator(".told.error", has_text=f"L-{tag}").count() == 0
    safety.picture(f"story-custody-4-balance-{tag}")
    team.leave()


@pytest.mark.slow
@LANGUAGES
def test_an_expired_licence_stops_the_order_says_why_and_is_renewed(
    browser: Browser, address: str, language: str
) -> None:
    team, tag = Team(browser, address, language), language[:2]
    kind = {"zh": "radiation_safety", "en": "radiotherapy"}[tag]  # one is renewed by the first of the two stories
    safety = team["safety"]
    safety.page.goto(f"/records/licences/?kind={kind}")
    number = safety.page.locator("tbody tr td").first.inner_text()
    safety.page.locator("tbody a").first.click()
    old = safety.page.url
    safety.do(f"{old}correct/", expires_on=str(YESTERDAY), why="核对原件")
    safety.page.goto("/today/")
    assert number in safety.page.inner_text(".lane.late")
    safety.picture(f"story-licence-1-today-{tag}")
    order = {
        "number": f"E-{tag}", "product": "碘-125", "supplier": "示例粒子公司", "count": 10, "wanted_mci": "0.6", "ordered_on": str(NOW.date()),
        "wanted_on": str(NOW.date() + timedelta(days=7)),
    }  # fmt: skip
    safety.page.goto("/records/orders/new/")
    safety.fill(**order)
    safety.send()
    assert safety.refusals() == ["institution.licence-expired"]
    told = safety.page.inner_text("[role=alert]")
    assert number in told
    assert str(YESTERDAY) in told
    assert safety.faults() == []
    safety.picture(f"story-licence-2-refused-{tag}")
    safety.do(
        "/records/licences/new/", kind=kind, number=f"示例环辐证续{tag}", scope="使用Ⅴ类放射源（碘-125粒子）", issuer="示例省生态环境厅",
        issued_on=str(NOW.date()), expires_on=str(NOW.date() + timedelta(days=1826)),
    )  # fmt: skip
    safety.do("/records/orders/new/", **order)
    safety.page.goto("/today/")
    assert number not in safety.page.inner_text("main")
    team.leave()
