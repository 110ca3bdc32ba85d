"""Tables from CSV text: gaps, symmetry, and what is refused."""

import numpy as np
import pytest

from trocar.catalogue.tables import AnisotropyTable, RadialTable, read_anisotropy_table, read_radial_table
from trocar.errors import CatalogueError

F_LINES = ["# remark", "theta_deg,0.1,0.5,1", "0,,0.6,0.7", "45,0.8,0.85,0.9", "90,1,1,1"]


def test_remarks_and_empty_lines_are_passed_over() -> None:
    table = read_radial_table(["# remark", "", "radius_cm,g_L", "0.5,1.05", "1,1"])
    assert table.radius_cm.tolist() == [0.5, 1.0]
    assert table.values.tolist() == [1.05, 1.0]


def test_a_blank_cell_is_a_gap_and_is_filled_from_the_next_radius() -> None:
    table = read_anisotropy_table(F_LINES)
    assert np.isnan(table.values[0, 0])
    assert table.filled()[0].tolist() == [0.6, 0.6, 0.7]


def test_a_table_to_90_degrees_is_symmetric_and_one_to_180_is_not() -> None:
    assert read_anisotropy_table(F_LINES).is_symmetric
    assert not read_anisotropy_table([*F_LINES, "180,0.5,0.5,0.5"]).is_symmetric


@pytest.mark.parametrize(
    "lines",
    [
        F_LINES[:-1],
        [*F_LINES[:2], "10,0.5,0.5,0.5", *F_LINES[3:]],
        [*F_LINES[:2], "0,,0.6,", *F_LINES[3:]],
        ["theta_deg,0.5,0.5,1", *F_LINES[2:]],
        [*F_LINES[:2], F_LINES[3], F_LINES[2], F_LINES[4]],
    ],
)
def test_an_anisotropy_table_that_cannot_be_right_is_refused(lines: list[str]) -> None:
    with pytest.raises(CatalogueError):
        read_anisotropy_table(lines)


@pytest.mark.parametrize(
    ("radius_cm", "values"),
    [([1.0], [1.0]), ([1.0, 0.5], [1.0, 1.1]), ([0.0, 1.0], [1.0, 1.0]), ([0.5, 1.0], [1.0, 0.0])],
)
def test_a_radial_table_that_cannot_be_right_is_refused(radius_cm: list[float], values: list[float]) -> None:
    with pytest.raises(CatalogueError):
        RadialTable(radius_cm=np.array(radius_cm), values=np.array(values))


def test_the_values_of_a_table_cannot_be_changed() -> None:
    table = read_anisotropy_table(F_LINES)
    with pytest.raises(ValueError, match="read-only"):
        table.values[0, 1] = 2.0
    assert isinstance(table, AnisotropyTable)
