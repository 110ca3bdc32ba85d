"""Published ablation zones against simulation; the account is in README.md."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from published_zones import ROWS, measured, simulated

WITHIN_WITHOUT_TUNING = 0.15
"""Volume of the 2 cm cooled electrode in living liver."""


@pytest.mark.slow
def test_a_cooled_electrode_of_2_cm_makes_its_published_zone_without_tuning() -> None:
    row = ROWS[0]
    assert measured(row, simulated(row))["volume_ml"] == pytest.approx(row.volume_ml, rel=WITHIN_WITHOUT_TUNING)


@pytest.mark.slow
def test_a_cooled_electrode_of_17_gauge_lies_within_the_published_spread() -> None:
    row = ROWS[2]
    assert row.volume_ml is not None
    got = measured(row, simulated(row))
    assert abs(got["volume_ml"] - row.volume_ml) < 3 * (row.volume_sd_ml or 0.0)
    assert got["low_ml"] < row.volume_ml < got["high_ml"]


def test_every_row_names_its_source_and_something_to_compare() -> None:
    assert len(ROWS) >= 8
    for row in ROWS:
        assert row.source
        assert row.volume_ml or row.width_mm
    assert sum(row.fitted for row in ROWS) == 1
