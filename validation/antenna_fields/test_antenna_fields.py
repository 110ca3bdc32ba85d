"""The field of an antenna against exact fields; the account is in README.md."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exact_fields import flanged_line_error, layered_errors, line_errors, slot_errors

OF_A_LINE = 1e-4
OF_LAYERS = 1.2e-3
OF_A_SLOT = 2.5e-3
OF_AN_OPEN_LINE = 4e-3
"""Edges of metal at tissue: the first power of the ring."""


def test_a_lossy_line_reflects_as_lines_do() -> None:
    assert max(line_errors(80)) < OF_A_LINE


@pytest.mark.parametrize("waves", [0, 1])
def test_layered_cylinders_hold_bessel_fields(waves: int) -> None:
    assert max(layered_errors(160, waves)) < OF_LAYERS


def test_an_annular_slot_gives_liver_the_exact_field_and_power() -> None:
    assert max(slot_errors(16)) < OF_A_SLOT


def test_a_line_that_opens_into_liver_reflects_as_matched_modes_say() -> None:
    assert flanged_line_error(16) < OF_AN_OPEN_LINE
