"""What the library imports is what it declares."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_imported_package_is_a_declared_dependency(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {plain(re.split(r"[<>=~!;\[ ]", each)[0]) for each in project["dependencies"]}
    trees = [ast.parse(file.read_text("utf-8")) for file in (repository / "src" / "trocar").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {each.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for each in node.names}
    imported |= {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    foreign = imported - set(sys.stdlib_module_names) - {"trocar"}
    makers = packages_distributions()
    undeclared = {name for name in foreign if not {plain(maker) for maker in makers.get(name, [name])} & declared}
    assert undeclared == set(), "add the package to pyproject.toml and name it on a decision page"
