"""Needles projected into a real liver are found, all of them and nothing else."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.mark.slow
def test_needles_in_a_real_liver_are_found(shared_data: Path) -> None:
    from run import PATIENTS, measured

    liver = [each.name for each in PATIENTS].index("liver")
    assert (shared_data / PATIENTS[liver].folder).is_dir()
    rows = measured(liver, 2.5)
    assert len(rows) == 8, "each needle once, and nothing else"
    for row in rows:
        assert float(str(row["aside_mm"])) < 1.0
        assert abs(float(str(row["deeper_mm"]))) < 2.0
