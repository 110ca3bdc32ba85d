"""One browser and one served demonstration department for all stories of a test process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from clinic.browser import chromium
from clinic.running import copy_of, served


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    with chromium(program("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def address(demonstration_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(copy_of(demonstration_folder, tmp_path_factory.mktemp("browser") / "copy")) as found:
        yield found
