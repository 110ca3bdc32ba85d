"""What the README says of the two models of antennas."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from both_models import KEYS, answer, pattern, simulated, zone

from trocar.workflow.ablation_heat import AntennaModel


def test_the_antennas_match_liver_as_the_table_says() -> None:
    found = [answer(key) for key in KEYS]
    assert [each.reflected for each in found] == pytest.approx([0.017, 0.051, 0.265], abs=0.003)
    assert [each.absorbed for each in found] == pytest.approx([0.972, 0.940, 0.733], abs=0.003)


def test_the_parametric_model_heats_ahead_of_the_tip_where_the_field_does_not() -> None:
    assert pattern("microwave/coaxial_slot", AntennaModel.PARAMETRIC).first_tenth_mm < -8.0
    assert pattern("microwave/coaxial_slot", AntennaModel.FIELD).first_tenth_mm > 2.0


def test_the_choke_keeps_nine_tenths_of_the_power_near_the_tip() -> None:
    assert pattern("microwave/choked_monopole", AntennaModel.FIELD).last_tenth_mm < 20.0
    assert pattern("microwave/coaxial_slot", AntennaModel.FIELD).last_tenth_mm > 30.0


@pytest.mark.slow
def test_zones_of_ten_minutes_differ_as_the_table_says() -> None:
    field, parametric = (
        zone(simulated("microwave/choked_monopole", model)) for model in (AntennaModel.FIELD, AntennaModel.PARAMETRIC)
    )
    assert field == pytest.approx((45.7, 27.3, 14.8, 4.0, 40.0), rel=0.05, abs=1.0)
    assert parametric[2] > 1.4 * field[2]
