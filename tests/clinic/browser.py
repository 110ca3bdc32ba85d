"""A real browser on the real server: Debian's Chromium by Playwright, with axe and screenshots."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

CHINESE, ENGLISH = "zh-hans", "en"
WIDE, TABLET, NARROW = {"width": 1440, "height": 900}, {"width": 768, "height": 1024}, {"width": 390, "height": 844}
LOCALES = {CHINESE: "zh-CN", ENGLISH: "en-GB"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Person:
    """Somebody at a browser: signed in, addressed in a language; what the browser complains of is kept."""

    def __init__(self, browser: Browser, address: str, account: str, language: str, size: dict[str, int]) -> None:
        self.language = language
        self.context: BrowserContext = browser.new_context(
            base_url=address, viewport=size, locale=LOCALES[language], timezone_id="Asia/Shanghai"
        )  # type: ignore[arg-type]
        self.context.add_cookies([{"name": "trocar_language", "value": language, "url": address}])
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto("/account/login/")
        self.page.fill("[name=login]", account)
        self.page.fill("[name=password]", "demonstration")
        self.page.click("main button.main")
        self.page.wait_for_url("**/today/")

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and "status of 4" not in text:
            self.complaints.append(text)

    def fill(self, **values: object) -> None:
        """Fill fields of the form by name: texts, choices by their label, ticks by true."""
        for name, value in values.items():
            field = self.page.locator(f"form.entry [name='{name}']")
            kind = field.evaluate("e => e.type")
            if kind == "checkbox":
                field.set_checked(bool(value))
            elif kind.startswith("select"):
                self._choose(field, str(value))
            else:
                field.fill(str(value))

    def _choose(self, field: Locator, wanted: str) -> None:
        """Choose by value, which is the same in both languages, or by what stands in the list."""
        by_value = field.locator(f'option[value="{wanted}"]')
        option = by_value if by_value.count() else field.locator("option", has_text=wanted)
        field.select_option(option.first.get_attribute("value"))

    def sign(self) -> None:
        """Draw in every field to sign in."""
        for canvas in self.page.locator("form.entry [data-sign] canvas").all():
            canvas.scroll_into_view_if_needed()
            box = canvas.bounding_box()
            assert box is not None
            self.page.mouse.move(box["x"] + 20, box["y"] + 40)
            self.page.mouse.down()
            for step in range(1, 30):
                self.page.mouse.move(box["x"] + 20 + 8 * step, box["y"] + 40 + 25 * (step % 4))
            self.page.mouse.up()

    def tick_all(self) -> None:
        """Tick every box of the form."""
        for box in self.page.locator("form.entry input[type=checkbox]").all():
            box.check()

    def do(self, path: str, **values: object) -> None:
        """Open a form, fill and send it; a refusal fails the test with its words."""
        self.page.goto(path)
        self.fill(**values)
        self.send()
        self.expect_done()

    def expect_done(self) -> None:
        """Fail with what stands on the page if the form was not taken."""
        told = self.page.locator("[role=alert], form.entry .error").all_inner_texts()
        assert not told, f"{self.page.url}: {told}"

    def refusals(self) -> list[str]:
        """Return the codes of the reasons for which the last deed was refused."""
        return [str(each.get_attribute("data-code")) for each in self.page.locator("[role=alert] [data-code]").all()]

    def send(self) -> None:
        """Send the form."""
        with self.page.expect_navigation():
            self.page.click("form.entry button.main, form.entry button.grave")

    def open(self, text: str) -> None:
        """Follow the link or button that bears a text."""
        with self.page.expect_navigation():
            self.page.locator(f"main a:has-text('{text}'), nav a:has-text('{text}')").first.click()

    def faults(self) -> list[str]:
        """Return what axe finds wrong with the page."""
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": RULES}})
        return [
            f"{self.page.url}: {each['id']} {each['nodes'][0]['html'][:160]}" for each in found.response["violations"]
        ]

    def picture(self, name: str) -> None:
        """Keep a picture of the page where TROCAR_PICTURES says so."""
        if folder := os.environ.get("TROCAR_PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
