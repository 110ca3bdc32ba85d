"""The shelf and the order, as commands."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from trocar.catalogue.nuclides import load_nuclide
from trocar.cli.shelf import on_the_day, read_shelf
from trocar.errors import UsageError

SHELF = """lot,source_model,count,s_k_u,activity_mci,reference_at
A1,I125_6711,40,0.762,,2026-02-20
A2,I125_6711,30,,0.5,2026-01-10T12:00:00
"""
ORDER = ("order", "--dose", "145", "--strength", "0.5", "--dated", "2026-02-20", "--implant-at", "2026-03-02")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    path = tmp_path / "shelf.csv"
    path.write_text(SHELF, encoding="utf-8")
    return path


def said(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from trocar.cli.main import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def told(*words: str) -> dict:
    done = said(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_lot_is_decayed_to_the_day(shelf: Path) -> None:
    lots = told("stock", str(shelf), "--at", "2026-03-02")["lots"]
    half_life = load_nuclide("I-125").half_life_d
    assert lots[0]["s_k_u"] == pytest.approx(0.762 * 0.5 ** (10.0 / half_life))
    assert lots[1]["certified_u"] == pytest.approx(0.5 * 1.27)
    assert [lot["count"] for lot in lots] == [40, 30]


def test_a_lot_from_the_future_is_refused(shelf: Path) -> None:
    with pytest.raises(UsageError, match="A1"):
        on_the_day(read_shelf(shelf), datetime(2026, 2, 1))


@pytest.mark.parametrize("line", ["A3,I125_6711,many,0.7,,2026-02-20", "A3,I125_6711,4,,,2026-02-20"])
def test_a_cell_that_cannot_be_read_is_named_by_its_line(shelf: Path, line: str) -> None:
    shelf.write_text(SHELF + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 4"):
        read_shelf(shelf)


def test_an_order_decays_the_strength_and_says_how_sure_it_is() -> None:
    data = told(*ORDER, "--volume", "30")
    assert data["s_k_u"] < 0.5
    assert data["quantiles"]["95"] >= data["quantiles"]["50"] >= data["expected"] - 1
    by_size = told(*ORDER, "--size", "38.55x38.55x38.55")
    assert by_size["expected"] == pytest.approx(data["expected"], rel=1e-3)


def test_an_order_needs_volume_or_size_and_one_only() -> None:
    assert "one of them" in said(*ORDER, "--lang", "en").stderr
    assert "one of them" in said(*ORDER, "--volume", "30", "--size", "1x2x3", "--lang", "en").stderr
    assert "three diameters" in said(*ORDER, "--size", "big", "--lang", "en").stderr
