"""Make the pictures of README and documentation from what `make run` leaves: `python tools/make_pictures.py`.

Needs the tools of the tests, Chromium and poppler-utils. The pictures are of the demonstration's made-up patients.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[1]
PICTURES = REPOSITORY / "docs" / "assets" / "pictures"
WIDE = {"width": 1440, "height": 900}
PAPER_DPI = 80
PAPERS = {
    "plan-report": ("liver/plan_{}.pdf", (1, 2, 3)),
    "verification-report": ("prostate-implanted/verified/verification-{}.pdf", (1, 2, 3)),
    "margin-report": ("liver-ablated/margin/margin-{}.pdf", (1, 2, 3)),
}
"""Pages that are shown side by side."""

RECORD = {"today": "/today/", "indicators": "/quality/"}


def main() -> None:
    """Make all pictures in both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", type=Path, default=REPOSITORY / "out" / "demo")
    parser.add_argument("--department", type=Path, default=REPOSITORY / "out" / "department")
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for language in ("zh", "en"):
        for name, (pattern, pages) in PAPERS.items():
            keep(side_by_side(given.demo / pattern.format(language), pages), f"{name}-{language}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for language, locale in (("zh", "zh-CN"), ("en", "en-GB")):
            page = browser.new_context(locale=locale, viewport=WIDE).new_page()
            with workspace(given.demo / "liver") as address:
                show_workspace(page, address, language)
            with record(given.department) as address:
                show_record(page, address, language)
        browser.close()


def keep(image: Image.Image, name: str) -> None:
    """Keep a picture, small enough for a page that is read on a telephone."""
    image = image.convert("RGB")
    image.thumbnail((1600, 1600))
    image.save(PICTURES / f"{name}.webp", quality=78, method=6)


def side_by_side(pdf: Path, pages: tuple[int, ...]) -> Image.Image:
    """Return pages of a PDF beside one another, each with a thin frame."""
    with tempfile.TemporaryDirectory() as folder:
        sheets = []
        for page in pages:
            made = Path(folder) / f"{page}"
            command = ["pdftoppm", "-r", str(PAPER_DPI), "-f", str(page), "-l", str(page), "-png", "-singlefile"]
            subprocess.run([*command, str(pdf), str(made)], check=True)
            sheets.append(Image.open(made.with_suffix(".png")).convert("RGB"))
    gap = 12
    whole = Image.new("RGB", (sum(each.width + gap for each in sheets) + gap, sheets[0].height + 2 * gap), "#dfe6e7")
    left = gap
    for each in sheets:
        whole.paste(each, (left, gap))
        left += each.width + gap
    return whole


def snapped(page: Page, name: str) -> None:
    """Keep what a page shows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        page.screenshot(path=path)
        keep(Image.open(path), name)


def show_workspace(page: Page, address: str, language: str) -> None:
    """Select a needle's deepest seed, as one about to drag it."""
    page.goto(address)
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    page.evaluate("window.trocarWorkspace.store.select(window.trocarWorkspace.store.state.needles[0].number, 1)")
    page.wait_for_timeout(4000)
    snapped(page, f"workspace-{language}")


def show_record(page: Page, address: str, language: str) -> None:
    """Sign in to the demonstration department and look at some pages."""
    page.context.add_cookies(
        [{"name": "trocar_language", "value": "zh-hans" if language == "zh" else "en", "url": address}]
    )
    page.goto(f"{address}/account/login/")
    page.fill("[name=login]", "physicist")
    page.fill("[name=password]", "demonstration")
    page.click("main button.main")
    page.wait_for_url("**/today/")
    for name, path in RECORD.items():
        page.goto(address + path)
        snapped(page, f"{name}-{language}")


@contextmanager
def workspace(plan: Path) -> Iterator[str]:
    """Serve a workspace and give its address."""
    command = [sys.executable, "-u", "-c", "from trocar.cli.main import main; main()", "workspace", str(plan)]
    with subprocess.Popen([*command, "--port", "0", "--no-browser"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield said_address(server.stdout, r"http://\S+")
        finally:
            server.terminate()


@contextmanager
def record(folder: Path) -> Iterator[str]:
    """Serve the demonstration department and give its address."""
    command = [sys.executable, "-u", "-m", "trocar_clinic.config", "serve", "--demonstration", "--no-worker"]
    surroundings = {**os.environ, "TROCAR_DATA": str(folder)}
    with subprocess.Popen([*command, "--port", "8765"], stdout=subprocess.PIPE, text=True, env=surroundings) as server:
        assert server.stdout is not None
        try:
            address = next(
                found.group(1) for line in server.stdout if (found := re.search(r"(http://[\d.]+:\d+)/", line))
            )
            wait_for(address)
            yield address
        finally:
            server.terminate()


def said_address(lines: Iterable[str], pattern: str) -> str:
    """Return the first address that a server prints."""
    return next(found.group(0) for line in lines if (found := re.search(pattern, line)))


def wait_for(address: str) -> None:
    """Wait until somebody answers."""
    for _ in range(300):
        try:
            urlopen(f"{address}/account/login/", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(address)


if __name__ == "__main__":
    main()
