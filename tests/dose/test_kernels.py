"""The compiled loops: whether the processor really gathers, and whether they compile where nothing can be written."""

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
import pytest

from trocar.catalogue.sources import load_source
from trocar.dose import kernels
from trocar.dose.base import Formalism
from trocar.dose.table import rate_table

FEATURES = llvm.get_host_cpu_features()
TABLE_LOADS = 2
"""One entry of the inner row and one of the outer."""


@pytest.mark.skipif(not FEATURES.get("avx2", False), reason="this processor has no gather instruction (AVX2)")
def test_the_look_up_loop_is_vectorised_with_gathers() -> None:
    loop = kernels.njit(fastmath=kernels.FAST, error_model="numpy")(kernels.add_source.py_func)
    table = rate_table(load_source("I125_6711"), Formalism.LINE_2D)
    points = np.ones((3, 64), np.float32)
    points.flags.writeable = False
    three = (np.float32(1.0), np.float32(2.0), np.float32(3.0))
    loop(table.entries, table.shape, *points, np.zeros(64, np.float32), three, three, np.float32(1.0))
    (code,) = loop.inspect_asm().values()
    assert code.count("vpgatherdd") + code.count("vgatherdps") >= TABLE_LOADS


PROGRAM = """
import numpy as np
from trocar.dose import warm_up
warm_up()
from trocar.dose import kernels
print(kernels.add_sources.stats.cache_path if hasattr(kernels.add_sources, "stats") else "")
"""


@pytest.mark.slow
def test_loops_compile_where_no_folder_can_be_written(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "file").write_text("not a folder")
    surroundings = {**os.environ, "NUMBA_CACHE_DIR": str(locked / "file"), "HOME": str(locked / "file")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_warming_up_runs() -> None:
    from trocar.dose import warm_up

    warm_up()
    assert kernels.add_sources.signatures
