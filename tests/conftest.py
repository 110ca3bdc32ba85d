"""What every test of the suite shares: shape assertions on the whole library, the real data beside the checkout."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

from debian_programs import DEBIAN_PACKAGES

REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def _is_compiled(module: str) -> bool:
    """Say whether a module holds numba kernels, whose compiler cannot see through an assertion."""
    return any(part.startswith("kernel") for part in module.split("."))


def _speaks_typer(module: str) -> bool:
    """Say whether a module's annotations are for the command line, which passes other things than they say."""
    return module.startswith("trocar.cli.")


def _holds_no_arrays(module: str) -> bool:
    """Say whether a module belongs to a room of records and words, where there are no shapes to assert."""
    return module.split(".")[1:2] in (["department"], ["rules"], ["assess"])


_hook = install_import_hook("trocar", "shape_assertions.asserting")
_asserts_shapes = _hook.hook.should_instrument
_hook.hook.should_instrument = lambda module: (  # type: ignore[method-assign]
    _asserts_shapes(module) and not (_is_compiled(module) or _holds_no_arrays(module)) and not _speaks_typer(module)
)

# How long an example takes says more about the machine, and about what numba just compiled, than about the code.
settings.register_profile(
    "trocar",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    print_blob=True,
)
settings.load_profile("trocar")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real DICOM data beside the checkout, or skip, saying so."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data are not here: ../shared/data beside the checkout is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return a finder of the programs in `DEBIAN_PACKAGES`, which skips the test where one is not installed."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not here: apt-get install {DEBIAN_PACKAGES[name]}")
        return found

    return find
