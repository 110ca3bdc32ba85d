"""A person's decisions on found seeds."""

import numpy as np
import pytest

from trocar.errors import ImagingError
from trocar.imaging.seed_corrections import Corrections, corrected_seeds
from trocar.results.seeds_seen import FoundSeed, Localisation, Verdict


def seen(x_mm: float, verdict: Verdict = Verdict.SEED) -> FoundSeed:
    return FoundSeed(
        position_lps_mm=np.array([x_mm, 0.0, 0.0]),
        axis_lps=np.array([0.0, 1.0, 0.0]),
        confidence=0.9,
        verdict=verdict,
        position_sd_mm=0.2,
        cluster=1,
        mass_ratio=1.0,
        explained=0.95,
        axis_sd_deg=5.0,
    )


FOUND = Localisation(
    found=(seen(0.0), seen(10.0), seen(20.0, Verdict.DOUBTFUL)), blur_mm=(0.7, 0.7, 0.5), seed_mass_hu_mm3=5e4
)


def test_every_decision_is_carried_out_and_signed() -> None:
    decided = Corrections(actor="physicist 17", drop=(1,), accept=(1,), add_lps_mm=((5.0, 5.0, 5.0),))
    seeds = corrected_seeds(FOUND, decided).seeds
    assert [seed.position_lps_mm[0] for seed in seeds] == [10.0, 20.0, 5.0]
    assert [seed.by_hand for seed in seeds] == ["", "physicist 17", "physicist 17"]
    assert not seeds[2].axis_is_known


def test_a_moved_seed_keeps_its_number() -> None:
    moved = corrected_seeds(FOUND, Corrections(actor="a", move=((2, (11.0, 1.0, 0.0)),)))
    np.testing.assert_allclose(moved.seeds[1].position_lps_mm, [11.0, 1.0, 0.0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"drop": (3,)},
        {"accept": (2,)},
        {"drop": (1,), "move": ((1, (0.0, 0.0, 0.0)),)},
    ],
)
def test_decisions_on_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ImagingError):
        corrected_seeds(FOUND, Corrections(actor="a", **wrong))  # type: ignore[arg-type]


def test_nobody_corrects_nothing() -> None:
    with pytest.raises(ImagingError, match="who"):
        Corrections(actor=" ")
