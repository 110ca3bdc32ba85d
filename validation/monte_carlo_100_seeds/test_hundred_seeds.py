"""A hundred parallel seeds in water: superposition of one seed against a Monte Carlo of all."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from trocar.catalogue.sources import Source, load_source
from trocar.catalogue.tables import AnisotropyTable, RadialTable
from trocar.dose.base import Formalism, SourceTerm
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import geometry_function

RADII_CM = np.array([0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0])
ANGLES_DEG = np.array([0.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0])
CLEAR_OF_SEEDS_MM = 4.0
SUBDIVISIONS = 3


FINE_RINGS_CM = 2.0
"""Up to this distance the rings of 0.5 mm are used, beyond it those of 1 mm, which reach farther."""


def source_of_the_monte_carlo(folder: Path) -> Source:
    """Return a source whose tables are taken from the Monte Carlo of one seed instead of the consensus."""
    consensus = load_source("I125_6711")
    L = consensus.active_length_cm
    fine, wide = (_reduced(folder / name, L) for name in ("tg_6711_05mm.npz", "tg_6711_1mm_long.npz"))

    def at(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
        place = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1)
        return np.where(radius <= FINE_RINGS_CM, fine(place), wide(place))

    across = at(RADII_CM, np.full(len(RADII_CM), 0.5 * np.pi))
    (reference,) = across[RADII_CM == 1.0]
    radius, angle = np.meshgrid(RADII_CM, np.deg2rad(ANGLES_DEG))
    return replace(
        consensus,
        key="I125_6711_monte_carlo",
        dose_rate_constant_cgy_per_h_per_u=float(
            reference * geometry_function(np.array(1.0), np.array(0.5 * np.pi), L)
        ),
        g_L=RadialTable(radius_cm=RADII_CM, values=across / reference),
        F=AnisotropyTable(radius_cm=RADII_CM, theta_deg=ANGLES_DEG, values=at(radius, angle) / across),
    )


def _reduced(file: Path, length_cm: float) -> RegularGridInterpolator:
    """Return dose rate over geometry function, a smooth quantity, as a function of distance from axis and height."""
    data = np.load(file)
    rho_edges, z_edges = data["rho_edges_cm"], data["z_edges_cm"]
    rate = data["dose_Gy_per_history"] / float(data["SK_header_Gy_cm2_per_history"])
    reduced = rate / _ring_mean(rho_edges, z_edges, length_cm)
    rho = np.sqrt(0.5 * (rho_edges[1:] ** 2 + rho_edges[:-1] ** 2))
    rho[0] = 0.0  # on the axis the innermost ring counts
    z = 0.5 * (z_edges[1:] + z_edges[:-1])
    return RegularGridInterpolator((rho, z), 0.5 * (reduced + reduced[:, ::-1]))


def _ring_mean(rho_edges: np.ndarray, z_edges: np.ndarray, length: float, parts: int = 6) -> np.ndarray:
    """Return the geometry function averaged over every ring, which takes out its steep fall within one."""
    share = (np.arange(parts) + 0.5) / parts
    total = np.zeros((len(rho_edges) - 1, len(z_edges) - 1))
    for one in share:
        rho = np.sqrt(rho_edges[:-1] ** 2 + one * np.diff(rho_edges**2))[:, None]
        for other in share:
            z = (z_edges[:-1] + other * np.diff(z_edges))[None, :]
            total += geometry_function(np.hypot(rho, z), np.arctan2(rho, np.broadcast_to(z, total.shape)), length)
    return total / parts**2


@pytest.fixture(scope="module")
def case(monte_carlo: Path) -> dict[str, np.ndarray]:
    data = np.load(monte_carlo / "R3_water_super_cube8.npz")
    with (monte_carlo / "seeds_100.csv").open() as lines:
        seeds = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)]
    positions = 10.0 * np.array([[seed[name] for name in ("x_cm", "y_cm", "z_cm")] for seed in seeds])
    axes = np.array([[seed[name] for name in ("ux", "uy", "uz")] for seed in seeds])
    edges = [10.0 * data[name] for name in ("x_edges_cm", "y_edges_cm", "z_edges_cm")]
    centres = np.stack(np.meshgrid(*[0.5 * (e[1:] + e[:-1]) for e in edges], indexing="ij"), axis=-1).reshape(-1, 3)
    near = np.min(np.linalg.norm(centres[:, None] - positions[None], axis=2), axis=1)
    return {
        "positions": positions,
        "axes": axes,
        "centres": centres,
        "near": near,
        "rate": data["dose_rate_cGy_per_h_per_U"].astype(np.float64).ravel(),
        "error": data["rel_unc_1sigma"].astype(np.float64).ravel(),
    }


def voxel_means(source: Source, case: dict[str, np.ndarray], chosen: np.ndarray) -> np.ndarray:
    """Return the formalism's dose rates averaged over voxels of 2 mm."""
    term = SourceTerm(
        source=source,
        positions_lps_mm=case["positions"],
        axes_lps=case["axes"],
        weight_u_h=np.full(len(case["positions"]), 100.0),
    )
    part = 2.0 * ((np.arange(SUBDIVISIONS) + 0.5) / SUBDIVISIONS - 0.5)
    inside = np.stack(np.meshgrid(part, part, part), axis=-1).reshape(-1, 3)
    points = (case["centres"][chosen][:, None] + inside).reshape(-1, 3)
    return dose_at_points([term], points, formalism=Formalism.LINE_2D).reshape(-1, len(inside)).mean(axis=1)


def target(case: dict[str, np.ndarray]) -> np.ndarray:
    half = np.array([17.0, 14.0, 19.0])
    return (np.abs(case["centres"]) < half).all(axis=1) & (case["near"] > CLEAR_OF_SEEDS_MM)


def around(case: dict[str, np.ndarray]) -> np.ndarray:
    return (np.abs(case["centres"]) > 22.0).any(axis=1) & (case["error"] < 0.02)


def test_with_tables_of_the_same_monte_carlo_the_sum_is_met(case: dict[str, np.ndarray], monte_carlo: Path) -> None:
    source = source_of_the_monte_carlo(monte_carlo)
    for region, mean in ((target(case), 0.005), (around(case), 0.004)):
        ratio = voxel_means(source, case, region) / case["rate"][region]
        assert np.median(ratio) == pytest.approx(1.0, abs=mean)
        # the scatter is that of the Monte Carlo, and little more
        assert ratio.std() < 1.3 * np.sqrt((case["error"][region] ** 2).mean()) + 0.003


def test_with_the_consensus_the_sum_is_higher_as_the_constants_are(case: dict[str, np.ndarray]) -> None:
    region = target(case)
    ratio = case["rate"][region] / voxel_means(load_source("I125_6711"), case, region)
    assert ratio.mean() == pytest.approx(0.954, abs=0.004)
    assert ratio.std() < 0.006
