"""A real browser on the real server: Debian's Chromium by Playwright, with axe and screenshots."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHINESE, ENGLISH = "zh-hans", "en"
WIDE, NARROW = {"width": 1280, "height": 850}, {"width": 768, "height": 1024}
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
        self.context: BrowserContext = browser.new_context(base_url=address, viewport=size)  # type: ignore[arg-type]
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
                label = value if isinstance(value, str) else f"{value}"
                option = field.locator("option", has_text=label).first.get_attribute("value")
                field.select_option(option)
            else:
                field.fill(str(value))

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
