"""Published ablation zones against simulation; the account is in README.md."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from published_zones import ROWS, Row, measured, simulated

WITHIN_WITHOUT_TUNING = 0.15
"""Volume of the 2 cm cooled electrode in living liver; width of two cryoprobes in gel."""


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


@pytest.mark.slow
def test_two_cryoprobes_in_warm_gel_make_their_published_zone_with_the_film_of_one() -> None:
    row = row_named("two 2.4 mm cryoprobes 2 cm apart, -30 °C")
    assert measured(row, simulated(row))["width_mm"] == pytest.approx(row.width_mm, rel=WITHIN_WITHOUT_TUNING)


@pytest.mark.slow
def test_a_microwave_zone_of_patients_lies_within_its_published_spread() -> None:
    row = row_named("2.45 GHz, patients' tumours in liver, 49.8 kJ taken as 83 W for 10 min, 0.7 absorbed")
    got = measured(row, simulated(row))
    assert row.width_mm is not None
    assert row.volume_ml is not None
    assert abs(got["width_mm"] - row.width_mm) < (row.width_sd_mm or 0.0)
    assert abs(got["volume_ml"] - row.volume_ml) < (row.volume_sd_ml or 0.0)


def row_named(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)


def test_every_row_names_its_source_and_something_to_compare() -> None:
    assert len(ROWS) >= 8
    for row in ROWS:
        assert row.source
        assert row.volume_ml or row.width_mm
    assert [row.source for row in ROWS if row.fitted] == ["Acta Med Okayama 2022;76:57", "JVIR 2009;20:1343"]
