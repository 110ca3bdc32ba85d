"""What every test of the suite shares: shape assertions on the whole library, the real data beside the checkout."""

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def _is_compiled(module: str) -> bool:
    """Say whether a module holds numba kernels, whose compiler cannot see through an assertion."""
    return any(part.startswith("kernel") for part in module.split("."))


_hook = install_import_hook("trocar", "shape_assertions.asserting")
_asserts_shapes = _hook.hook.should_instrument
_hook.hook.should_instrument = lambda module: _asserts_shapes(module) and not _is_compiled(module)  # type: ignore[method-assign]


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
