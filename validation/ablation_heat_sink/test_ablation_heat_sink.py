"""What planning counts on beside a vein is near what the whole simulation gives, and nearer than without the vein."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from vein_beside import alone, beside


@pytest.mark.slow
@pytest.mark.parametrize("radius_mm", [2.0, 4.0])
def test_a_vein_beside_the_antenna_is_counted_to_a_quarter_of_the_zone(radius_mm: float) -> None:
    found = beside(alone(), radius_mm=radius_mm, gap_mm=3.0)
    assert abs(found.counted_ml / found.simulated_ml - 1) < 0.25
    assert found.dice > 0.85
    assert abs(found.counted_ml - found.simulated_ml) < 0.6 * abs(found.ignoring_ml - found.simulated_ml)
