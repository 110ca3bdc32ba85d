"""The field around an axis against exact ones: lines, layered cylinders, annular slots; orders of convergence."""

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from maxwell_exact import AnnularSlot, FlangedLine, LayeredCylinders, lossy, wave_number
from maxwell_scenes import (
    CYLINDER_HEIGHT_MM,
    CYLINDERS_MM,
    FILLING,
    HZ,
    LAYERS,
    LINE_MM,
    LIVER,
    LOAD,
    SLOT_MM,
    cylinders,
    flanged_line,
    line,
    reflection_at_plane,
    slot,
)
from trocar.errors import HeatError
from trocar.heat.field_walls import CoaxialPort, Side, fed_wall, leaving_wall, metal_wall
from trocar.heat.maxwell import TmField, TmProblem, reflection, solve_tm

SECOND_ORDER = 1.9
"""Observed, where nothing in the problem is singular."""
AT_SHARP_EDGES = 1.6
"""Observed with a slot that begins and ends in metal, at a distance from its edges."""
WITHIN_ROUNDING_W = 1e-10
WAVE_NUMBER_OF_LINE = wave_number(FILLING, HZ)


def order(coarse: float, fine: float) -> float:
    return float(np.log2(coarse / fine))


class TestCoaxialLine:
    @staticmethod
    def errors(n: int) -> tuple[float, float]:
        """Return errors of S11 with another filling 10 mm away, and with a short circuit 20 mm away."""
        first, second = 1 / np.sqrt(FILLING), 1 / np.sqrt(LOAD)
        joint = (second - first) / (second + first) * np.exp(-2j * WAVE_NUMBER_OF_LINE * 0.010)
        short = -np.exp(-2j * WAVE_NUMBER_OF_LINE * 0.020)
        return abs(reflection(*line(n, LOAD)) - joint), abs(reflection(*line(n, None)) - short)

    def test_reflects_at_a_joint_and_at_a_short_circuit_as_lines_do_to_second_order(self) -> None:
        coarse, fine = self.errors(20), self.errors(40)
        assert max(fine) < 2e-4
        assert min(order(c, f) for c, f in zip(coarse, fine, strict=True)) > SECOND_ORDER

    def test_carries_the_travelling_wave_and_its_impedance(self) -> None:
        field, port = line(80, FILLING)
        z_m = field.problem.middles_mm[1] * 1e-3
        wave_a = port.incident_a * np.exp(-1j * WAVE_NUMBER_OF_LINE * z_m)
        assert np.abs(field.u_a - wave_a[:, None]).max() < 1e-3 * port.incident_a
        volts = field.r_e_r_v[0, 0] * np.log(LINE_MM[1] / LINE_MM[0])
        assert volts / (2 * np.pi * field.face_u_a(Side.BOTTOM)[0]) == pytest.approx(port.line_ohm, rel=1e-4)
        assert not np.abs(field.e_z_v_per_m).max() > 1e-9 * np.abs(field.r_e_r_v).max()

    def test_that_is_matched_takes_the_power_of_its_port(self) -> None:
        z_mm, r_mm = np.linspace(0.0, 20.0, 41), np.linspace(*LINE_MM, 5)
        epsilon = np.full((40, 4), 2.03 + 0j)
        port = CoaxialPort(side=Side.TOP, inner_mm=0.5, outer_mm=1.5, permittivity=2.03, power_w=60.0)
        wall = metal_wall(4)
        field = solve_tm(
            TmProblem(
                r_mm=r_mm,
                z_mm=z_mm,
                permittivity=epsilon,
                metal=np.zeros(epsilon.shape, bool),
                frequency_hz=HZ,
                bottom=leaving_wall(Side.BOTTOM, r_mm=r_mm, z_mm=z_mm, permittivity=epsilon, centre_mm=None),
                top=fed_wall(wall, port, r_mm),
                outer=metal_wall(40),
            )
        )
        assert field.leaving_w(Side.BOTTOM).sum() == pytest.approx(60.0, rel=1e-3)
        assert field.leaving_w(Side.TOP).sum() == pytest.approx(-60.0, rel=1e-3)
        assert abs(reflection(field, port)) < 1e-3


class TestLayeredCylinders:
    @staticmethod
    def errors(n: int, waves: int) -> tuple[float, float]:
        """Return the largest errors of H_phi and E_z relative to their largest values."""
        kz = 2 * np.pi * waves / (CYLINDER_HEIGHT_MM * 1e-3)
        exact = LayeredCylinders(CYLINDERS_MM, LAYERS, HZ, kz)
        field = cylinders(n, kz)
        r_mm, z_mm = field.problem.middles_mm
        wave = np.cos(kz * z_mm * 1e-3)[:, None]
        h, e = exact.h_phi(r_mm) * wave, exact.e_z(np.asarray(field.problem.r_mm)) * wave
        found = (field.h_phi_a_per_m - h, field.e_z_v_per_m - e)
        return float(np.abs(found[0]).max() / np.abs(h).max()), float(np.abs(found[1]).max() / np.abs(e).max())

    @pytest.mark.parametrize("waves", [0, 1])
    def test_hold_bessel_fields_to_second_order(self, waves: int) -> None:
        coarse, fine = self.errors(40, waves), self.errors(80, waves)
        assert max(fine) < 5e-3
        assert min(order(c, f) for c, f in zip(coarse, fine, strict=True)) > SECOND_ORDER


