"""What independent programs say of a DICOM file; each question skips its test, saying so, without the program."""

import json
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

STANDARD = Path.home() / "dicom-validator"


def _output_of(command: str, *arguments: str) -> tuple[int, str]:
    program = shutil.which(command)
    if program is None:
        pytest.skip(f"{command} is not installed")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, errors="replace", check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def dciodvfy_errors(path: Path) -> list[str]:
    """Return the errors dciodvfy (Debian: dicom3tools) finds; its release of 2022 cannot read pixels of 32 bits."""
    code, output = _output_of("dciodvfy", str(path))
    errors = [line for line in output.splitlines() if line.startswith("Error")]
    assert code == 0 or errors, output
    return errors


def dcmtk_complaints(path: Path) -> list[str]:
    """Return what dcmtk's dcmdump (Debian: dcmtk) warns of while it reads the whole file."""
    code, output = _output_of("dcmdump", "+P", "SOPInstanceUID", str(path))
    return [line for line in output.splitlines() if line.startswith(("W:", "E:", "F:"))] + (
        [] if code == 0 else [output]
    )


def dicom_validator_errors(path: Path) -> str:
    """Return what dicom-validator reports; it needs a copy of the standard, which it fetches from the internet."""
    if not any(STANDARD.glob("*/json")):
        pytest.skip(f"dicom-validator has no copy of the DICOM standard in {STANDARD}")
    done = subprocess.run(
        [sys.executable, "-m", "dicom_validator.validate_iods", "--edition", "local", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def missing_attributes(path: Path, *, conditional_modules: Iterable[str] = ()) -> list[str]:
    """Return type 1 attributes that are absent or empty and type 2 attributes that are absent.

    The lists of modules and attributes are those of the DICOM standard as highdicom carries them.

    Parameters
    ----------
    path
        The file.
    conditional_modules
        Modules to demand beyond the mandatory ones of its IOD.
    """
    dataset = pydicom.dcmread(path)
    iod = _standard("sop_class_iod_map")[dataset.SOPClassUID]
    modules = [each["key"] for each in _standard("iod_module_map")[iod] if each["usage"] == "M"]
    attributes = _standard("module_attribute_map")
    missing = []
    for module in [*modules, *conditional_modules]:
        for attribute in attributes[module]:
            if attribute["type"] in ("1", "2"):
                for item in _items(dataset, attribute["path"]):
                    value = item.get(attribute["keyword"])
                    absent = attribute["keyword"] not in item
                    empty = attribute["type"] == "1" and (value is None or value == "" or value == [])
                    if absent or empty:
                        missing.append("/".join([module, *attribute["path"], attribute["keyword"]]))
    return sorted(set(missing))


def _items(dataset: Dataset, path: list[str]) -> list[Dataset]:
    items = [dataset]
    for keyword in path:
        items = [each for item in items for each in (item.get(keyword) or [])]
    return items


def _standard(name: str) -> Any:
    data = pkgutil.get_data("highdicom", f"_standard/{name}.json")
    if data is None:
        pytest.skip("highdicom does not carry its tables of the standard")
    return json.loads(data)
