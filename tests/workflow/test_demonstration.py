import numpy as np
import pytest

from checked_cases import IMPLANTED, PATIENT, structures
from trocar.dose.tg43 import Formalism
from trocar.errors import PlanError
from trocar.evaluate.dvh import compute_dvh
from trocar.evaluate.structures import region_of_structure
from trocar.geometry.region import EndCap
from trocar.workflow.compute import compute_dose_at_points
from trocar.workflow.demonstration import Pattern, lattice_implant, lattice_seats

TARGET = region_of_structure(structures().named("CTV"), end_cap=EndCap.HALF_SLICE)
BODY = region_of_structure(structures().named("BODY"), end_cap=EndCap.HALF_SLICE)


def pattern(**more) -> Pattern:
    given = {
        "direction_lps": np.array([0.3, 1.0, 0.0]),
        "source_model": "I125_6711",
        "dose_gy": 100.0,
        "spacings_mm": (12.0, 10.0, 8.0),
        "strength_range_u": (0.3, 1.2),
        "inset_mm": 1.0,
    }
    return Pattern(**(given | more))


def lattice(**more):
    return lattice_implant(
        TARGET, body=BODY, pattern=pattern(**more), label="L", patient=PATIENT, frame_uid="1", implant_at=IMPLANTED
    )


def test_the_lattice_gives_the_target_the_wanted_d90():
    plan = lattice()
    dvh = compute_dvh(TARGET, lambda points: compute_dose_at_points(plan, points, formalism=Formalism.LINE_2D))
    assert dvh.dose_at_percent(90) == pytest.approx(100.0, rel=0.03)


def test_all_seeds_lie_in_the_target_and_on_their_needle():
    plan = lattice()
    assert TARGET.contains(np.array([seed.position_lps_mm for seed in plan.seeds])).all()
    needles = {needle.number: needle for needle in plan.needles}
    for seed in plan.seeds:
        needle = needles[seed.needle]
        away = seed.position_lps_mm - needle.entry_lps_mm
        assert np.linalg.norm(away - (away @ needle.direction_lps) * needle.direction_lps) < 1e-6


def test_needles_enter_at_the_edge_of_the_body():
    for needle in lattice().needles:
        assert not BODY.contains(needle.entry_lps_mm[None])[0]
        assert BODY.contains(needle.at_depth(1.5)[None])[0]


def test_neighbouring_seeds_keep_the_spacing():
    positions, _ = lattice_seats(TARGET, direction_lps=np.array([0.0, 1.0, 0.0]), spacing_mm=8.0, inset_mm=1.0)
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=2) + 1e3 * np.eye(len(positions))
    assert apart.min() >= 8.0 - 1e-9


def test_a_dose_no_seed_of_the_store_can_give_is_said():
    with pytest.raises(PlanError) as caught:
        lattice(strength_range_u=(1e-6, 2e-6))
    assert caught.value.code == "workflow.no-lattice"
