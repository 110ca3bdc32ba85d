"""Brachytherapy plans as other systems write them, and what is refused."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from strategies import foreign_rt as foreign
from trocar.dicom.rtplan import StatedStrength, read_plan
from trocar.errors import CatalogueError, ChoiceNeeded, PlanError, RefusedObject
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.results.findings import Reading

THREE = ((0.0, 0.0, 0.0), (10.0, 0.0, 5.0), (0.0, 12.5, -30.25))
CALIBRATED = datetime(2026, 3, 1, 12)


def implant_of(plan: Dataset, tmp_path: Path, **told: object) -> Reading[ImplantPlan]:
    reading = read_plan(foreign.saved(plan, tmp_path / "plan.dcm"), **told)  # type: ignore[arg-type]
    assert isinstance(reading.value, ImplantPlan)
    return reading  # type: ignore[return-value]


def afterloading_of(plan: Dataset, tmp_path: Path, **told: object) -> Reading[AfterloadingPlan]:
    reading = read_plan(foreign.saved(plan, tmp_path / "plan.dcm"), **told)  # type: ignore[arg-type]
    assert isinstance(reading.value, AfterloadingPlan)
    return reading  # type: ignore[return-value]


def codes(reading: Reading[object]) -> set[str]:
    return {each.message.code for each in reading.deviations}


def refusal(plan: Dataset, tmp_path: Path, **told: object) -> str:
    with pytest.raises((RefusedObject, ChoiceNeeded)) as caught:
        read_plan(foreign.saved(plan, tmp_path / "plan.dcm"), **told)  # type: ignore[arg-type]
    return caught.value.code


# --- permanent implants ---------------------------------------------------------------------------------------------


def test_one_application_setup_a_seed_with_two_control_points_at_one_place_is_one_seed_each(tmp_path: Path) -> None:
    reading = implant_of(foreign.implant(foreign.setup_a_seed(THREE)), tmp_path)
    plan = reading.value
    assert [tuple(seed.position_lps_mm) for seed in plan.seeds] == list(THREE)
    assert {seed.source_model for seed in plan.seeds} == {"I125_6711"}
    assert {(seed.strength.s_k_u, seed.strength.reference_at) for seed in plan.seeds} == {(0.5, CALIBRATED)}
    assert all(seed.axis_lps is None and seed.needle is None for seed in plan.seeds)
    assert plan.prescription is not None
    assert (plan.prescription.dose_gy, plan.prescription.target) == (145.0, "CTV")
    assert (plan.label, plan.patient.identifier, plan.frame_uid) == ("Implant", "P1", foreign.FRAME)
    assert codes(reading) == {"rtplan.no-orientation", "rtplan.implant-time-assumed"}


def test_a_told_implant_time_is_used_and_leaves_no_deviation(tmp_path: Path) -> None:
    told = datetime(2026, 3, 10, 9, 30)
    reading = implant_of(foreign.implant(foreign.setup_a_seed(THREE)), tmp_path, implant_at=told)
    assert reading.value.implant_at == told
    assert codes(reading) == {"rtplan.no-orientation"}


def test_without_an_implant_time_the_latest_reference_time_counts(tmp_path: Path) -> None:
    sources = [foreign.source(1), foreign.source(2, SourceStrengthReferenceDate="20260305")]
    setups = [
        foreign.setup([foreign.channel(foreign.seed_points(p), source=n)], number=n)
        for n, p in ((1, THREE[0]), (2, THREE[1]))
    ]
    reading = implant_of(foreign.implant(setups, sources=sources), tmp_path)
    assert reading.value.implant_at == datetime(2026, 3, 5, 12)
    assert "rtplan.implant-time-assumed" in codes(reading)


def test_a_calibration_date_after_the_implant_is_an_error(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    with pytest.raises(PlanError, match="check the calibration date") as caught:
        implant_of(plan, tmp_path, implant_at=datetime(2026, 2, 28))
    assert caught.value.code == "plan.calibrated-after-implant"


def test_four_control_points_are_one_seed_with_its_direction(tmp_path: Path) -> None:
    beside = (0.6, 0.0, 0.8)
    points = [
        foreign.control_point((0, 0, 0), 0),
        foreign.control_point((0, 0, 0), 100),
        foreign.control_point(beside, 0),
        foreign.control_point(beside, 0),
    ]
    channel = foreign.channel(points, FinalCumulativeTimeWeight=100)
    reading = implant_of(foreign.implant([foreign.setup([channel])]), tmp_path)
    (seed,) = reading.value.seeds
    assert tuple(seed.position_lps_mm) == (0, 0, 0)
    assert seed.axis_lps == pytest.approx(beside)
    assert {"rtplan.axis-from-second-point", "rtplan.weights-restart"} <= codes(reading)


def test_a_stated_orientation_is_kept_and_no_deviation(tmp_path: Path) -> None:
    setups = foreign.setup_a_seed(THREE, ControlPointOrientation=[0.0, 0.6, 0.8])
    reading = implant_of(foreign.implant(setups), tmp_path, implant_at=CALIBRATED)
    assert all(seed.axis_lps == pytest.approx((0, 0.6, 0.8)) for seed in reading.value.seeds)
    assert reading.deviations == ()


def test_several_seeds_of_a_channel_lie_along_their_needle(tmp_path: Path) -> None:
    stops = [((1.0, 2.0, z), 1.0) for z in (0.0, 10.0, 25.0)]
    channel = foreign.channel(
        foreign.dwell_points(stops), number=7, SourceMovementType="STEPWISE", FinalCumulativeTimeWeight=3
    )
    reading = implant_of(foreign.implant([foreign.setup([channel])]), tmp_path)
    assert [seed.position_lps_mm[2] for seed in reading.value.seeds] == [0.0, 10.0, 25.0]
    assert all(np.abs(seed.axis_lps) == pytest.approx((0, 0, 1)) for seed in reading.value.seeds)
    assert [seed.needle for seed in reading.value.seeds] == [7, 7, 7]
    assert "rtplan.axis-from-neighbours" in codes(reading)


def test_a_seed_of_one_control_point_without_weight_is_a_seed(tmp_path: Path) -> None:
    channel = foreign.channel([foreign.control_point((1, 2, 3), None)])
    assert len(implant_of(foreign.implant([foreign.setup([channel])]), tmp_path).value.seeds) == 1


def test_seeds_of_a_channel_without_any_weight_are_as_many_as_places(tmp_path: Path) -> None:
    points = [foreign.control_point((0, 0, z), 0) for z in (0, 0, 10, 10, 20, 20)]
    plan = foreign.implant([foreign.setup([foreign.channel(points, FinalCumulativeTimeWeight=0)])])
    assert len(implant_of(plan, tmp_path).value.seeds) == 3


def test_empty_setups_channels_and_sources_are_named_and_left_out(tmp_path: Path) -> None:
    setups = foreign.setup_a_seed(THREE)
    setups += [foreign.setup([], number=4), foreign.setup([foreign.channel([], number=2)], number=5)]
    empty = foreign.source(2, SourceIsotopeName="---", ReferenceAirKermaRate=0, SourceStrengthReferenceDate="18991230")
    reading = implant_of(foreign.implant(setups, sources=[foreign.source(), empty]), tmp_path)
    assert len(reading.value.seeds) == 3
    assert {"rtplan.setup-without-channel", "rtplan.channel-without-positions", "rtplan.source-unused"} <= codes(
        reading
    )


def test_confused_setup_numbers_are_named(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    for quoted in plan.FractionGroupSequence[0].ReferencedBrachyApplicationSetupSequence:
        quoted.ReferencedBrachyApplicationSetupNumber = 3
    reading = implant_of(plan, tmp_path)
    assert len(reading.value.seeds) == 3
    assert "rtplan.setup-numbers-confused" in codes(reading)


def test_different_models_and_strengths_stay_apart(tmp_path: Path) -> None:
    sources = [foreign.source(1), foreign.source(2, SourceModelID="STM1251", ReferenceAirKermaRate=0.8)]
    setups = [foreign.setup([foreign.channel(foreign.seed_points(THREE[n - 1]), source=n)], number=n) for n in (1, 2)]
    seeds = implant_of(foreign.implant(setups, sources=sources), tmp_path).value.seeds
    assert [(seed.source_model, seed.strength.s_k_u) for seed in seeds] == [("I125_6711", 0.5), ("I125_STM1251", 0.8)]


def test_unequal_times_of_permanent_seeds_are_refused(tmp_path: Path) -> None:
    channel = foreign.channel(foreign.dwell_points([((0, 0, 0), 1.0), ((0, 0, 10), 2.0)]), FinalCumulativeTimeWeight=3)
    assert refusal(foreign.implant([foreign.setup([channel])]), tmp_path) == "rtplan.seed-weights-differ"


@pytest.mark.parametrize(
    ("heights", "weights"),
    [
        ((0, 1, 2), (None, None, None)),
        ((0, 4.5), (None, None)),  # the two ends of one seed, or two seeds end to end
        ((0, 0, 1, 1), (0, 50, 50, 100)),
    ],
)
def test_positions_closer_than_a_seed_are_refused(
    heights: tuple[float, ...], weights: tuple[float | None, ...], tmp_path: Path
) -> None:
    points = [foreign.control_point((0, 0, z), w) for z, w in zip(heights, weights, strict=True)]
    assert refusal(foreign.implant([foreign.setup([foreign.channel(points)])]), tmp_path) == "rtplan.seeds-too-close"


def test_two_pairs_without_weights_a_millimetre_apart_are_one_seed(tmp_path: Path) -> None:
    points = [foreign.control_point((0, 0, z), None) for z in (0, 0, 1, 1)]
    (seed,) = implant_of(foreign.implant([foreign.setup([foreign.channel(points)])]), tmp_path).value.seeds
    assert seed.axis_lps == pytest.approx((0, 0, 1))


def test_a_seed_listed_twice_is_kept_and_named(tmp_path: Path) -> None:
    reading = implant_of(foreign.implant(foreign.setup_a_seed([*THREE, THREE[1]])), tmp_path)
    assert len(reading.value.seeds) == 4
    (found,) = [each for each in reading.deviations if each.message.code == "rtplan.seeds-at-one-place"]
    assert (found.message.data["n"], found.message.data["first"], found.message.data["second"]) == (1, 2, 4)


def test_a_plan_without_any_source_position_is_refused(tmp_path: Path) -> None:
    assert refusal(foreign.implant([foreign.setup([])]), tmp_path) == "rtplan.no-source-position"


def test_a_position_given_as_depth_only_is_refused(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    del plan.ApplicationSetupSequence[1].ChannelSequence[0].BrachyControlPointSequence[0].ControlPoint3DPosition
    assert refusal(plan, tmp_path) == "rtplan.position-missing"


def test_lost_control_points_are_refused(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    plan.ApplicationSetupSequence[1].ChannelSequence[0].NumberOfControlPoints = 4
    assert refusal(plan, tmp_path) == "rtplan.control-points-miscounted"


def test_an_external_beam_plan_is_refused(tmp_path: Path) -> None:
    plan = foreign.head(foreign.PLAN_CLASS, "RTPLAN")
    plan.update(foreign.item(BeamSequence=[foreign.item(BeamNumber=1)]))
    assert refusal(plan, tmp_path) == "rtplan.not-brachytherapy"


def test_another_object_than_a_plan_is_refused(tmp_path: Path) -> None:
    assert refusal(foreign.structure_set({"CTV": [foreign.contour()]}), tmp_path) == "rt.other-object"


def test_a_plan_without_frame_of_reference_needs_to_be_told(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    del plan.FrameOfReferenceUID
    assert refusal(plan, tmp_path) == "rt.frame-missing"
    assert implant_of(plan, tmp_path, frame_uid="1.2.9").value.frame_uid == "1.2.9"


def test_a_plan_in_another_frame_than_told_is_refused(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    assert refusal(plan, tmp_path, frame_uid="1.2.9") == "rt.frame-differs"


# --- permanent or temporary -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("time_s", [0, 1, foreign.MEAN_LIFE_I125_S, 1e9])
def test_channel_times_of_nought_or_of_months_mean_a_permanent_implant(time_s: float, tmp_path: Path) -> None:
    plan = foreign.implant(
        [foreign.setup([foreign.channel(foreign.seed_points(THREE[0]), ChannelTotalTime=round(time_s))])]
    )
    assert len(implant_of(plan, tmp_path).value.seeds) == 1


def test_a_source_that_stays_for_days_is_asked_about(tmp_path: Path) -> None:
    channel = foreign.channel(foreign.seed_points(THREE[0]), ChannelTotalTime=4 * 86400)
    plan = foreign.implant([foreign.setup([channel])])
    assert refusal(plan, tmp_path) == "rtplan.permanent-or-temporary"
    assert refusal(plan, tmp_path, is_permanent=False) == "rtplan.temporary-low-dose-rate"
    assert len(implant_of(plan, tmp_path, is_permanent=True).value.seeds) == 1
    plan.BrachyTreatmentTechnique = "PERMANENT"
    assert len(implant_of(plan, tmp_path).value.seeds) == 1


# --- strengths ------------------------------------------------------------------------------------------------------


def strength_of(tmp_path: Path, told: StatedStrength | None = None, **changed: object) -> tuple[float, set[str]]:
    plan = foreign.implant(foreign.setup_a_seed(THREE), sources=[foreign.source(**changed)])
    reading = implant_of(plan, tmp_path, stated_strength=told)
    return reading.value.seeds[0].strength.s_k_u, codes(reading)


def test_a_source_strength_in_place_of_the_air_kerma_rate_is_read_and_named(tmp_path: Path) -> None:
    s_k_u, met = strength_of(
        tmp_path, ReferenceAirKermaRate=0, SourceStrength=0.61, SourceStrengthUnits="AIR_KERMA_RATE"
    )
    assert s_k_u == 0.61
    assert "rtplan.strength-elsewhere" in met


@pytest.mark.parametrize(
    ("value", "unit", "activity_mci"), [(0.5, "MCI", 0.5), (18.5, "MBQ", 0.5), (0.0185, "GBQ", 0.5)]
)
def test_an_activity_is_converted_by_the_factor_of_the_model(
    value: float, unit: str, activity_mci: float, tmp_path: Path
) -> None:
    s_k_u, met = strength_of(tmp_path, ReferenceAirKermaRate=0, SourceStrength=value, SourceStrengthUnits=unit)
    assert s_k_u == pytest.approx(1.27 * activity_mci)
    assert "rtplan.strength-as-activity" in met


@pytest.mark.parametrize("text", ["seed of 0.40 mCi", "activity 14.8 MBq, stranded", "0,4 mCi"])
def test_an_activity_in_a_text_is_read_where_no_number_states_it(text: str, tmp_path: Path) -> None:
    s_k_u, met = strength_of(tmp_path, ReferenceAirKermaRate=None, SourceDescription=text)
    assert s_k_u == pytest.approx(1.27 * 0.4)
    assert "rtplan.strength-as-activity" in met


def test_an_activity_in_a_private_text_is_read(tmp_path: Path) -> None:
    given = foreign.source(ReferenceAirKermaRate=0)
    given.private_block(0x3249, "SOME TPS", create=True).add_new(1, "LO", "Activity 0.6 mCi")
    reading = implant_of(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path)
    assert reading.value.seeds[0].strength.s_k_u == pytest.approx(1.27 * 0.6)


@pytest.mark.parametrize("text", ["", "0.4 mCi or 0.5 mCi", "0 mCi", "model 6711"])
def test_a_strength_that_nothing_states_clearly_is_refused(text: str, tmp_path: Path) -> None:
    given = foreign.source(ReferenceAirKermaRate=0, SourceDescription=text)
    assert refusal(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path) == "rtplan.strength-missing"


def test_a_negative_strength_is_refused(tmp_path: Path) -> None:
    given = foreign.source(ReferenceAirKermaRate=-0.5)
    assert refusal(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path) == "dicom.attribute-invalid"


def test_a_beta_source_is_refused(tmp_path: Path) -> None:
    given = foreign.source(ReferenceAirKermaRate=0, SourceStrength=1, SourceStrengthUnits="DOSE_RATE_WATER")
    assert (
        refusal(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path) == "rtplan.source-not-photon"
    )


def test_a_strength_without_date_is_refused(tmp_path: Path) -> None:
    given = foreign.source(SourceStrengthReferenceDate=None)
    assert (
        refusal(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path)
        == "rtplan.reference-date-missing"
    )


def test_a_strength_without_time_of_day_counts_from_midnight_and_is_named(tmp_path: Path) -> None:
    given = foreign.source(SourceStrengthReferenceTime=None)
    reading = implant_of(foreign.implant(foreign.setup_a_seed(THREE), sources=[given]), tmp_path)
    assert reading.value.seeds[0].strength.reference_at == datetime(2026, 3, 1)
    assert "rtplan.reference-time-missing" in codes(reading)


@pytest.mark.parametrize(
    ("told", "s_k_u"),
    [
        (StatedStrength.ACTIVITY_MCI, 0.635),
        (StatedStrength.ACTIVITY_MBQ, 0.635 / 37),
        (StatedStrength.AIR_KERMA_U, 0.5),
    ],
)
def test_a_strength_is_read_in_the_unit_the_user_knows_it_is_in(
    told: StatedStrength, s_k_u: float, tmp_path: Path
) -> None:
    found, met = strength_of(tmp_path, told)
    assert found == pytest.approx(s_k_u)
    assert "rtplan.strength-as-told" in met


def test_an_activity_of_a_model_without_factor_is_an_error(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter([((0, 0, 0), 5.0)])])
    plan.SourceSequence[0].ReferenceAirKermaRate = 0
    plan.SourceSequence[0].SourceStrength, plan.SourceSequence[0].SourceStrengthUnits = 370, "GBQ"
    with pytest.raises(CatalogueError) as caught:
        afterloading_of(plan, tmp_path)
    assert caught.value.code == "catalogue.activity-conversion-unknown"


def test_a_source_number_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    setups = [foreign.setup([foreign.channel(foreign.seed_points(THREE[0]), source=9)])]
    assert refusal(foreign.implant(setups), tmp_path) == "rtplan.source-not-listed"


def test_an_air_kerma_that_agrees_with_the_undecayed_strength_says_nothing(tmp_path: Path) -> None:
    kerma = 3 * 0.5 * foreign.MEAN_LIFE_I125_S / 3600
    setups = foreign.setup_a_seed(THREE)
    for each in setups:
        each.TotalReferenceAirKerma = round(kerma, 6)
    assert "rtplan.air-kerma-differs" not in codes(implant_of(foreign.implant(setups), tmp_path))


def test_an_air_kerma_that_has_decayed_is_named_with_its_ratio(tmp_path: Path) -> None:
    setups = foreign.setup_a_seed(THREE)
    for each in setups:
        each.TotalReferenceAirKerma = round(0.9 * 0.5 * foreign.MEAN_LIFE_I125_S / 3600, 6)
    reading = implant_of(foreign.implant(setups), tmp_path)
    (found,) = [each for each in reading.deviations if each.message.code == "rtplan.air-kerma-differs"]
    assert found.message.data["ratio"] == pytest.approx(0.9, abs=1e-3)


# --- prescriptions and fractions ------------------------------------------------------------------------------------


def test_a_prescription_of_the_setups_alone_is_taken_and_named(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    del plan.DoseReferenceSequence
    for quoted in plan.FractionGroupSequence[0].ReferencedBrachyApplicationSetupSequence:
        quoted.BrachyApplicationSetupDose = 144
    reading = implant_of(plan, tmp_path)
    assert reading.value.prescription is not None
    assert reading.value.prescription.dose_gy == 144
    assert "rtplan.prescription-from-setup" in codes(reading)


def test_the_dose_of_the_setups_is_that_of_one_fraction(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter(CURVE)])
    del plan.DoseReferenceSequence
    plan.FractionGroupSequence[0].ReferencedBrachyApplicationSetupSequence[0].BrachyApplicationSetupDose = 6
    prescription = afterloading_of(plan, tmp_path).value.prescription
    assert prescription is not None
    assert prescription.dose_gy == 12  # two fractions


def test_prescriptions_that_differ_are_named_and_none_is_taken(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    other = foreign.item(DoseReferenceNumber=2, DoseReferenceType="TARGET", TargetPrescriptionDose=110)
    plan.DoseReferenceSequence.append(other)
    reading = implant_of(plan, tmp_path)
    assert reading.value.prescription is None
    assert "rtplan.several-prescriptions" in codes(reading)


def test_a_plan_that_prescribes_nothing_has_no_prescription(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    del plan.DoseReferenceSequence
    assert implant_of(plan, tmp_path).value.prescription is None


def test_several_fraction_groups_are_asked_about(tmp_path: Path) -> None:
    plan = foreign.implant(foreign.setup_a_seed(THREE))
    second = foreign.item(
        FractionGroupNumber=2,
        NumberOfFractionsPlanned=1,
        ReferencedBrachyApplicationSetupSequence=[foreign.item(ReferencedBrachyApplicationSetupNumber=3)],
    )
    plan.FractionGroupSequence.append(second)
    assert refusal(plan, tmp_path) == "rtplan.several-fraction-groups"
    seeds = implant_of(plan, tmp_path, fraction_group_number=2).value.seeds
    assert [tuple(seed.position_lps_mm) for seed in seeds] == [THREE[2]]


# --- afterloading ---------------------------------------------------------------------------------------------------

CURVE = [((0.0, 0.0, 0.0), 3.0), ((0.0, 1.0, 4.9), 0.0), ((0.0, 3.0, 9.5), 7.5)]


def test_dwell_times_are_the_rises_of_the_weight_and_fractions_are_kept(tmp_path: Path) -> None:
    reading = afterloading_of(foreign.afterloading([foreign.catheter(CURVE, number=3)]), tmp_path)
    (channel,) = reading.value.channels
    assert [dwell.time_s for dwell in channel.dwells] == pytest.approx([3.0, 0.0, 7.5])
    assert (channel.number, channel.label, reading.value.fractions) == (3, "C3", 2)
    assert reading.value.source_model == "Ir192_GammaMedPlus"
    assert (reading.value.strength.s_k_u, reading.value.strength_is_for_treatment) == (36000.0, True)
    assert codes(reading) == {"rtplan.axis-along-catheter"}


def test_weights_in_percent_are_shares_of_the_channel_time(tmp_path: Path) -> None:
    points = foreign.dwell_points([((0, 0, 0), 25.0), ((0, 0, 5), 75.0)])
    channel = foreign.channel(points, ChannelTotalTime=12, FinalCumulativeTimeWeight=100, SourceMovementType="STEPWISE")
    (read,) = afterloading_of(foreign.afterloading([channel]), tmp_path).value.channels
    assert [dwell.time_s for dwell in read.dwells] == pytest.approx([3.0, 9.0])


def test_weights_that_restart_at_every_stop_are_read_and_named(tmp_path: Path) -> None:
    points = [foreign.control_point((0, 0, z), w) for z, w in ((0, 0), (0, 6.7), (5, 0), (5, 3.4), (10, 0), (10, 0))]
    channel = foreign.channel(
        points, ChannelTotalTime=10.1, FinalCumulativeTimeWeight=10.1, SourceMovementType="STEPWISE"
    )
    reading = afterloading_of(foreign.afterloading([channel]), tmp_path)
    assert [dwell.time_s for dwell in reading.value.dwells] == pytest.approx([6.7, 3.4, 0.0])
    assert "rtplan.weights-restart" in codes(reading)


def test_directions_follow_the_catheter_and_point_to_the_tip(tmp_path: Path) -> None:
    reading = afterloading_of(foreign.afterloading([foreign.catheter(CURVE)]), tmp_path)
    first, middle, last = (dwell.axis_lps for dwell in reading.value.channels[0].dwells)
    assert middle == pytest.approx(-np.array([0, 3, 9.5]) / np.linalg.norm([3, 9.5]))
    assert first == pytest.approx(-np.array([0, 1, 4.9]) / np.linalg.norm([1, 4.9]))
    assert last == pytest.approx(-np.array([0, 2, 4.6]) / np.linalg.norm([2, 4.6]))


def test_a_catheter_listed_from_its_end_points_to_the_tip_all_the_same(tmp_path: Path) -> None:
    channel = foreign.catheter(CURVE)
    for index, point in enumerate(channel.BrachyControlPointSequence):
        point.ControlPointRelativePosition = 5.0 * (2 - index // 2)
    dwells = afterloading_of(foreign.afterloading([channel]), tmp_path).value.dwells
    assert dwells[1].axis_lps == pytest.approx(np.array([0, 3, 9.5]) / np.linalg.norm([3, 9.5]))


def test_without_depths_the_first_dwell_counts_as_nearest_the_tip_and_that_is_named(tmp_path: Path) -> None:
    channel = foreign.catheter(CURVE)
    for point in channel.BrachyControlPointSequence:
        point.ControlPointRelativePosition = 0
    assert "rtplan.tip-assumed" in codes(afterloading_of(foreign.afterloading([channel]), tmp_path))


def test_a_lonely_dwell_has_no_direction(tmp_path: Path) -> None:
    reading = afterloading_of(foreign.afterloading([foreign.catheter([((0, 0, 0), 5.0)])]), tmp_path)
    assert reading.value.dwells[0].axis_lps is None
    assert codes(reading) == {"rtplan.dwell-without-orientation"}


def test_an_empty_channel_among_others_is_named(tmp_path: Path) -> None:
    channels = [foreign.catheter(CURVE), foreign.catheter([((9, 0, 0), 0.0), ((9, 0, 5), 0.0)], number=2)]
    reading = afterloading_of(foreign.afterloading(channels), tmp_path)
    assert "rtplan.channel-without-time" in codes(reading)
    assert [dwell.time_s for dwell in reading.value.channels[1].dwells] == [0.0, 0.0]


def test_a_plan_without_any_time_is_refused(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter([((9, 0, 0), 0.0), ((9, 0, 5), 0.0)])])
    assert refusal(plan, tmp_path) == "rtplan.no-dwell-time"


@pytest.mark.parametrize(("total_s", "final"), [(0, 10.5), (10.5, 0), (10.5, 12.0), (10.5, 9.0)])
def test_times_and_weights_that_contradict_each_other_are_refused(total_s: float, final: float, tmp_path: Path) -> None:
    channel = foreign.catheter(CURVE, ChannelTotalTime=total_s, FinalCumulativeTimeWeight=final)
    assert refusal(foreign.afterloading([channel]), tmp_path) == "rtplan.times-contradict"


def test_one_control_point_a_dwell_is_refused_as_unclear(tmp_path: Path) -> None:
    points = [foreign.control_point((0, 0, 5.0 * index), 3.0 * index) for index in range(4)]
    channel = foreign.channel(points, ChannelTotalTime=9, FinalCumulativeTimeWeight=9, SourceMovementType="STEPWISE")
    assert refusal(foreign.afterloading([channel]), tmp_path) == "rtplan.weights-unclear"


def test_falling_weights_are_refused(tmp_path: Path) -> None:
    points = [foreign.control_point((0, 0, 0), 5), foreign.control_point((0, 0, 0), 3)]
    channel = foreign.channel(points, ChannelTotalTime=9, SourceMovementType="STEPWISE")
    assert refusal(foreign.afterloading([channel]), tmp_path) == "rtplan.weights-unclear"


def test_some_weights_missing_are_refused(tmp_path: Path) -> None:
    channel = foreign.catheter(CURVE)
    channel.BrachyControlPointSequence[2].CumulativeTimeWeight = None
    assert refusal(foreign.afterloading([channel]), tmp_path) == "rtplan.weights-incomplete"


def test_a_source_that_moves_while_it_treats_is_refused(tmp_path: Path) -> None:
    channel = foreign.catheter(CURVE, SourceMovementType="OSCILLATING")
    assert refusal(foreign.afterloading([channel]), tmp_path) == "rtplan.source-moves"


def test_an_air_kerma_that_does_not_fit_the_times_is_named(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter(CURVE)])
    plan.ApplicationSetupSequence[0].TotalReferenceAirKerma = 95.0
    assert "rtplan.dwell-air-kerma-differs" in codes(afterloading_of(plan, tmp_path))
    plan.ApplicationSetupSequence[0].TotalReferenceAirKerma = 0
    assert "rtplan.air-kerma-missing" in codes(afterloading_of(plan, tmp_path))


@pytest.mark.parametrize(
    ("kerma_of_pulses", "factor", "code"), [(1, 1, "rtplan.times-of-all-pulses"), (20, 20, "rtplan.times-of-one-pulse")]
)
def test_pulses_are_told_by_the_air_kerma(kerma_of_pulses: int, factor: int, code: str, tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter(CURVE, NumberOfPulses=20)], BrachyTreatmentType="PDR")
    kerma = float(plan.ApplicationSetupSequence[0].TotalReferenceAirKerma)
    plan.ApplicationSetupSequence[0].TotalReferenceAirKerma = kerma * kerma_of_pulses
    reading = afterloading_of(plan, tmp_path)
    assert sum(dwell.time_s for dwell in reading.value.dwells) == pytest.approx(10.5 * factor)
    assert code in codes(reading)


def test_pulses_that_nothing_tells_are_refused(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter(CURVE, NumberOfPulses=20)], BrachyTreatmentType="PDR")
    plan.ApplicationSetupSequence[0].TotalReferenceAirKerma = 0
    assert refusal(plan, tmp_path) == "rtplan.pulses-unclear"


def test_two_stepping_sources_are_refused(tmp_path: Path) -> None:
    plan = foreign.afterloading([foreign.catheter(CURVE), foreign.catheter(CURVE, number=2, ReferencedSourceNumber=2)])
    second = foreign.source(2, SourceModelID="Flexisource", SourceIsotopeName="Ir-192", ActiveSourceLength=3.5)
    plan.SourceSequence.append(second)
    assert refusal(plan, tmp_path) == "rtplan.several-afterloading-sources"
