"""One request and one seed stand for one plan, whether the kernels come from the compiler or from its cache."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLANNING = """
import numpy as np
from planning_requests import request
from trocar.workflow.placed_seeds import seeds_or_reasons
from trocar.workflow.way_in import propose_needles
asked = request()
needles, _, _ = propose_needles(asked)
print(seeds_or_reasons(asked, needles, rng=np.random.default_rng(1), bound=False).plan.content_hash)
"""


@pytest.mark.slow
def test_a_fresh_installation_plans_as_it_does_ever_after(tmp_path: Path, repository: Path) -> None:
    surroundings = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(repository / "src"), str(repository / "tests")]),
    }
    command = [sys.executable, "-c", PLANNING]
    runs = [subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True) for _ in range(2)]
    fresh, cached = (each.stdout.strip() for each in runs)
    assert fresh == cached != ""
