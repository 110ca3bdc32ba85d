"""Values: equal when their content is, and nobody can change them behind the hash."""

import pickle
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trocar.geometry.value import Value, frozen_array, frozen_without_copy
from trocar.messages import Message


class Colour(Enum):
    RED = 1
    GREEN = 2


class Fruit(Enum):
    RED = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Box(Value):
    content: object


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherBox(Value):
    content: object


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair(Value):
    first: str
    second: str
    inner: tuple[Box, ...] = field(default_factory=tuple)


CONTENTS = [
    None,
    True,
    False,
    0,
    1,
    1.0,
    -0.0,
    "",
    "1",
    b"1",
    (),
    (1, 2),
    ((1,), 2),
    (1, (2,)),
    {"a": 1},
    {"a": (1,)},
    frozenset({1, 2}),
    Colour.RED,
    Colour.GREEN,
    Fruit.RED,
    date(2026, 1, 2),
    datetime(2026, 1, 2),
    datetime(2026, 1, 2, 3, 4, 5, 6),
    np.zeros(2),
    np.zeros(2, np.float32),
    np.zeros((2, 1)),
    np.zeros(3),
    np.array([[1, 2], [3, 4]]),
    np.array([[1, 3], [2, 4]]),
    Message(code="demo.a", template="{x}", data={"x": 1}),
    Message(code="demo.a", template="{x}", data={"x": 2}),
]


def test_different_contents_have_different_hashes() -> None:
    hashes = [Box(content=content).content_hash for content in CONTENTS]
    assert len(set(hashes)) == len(CONTENTS)


def test_the_same_content_is_equal_and_has_the_same_hash() -> None:
    for content in CONTENTS:
        assert Box(content=content) == Box(content=content)
        assert hash(Box(content=content)) == hash(Box(content=content))


def test_two_types_with_the_same_content_differ() -> None:
    assert Box(content=1) != OtherBox(content=1)
    assert Box(content=1) != 1


def test_text_cannot_flow_from_one_field_into_the_next() -> None:
    assert Pair(first="ab", second="c") != Pair(first="a", second="bc")


def test_the_order_in_a_mapping_and_in_a_set_does_not_matter_but_in_a_tuple_it_does() -> None:
    assert Box(content={"a": 1, "b": 2}) == Box(content={"b": 2, "a": 1})
    assert Box(content=frozenset({"x", "y"})) == Box(content=frozenset({"y", "x"}))
    assert Box(content=(1, 2)) != Box(content=(2, 1))


def test_memory_layout_does_not_change_the_hash() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert Box(content=np.asfortranarray(array)) == Box(content=array)


def test_nested_values_count() -> None:
    one, two = (Pair(first="", second="", inner=(Box(content=n),)) for n in (1, 2))
    assert one != two


def test_a_value_survives_pickling() -> None:
    value = Pair(first="甲", second="\ud800", inner=(Box(content=np.arange(3)),))
    assert pickle.loads(pickle.dumps(value)) == value


def test_content_that_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hash the content of object"):
        _ = Box(content=object()).content_hash


@given(st.lists(st.floats(allow_nan=False), max_size=5))
def test_equal_numbers_make_equal_values_and_other_numbers_do_not(numbers: list[float]) -> None:
    assert Box(content=np.array(numbers)) == Box(content=np.array(numbers))
    assert Box(content=np.array(numbers)) != Box(content=np.array([*numbers, 1.0]))


def test_a_frozen_array_cannot_be_written_to_by_any_way() -> None:
    source = np.arange(6.0)
    frozen = frozen_array(source, np.float64)
    source[0] = 9.0
    assert frozen[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        frozen[1:3] += 1.0


def test_freezing_a_view_of_something_writeable_copies_it() -> None:
    source = np.arange(6.0)
    view = source[:3]
    view.flags.writeable = False
    frozen = frozen_array(view, np.float64)
    source[0] = 9.0
    assert frozen[0] == 0.0


def test_freezing_what_is_frozen_does_not_copy() -> None:
    frozen = frozen_array([1.0, 2.0], np.float64)
    assert frozen_array(frozen, np.float64) is frozen


def test_a_list_is_frozen_without_leaving_a_way_to_write() -> None:
    assert not frozen_array([1, 2, 3], np.int64).flags.writeable


def test_a_large_array_can_be_handed_over_without_a_copy() -> None:
    array = np.arange(10.0)
    owned = frozen_without_copy(array)
    assert np.shares_memory(array, owned)
    assert not array.flags.writeable
