"""Day 0 and day 30 of one implant whose swelling, loss and motion are known."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from implant_scenes import IMPLANTED, SCANNED, implanted, of_another, plan, structures, torso
from trocar.errors import PlanError
from trocar.results.findings import Severity
from trocar.results.two_scans import SeedMotion, TwoScans
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_request import EarlierScan, StatedCounts, VerifyRequest
from trocar.workflow.verify_two_scans import swelling_from_two_scans

SWOLLEN = 1.08
"""Linear size of the seeds' cloud on day 0 over that on day 30: 26 % in volume."""

DAY_30 = IMPLANTED + timedelta(days=30)
HALF_LIFE_D = 10.0
FOUND_WITHIN = 0.03
"""Relative, of the volume that seeds span: 19 seeds, each found to some tenths of a millimetre."""


def request(**changes: object) -> VerifyRequest:
    image = torso()
    given = VerifyRequest(
        plan=plan(image),
        scan=implanted(missing=(4,), at=DAY_30, moved_lps_mm=(-5.0, 3.0, 2.0)).scan,
        structures=structures(image),
        planning=image,
        counts=StatedCounts(taken=19, implanted=19, returned=0),
        earlier=EarlierScan(scan=implanted(scale=SWOLLEN).scan),
        swelling_half_life_d=HALF_LIFE_D,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def verified() -> Verification:
    return verify_implant(request())


@pytest.fixture(scope="module")
def change(verified: Verification) -> TwoScans:
    assert verified.two_scans is not None
    return verified.two_scans


def test_days_and_counts_are_told(change: TwoScans) -> None:
    assert change.earlier_day == pytest.approx(1.0)
    assert change.later_day == pytest.approx(30.0)
    assert (change.earlier_seen, change.later_seen) == (19, 18)


def test_the_swelling_that_went_is_measured_on_the_seeds(change: TwoScans) -> None:
    assert change.motion.volume_ratio == pytest.approx(SWOLLEN**-3, rel=FOUND_WITHIN)
    low, high = change.motion.volume_ratio_interval
    assert low < SWOLLEN**-3 < high


def test_the_seed_lost_since_is_named_and_demands_action(verified: Verification, change: TwoScans) -> None:
    (lost,) = change.motion.lost
    missing = verified.planned.seeds[4].position_lps_mm
    middle = np.mean([seed.position_lps_mm for seed in verified.planned.seeds], axis=0)
    swollen = middle + SWOLLEN * (missing - middle)
    assert np.linalg.norm(change.earlier_lps_mm[lost] - swollen) < 5.0
    (told,) = [each for each in verified.findings if each.message.code == "verify.seeds-lost-since"]
    assert told.severity is Severity.ACTION


def test_seeds_are_drawn_together_and_hardly_moved_against_each_other(change: TwoScans) -> None:
    assert change.motion.own_median_mm < 1.0
    assert change.motion.median_mm > change.motion.own_median_mm


def test_the_target_receives_more_when_the_swelling_has_gone(change: TwoScans) -> None:
    (d90,) = [each for each in change.metrics if each.is_target and each.later.name == "D90"]
    assert change.target_cc is None  # carried on both: its volume cannot have changed
    assert d90.earlier.value != d90.later.value
    assert d90.earlier.planned == pytest.approx(d90.later.planned, rel=0.02)


def test_the_swelling_at_the_implant_follows_from_both_scans(change: TwoScans) -> None:
    assert change.resolution is not None
    first, second = 0.5 ** (1.0 / HALF_LIFE_D), 0.5 ** (30.0 / HALF_LIFE_D)
    percent = change.resolution.at_implant_percent
    told = (1.0 + 0.01 * percent * second) / (1.0 + 0.01 * percent * first)
    assert told == pytest.approx(change.motion.volume_ratio, rel=1e-9)
    assert 20.0 < percent < 60.0


def motion(scale: float) -> SeedMotion:
    return SeedMotion(pairs=(), lost=(), new=(), shift_lps_mm=np.zeros(3), scale=scale, scale_sd=0.002)


@pytest.mark.parametrize("scale", [1.05, 0.5])
def test_a_half_life_that_both_scans_contradict_tells_no_swelling(scale: float) -> None:
    assert swelling_from_two_scans(motion(scale), 0.0, 30.0, half_life_d=10.0) is None


def test_seeds_that_kept_their_places_tell_no_swelling_at_all() -> None:
    assert swelling_from_two_scans(motion(1.001), 0.0, 30.0, half_life_d=10.0) == 0.0


def test_the_same_scan_twice_is_refused() -> None:
    asked = request()
    with pytest.raises(PlanError, match="same series"):
        verify_implant(replace(asked, earlier=EarlierScan(scan=asked.scan)))


def test_scans_given_the_wrong_way_round_are_refused() -> None:
    asked = request()
    assert asked.earlier is not None
    with pytest.raises(PlanError, match="exchange"):
        verify_implant(replace(asked, scan=asked.earlier.scan, earlier=EarlierScan(scan=asked.scan)))


def test_an_earlier_scan_of_another_patient_is_refused() -> None:
    asked = request()
    other = EarlierScan(scan=of_another(implanted(scale=SWOLLEN, at=SCANNED).scan))
    with pytest.raises(PlanError, match="MADE-UP-2"):
        verify_implant(replace(asked, earlier=other))
