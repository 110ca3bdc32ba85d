"""Plans and structures: what belongs together, and what cannot be."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import PlanError
from trocar.geometry.contours import Contour, ContourKind
from trocar.plan.needles import Needle
from trocar.plan.patient import Patient
from trocar.plan.plan import AfterloadingPlan, Channel, ImplantPlan, Prescription
from trocar.plan.seeds import Dwell, Seed, Strength
from trocar.plan.structures import Structure, StructureSet

AT = datetime(2026, 5, 1, 8)
PATIENT = Patient(identifier="p", name="P")


def a_seed(*, needle: int | None = None, reference_at: datetime = AT) -> Seed:
    return Seed(
        position_lps_mm=np.zeros(3),
        axis_lps=None,
        source_model="I125_6711",
        strength=Strength(s_k_u=0.5, reference_at=reference_at),
        needle=needle,
    )


def a_needle(number: int = 1) -> Needle:
    return Needle(number=number, entry_lps_mm=np.zeros(3), tip_lps_mm=np.array([0.0, 0, 50]))


def an_implant(*seeds: Seed, needles: tuple[Needle, ...] = ()) -> ImplantPlan:
    return ImplantPlan(label="plan", patient=PATIENT, frame_uid="1", implant_at=AT, seeds=seeds, needles=needles)


def test_an_implant_needs_a_seed() -> None:
    with pytest.raises(PlanError, match="holds no seed"):
        an_implant()


def test_a_seed_lies_in_a_needle_that_exists_or_in_none_that_is_known() -> None:
    assert an_implant(a_seed(needle=7)).seeds[0].needle == 7
    with pytest.raises(PlanError, match=r"lie in needles \[7\], but the plan has needles \[1\]"):
        an_implant(a_seed(needle=7), a_seed(needle=1), needles=(a_needle(1),))


def test_a_strength_measured_after_the_implant_is_refused() -> None:
    an_implant(a_seed(reference_at=AT))
    with pytest.raises(PlanError, match="check the calibration date"):
        an_implant(a_seed(), a_seed(reference_at=AT + timedelta(days=1)))


def test_plans_are_equal_by_content() -> None:
    assert an_implant(a_seed()) == an_implant(a_seed())
    assert an_implant(a_seed()) != an_implant(a_seed(), a_seed())
    assert len({an_implant(a_seed()).content_hash, an_implant(a_seed(needle=2)).content_hash}) == 2


@pytest.mark.parametrize("dose_gy", [0.0, -1.0, float("nan")])
def test_a_prescription_of_nothing_is_refused(dose_gy: float) -> None:
    with pytest.raises(PlanError, match="above 0 Gy"):
        Prescription(dose_gy=dose_gy)


def test_the_dwells_of_all_channels_come_in_order() -> None:
    dwells = [Dwell(position_lps_mm=np.full(3, float(n)), axis_lps=None, time_s=float(n)) for n in range(4)]
    plan = AfterloadingPlan(
        label="hdr",
        patient=PATIENT,
        frame_uid="1",
        source_model="Ir192_mHDR-v2",
        strength=Strength(s_k_u=40_000.0, reference_at=AT),
        treat_at=AT,
        strength_is_for_treatment=True,
        channels=(
            Channel(number=1, label="a", dwells=(dwells[0], dwells[1])),
            Channel(number=2, label="b", dwells=(dwells[2], dwells[3])),
        ),
    )
    assert [dwell.time_s for dwell in plan.dwells] == [0, 1, 2, 3]


@given(depth=st.floats(0, 100), tip=st.tuples(*[st.floats(-90, 90)] * 3).filter(lambda t: np.linalg.norm(t) > 0.1))
def test_a_depth_is_measured_from_the_skin_along_the_needle(depth: float, tip: tuple[float, float, float]) -> None:
    needle = Needle(number=1, entry_lps_mm=np.array([5.0, 6, 7]), tip_lps_mm=np.array([5.0, 6, 7]) + tip)
    assert np.linalg.norm(needle.at_depth(depth) - needle.entry_lps_mm) == pytest.approx(depth)
    assert needle.at_depth(needle.length_mm) == pytest.approx(needle.tip_lps_mm)
    assert np.linalg.norm(needle.direction_lps) == pytest.approx(1.0)


def test_a_needle_without_length_is_refused() -> None:
    for tip in (np.zeros(3), np.array([np.nan, 0.0, 0.0])):
        with pytest.raises(PlanError, match="two different points"):
            Needle(number=1, entry_lps_mm=np.zeros(3), tip_lps_mm=tip)


def a_set(*names: str) -> StructureSet:
    outline = Contour(kind=ContourKind.CLOSED_PLANAR, points_lps_mm=np.eye(3))
    structures = tuple(Structure(number=n, name=name, contours=(outline,)) for n, name in enumerate(names))
    return StructureSet(label="set", patient=PATIENT, frame_uid="1", structures=structures)


def test_a_structure_is_found_by_its_name_whatever_its_case() -> None:
    assert a_set("GTV", "肝脏 ").named(" gtv ").number == 0
    assert a_set("GTV", "肝脏 ").named("肝脏").number == 1
    assert len(a_set("a", "b")) == 2
    assert [each.name for each in a_set("a", "b")] == ["a", "b"]


@pytest.mark.parametrize("name", ["CTV", "PTV"])
def test_a_name_that_is_missing_or_stands_twice_is_refused_with_all_names(name: str) -> None:
    with pytest.raises(PlanError, match="the set holds: GTV, PTV, ptv"):
        a_set("GTV", "PTV", "ptv").named(name)


def test_two_structures_cannot_share_a_number() -> None:
    one = Structure(number=3, name="a", contours=())
    two = Structure(number=3, name="b", contours=())
    with pytest.raises(PlanError, match=r"ROI numbers \[3\] more than once"):
        StructureSet(label="set", patient=PATIENT, frame_uid="1", structures=(one, two))


def test_only_closed_contours_make_a_region() -> None:
    curve = Contour(kind=ContourKind.OPEN_NONPLANAR, points_lps_mm=np.eye(3))
    assert a_set("a").named("a").is_region
    assert not Structure(number=1, name="needle", contours=(curve,)).is_region
    assert not Structure(number=1, name="empty", contours=()).is_region
