"""Real cases have needles that clear everything by its margin, to a sampler that shares no code with the search."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from access_scenes import densely_sampled_clearance_mm


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"needle_access_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


cases = _module("cases")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(cases.CASES))
def test_chosen_needles_clear_every_obstacle_by_its_margin(name: str, shared_data: Path) -> None:
    case = cases.CASES[name](shared_data)
    accesses = case.chosen.accesses
    assert len(accesses) >= 3
    for needle in accesses.needles():
        for obstacle in case.scene.rules.obstacles:
            clear = densely_sampled_clearance_mm(needle, obstacle.structure, radius_mm=cases.NEEDLE_RADIUS_MM)
            assert clear >= obstacle.margin_mm, obstacle.name
    first, second = np.triu_indices(len(accesses), 1)
    ends = accesses.entries_lps_mm, accesses.tips_lps_mm
    share = np.linspace(0.0, 1.0, 120)[:, None]
    for a, b in zip(first, second, strict=True):
        one, other = (ends[0][n] + share * (ends[1][n] - ends[0][n]) for n in (a, b))
        assert np.linalg.norm(one[:, None] - other[None], axis=2).min() >= cases.SPACING_MM - 0.1
