"""What every validation case shares: where the independent data lie."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def _folder(name: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"the data of this case are not here: ../shared/{name} beside the checkout is absent")
    return SHARED / name


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real plans and images, or skip, saying so."""
    return _folder("data")


@pytest.fixture(scope="session")
def monte_carlo() -> Path:
    """Return the folder of Monte Carlo reference doses, or skip, saying so."""
    return _folder("reference/monte_carlo")


_HERE = Path(__file__).parent
collect_ignore = [
    str(each.relative_to(_HERE)) for each in _HERE.rglob("*.py") if not each.name.startswith(("test_", "conftest"))
]
"""Scripts beside the tests hold no doctests and are imported by the tests of their own folder only."""