class TestAnnularSlot:
    EXACT = AnnularSlot(*SLOT_MM, LIVER, HZ)
    R_MM, Z_MM = np.array([1.0, 4.0, 8.0, 15.0, 3.0]), np.array([1.0, 1.5, 5.0, 10.0, 20.0])

    def error(self, field: TmField) -> float:
        r_mm, z_mm = field.problem.middles_mm
        found = RegularGridInterpolator((z_mm, r_mm), field.h_phi_a_per_m, method="cubic")(
            np.column_stack([self.Z_MM, self.R_MM])
        )
        return float(np.abs(found / self.EXACT.h_phi(self.R_MM, self.Z_MM) - 1).max())

    def test_has_one_field_by_spectrum_and_by_magnetic_currents(self) -> None:
        by_currents = [self.EXACT.h_phi_by_currents(r, z) for r, z in zip(self.R_MM, self.Z_MM, strict=True)]
        assert np.allclose(self.EXACT.h_phi(self.R_MM, self.Z_MM), by_currents, rtol=1e-6)

    def test_radiates_into_liver_as_the_hankel_integral_says(self) -> None:
        coarse, fine = self.error(slot(4)), self.error(slot(8))
        assert fine < 0.01
        assert order(coarse, fine) > AT_SHARP_EDGES

    def test_takes_the_power_of_its_admittance(self) -> None:
        watts = 0.5 * np.log(SLOT_MM[1] / SLOT_MM[0]) ** 2 * self.EXACT.admittance_s().real
        coarse, fine = (abs(-slot(m).leaving_w(Side.BOTTOM).sum() / watts - 1) for m in (4, 8))
        assert fine < 0.01
        assert order(coarse, fine) > AT_SHARP_EDGES

    def test_is_hardly_changed_by_where_the_lattice_ends(self) -> None:
        fat = lossy(5.3, 0.098, HZ)  # damps little: waves reach the wall
        near, far = (slot(8, reach_mm=reach, outside=fat).leaving_w(Side.BOTTOM).sum() for reach in (30.0, 90.0))
        assert near == pytest.approx(far, rel=1e-3)


def test_a_line_that_opens_into_liver_reflects_as_matched_modes_say() -> None:
    modes = [
        FlangedLine(*LINE_MM, filling=2.03, outside=LIVER, frequency_hz=HZ, modes=count).reflection()
        for count in (16, 32)
    ]
    exact = 2 * modes[1] - modes[0]  # the field at the edges makes both converge with the first power
    coarse, fine = (abs(reflection_at_plane(*flanged_line(m)) - exact) for m in (4, 8))
    assert fine < 0.01
    assert fine < 0.5 * coarse


def test_power_that_enters_is_absorbed_or_leaves() -> None:
    field, port = flanged_line(4)
    reflected = abs(reflection(field, port)) ** 2
    taken = field.absorbed_w.sum() + field.leaving_w(Side.TOP).sum() + field.leaving_w(Side.OUTER).sum()
    assert abs(field.imbalance_w) < WITHIN_ROUNDING_W
    assert 1.0 - reflected == pytest.approx(taken, abs=1e-6)
    assert field.absorbed_w.min() >= 0.0


def test_metal_holds_no_field_and_takes_no_power() -> None:
    field, _ = flanged_line(4)
    metal = field.problem.metal
    assert not field.u_a[metal].any()
    assert not field.absorbed_w[metal].any()


def test_absorption_a_mass_is_absorption_a_volume_over_density() -> None:
    field, _ = flanged_line(4)
    total_w = (field.sar_w_per_kg(1079.0) * 1079.0 * field.problem.volume_mm3 * 1e-9).sum()
    assert total_w == pytest.approx(field.absorbed_w.sum())


def problem(**change: object) -> TmProblem:
    facts: dict[str, object] = {
        "r_mm": np.array([0.0, 1.0, 2.0]),
        "z_mm": np.array([0.0, 1.0]),
        "permittivity": np.array([[1.0 - 1j, 2.0 - 1j]]),
        "metal": np.zeros((1, 2), bool),
        "frequency_hz": HZ,
        "bottom": metal_wall(2),
        "top": metal_wall(2),
        "outer": metal_wall(1),
    }
    return TmProblem(**(facts | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"r_mm": np.array([0.0, 2.0, 1.0])},
        {"r_mm": np.array([-1.0, 1.0, 2.0])},
        {"permittivity": np.array([[1.0 + 1j, 2.0 - 1j]])},
        {"permittivity": np.array([[np.nan + 0j, 2.0 - 1j]])},
        {"frequency_hz": 0.0},
        {"outer": metal_wall(2)},
        {"bottom": metal_wall(3)},
    ],
)
def test_a_problem_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeatError) as caught:
        problem(**change)
    assert caught.value.code == "heat.field-problem-invalid"


@pytest.mark.parametrize(
    ("inner", "outer", "power_w", "side"),
    [(0.0, 1.0, 1.0, Side.TOP), (2.0, 1.0, 1.0, Side.TOP), (0.5, 1.0, 0.0, Side.TOP), (0.5, 1.0, 1.0, Side.OUTER)],
)
def test_a_port_that_cannot_be_is_refused(inner: float, outer: float, power_w: float, side: Side) -> None:
    with pytest.raises(HeatError) as caught:
        CoaxialPort(side=side, inner_mm=inner, outer_mm=outer, permittivity=2.0, power_w=power_w)
    assert caught.value.code == "heat.coaxial-port-invalid"


def test_a_field_is_named_by_its_content() -> None:
    assert problem().content_hash == problem().content_hash
    port = CoaxialPort(side=Side.TOP, inner_mm=0.5, outer_mm=1.5, permittivity=FILLING)
    assert port != CoaxialPort(side=Side.TOP, inner_mm=0.5, outer_mm=1.5, permittivity=2.03)
