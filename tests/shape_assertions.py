"""The type checker that jaxtyping's import hook lays on every function of the library while tests run."""

from collections.abc import Callable
from typing import TypeVar

from beartype import BeartypeConf, beartype

Checked = TypeVar("Checked", bound=Callable[..., object])

_WHOLE_NUMBERS_PASS_FOR_REALS = BeartypeConf(is_pep484_tower=True)


def asserting(function: Checked) -> Checked:
    """Return the function with its annotations asserted at every call, shapes and dtypes included."""
    return beartype(function, conf=_WHOLE_NUMBERS_PASS_FOR_REALS)
