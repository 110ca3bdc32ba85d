"""The page docs/howto/simulate-heat.md does what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "simulate-heat.md"


@pytest.mark.slow
def test_the_code_of_the_page_runs_and_prints_a_zone_and_a_probability(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), str(PAGE), "exec"), {})
    told = capsys.readouterr().out
    assert "ml by all five" in told
    assert "it reflects 5." in told
    assert "W/kg 5 mm beside the shaft" in told
    assert "dead with a probability over one half" in told
