"""What a browser alone shows: keyboard, language, two editors; and every page looked at by axe."""

import os
import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clinic.browser import CHINESE, ENGLISH, NARROW, TABLET, WIDE, Person
from clinic.walk import ROLES, Walk


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


def test_the_keyboard_skips_to_the_content_and_goes_on_in_the_order_of_the_page(browser: Browser, address: str) -> None:
    person = Person(browser, address, "affairs", CHINESE, WIDE)
    page = person.page
    page.goto("/records/licences/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(e => [e.getBoundingClientRect().top, e.getBoundingClientRect().left])(document.activeElement)"
            )
        )
    assert all(page.evaluate("document.activeElement.closest('main') !== null") for _ in seen)
    assert seen == sorted(seen, key=lambda place: (round(place[0] / 60), place[1])), "focus jumps about the page"


def test_on_a_telephone_the_menu_opens_and_the_page_is_no_wider(browser: Browser, address: str) -> None:
    person = Person(browser, address, "nurse", CHINESE, NARROW)
    button = person.page.locator(".menu-button")
    assert not person.page.locator("#sections").is_visible()
    button.click()
    assert (button.get_attribute("aria-expanded"), person.page.locator("#sections").is_visible()) == ("true", True)
    person.page.locator("#sections a", has_text="病例").first.click()
    person.page.wait_for_url("**/records/cases/")
    narrow = person.page.locator("td").evaluate_all("all => all.filter(e => e.clientHeight > 6 * 24).length")
    assert narrow == 0, "words of a cell stand one character under the other"


def test_a_printed_page_is_the_record_without_what_surrounds_it(browser: Browser, address: str, tmp_path: Path) -> None:
    person = Person(browser, address, "safety", CHINESE, WIDE)
    person.page.goto("/custody/ledger/")
    person.page.emulate_media(media="print")
    hidden = [".top", ".sections", ".foot", ".buttons"]
    assert [each for each in hidden if person.page.locator(each).first.is_visible()] == []
    assert person.page.locator("main table").is_visible()
    printed = person.page.pdf(format="A4", path=str(tmp_path / "ledger.pdf"))
    assert printed.startswith(b"%PDF")
    if folder := os.environ.get("TROCAR_PICTURES"):
        (Path(folder) / "printed-ledger.pdf").write_bytes(printed)


@pytest.mark.slow
@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
@pytest.mark.parametrize("size", [WIDE, TABLET, NARROW], ids=["wide", "tablet", "narrow"])
def test_every_page_passes_axe_in_both_languages_and_all_widths(
    browser: Browser, address: str, language: str, size: dict[str, int]
) -> None:
    faults: list[str] = []
    walk = Walk()
    for account in ROLES:
        person = Person(browser, address, account, language, size)
        walk.go(partial(look_at, person, account, faults))
        faults += person.complaints
        person.context.close()
    assert not faults, "\n".join(sorted(set(faults)))
    assert len(walk.seen) > 200, "the walk did not get far; it would show nothing"


def look_at(person: Person, account: str, faults: list[str], path: str) -> str:
    """Open a page, note what is wrong with it, keep its picture; return its HTML."""
    answer = person.page.goto(path)
    assert answer is not None
    if answer.status == 403 and account == "admin":
        return ""  # the ledger names cases, which an administrator does not open
    if answer.status != 200:
        faults.append(f"{path}: {answer.status}")
        return ""
    faults += person.faults()
    name = re.sub(r"[^a-z0-9-]+", "_", path).strip("_")
    person.picture(f"{person.page.viewport_size['width']}-{person.language[:2]}-{account}-{name}")
    if person.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        faults.append(f"{path} is wider than the window")
    return person.page.content()
