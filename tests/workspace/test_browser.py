"""The workspace in a real browser: a seed dragged and the dose following, a refusal, undoing, saving."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program("chromium"), args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def opened_page(browser: Browser, address: str, *, locale: str, width: int, height: int) -> tuple[Page, list[str]]:
    page = browser.new_context(locale=locale, viewport={"width": width, "height": height}).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    return page, complaints


def until(page: Page, expression: str, *, seconds: float = 30) -> None:
    """Wait until something is true; asked from outside, since the page's policy allows it to evaluate no text."""
    end = monotonic() + seconds
    while not page.evaluate(expression):
        assert monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(50)


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where the surroundings name a folder for them."""
    if folder := os.environ.get("TROCAR_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"workspace-{name}.png")


def goal(page: Page, metric: str) -> float:
    row = page.locator("#goals tbody tr").filter(has_text=metric).first
    return float(row.locator("td").first.inner_text())


def seed_on_screen(page: Page, plane: str) -> tuple[float, float]:
    """Return where the first needle's deepest seed is drawn, as the page itself computes it."""
    place = page.evaluate(
        """(plane) => {
            const { store, slices } = window.trocarWorkspace;
            const slice = slices.find((each) => each.plane === plane);
            const box = slice.canvas.getBoundingClientRect();
            const [x, y] = slice.seenPoint(store.state.needles[0].seeds[0].lps_mm);
            return [box.left + x, box.top + y];
        }""",
        plane,
    )
    return float(place[0]), float(place[1])


def test_a_seed_is_dragged_and_the_dose_follows(browser: Browser, address: str) -> None:
    page, complaints = opened_page(browser, address, locale="zh-CN", width=1440, height=900)
    assert page.locator("header .brand").inner_text().endswith("计划工作台")
    picture(page, "zh-wide")
    count = page.locator("#count").inner_text()
    before = goal(page, "D90")

    page.locator("#needles button").first.click()
    x, y = seed_on_screen(page, "sagittal")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3, y - 12, steps=6)
    until(page, "window.trocarWorkspace.store.proposed && !window.trocarWorkspace.store.asking")
    page.mouse.move(x + 300, y - 300, steps=10)
    until(page, "window.trocarWorkspace.store.refused")
    assert "不能这样修改" in page.locator("#told").inner_text()
    picture(page, "zh-refused")
    page.mouse.up()
    until(page, "!window.trocarWorkspace.store.asking")
    assert page.evaluate("window.trocarWorkspace.store.edits.length") == 0
    assert goal(page, "D90") == before

    page.locator("#needles button").first.click()
    page.evaluate("window.trocarWorkspace.store.select(window.trocarWorkspace.store.state.needles[0].number, 1)")
    page.locator("#transverse").focus()
    page.keyboard.press("Delete")
    until(page, "window.trocarWorkspace.store.edits.length === 1 && !window.trocarWorkspace.store.asking")
    assert page.locator("#count").inner_text() != count
    assert goal(page, "D90") < before
    page.keyboard.press("Control+z")
    until(page, "window.trocarWorkspace.store.edits.length === 0 && !window.trocarWorkspace.store.asking")
    assert page.locator("#count").inner_text() == count
    assert goal(page, "D90") == before
    assert complaints == []


def test_robustness_and_biology_are_computed_when_asked_and_grow_old_with_a_change(
    browser: Browser, address: str
) -> None:
    page, complaints = opened_page(browser, address, locale="zh-CN", width=1440, height=1500)
    assert page.locator("#worth").inner_text() == ""
    page.locator("#worth-button").click()
    until(page, "document.querySelectorAll('#worth table').length === 2", seconds=120)
    told = page.locator("#worth").inner_text()
    assert "D90 达到处方的概率" in told
    assert "EQD2 Gy" in told
    assert "修改之前" not in told
    picture(page, "zh-worth")
    page.evaluate("window.trocarWorkspace.store.select(window.trocarWorkspace.store.state.needles[0].number, 1)")
    page.locator("#drop-seed").click()
    until(page, "document.getElementById('worth').innerText.includes('修改之前')")
    assert complaints == []


def test_changes_are_saved_as_a_new_plan(browser: Browser, address: str, plan_folder: Path) -> None:
    page, complaints = opened_page(browser, address, locale="en-GB", width=1440, height=900)
    page.evaluate("window.trocarWorkspace.store.select(window.trocarWorkspace.store.state.needles[0].number, 1)")
    page.locator("#drop-seed").click()
    until(page, "window.trocarWorkspace.store.edits.length === 1 && !window.trocarWorkspace.store.asking")
    picture(page, "en-wide")
    page.locator("#save").click()
    until(page, "document.getElementById('told').textContent.startsWith('Saved')", seconds=120)
    name = re.sub(r"^Saved: ", "", page.locator("#told").inner_text())
    assert (plan_folder.parent / name / "RTPLAN.dcm").is_file()
    assert complaints == []


@pytest.mark.parametrize(("locale", "width", "height"), [("zh-CN", 1440, 900), ("en-GB", 768, 1024)])
def test_the_page_is_open_to_all(browser: Browser, address: str, locale: str, width: int, height: int) -> None:
    page, _ = opened_page(browser, address, locale=locale, width=width, height=height)
    page.locator("#worth-button").click()
    until(page, "document.querySelectorAll('#worth table').length === 2", seconds=120)
    page.locator("#help-button").click()
    picture(page, f"{locale[:2]}-{width}-help")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
