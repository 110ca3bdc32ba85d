"""Decay against what is known without computing."""

from datetime import datetime, timedelta

import pytest

from trocar.catalogue.nuclides import load_nuclide, nuclide_names
from trocar.dose.decay import effective_hours, elapsed_since_implant_s, strength_at_u
from trocar.errors import DoseError
from trocar.plan.seeds import Strength

START = datetime(2026, 3, 2, 12)


@pytest.mark.parametrize("name", nuclide_names())
def test_half_of_strength_and_dose_is_left_after_a_half_life(name: str) -> None:
    nuclide = load_nuclide(name)
    later = START + timedelta(days=nuclide.half_life_d)
    assert strength_at_u(Strength(s_k_u=1.0, reference_at=START), nuclide, at=later) == pytest.approx(0.5)
    half = effective_hours(nuclide, elapsed_s=nuclide.half_life_d * 86400)
    assert half == pytest.approx(0.5 * effective_hours(nuclide, elapsed_s=None))


def test_strength_before_the_reference_is_larger() -> None:
    earlier = START - timedelta(days=59.4)
    strength = Strength(s_k_u=0.5, reference_at=START)
    assert strength_at_u(strength, load_nuclide("I-125"), at=earlier) == pytest.approx(1.0)


def test_a_short_time_delivers_rate_times_time() -> None:
    assert effective_hours(load_nuclide("I-125"), elapsed_s=3600.0) == pytest.approx(1.0, rel=1e-3)
    assert effective_hours(load_nuclide("I-125"), elapsed_s=0.0) == 0.0


def test_dose_until_long_after_is_the_total_dose() -> None:
    nuclide = load_nuclide("Cs-131")
    assert effective_hours(nuclide, elapsed_s=3.0e8) == pytest.approx(effective_hours(nuclide, elapsed_s=None))


def test_a_moment_before_the_implant_is_refused() -> None:
    with pytest.raises(DoseError) as caught:
        elapsed_since_implant_s(START, at=START - timedelta(hours=5))
    assert caught.value.code == "dose.before-implant"
    assert "2026-03-02 07:00:00" in str(caught.value)
