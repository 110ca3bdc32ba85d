"""The drawing of the states in the documentation is that of the code."""

from pathlib import Path

import pytest
from django.utils import translation

from trocar_clinic.patients.states import as_table


@pytest.mark.parametrize(("page", "language"), [("howto/run-the-record.md", "en"), ("zh/run-the-record.md", "zh-hans")])
def test_the_documented_states_are_those_of_the_code(repository: Path, page: str, language: str) -> None:
    with translation.override(language):
        assert as_table() in (repository / "docs" / page).read_text("utf-8"), "put as_table() into the page"
