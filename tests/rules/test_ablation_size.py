"""Size and number of tumours beside what is published of ablation."""

import pytest

from trocar.messages import Language
from trocar.results.findings import Severity
from trocar.rules.ablation_size import judge_size, size_rule


def _codes(diameter_mm: float, **stated: object) -> set[str]:
    return {each.message.code for each in judge_size(diameter_mm, **stated)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("organ", "tumours", "largest_mm"),
    [("liver", 1, 50.0), ("liver", 2, 30.0), ("liver", 3, 30.0), ("lung", 1, 30.0), ("kidney", 1, 40.0)],
)
def test_the_largest_diameter_is_that_of_the_pack(organ: str, tumours: int, largest_mm: float) -> None:
    assert _codes(largest_mm, organ=organ, tumours=tumours) == set()
    assert _codes(largest_mm + 0.1, organ=organ, tumours=tumours) == {"rules.tumour-too-large"}


def test_a_large_tumour_is_told_with_both_lengths_and_its_source() -> None:
    told = next(each for each in judge_size(80.0, organ="liver", tumours=1))
    assert told.severity is Severity.ATTENTION
    assert "80 mm" in told.message.text()
    assert "50 mm" in told.message.text()
    assert "CLN-ABL-04" in told.reference
    assert "单发 ≤ 5 cm" in told.message.text(Language.CHINESE)


def test_the_number_counts_in_all_and_on_one_side() -> None:
    assert _codes(20.0, organ="liver", tumours=4) == {"rules.tumours-too-many"}
    assert _codes(20.0, organ="lung", tumours=5, tumours_a_side=3) == set()
    assert _codes(20.0, organ="lung", tumours=6) == {"rules.tumours-too-many"}
    assert _codes(20.0, organ="lung", tumours=4, tumours_a_side=4) == {"rules.tumours-too-many"}


def test_where_the_number_is_not_stated_a_single_one_is_judged_and_that_is_told() -> None:
    assert _codes(45.0, organ="liver") == {"rules.tumours-not-stated"}
    assert _codes(55.0, organ="liver") == {"rules.tumours-not-stated", "rules.tumour-too-large"}
    assert _codes(55.0, organ="spleen") == set()
    assert size_rule("spleen") is None
