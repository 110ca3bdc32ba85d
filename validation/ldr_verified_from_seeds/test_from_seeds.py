"""A real permanent implant verified from its seed positions, against the dose its own system exported."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from seeds_against_dose import ROWS, compare

STORED_STEP = 0.01
"""Half a stored step of 1.44 Gy on a D90 of about 124 Gy, and the 0.35 % by which the source tables differ."""

SHARE_OF_TARGET = 1.0
"""Percentage points of V_x, for the same two reasons."""


def test_the_target_receives_what_the_exported_dose_says(shared_data: Path) -> None:
    found = compare(shared_data / "tps-ldr-i125-oncentra-prostate")
    assert len(found.comparison.pairs) == 36
    assert found.comparison.largest_mm == pytest.approx(0.0, abs=1e-9)
    (_, d90), *volumes = ROWS
    assert d90(found.ours) == pytest.approx(d90(found.theirs), rel=STORED_STEP)
    for _, metric in volumes:
        assert metric(found.ours) == pytest.approx(metric(found.theirs), abs=SHARE_OF_TARGET)
