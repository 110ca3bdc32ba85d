"""The drawing of the states in the documentation is that of the code."""

from pathlib import Path

import pytest
from django.utils import translation

from trocar_clinic.patients.drawing import as_svg
from trocar_clinic.patients.states import TRANSITIONS, State, as_table


@pytest.mark.parametrize(("page", "language"), [("howto/run-the-record.md", "en"), ("zh/run-the-record.md", "zh-hans")])
def test_the_documented_states_are_those_of_the_code(repository: Path, page: str, language: str) -> None:
    with translation.override(language):
        assert as_table() in (repository / "docs" / page).read_text("utf-8"), "put as_table() into the page"


@pytest.mark.parametrize(("file", "language"), [("case-states.svg", "en"), ("case-states.zh.svg", "zh-hans")])
def test_the_drawing_is_that_of_the_code_and_leaves_nothing_out(repository: Path, file: str, language: str) -> None:
    with translation.override(language):
        drawn = as_svg()
        assert drawn == (repository / "docs" / "assets" / file).read_text("utf-8"), "write as_svg() into the file"
        assert all(drawn.count(f">{state.label}</text>") == 1 for state in State)
        events = [str(each.event.value) for each in TRANSITIONS if each.target is not State.ABANDONED]
        assert all(drawn.count(f">{event}</text>") == events.count(event) for event in events)
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
