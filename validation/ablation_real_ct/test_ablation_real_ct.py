"""The margin of a simulated ablation in a real scan is recovered blind, and its interval holds the truth."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from post_scan import SITES, Site, found, made


@pytest.mark.slow
@pytest.mark.parametrize("site", SITES, ids=lambda each: each.name)
def test_the_interval_holds_the_true_margin(shared_data: Path, site: Site) -> None:
    case = made(site, shared_data)
    seen = found(case)
    assert seen.margin.interval is not None
    assert seen.margin.interval.low_mm < case.simulated.margin.least_mm < seen.margin.interval.high_mm
    assert abs(seen.margin.least_mm - case.simulated.margin.least_mm) < 1.5
    assert max(seen.landmark_errors_mm) < 3.0
