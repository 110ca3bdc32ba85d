"""Compiled loops never outlive the sources that they were compiled from."""

import os
import subprocess
import sys
from pathlib import Path

from trocar.kernel_caches import discard_stale

INNER = "from numba import njit\n\n@njit\ndef inner(x):\n    return x + {add}\n"
OUTER = """from pathlib import Path

from numba import njit

from inner import inner
from trocar.kernel_caches import discard_stale

discard_stale(__file__, str(Path(__file__).parent / "inner.py"))

@njit(cache=True)
def outer(x):
    return inner(x)

if __name__ == "__main__":
    print(outer(1))
"""


def test_a_function_taken_in_from_another_file_is_compiled_anew_when_that_changes(tmp_path: Path) -> None:
    def said() -> str:
        done = subprocess.run([sys.executable, "outer.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    (tmp_path / "inner.py").write_text(INNER.format(add=1))
    (tmp_path / "outer.py").write_text(OUTER)
    assert said() == "2"
    kept = list((tmp_path / "__pycache__").glob("*.nb[ic]"))
    assert kept
    (tmp_path / "inner.py").write_text(INNER.format(add=10))
    later = max(each.stat().st_mtime for each in kept) + 1
    os.utime(tmp_path / "inner.py", (later, later))
    assert said() == "11"


def test_loops_younger_than_their_sources_stay(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "loops.py").touch()
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    (cache / "loops.run-1.py311.nbi").touch()
    os.utime(tmp_path / "loops.py", (1.0, 1.0))
    os.utime(tmp_path / "__init__.py", (1.0, 1.0))
    discard_stale(str(tmp_path / "__init__.py"))
    assert len(list(cache.iterdir())) == 1
    os.utime(cache / "loops.run-1.py311.nbi", (0.5, 0.5))
    discard_stale(str(tmp_path / "__init__.py"))
    assert list(cache.iterdir()) == []


def test_a_folder_without_loops_is_no_error(tmp_path: Path) -> None:
    discard_stale(str(tmp_path / "absent.py"))
