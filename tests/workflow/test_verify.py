"""Verification of an implant on simulated scans whose truth is known; and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from implant_scenes import TARGET_AT, implanted, mirrored, of_another, plan, structures, torso
from trocar.errors import ImagingError, PlanError
from trocar.results.findings import Severity
from trocar.results.verification import Fate, SeedCounts
from trocar.workflow.swelling import Swelling
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_errors import error_budget
from trocar.workflow.verify_findings import count_findings
from trocar.workflow.verify_request import StatedCounts, VerifyRequest

PLACED_WITHIN_MM = 1.0
"""Median error allowed to the finder at 2.5 mm."""

TAKEN_APART = 0.35
"""Errors taken one by one add in squares only as far as D90 answers them linearly; and 100 draws know 10 %."""


def request(**changes: object) -> VerifyRequest:
    image = torso()
    stray = tuple(np.add(TARGET_AT, [70.0, -10.0, 20.0]))
    given = VerifyRequest(
        plan=plan(image),
        scan=implanted(missing=(2,), strays_lps_mm=(stray,)).scan,
        structures=structures(image),
        planning=image,
        counts=StatedCounts(taken=20, implanted=19, returned=1),
        budget=error_budget(),
        swelling=Swelling(at_implant_percent=30.0, half_life_d=10.0),
    )
    return replace(given, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def verified() -> Verification:
    return verify_implant(request())


def test_seeds_are_where_they_are(verified: Verification) -> None:
    stray = tuple(np.add(TARGET_AT, [70.0, -10.0, 20.0]))
    truth = np.array([s.position_lps_mm for s in implanted(missing=(2,), strays_lps_mm=(stray,)).seeds])
    seen = np.array([s.position_lps_mm for s in verified.seen])
    assert len(seen) == len(truth)
    assert np.median(np.linalg.norm(truth[:, None] - seen[None], axis=2).min(axis=1)) < PLACED_WITHIN_MM


def test_the_seed_left_out_is_missing_and_the_stray_one_has_migrated_to_the_lung(verified: Verification) -> None:
    assert verified.comparison.missing == (2,)
    (stray,) = verified.comparison.migrated
    assert verified.comparison.fate_of_seen(stray) is Fate.MIGRATED
    (told,) = [f for f in verified.findings if f.message.code == "verify.seed-migrated"]
    assert told.severity is Severity.ACTION
    assert "lung" in told.message.text()


def test_structures_are_carried_and_say_so(verified: Verification) -> None:
    assert verified.structures is not None
    assert all(each.carried for each in verified.structures)
    (target,) = [each for each in verified.outcomes if each.is_target]
    assert target.drawn_cc is not None
    assert target.volume_cc == pytest.approx(target.drawn_cc, rel=0.05)


def test_less_dose_comes_of_fewer_seeds(verified: Verification) -> None:
    (target,) = [each for each in verified.outcomes if each.is_target]
    d90 = target.metric("D90")
    assert d90.planned is not None
    assert 0.6 * d90.planned < d90.value < d90.planned


def test_an_implant_as_planned_gives_the_planned_dose() -> None:
    outcome = verify_implant(request(scan=implanted().scan, counts=StatedCounts(taken=20, implanted=19, returned=1)))
    (target,) = [each for each in outcome.outcomes if each.is_target]
    d90 = target.metric("D90")
    assert d90.planned is not None
    assert d90.value == pytest.approx(d90.planned, rel=0.08)
    assert outcome.comparison.missing == ()
    assert not [f for f in outcome.findings if f.severity is Severity.ACTION]


def test_intervals_hold_the_value_and_widen_with_nothing_known_of_contours(verified: Verification) -> None:
    (target,) = [each for each in verified.outcomes if each.is_target]
    for name in ("D90", "V100"):
        metric = target.metric(name)
        assert metric.low is not None
        assert metric.high is not None
        assert metric.low < metric.value < metric.high


def test_the_error_that_weighs_most_is_named_first_and_shares_add_up(verified: Verification) -> None:
    shares = verified.error_shares
    assert {share.key for share in shares} == {number.key for number in error_budget().numbers}
    assert sum(share.share_of_d90 for share in shares) == pytest.approx(1.0)
    assert shares[0].d90_gy == max(share.d90_gy for share in shares)
    (target,) = [each for each in verified.outcomes if each.is_target]
    d90 = target.metric("D90")
    assert d90.low is not None
    assert d90.high is not None
    apart = np.sqrt(sum(share.d90_gy**2 for share in shares))
    assert (d90.high - d90.low) / (2 * 1.96) == pytest.approx(apart, rel=TAKEN_APART)


def test_the_place_of_the_seed_left_out_is_cold_and_further_seeds_mend_it(verified: Verification) -> None:
    missing = verified.planned.seeds[2].position_lps_mm
    assert min(np.linalg.norm(cold.coldest_lps_mm - missing) for cold in verified.cold) < 12.0
    assert verified.further is not None
    assert verified.further.v100_after_percent > verified.further.v100_before_percent
    assert verified.further.d90_after_gy > verified.further.d90_before_gy


def test_swelling_that_goes_down_raises_the_dose(verified: Verification) -> None:
    assert verified.swollen is not None
    d90 = verified.swollen[0]
    assert d90.planned is not None
    assert d90.planned < d90.value < 1.3 * d90.planned


def test_people_at_a_metre_receive_less_than_without_tissue(verified: Verification) -> None:
    estimate = verified.protection
    assert estimate is not None
    assert 0.0 < estimate.transmission < 1.0
    assert estimate.one_metre_usv_h < estimate.strength_u
    assert estimate.surface_usv_h > 20 * estimate.one_metre_usv_h
    assert [r.one_metre_usv_h for r in estimate.rates] == sorted(
        (r.one_metre_usv_h for r in estimate.rates), reverse=True
    )


def test_another_patient_is_refused() -> None:
    with pytest.raises(PlanError, match="MADE-UP-2"):
        verify_implant(request(scan=of_another(implanted().scan)))


def test_a_scan_without_seeds_is_refused() -> None:
    with pytest.raises(ImagingError, match="no seed was found"):
        verify_implant(request(scan=torso(frame_uid="1.2.826.0.1.3680043.10.9")))


def test_a_mirrored_scan_is_refused() -> None:
    with pytest.raises((ImagingError, PlanError), match=r"mirrored|other side"):
        verify_implant(request(scan=mirrored(implanted().scan)))


def test_twice_the_seeds_are_refused() -> None:
    whole = plan(torso())
    with pytest.raises(PlanError, match="earlier implant"):
        verify_implant(request(plan=replace(whole, seeds=whole.seeds[::2]), counts=StatedCounts()))


def test_an_implant_on_the_other_side_is_refused() -> None:
    across = tuple(np.array([-2.0 * TARGET_AT[0], 0.0, 0.0]))
    with pytest.raises(PlanError, match="other side"):
        verify_implant(request(scan=implanted(shift_lps_mm=across).scan))


def test_a_planning_image_is_asked_for() -> None:
    with pytest.raises(PlanError, match="--planning-ct"):
        verify_implant(request(planning=None))


@pytest.mark.parametrize(
    ("counts", "codes"),
    [
        ((20, 20, 20, 20, 0), set()),
        ((20, 20, 22, 20, 2), set()),
        ((20, 20, 22, 20, 1), {"verify.count-store"}),
        ((20, 19, 20, 20, 0), {"verify.count-seen"}),
        ((20, 21, 21, 21, 0), {"verify.count-planned"}),
        ((20, 20, None, 20, 0), {"verify.count-not-stated"}),
    ],
)
def test_counts_balance_or_the_difference_is_a_finding(
    counts: tuple[int, int, int | None, int, int], codes: set[str]
) -> None:
    planned, seen, taken, given, back = counts
    told = count_findings(
        SeedCounts(planned=planned, seen=seen, doubtful=0, taken=taken, implanted=given, returned=back, strength_u=0.8)
    )
    assert {finding.message.code for finding in told} == codes
