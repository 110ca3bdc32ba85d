import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.errors import EvaluateError
from trocar.evaluate.proportions import poisson_interval, small_cells, wilson_interval

AS_PRINTED = 5e-5
"""Newcombe prints four decimals."""


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_score_intervals_are_those_that_newcombe_prints(n: int, of: int, low: float, high: float) -> None:
    assert wilson_interval(n, of) == (pytest.approx(low, abs=AS_PRINTED), pytest.approx(high, abs=AS_PRINTED))


@given(st.integers(1, 500), st.data())
def test_a_score_interval_holds_its_share_and_is_mirrored(of: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, of))
    low, high = wilson_interval(n, of)
    assert 0.0 <= low <= n / of <= high <= 1.0
    mirrored = wilson_interval(of - n, of)
    assert (1.0 - mirrored[1], 1.0 - mirrored[0]) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668)])
def test_exact_poisson_limits_are_those_of_the_printed_tables(events: int, low: float, high: float) -> None:
    assert poisson_interval(events, 1) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_what_is_no_share_or_rate_is_refused() -> None:
    for n, of in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(EvaluateError) as caught:
            wilson_interval(n, of)
        assert caught.value.code == "evaluate.share-impossible"
    with pytest.raises(EvaluateError):
        poisson_interval(3, 0)


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_no_small_cell_is_shown_and_none_can_be_computed_from_the_whole(raw: dict[str, tuple[int, int]]) -> None:
    groups = {name: (min(pair), max(pair)) for name, pair in raw.items()}
    hidden = small_cells(groups, least=5)
    for name in set(groups) - hidden:
        n, of = groups[name]
        assert n == 0 or n >= 5
        assert of - n == 0 or of - n >= 5
    assert len(hidden) != 1 or len(groups) == 1
