"""Time-harmonic Maxwell's equations around an axis, TM field; equations (F1) to (F8) of docs/theory/antenna.md.

The unknown is ``u = r H_phi`` in the middle of each ring of a graded lattice in r and z; the electric field lies on its
edges. Materials may jump from ring to ring, metal rings carry no field. What happens on the outside is said by one
`Wall` a side: metal, an imposed field, waves that leave, or a coaxial line that feeds (`CoaxialPort`).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex128, Float64
from scipy import constants
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from trocar.errors import HeatError
from trocar.geometry.value import Value, frozen_array
from trocar.heat.field_walls import CoaxialPort, Side, Wall

MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TmProblem(Value):
    """Rings, what they are made of, and what holds on the outside.

    Parameters
    ----------
    r_mm, z_mm
        Edges of the rings, ascending; where the first radius is 0 the axis lies there, otherwise a metal core.
    permittivity
        Relative, complex: epsilon - j sigma / (omega epsilon_0), [z, r].
    metal
        Which rings are perfect metal.
    frequency_hz
        Of the field, whose time factor is exp(+j omega t).
    bottom, top, outer
        Walls.

    Raises
    ------
    HeatError
        Edges that do not ascend, arrays of other sizes, or a material that amplifies.
    """

    r_mm: Float64[np.ndarray, " R"]
    z_mm: Float64[np.ndarray, " Z"]
    permittivity: Complex128[np.ndarray, "z r"]
    metal: Bool[np.ndarray, "z r"]
    frequency_hz: float
    bottom: Wall
    top: Wall
    outer: Wall

    def __post_init__(self) -> None:
        for name, kind in (("r_mm", float), ("z_mm", float), ("permittivity", complex), ("metal", bool)):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.dtype(kind)))
        rings = (len(self.z_mm) - 1, len(self.r_mm) - 1)
        ascend = bool((np.diff(self.r_mm) > 0).all() and (np.diff(self.z_mm) > 0).all() and self.r_mm[0] >= 0)
        walls = (len(self.outer.imposed), len(self.bottom.imposed), len(self.top.imposed))
        fits = self.permittivity.shape == self.metal.shape == rings and walls == (rings[0], rings[1], rings[1])
        passive = bool((self.permittivity.imag <= 0).all() and (self.permittivity.real > 0).all())
        if not (ascend and fits and passive and self.frequency_hz > 0):
            raise HeatError(
                "heat.field-problem-invalid",
                "a field of {frequency_hz} Hz on {given} rings with edges that ascend: {ascend}, arrays that fit: "
                "{fits}, materials that absorb or let through: {passive}, was asked for; all three must hold, and the "
                "frequency be above 0",
                frequency_hz=self.frequency_hz,
                given=rings,
                ascend=ascend,
                fits=fits,
                passive=passive,
            )

    @property
    def middles_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """Middles of the rings in r and z."""
        return 0.5 * (self.r_mm[1:] + self.r_mm[:-1]), 0.5 * (self.z_mm[1:] + self.z_mm[:-1])

    @property
    def volume_mm3(self) -> Float64[np.ndarray, "z r"]:
        """Of each ring."""
        return np.asarray(np.pi * np.outer(np.diff(self.z_mm), np.diff(self.r_mm**2)))

    @property
    def omega_epsilon(self) -> float:
        """Angular frequency times the permittivity of vacuum, S/m."""
        return float(2.0 * np.pi * self.frequency_hz * constants.epsilon_0)

    @property
    def conductivity_s_per_m(self) -> Float64[np.ndarray, "z r"]:
        """Effective conductivity of each ring."""
        return np.asarray(-self.permittivity.imag * self.omega_epsilon)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lengths:
    """Weights of (F3) and (F4), in SI: radial weight of a ring, height, and how a ring is split about its middle."""

    weight: np.ndarray
    height: np.ndarray
    inner_half: np.ndarray
    outer_half: np.ndarray


def _lengths(problem: TmProblem) -> _Lengths:
    r, z = problem.r_mm * MM, problem.z_mm * MM
    middle = 0.5 * (r[1:] + r[:-1])
    with np.errstate(divide="ignore"):
        weight = np.log(r[1:] / r[:-1])
    if r[0] == 0.0:
        weight[0] = 0.5 * (r[1] / middle[0]) ** 2
    return _Lengths(
        weight=weight,
        height=np.diff(z),
        inner_half=0.5 * (middle**2 - r[:-1] ** 2),
        outer_half=0.5 * (r[1:] ** 2 - middle**2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Faces:
    """The electric field on every face: admitted times what u falls by across it, plus what is given, (F3) and (F4).

    ``along`` is r E_r on faces across z, [Z, r]; ``across`` is -E_z on faces across r, [z, R]. Beyond a wall, and on
    the axis, u counts as 0.
    """

    along: np.ndarray
    along_given: np.ndarray
    across: np.ndarray
    across_given: np.ndarray


def _faces(problem: TmProblem, lengths: _Lengths) -> _Faces:
    epsilon = 1j * problem.omega_epsilon * problem.permittivity
    open_ = ~problem.metal
    nz, nr = problem.permittivity.shape
    along, across = np.zeros((nz + 1, nr), complex), np.zeros((nz, nr + 1), complex)
    along_given, across_given = np.zeros_like(along), np.zeros_like(across)
    half = 0.5 * epsilon * lengths.height[:, None]
    inner, outer = epsilon * lengths.inner_half, epsilon * lengths.outer_half
    along[1:-1] = (open_[1:] & open_[:-1]) / (half[1:] + half[:-1])
    across[:, 1:-1] = (open_[:, 1:] & open_[:, :-1]) / (outer[:, :-1] + inner[:, 1:])
    if problem.r_mm[0] == 0.0:
        across[:, 0] = open_[:, 0] / inner[:, 0]
    for wall, row in ((problem.bottom, 0), (problem.top, -1)):
        share = open_[row] / (1.0 + half[row] * wall.impedance_ohm)
        along[row], along_given[row] = wall.impedance_ohm * share, wall.imposed * share
    leaving = problem.outer.impedance_ohm / (problem.r_mm[-1] * MM)
    share = open_[:, -1] / (1.0 + outer[:, -1] * leaving)
    across[:, -1], across_given[:, -1] = leaving * share, -problem.outer.imposed * share
    return _Faces(along=along, along_given=along_given, across=across, across_given=across_given)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TmField(Value):
    """The field of a problem, peak values, arrays [z, r].

    Parameters
    ----------
    problem
        What was solved.
    u_a
        r H_phi in the middle of each ring, in A; 0 in metal.
    r_e_r_v
        r E_r on the faces across z, in V.
    e_z_v_per_m
        E_z on the faces across r.
    """

    problem: TmProblem
    u_a: Complex128[np.ndarray, "z r"]
    r_e_r_v: Complex128[np.ndarray, "Z r"]
    e_z_v_per_m: Complex128[np.ndarray, "z R"]

    @property
    def h_phi_a_per_m(self) -> Complex128[np.ndarray, "z r"]:
        """Magnetic field in the middle of each ring."""
        return np.asarray(self.u_a / (self.problem.middles_mm[0] * MM))

    @property
    def absorbed_w(self) -> Float64[np.ndarray, "z r"]:
        """Power that each ring takes up, equation (F7)."""
        problem, lengths = self.problem, _lengths(self.problem)
        radial = np.abs(self.r_e_r_v) ** 2 * lengths.weight
        axial = np.abs(self.e_z_v_per_m) ** 2
        squared = 0.5 * lengths.height[:, None] * (radial[1:] + radial[:-1])
        squared += lengths.height[:, None] * (axial[:, :-1] * lengths.inner_half + axial[:, 1:] * lengths.outer_half)
        return np.asarray(np.where(problem.metal, 0.0, np.pi * problem.conductivity_s_per_m * squared))

    @property
    def heat_w_per_mm3(self) -> Float64[np.ndarray, "z r"]:
        """Absorbed power a volume."""
        return np.asarray(self.absorbed_w / self.problem.volume_mm3)

    def sar_w_per_kg(self, density_kg_per_m3: float) -> Float64[np.ndarray, "z r"]:
        """Return the specific absorption rate in tissue of a density."""
        return np.asarray(self.heat_w_per_mm3 * 1e9 / density_kg_per_m3)

    def face_u_a(self, side: Side) -> Complex128[np.ndarray, " n"]:
        """Return r H_phi on a side, half a ring beyond the middles."""
        lengths, epsilon = _lengths(self.problem), 1j * self.problem.omega_epsilon * self.problem.permittivity
        if side is Side.OUTER:
            return np.asarray(self.u_a[:, -1] + epsilon[:, -1] * lengths.outer_half[-1] * self.e_z_v_per_m[:, -1])
        row = 0 if side is Side.BOTTOM else -1
        step = 0.5 * epsilon[row] * lengths.height[row] * self.r_e_r_v[row]
        return np.asarray(self.u_a[row] - side.value * step)

    def leaving_w(self, side: Side) -> Float64[np.ndarray, " n"]:
        """Return the power that leaves through each ring of a side; below 0 where it enters."""
        lengths, u = _lengths(self.problem), np.conj(self.face_u_a(side))
        if side is Side.OUTER:
            return np.asarray(-np.pi * lengths.height * (self.e_z_v_per_m[:, -1] * u).real)
        row = 0 if side is Side.BOTTOM else -1
        return np.asarray(side.value * np.pi * lengths.weight * (self.r_e_r_v[row] * u).real)

    @property
    def imbalance_w(self) -> float:
        """Power that enters less what is absorbed and what leaves, equation (F8): 0 but for rounding."""
        return -float(sum(self.leaving_w(side).sum() for side in Side)) - float(self.absorbed_w.sum())


def solve_tm(problem: TmProblem) -> TmField:
    """Return the field of a problem, by sparse factors of the equations (F5).

    Raises
    ------
    HeatError
        The rings resonate at this frequency without any loss, so that the field is not determined.
    """
    lengths = _lengths(problem)
    faces = _faces(problem, lengths)
    weight, height = np.broadcast_to(lengths.weight, problem.metal.shape), lengths.height[:, None]
    given = -weight * np.diff(faces.along_given, axis=0) - height * np.diff(faces.across_given, axis=1)
    open_ = ~problem.metal
    u = np.zeros(open_.shape, complex)
    try:
        u[open_] = splu(_matrix(problem, faces, weight, height), **FACTORS).solve(given[open_])
    except RuntimeError as error:
        raise HeatError(
            "heat.field-resonates",
            "the field of {frequency_hz} Hz is not determined by its rings and walls ({reason}); add a loss or a wall "
            "through which waves leave",
            frequency_hz=problem.frequency_hz,
            reason=str(error),
        ) from error
    beside = np.pad(u, 1)
    along = faces.along * (beside[:-1, 1:-1] - beside[1:, 1:-1]) + faces.along_given
    across = faces.across * (beside[1:-1, :-1] - beside[1:-1, 1:]) + faces.across_given
    return TmField(problem=problem, u_a=u, r_e_r_v=along, e_z_v_per_m=-across)


FACTORS = {"permc_spec": "MMD_AT_PLUS_A", "options": {"SymmetricMode": True}, "diag_pivot_thresh": 0.01}


def _matrix(problem: TmProblem, faces: _Faces, weight: np.ndarray, height: np.ndarray) -> csc_array:
    """Return Faraday's law of each open ring: circulation of E plus j omega mu times the flux of H."""
    own = 2j * np.pi * problem.frequency_hz * constants.mu_0 * weight * height
    own = own + weight * (faces.along[1:] + faces.along[:-1]) + height * (faces.across[:, 1:] + faces.across[:, :-1])
    open_ = ~problem.metal
    number = np.where(open_, np.cumsum(open_).reshape(open_.shape) - 1, -1)
    links = [(number[open_], number[open_], own[open_])]
    for first, second, link in (
        (number[:-1], number[1:], -weight[:-1] * faces.along[1:-1]),
        (number[:, :-1], number[:, 1:], -height * faces.across[:, 1:-1]),
    ):
        both = (first >= 0) & (second >= 0)
        links += [(first[both], second[both], link[both]), (second[both], first[both], link[both])]
    rows, columns, values = (np.concatenate(part) for part in zip(*links, strict=True))
    return coo_array((values, (rows, columns))).tocsc()


def reflection(field: TmField, port: CoaxialPort) -> complex:
    """Return the reflection coefficient of the voltage, S11, on a port through which a field was fed, equation (F6)."""
    problem = field.problem
    middles_mm, weight = problem.middles_mm[0], _lengths(problem).weight
    across = (middles_mm > port.inner_mm) & (middles_mm < port.outer_mm)
    mean_a = np.average(field.face_u_a(port.side)[across], weights=weight[across])
    return complex(1.0 - mean_a / port.incident_a)
