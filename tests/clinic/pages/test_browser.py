"""The main stories in a real browser, in Chinese and English, each page looked at by axe."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clinic.browser import CHINESE, ENGLISH, NARROW, WIDE, Person, chromium
from clinic.running import copy_of, served
from trocar_clinic.records.books import all_books


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with chromium(program("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def address(demonstration_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(copy_of(demonstration_folder, tmp_path_factory.mktemp("browser") / "copy")) as found:
        yield found


WORDS = {
    CHINESE: {
        "new": "新增", "add": "添加", "male": "男", "none": "无或不详", "ward": "介入治疗科", "seed": "放射性粒子植入", "palliative": "姑息",
        "this": "采用本技术", "indication": "评估指征", "board": "多学科讨论", "typed": "自计划系统报告录入", "sign": "签署", "attending": "主管医师",
        "operator": "植入（消融）术者", "physicist": "物理师", "signed": "计划三方已签", "refused": "未予执行", "lung": "肺", "left": "左", "void": "作废",
    },
    ENGLISH: {
        "new": "New", "add": "Add", "male": "male", "none": "none known", "ward": "介入治疗科", "seed": "seed implantation", "palliative": "palliative",
        "this": "treat by this technique", "indication": "Assess the indication", "board": "Tumour board decision", "typed": "typed from", "sign": "Sign",
        "attending": "attending physician", "operator": "implanting", "physicist": "physicist", "signed": "plan signed by three", "refused": "Refused",
        "lung": "lung", "left": "left", "void": "void",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", [CHINESE, pytest.param(ENGLISH, marks=pytest.mark.slow)])
def test_a_new_case_becomes_a_signed_plan(browser: Browser, address: str, language: str) -> None:
    say, tag = WORDS[language], language[:2]
    nurse = Person(browser, address, "nurse", language, WIDE)
    nurse.page.goto("/records/patients/new/")
    nurse.fill(
        number=f"B{tag}001", name=f"示例患者{tag}", sex=say["male"], birth_date="1958-02-03", identity_kind=say["none"]
    )
    nurse.send()
    assert nurse.faults() == []
    nurse.page.locator("#admissions a.button").click()
    nurse.fill(number=f"Z{tag}001", ward=say["ward"], admitted_on="2026-03-01", diagnosis="肺恶性肿瘤")
    nurse.send()
    nurse.page.locator("#admissions tbody a").first.click()
    nurse.page.locator("#cases a.button").click()
    nurse.fill(
        technique=say["seed"], attending="示例医师丁", diagnosis="肺恶性肿瘤", icd10="C34.1", intent=say["palliative"]
    )
    nurse.send()
    nurse.page.locator("#cases tbody a").first.click()
    case = nurse.page.url
    nurse.page.locator("#lesions a.button").click()
    nurse.fill(label="T1", organ=say["lung"], side=say["left"], longest_mm="31.5", measured_on="2026-03-01")
    nurse.send()
    nurse.picture(f"case-registered-{tag}")

    doctor = Person(browser, address, "attending", language, WIDE)
    doctor.page.goto(case)
    doctor.open(say["indication"])
    doctor.fill(kps_70=True)
    doctor.send()
    assert say["refused"] in doctor.page.inner_text("[role=alert]")
    doctor.fill(locally_advanced=True, at_most_7_cm=True, needle_path=True, survival_3_months=True)
    doctor.picture(f"indication-{tag}")
    assert doctor.faults() == []
    doctor.send()
    doctor.page.goto(case)
    doctor.open(say["board"])
    doctor.fill(
        held_on="2026-03-02", participants="示例医师甲（介入科）", condition="局部晚期", conclusion=say["this"], grounds="不宜手术",
        patients_wish="同意，医保可承担",
    )  # fmt: skip
    doctor.send()

    physicist = Person(browser, address, "physicist", language, WIDE)
    physicist.page.goto(case)
    physicist.page.locator("#plans a.button").click()
    physicist.fill(
        origin=say["typed"], system="SeedTPS 3", made_on="2026-03-03", made_by="示例物理师", target="GTV", target_volume_cc="16.4",
        prescribed_dose_gy="120", source="碘-125", air_kerma_strength_u="0.762", strength_on="2026-03-03", seeds="28", needles="8",
    )  # fmt: skip
    physicist.picture(f"plan-form-{tag}")
    physicist.send()
    physicist.page.locator("#plans tbody a").first.click()
    plan = physicist.page.url
    for account, role in (("physicist", "physicist"), ("attending", "attending"), ("operator", "operator")):
        signer = Person(browser, address, account, language, WIDE)
        signer.page.goto(plan)
        signer.open(say["sign"])
        signer.fill(role=say[role], agreed=True)
        assert signer.faults() == []
        signer.send()
        assert signer.complaints == []
    doctor.page.goto(case)
    assert doctor.page.inner_text("[aria-current=step]") == say["signed"]
    doctor.picture(f"case-signed-{tag}")
    assert doctor.faults() == []
    assert (nurse.complaints, doctor.complaints, physicist.complaints) == ([], [], [])


def test_two_browsers_edit_one_record_and_none_is_lost(browser: Browser, address: str) -> None:
    first, second = (Person(browser, address, "affairs", CHINESE, WIDE) for _ in range(2))
    for each in (first, second):
        each.page.goto("/records/rooms/1/correct/")
    first.fill(place="8 层东侧", why="补录位置")
    first.send()
    second.fill(place="8 层西侧", why="补录位置")
    second.send()
    assert "示例医务处员" in second.page.inner_text("[role=alert]")
    second.picture("overtaken-zh")
    second.page.goto("/records/rooms/1/history/")
    assert "8 层东侧" in second.page.inner_text("main")
    assert second.faults() == []


def test_the_language_changes_where_the_reader_is(browser: Browser, address: str) -> None:
    person = Person(browser, address, "safety", CHINESE, WIDE)
    person.page.goto("/records/licences/?kind=radiation_safety")
    person.page.click(".language button")
    person.page.wait_for_url("**/records/licences/?kind=radiation_safety")
    assert person.page.inner_text("h1").startswith("Licences")
    assert person.page.locator("html").get_attribute("lang") == "en"


def test_the_keyboard_reaches_search_and_new(browser: Browser, address: str) -> None:
    person = Person(browser, address, "affairs", CHINESE, WIDE)
    person.page.goto("/records/licences/")
    person.page.keyboard.press("/")
    person.page.keyboard.type("辐射")
    person.page.keyboard.press("Enter")
    person.page.wait_for_url("**/search/?q=*")
    assert "示例环辐证" in person.page.inner_text("main")
    person.page.goto("/records/licences/")
    person.page.keyboard.press("n")
    person.page.wait_for_url("**/records/licences/new/")


@pytest.mark.slow
@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_passes_axe_in_both_languages_and_widths(
    browser: Browser, address: str, language: str, size: dict[str, int]
) -> None:
    faults: list[str] = []
    wide_as = "wide" if size is WIDE else "narrow"
    for account in ("affairs", "operator", "admin"):
        person = Person(browser, address, account, language, size)
        pages = ["today/", "search/?q=示例"]
        for book in all_books().values():
            pages += [
                f"records/{book.slug}/",
                f"records/{book.slug}/1/",
                f"records/{book.slug}/new/",
                f"records/{book.slug}/1/history/",
            ]
        if account == "admin":
            pages = ["accounts/", "accounts/new/", "trail/"]
        for page in pages:
            answer = person.page.goto(f"/{page}")
            assert answer is not None
            if answer.status == 200:
                faults += person.faults()
                person.picture(
                    f"{account}-{page.strip('/').replace('/', '_').replace('?', '_')}-{language[:2]}-{wide_as}"
                )
                overflow = person.page.evaluate(
                    "document.documentElement.scrollWidth > document.documentElement.clientWidth"
                )
                faults += [f"{page} is wider than the window"] if overflow else []
        faults += person.complaints
    assert faults == []
