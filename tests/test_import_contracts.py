"""The staircase of ARCHITECTURE.md holds, and no contract forgets a room."""

import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOMS_THAT_SPEAK_DICOM = {"dicom"}
EDGES_OF_VALUES = {"dicom", "report"}
ENGINES = {"dose", "heat", "optimise", "imaging", "guide", "evaluate", "rules", "phantom", "assess"}


def rooms(repository: Path) -> set[str]:
    """Return the packages that stand directly in the library."""
    return {folder.parent.name for folder in (repository / "src" / "trocar").glob("*/__init__.py")}


@pytest.fixture(scope="module")
def contracts(repository: Path) -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def named(modules: list[str]) -> set[str]:
    return {module.removeprefix("trocar.") for module in modules}


def test_the_import_contracts_hold(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(repository / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_room_but_the_dicom_edge_is_kept_from_speaking_dicom(
    repository: Path, contracts: dict[str, dict[str, list[str]]]
) -> None:
    silent = named(contracts["only the DICOM edge speaks DICOM"]["source_modules"])
    assert rooms(repository) - silent == ROOMS_THAT_SPEAK_DICOM, "name the new room in pyproject.toml"


def test_the_edges_are_kept_from_every_engine(repository: Path, contracts: dict[str, dict[str, list[str]]]) -> None:
    contract = contracts["the edges know values, not engines"]
    assert named(contract["source_modules"]) == EDGES_OF_VALUES
    assert named(contract["forbidden_modules"]) == ENGINES & rooms(repository), "name the new engine in pyproject.toml"
