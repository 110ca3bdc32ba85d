"""The tree of errors: as drawn, every branch with its code, its text in two languages, and a way through pickle."""

import inspect
import pickle

import pytest

from trocar import errors
from trocar.errors import TrocarError
from trocar.messages import Language

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TrocarError)]


def test_every_error_is_drawn_in_the_tree() -> None:
    drawing = inspect.getdoc(errors) or ""
    assert [kind.__name__ for kind in TREE if kind.__name__ not in drawing] == []


@pytest.mark.parametrize("kind", TREE)
def test_an_error_carries_its_code_and_its_sentence(kind: type[TrocarError]) -> None:
    error = kind("demo.code", "{n} points given, at least 3 are needed", n=2)
    assert error.code == "demo.code"
    assert str(error) == "2 points given, at least 3 are needed"
    assert error.text(Language.ENGLISH) == str(error)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_crosses_a_process_border_unchanged(kind: type[TrocarError]) -> None:
    error = kind("demo.code", "{n} points given", n=2)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert copy.message == error.message


def test_reading_errors_are_caught_as_one_family() -> None:
    for kind in (errors.UnreadableFile, errors.RefusedObject, errors.ChoiceNeeded):
        assert issubclass(kind, errors.DicomError)
