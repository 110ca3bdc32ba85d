"""The margin of a made scan after ablation is recovered blind, and its interval holds the truth."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from post_scan import liver_case, verified


@pytest.mark.slow
def test_the_interval_holds_the_true_margin(shared_data: Path) -> None:
    case = liver_case(shared_data)
    found = verified(case)
    assert found.margin.interval is not None
    assert found.margin.interval.low_mm < case.truth_mm < found.margin.interval.high_mm
    assert abs(found.margin.least_mm - case.truth_mm) < 2.0
    assert max(found.landmark_errors_mm) < 3.0
