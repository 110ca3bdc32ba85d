"""In a real browser, with the real worker: a plan is made and a verification is done inside the record."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from clinic.browser import CHINESE, ENGLISH, NARROW, WIDE, Person, chromium
from clinic.made_up import ENTERED
from clinic.running import REPOSITORY, copy_of, served, surroundings

PATIENCE_MS = 300_000


def prepared(folder: Path, step: str, files: Path) -> dict[str, Any]:
    """Bring the case as far as a part of the story begins."""
    around = surroundings(folder)
    around["PYTHONPATH"] = f"{REPOSITORY / 'src'}:{REPOSITORY / 'tests'}"
    command = [sys.executable, "-m", "clinic.prepared", step, str(files)]
    done = subprocess.run(command, env=around, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def looked_at(person: Person, name: str) -> None:
    """Look at the page in both languages, wide and narrow, with axe and a picture each."""
    page = person.page
    for language in (CHINESE, ENGLISH):
        person.context.add_cookies([{"name": "trocar_language", "value": language, "url": page.url}])
        for shape, size in (("wide", WIDE), ("narrow", NARROW)):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.reload(wait_until="networkidle")
            pictures = page.eval_on_selector_all(
                "main img", "all => all.map(e => e.src)"
            )  # the browser loads them late
            assert [each for each in pictures if not page.request.get(each).ok] == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), (
                f"{name} {shape} scrolls sideways"
            )
            assert person.faults() == []
            person.picture(f"{name}-{language[:2]}-{shape}")
    person.context.add_cookies([{"name": "trocar_language", "value": CHINESE, "url": page.url}])
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.reload()


def waited_for(person: Person) -> None:
    """Wait until the worker has done the job of the page, which reloads itself."""
    person.page.wait_for_selector("section.results", timeout=PATIENCE_MS)


def offered_at(person: Person, address: str, title: str) -> None:
    """Open a page again and again until it offers a deed: the worker sorts what was imported."""
    end = monotonic() + PATIENCE_MS / 1000
    while True:
        person.page.goto(address)
        if person.page.locator(f"main a:has-text('{title}')").count():
            return
        assert monotonic() < end, f"{title} is not offered"
        person.page.wait_for_timeout(500)


@pytest.mark.slow
def test_a_plan_is_made_and_a_verification_done(
    demonstration_folder: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    folder = copy_of(demonstration_folder, tmp_path / "copy")
    files = tmp_path / "after"
    files.mkdir()
    told = prepared(folder, "decided", files)
    case = f"/records/cases/{told['case']}/"
    with served(folder, worker=True) as address, chromium(program("chromium")) as browser:
        physicist = Person(browser, address, "physicist", CHINESE, WIDE)
        page = physicist.page
        page.goto(case)
        physicist.open("用程序库制定计划")
        page.select_option("form.entry [name=structures]", index=1)
        page.select_option("form.entry [name=pack]", "trocar/percutaneous_example")
        physicist.send()
        looked_at(physicist, "task-begun")
        physicist.open("填写要求并计算")
        looked_at(physicist, "wish-form")
        for name, value in ENTERED.items():
            field = page.locator(f"form.entry [name='{name}']")
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        page.select_option("form.entry [name=lot]", index=page.locator("[name=lot] option").count() - 1)
        physicist.send()
        physicist.picture("task-waiting")
        waited_for(physicist)
        looked_at(physicist, "proposal")
        physicist.open("采用为计划版本")
        physicist.fill(seen=True)
        physicist.send()
        assert "DVH" in page.content() or "pictures-zh/dvh.svg" in page.content()
        looked_at(physicist, "plan")

        prepared(folder, "performed", files)
        page.goto(case)
        physicist.open("导入影像")
        page.select_option("form.entry [name=purpose]", "verification")
        page.set_input_files("form.entry [name=uploads]", [str(each) for each in sorted(files.iterdir())])
        physicist.send()
        offered_at(physicist, case, "用程序库验证")
        physicist.open("用程序库验证")
        page.select_option("form.entry [name=scan]", index=1)
        looked_at(physicist, "verify-form")
        page.select_option("form.entry [name=scan]", index=1)
        physicist.send()
        waited_for(physicist)
        looked_at(physicist, "verification-task")
        physicist.open("登记为术后验证")
        physicist.fill(seen=True, conclusion="靶区覆盖满意，粒子数相符。")
        physicist.send()
        looked_at(physicist, "verification")
        page.goto(case)
        assert page.inner_text("[aria-current=step]") == "已验证"
        looked_at(physicist, "case-verified")
        physicist.open("出院告知卡")
        looked_at(physicist, "discharge-card")
        assert physicist.complaints == []
