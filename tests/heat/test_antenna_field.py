"""The field of the catalogue's antennas: its balance, how it converges, and what it is known to do."""

import numpy as np
import pytest
from scipy.optimize import root
from scipy.special import hankel2, jv, yv

from trocar.catalogue.antenna_design import AntennaDesign
from trocar.catalogue.applicators import antenna_keys, load_applicator
from trocar.catalogue.tissues import load_dielectric_fall, load_tissue
from trocar.heat.antenna_field import AntennaLattice
from trocar.heat.sources.microwave import Band

WITHIN_BALANCE = 1e-6
"""Modes that die out in the line are all that is neither in S11 nor absorbed nor gone."""
CONVERGED = 0.02
"""Change of S11 and of the absorbed share when rings are twice as fine."""


def lattice(key: str, *, band: Band = Band.MHZ_2450, tissue: str = "liver", fall: str = "", finer: float = 1.0):
    design = load_applicator(key).antenna
    assert isinstance(design, AntennaDesign)
    return AntennaLattice(
        design, load_tissue(tissue), band, fall=load_dielectric_fall(fall) if fall else None, finer=finer
    )


def within_mm(made: AntennaLattice, low_mm: float, high_mm: float) -> float:
    """Return the share of the absorbed power between two places behind the tip."""
    watts = made.field().absorbed_w.sum(axis=1)
    z_mm = made.middles_mm[1]
    return float(watts[(z_mm > low_mm) & (z_mm < high_mm)].sum() / watts.sum())


@pytest.mark.parametrize("band", list(Band))
@pytest.mark.parametrize("key", antenna_keys())
def test_what_arrives_is_reflected_absorbed_or_leaves(key: str, band: Band) -> None:
    answer = lattice(key, band=band, finer=0.5).answer()
    assert answer.reflected + answer.absorbed + answer.left == pytest.approx(1.0, abs=WITHIN_BALANCE)
    assert 0.0 < answer.left < 0.15


@pytest.mark.parametrize("key", antenna_keys())
def test_finer_rings_hardly_change_the_answer(key: str) -> None:
    usual, fine = lattice(key).answer(), lattice(key, finer=2.0).answer()
    assert abs(usual.reflection - fine.reflection) < 2 * CONVERGED
    assert usual.absorbed == pytest.approx(fine.absorbed, abs=CONVERGED)


def test_antennas_are_matched_at_the_frequency_they_were_made_for() -> None:
    for key in ("microwave/coaxial_slot", "microwave/choked_monopole"):
        assert lattice(key).answer().reflected < 0.1
        assert lattice(key, band=Band.MHZ_915).answer().reflected > 0.15


def test_a_choke_keeps_the_power_at_the_tip_where_a_bare_slot_lets_it_run_along_the_shaft() -> None:
    choked, bare = lattice("microwave/choked_monopole"), lattice("microwave/coaxial_slot")
    assert within_mm(choked, 25.0, 60.0) < 0.03
    assert within_mm(bare, 25.0, 60.0) > 0.15


def test_the_wave_along_a_sheathed_shaft_is_the_one_that_such_a_wire_guides() -> None:
    made = lattice("microwave/coaxial_slot", finer=1.5)
    r_mm, z_mm = made.middles_mm
    beside = int(np.searchsorted(r_mm, 0.9)) + 1
    away = (z_mm > 18.0) & (z_mm < 30.0)
    log = np.log(made.field().u_a[away, beside])
    slope = np.polyfit(z_mm[away], log.real + 1j * np.unwrap(log.imag), 1)[0]
    outside = complex(made.materials(None)[0, -1])
    assert 1j * slope == pytest.approx(sheathed_wave_per_mm(0.595, 0.895, 2.6, outside), rel=0.01)


def sheathed_wave_per_mm(metal_mm: float, sheath_mm: float, filling: complex, outside: complex) -> complex:
    """Return the wave number of the wave that a metal wire in a dielectric sheath guides through lossy tissue (X7)."""
    k0 = 2 * np.pi * 2.45e9 / 299792458.0 * 1e-3

    def mismatch(parts: np.ndarray) -> list[float]:
        beta = parts[0] + 1j * parts[1]
        inner, outer = np.sqrt(filling * k0**2 - beta**2 + 0j), np.sqrt(outside * k0**2 - beta**2 + 0j)
        outer = -outer if outer.imag > 0 else outer
        a, b = inner * metal_mm, inner * sheath_mm
        e = jv(0, b) * yv(0, a) - jv(0, a) * yv(0, b)
        h = jv(1, b) * yv(0, a) - jv(0, a) * yv(1, b)
        left = filling / inner * h / e
        right = outside / outer * hankel2(1, outer * sheath_mm) / hankel2(0, outer * sheath_mm)
        return [(left - right).real, (left - right).imag]

    guess = k0 * np.sqrt(filling) * (1.6 - 0.4j)
    found = root(mismatch, [guess.real, guess.imag])
    assert found.success
    return complex(found.x[0] + 1j * found.x[1])


def test_dried_tissue_takes_less_and_lets_more_through() -> None:
    made = lattice("microwave/choked_monopole", fall="ji_brace")
    cold = made.answer(np.full(made.metal.shape, 37.0))
    dry = made.answer(np.full(made.metal.shape, 110.0))
    assert cold.reflection == pytest.approx(made.answer().reflection)
    assert dry.absorbed < cold.absorbed - 0.05
    assert dry.left > 5 * cold.left


def test_metal_and_plastic_take_no_heat() -> None:
    made = lattice("microwave/coaxial_slot", finer=0.5)
    assert not made.answer().heat_w_per_mm3[~made.tissue].any()
