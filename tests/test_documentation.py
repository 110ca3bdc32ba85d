"""The documentation asks nothing of other hosts, and what it promises about the house is so."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import trocar
from debian_programs import DEBIAN_PACKAGES

FETCHED = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["']?(https?:)?//""")
IMPORTED = re.compile(r"""@import\s+(?:url\()?["']?(https?:)?//|url\(["']?(https?:)?//""")


def test_no_page_of_the_built_documentation_fetches_from_another_host(repository: Path) -> None:
    site = repository / "site"
    if not (site / "index.html").is_file():
        pytest.skip("the documentation has not been built: run make docs")
    pages = {page.relative_to(site): page.read_text("utf-8") for page in site.rglob("*.html")}
    sheets = {sheet.relative_to(site): sheet.read_text("utf-8") for sheet in site.rglob("*.css")}
    assert {str(name) for name, text in pages.items() if FETCHED.search(text)} == set()
    assert {str(name) for name, text in sheets.items() if IMPORTED.search(text)} == set()


def test_every_dependency_is_named_on_a_decision_page(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=~!;\[ ]", each)[0] for each in project["dependencies"]}
    pages = "\n".join(page.read_text("utf-8") for page in (repository / "docs" / "decisions").glob("0*.md"))
    assert {name for name in names if f"`{name}`" not in pages} == set(), "add a page to docs/decisions"


def test_decisions_are_numbered_once(repository: Path) -> None:
    numbers = [page.name[:4] for page in (repository / "docs" / "decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def test_the_architecture_names_every_room(repository: Path) -> None:
    plan = (repository / "ARCHITECTURE.md").read_text("utf-8")
    rooms = {path.parent.name for path in (repository / "src" / "trocar").glob("*/__init__.py")}
    assert {room for room in rooms if f"── {room}/" not in plan} == set()


def test_version_and_licence_are_the_same_everywhere(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((repository / "CITATION.cff").read_text("utf-8"))
    assert {project["version"], citation["version"]} == {trocar.__version__}
    assert {project["license"], citation["license"]} == {"Apache-2.0"}
    assert "Apache License" in (repository / "LICENSE").read_text("utf-8")


def test_ci_installs_every_program_that_tests_ask_for(repository: Path) -> None:
    script = (repository / ".ci" / "run").read_text("utf-8")
    assert {name for name, package in DEBIAN_PACKAGES.items() if f"{name}:{package}" not in script} == set()


def test_every_decision_stands_in_the_list(repository: Path) -> None:
    folder = repository / "docs" / "decisions"
    listed = (folder / "index.md").read_text("utf-8")
    assert [each.name for each in sorted(folder.glob("0*.md")) if f"({each.name})" not in listed] == []
