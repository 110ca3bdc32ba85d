"""No seed is found on real scans without seeds."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from without_seeds import SCANS, read_as, thicknesses


@pytest.mark.parametrize("name", SCANS[:3])
@pytest.mark.parametrize("is_planned", [False, True])
def test_no_seed_is_found_where_there_is_none(shared_data: Path, name: str, is_planned: bool) -> None:
    for _, scan in thicknesses(name):
        found = read_as(scan, is_planned=is_planned)
        assert found is None or not found.seeds
