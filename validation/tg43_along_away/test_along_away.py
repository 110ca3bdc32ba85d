"""Along-and-away tables by an implementation that shares nothing with the library but the published tables.

It reads the CSV text itself, takes the geometry function as what it stands for (the mean inverse square distance to the
active line, by Simpson's rule), searches and interpolates in plain loops, one point at a time.
"""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import trocar.catalogue
from trocar.catalogue.sources import load_source
from trocar.dose.base import Formalism, Method, SourceTerm
from trocar.dose.points import dose_at_points

FOLDERS = Path(trocar.catalogue.__file__).parent / "sources"
ALONG_CM = (-5.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 12.0)
AWAY_CM = (0.0, 0.01, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 11.0)
SAME_DEFINITION = 1e-8
"""Two double-precision ways to the same definition; Simpson's rule with 1000 intervals errs by about 1e-9."""
TABLE_ERROR = 1e-3
"""What the tabulated method may differ by."""
SOURCES = {
    "I125_6711": ("I125_LDR/6711", 0.965, 0.30),
    "I125_2301": ("I125_LDR/2301", 1.018, 0.40),
    "I125_SelectSeed_130.002": ("I125_LDR/SelectSeed_130.002", 0.954, 0.34),
    "Pd103_TheraSeed200": ("Pd103_LDR/TheraSeed200", 0.686, 0.423),
    "Cs131_CS-1_Rev2": ("Cs131_LDR/CS-1_Rev2", 1.056, 0.40),
    "Ir192_GammaMedPlus": ("Ir192_HDR/GammaMedPlus", 1.117, 0.35),
}


@cache
def read(file: Path) -> list[list[str]]:
    return [line.split(",") for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def mean_inverse_square(z: float, y: float, length: float, intervals: int = 1000) -> float:
    total = 0.0
    for n in range(intervals + 1):
        s = -0.5 * length + length * n / intervals
        weight = 1 if n in (0, intervals) else (4 if n % 2 else 2)
        total += weight / ((z - s) ** 2 + y**2)
    return total / (3 * intervals)


def between(nodes: list[float], x: float) -> tuple[int, float]:
    if x <= nodes[0]:
        return 0, 0.0
    for n in range(len(nodes) - 1):
        if x <= nodes[n + 1]:
            return n, (x - nodes[n]) / (nodes[n + 1] - nodes[n])
    return len(nodes) - 2, 1.0


def g_of(rows: list[list[str]], r: float) -> float:
    radius, value = ([float(row[column]) for row in rows[1:]] for column in (0, 1))
    if r > radius[-1]:
        rate = math.log(value[-2] / value[-1]) / (radius[-1] - radius[-2])
        return value[-1] * math.exp(-rate * (r - radius[-1]))
    n, part = between(radius, r)
    return math.exp((1 - part) * math.log(value[n]) + part * math.log(value[n + 1]))


def F_of(rows: list[list[str]], r: float, degrees: float) -> float:
    radius, angle = [float(cell) for cell in rows[0][1:]], [float(row[0]) for row in rows[1:]]
    if angle[-1] == 90.0 and degrees > 90.0:
        degrees = 180.0 - degrees
    i, u = between(angle, degrees)
    j, v = between(radius, r)

    def cell(row: int, column: int) -> float:
        while not rows[1 + row][1 + column].strip():
            column += 1
        return float(rows[1 + row][1 + column])

    near = (1 - u) * cell(i, j) + u * cell(i + 1, j)
    far = (1 - u) * cell(i, j + 1) + u * cell(i + 1, j + 1)
    return (1 - v) * near + v * far


def rate_by_hand(folder: Path, constant: float, length: float, z: float, y: float) -> float:
    r = math.hypot(z, y)
    geometry = mean_inverse_square(z, y, length) / mean_inverse_square(0.0, 1.0, length)
    anisotropy = F_of(read(folder / "F.csv"), r, math.degrees(math.atan2(y, z)))
    return constant * geometry * g_of(read(folder / "g.csv"), r) * anisotropy


@pytest.mark.parametrize("key", SOURCES)
@pytest.mark.parametrize(("method", "allowed"), [(Method.DIRECT, SAME_DEFINITION), (Method.TABULATED, TABLE_ERROR)])
def test_along_and_away_rates_follow_from_the_definition(key: str, method: Method, allowed: float) -> None:
    folder, constant, length = SOURCES[key]
    places = [(z, y) for z in ALONG_CM for y in AWAY_CM if math.hypot(z, y) > 0.49]
    by_hand = [rate_by_hand(FOLDERS / folder, constant, length, z, y) for z, y in places]
    axis = np.array([0.48, -0.6, 0.64])
    across = np.array([0.8, 0.0, -0.6])
    term = SourceTerm(
        source=load_source(key),
        positions_lps_mm=np.array([[5.0, 6.0, 7.0]]),
        axes_lps=axis[None],
        weight_u_h=np.array([100.0]),
    )
    points = np.array([[5.0, 6.0, 7.0] + 10 * z * axis + 10 * y * across for z, y in places])
    doses = dose_at_points([term], points, formalism=Formalism.LINE_2D, method=method)
    assert doses == pytest.approx(by_hand, rel=allowed)
