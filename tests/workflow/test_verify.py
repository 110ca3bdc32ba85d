"""Verification of an implant on simulated scans whose truth is known; and what is refused."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from implant_scenes import IMPLANTED, TARGET_AT, implanted, mirrored, of_another, plan, structures, torso, with_metal
from trocar.errors import ImagingError, PlanError
from trocar.geometry.affine import apply_affine
from trocar.imaging.seed_corrections import Corrections
from trocar.imaging.seed_match import match_seeds
from trocar.messages import Language
from trocar.phantom.rods import Layer, Rod
from trocar.phantom.xray import Metal
from trocar.plan.access import AccessRules, Obstacle
from trocar.plan.patient import Image
from trocar.results.findings import Severity
from trocar.results.registration import Landmarks
from trocar.results.seeds_seen import FoundSeed, Verdict
from trocar.results.verification import Fate, SeedCounts
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock
from trocar.workflow.swelling import Swelling
from trocar.workflow.verification import Verification
from trocar.workflow.verify import verify_implant
from trocar.workflow.verify_doubts import require_seeds_of_plan
from trocar.workflow.verify_errors import error_budget
from trocar.workflow.verify_findings import count_findings
from trocar.workflow.verify_request import StatedCounts, VerifyRequest

PLACED_WITHIN_MM = 1.0
"""Median error allowed to the finder at 2.5 mm."""

TAKEN_APART = 0.35
"""Errors taken one by one add in squares only as far as D90 answers them linearly; and 100 draws know 10 %."""


def seed_seen(place_lps_mm: tuple[float, ...]) -> FoundSeed:
    return FoundSeed(
        position_lps_mm=np.array(place_lps_mm),
        axis_lps=np.array([0.0, 0.0, 1.0]),
        confidence=0.9,
        verdict=Verdict.SEED,
        position_sd_mm=0.1,
        cluster=0,
        mass_ratio=1.0,
        explained=0.9,
        axis_sd_deg=5.0,
    )


def needle_request(image: Image, *, most_depth_mm: float = 120.0) -> ImplantRequest:
    """Return what the plan was made from: free needles from anywhere, two millimetres off the gland."""
    return ImplantRequest(
        label="Made up",
        image=image,
        structures=structures(image),
        target="CTV",
        prescription_gy=120.0,
        implant_at=IMPLANTED,
        goals=(),
        stock=(SeedStock(source_model="I125_6711", strength=plan(image).seeds[0].strength, count=None, lot=""),),
        needles=NeedleWish(
            rules=AccessRules(
                obstacles=(Obstacle(structure=structures(image).named("Gland"), margin_mm=2.0),),
                needle_length_mm=150.0,
                needle_radius_mm=0.6,
                most_depth_mm=most_depth_mm,
                beyond_target_mm=2.0,
                least_in_target_mm=5.0,
            ),
            spacing_mm=5.0,
            reach_mm=6.0,
            facing_lps=None,
            within_deg=180.0,
        ),
        seeding=Seeding(step_mm=1.0, pitch_mm=5.0, tip_to_seed_mm=3.0, seed_length_mm=4.5, seed_diameter_mm=0.8),
    )


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


def test_a_target_under_the_prescribed_dose_is_told_and_surely_so_if_its_whole_interval_is() -> None:
    asked = request(reference_gy=150.0, swelling=None)
    outcome = verify_implant(asked)
    (told,) = [each for each in outcome.findings if each.message.code == "verify.d90-below"]
    (target,) = [each for each in outcome.outcomes if each.is_target]
    d90 = target.metric("D90")
    assert d90.high is not None
    assert (told.severity is Severity.ACTION) == (d90.high < 150.0)
    assert "D90" in told.message.text(Language.CHINESE)


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


def test_a_metal_hip_in_view_is_said_with_the_part_that_was_not_searched() -> None:
    """The hip lies in the slices of the target, 50 mm from it: seeds are still found, and the gap is told."""
    hip = Rod(
        centre_lps_mm=np.add(TARGET_AT, [85.0, 10.0, 0.0]),
        axis_lps=np.array([0.0, 0.0, 1.0]),
        layers=(Layer(radius_mm=11.0, length_mm=40.0, metal=Metal.TITANIUM),),
    )
    before = with_metal(torso(), hip)
    outcome = verify_implant(request(scan=implanted(other_metal=(hip,)).scan, planning=before, budget=None))
    (body,) = outcome.metal
    assert body.volume_cc == pytest.approx(np.pi * 1.1**2 * 4.0, rel=0.4)
    (told,) = [each for each in outcome.findings if each.message.code == "verify.metal-in-view"]
    assert told.severity is Severity.ATTENTION
    assert "not searched" in told.message.text()
    assert "未搜索" in told.message.text(Language.CHINESE)
    assert len(outcome.comparison.pairs) >= 17


def test_landmarks_measure_the_registration_and_its_error_stands_for_the_budgets() -> None:
    marks = np.add(TARGET_AT, np.array([[0.0, 0, 0], [12, 0, 0], [0, 12, 0], [0, 0, 12.0]]))
    truth = implanted().scan_from_plan
    after = apply_affine(truth, marks)
    after[0] += [0.0, 0.0, 9.0]
    outcome = verify_implant(
        request(scan=implanted().scan, landmarks=Landmarks(before_lps_mm=marks, after_lps_mm=after))
    )
    misses = np.array(outcome.landmark_errors_mm)
    assert misses[0] == pytest.approx(9.0, abs=1.5)
    assert misses[1:].max() < 1.5
    assert outcome.budget is not None
    assert outcome.budget.value("registration") == pytest.approx(np.sqrt((misses**2).mean() / 3.0))
    assert "verify.landmarks-off" in {each.message.code for each in outcome.findings}


def test_a_scan_dated_before_the_implant_is_told() -> None:
    early = replace(implanted().scan, acquired_at=IMPLANTED - timedelta(days=2))
    outcome = verify_implant(request(scan=early, structures=None, budget=None))
    assert "verify.scan-before-implant" in {each.message.code for each in outcome.findings}


def test_a_count_that_reads_a_seed_into_the_picture_is_told() -> None:
    """Eighteen are in the body; told nineteen, the finder may find a nineteenth: then both numbers are told."""
    outcome = verify_implant(
        request(scan=implanted(missing=(4,)).scan, counts=StatedCounts(taken=19, implanted=19, returned=0), budget=None)
    )
    assert outcome.seen_by_picture == 18
    codes = {each.message.code for each in outcome.findings}
    assert codes & {"verify.count-seen", "verify.count-decided"}


def test_needles_by_the_rules_of_the_plan_reach_the_cold_place(verified: Verification) -> None:
    image = torso()
    reached = verify_implant(request(needles=needle_request(image), budget=None))
    assert reached.further is not None
    assert reached.further.ways
    assert len(reached.further.ways) == len(reached.further.positions_lps_mm)
    assert reached.further.v100_after_percent > reached.further.v100_before_percent
    for way in reached.further.ways:
        assert 0.0 < way.depth_mm <= 120.0


def test_a_cold_place_that_no_needle_reaches_is_said_with_what_stands_in_the_way() -> None:
    image = torso()
    short = needle_request(image, most_depth_mm=10.0)
    outcome = verify_implant(request(needles=short, budget=None))
    assert outcome.further is not None
    assert outcome.further.ways == ()
    assert len(outcome.further.blocked_lps_mm)
    assert outcome.further.hindrance is not None
    assert "10" in outcome.further.hindrance.text()


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


def test_the_planning_ct_given_as_the_scan_after_shows_no_seed_unless_a_person_enters_them() -> None:
    image = torso()
    before = request(scan=image, planning=None, swelling=None)
    with pytest.raises(ImagingError) as refused:
        verify_implant(before)
    assert refused.value.message.code == "imaging.no-seed-found"
    places = tuple(tuple(map(float, seed.position_lps_mm)) for seed in plan(image).seeds)
    by_hand = Corrections(actor="physicist 17", add_lps_mm=places)
    outcome = verify_implant(replace(before, corrections=by_hand))
    assert outcome.seen_by_picture == 0
    assert outcome.comparison.largest_mm == pytest.approx(0.0, abs=1e-9)


def test_doubtful_things_alone_are_no_implant_and_their_places_are_told() -> None:
    image, nothing = torso(), np.empty((0, 3))
    planned = plan(image)
    thing = replace(seed_seen(TARGET_AT), verdict=Verdict.DOUBTFUL, confidence=0.3)
    comparison = match_seeds(np.array([s.position_lps_mm for s in planned.seeds]), nothing)
    with pytest.raises(PlanError) as refused:
        require_seeds_of_plan(planned, (), comparison, image, doubtful=(thing,), expected=20)
    assert refused.value.message.code == "verify.no-sure-seed"
    assert "({:.0f}, {:.0f}, {:.0f})".format(*TARGET_AT) in refused.value.message.text()


def test_a_scan_that_ends_within_the_implant_says_so() -> None:
    whole = implanted().scan
    middle = np.mean([seed.position_lps_mm for seed in implanted().seeds], axis=0)
    planes = int(whole.volume.grid.index_ijk(middle)[2])
    cut = replace(
        whole.volume,
        grid=replace(whole.volume.grid, shape_kji=(planes, *whole.volume.grid.shape_kji[1:])),
        values_kji=whole.volume.values_kji[:planes],
    )
    outcome = verify_implant(request(scan=replace(whole, volume=cut), swelling=None, budget=None))
    (told,) = [f for f in outcome.findings if f.message.code == "verify.scan-too-short"]
    assert told.severity is Severity.ACTION
    assert 0 < told.message.data["outside"] < 20
