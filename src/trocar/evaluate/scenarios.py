"""What may become of a planned implant: needles off their way, seeds that slide, fall or leave, tissue that swells.

Pure draws of geometry; doses are computed elsewhere. Equations (U1) to (U5), `docs/theory/robustness.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import roots_jacobi

from trocar.catalogue.nuclides import Nuclide
from trocar.catalogue.placement import PlacementErrors, Spread
from trocar.errors import EvaluateError
from trocar.geometry.value import Value
from trocar.plan.needles import Needle
from trocar.plan.seeds import Seed

NODES = 3
"""Moments at which a swollen implant is looked at (Gauss-Jacobi in the swelling left): good to 1e-4 of the dose."""

LASTING = 500.0
"""A swelling that lasts longer than this many half-lives of the source is taken to last this long."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedErrors(Value):
    """What seeds do after they left the needle.

    Parameters
    ----------
    slide_sd_mm
        Standard deviation of each seed along its needle.
    across_sd_mm
        The same in each direction across it.
    drop_probability, drop_mean_mm
        How often a seed is drawn back along the track as the needle leaves, and how far on average (exponential).
    loss_probability
        How often a seed leaves the region: its dose is then missing.

    Raises
    ------
    EvaluateError
        A length is negative, or a probability is not one.
    """

    slide_sd_mm: float = 0.0
    across_sd_mm: float = 0.0
    drop_probability: float = 0.0
    drop_mean_mm: float = 0.0
    loss_probability: float = 0.0

    def __post_init__(self) -> None:
        lengths = (self.slide_sd_mm, self.across_sd_mm, self.drop_mean_mm)
        chances = (self.drop_probability, self.loss_probability)
        if not (min(lengths) >= 0 and all(0 <= chance <= 1 for chance in chances)):
            raise EvaluateError(
                "evaluate.seed-errors-invalid",
                "seed errors of {lengths} mm and probabilities of {chances} were given; lengths must be 0 or more, "
                "probabilities between 0 and 1",
                lengths=lengths,
                chances=chances,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Oedema(Value):
    """Swelling at implantation that goes away exponentially.

    Parameters
    ----------
    volume_increase
        Mean and standard deviation of the relative growth of the volume on the implant day (0.2 for 20 %).
    half_life_d
        Of the swelling.

    Raises
    ------
    EvaluateError
        The half-life is not positive.
    """

    volume_increase: Spread
    half_life_d: float

    def __post_init__(self) -> None:
        if not self.half_life_d > 0:
            raise EvaluateError(
                "evaluate.oedema-half-life",
                "an oedema with a half-life of {half_life_d} days was given; it must be above 0",
                half_life_d=self.half_life_d,
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mishaps(Value):
    """All that may go otherwise than planned; None for what is left out.

    Parameters
    ----------
    needles
        Errors of placement.
    seeds
        Of each seed by itself.
    oedema
        Swelling.
    """

    needles: PlacementErrors | None = None
    seeds: SeedErrors | None = None
    oedema: Oedema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Many versions of one implant.

    Parameters
    ----------
    positions_lps_mm, axes_lps
        Of every seed in every version.
    present
        Which seeds are still there.
    volume_increase
        Swelling of every version on the implant day.
    """

    positions_lps_mm: Float[np.ndarray, "versions seeds 3"]
    axes_lps: Float[np.ndarray, "versions seeds 3"]
    present: Bool[np.ndarray, "versions seeds"]
    volume_increase: Float[np.ndarray, " versions"]

    def __len__(self) -> int:
        return len(self.volume_increase)


def draw(
    needles: Sequence[Needle], seeds: Sequence[Seed], mishaps: Mishaps, *, count: int, rng: np.random.Generator
) -> Draws:
    """Return versions of an implant, drawn independently.

    Parameters
    ----------
    needles, seeds
        As planned; seeds name their needle and have an axis.
    mishaps
        What may happen.
    count
        How many versions.
    rng
        Source of chance.

    Raises
    ------
    EvaluateError
        A seed has no needle or no axis: its needle's error cannot move it.
    """
    belongs = needle_of_seed(needles, seeds)
    ends = np.array([[needle.entry_lps_mm, needle.tip_lps_mm] for needle in needles])
    moved = moved_needles(ends, mishaps.needles, count=count, rng=rng)
    positions, axes = carried(moved, ends, belongs, np.array([seed.position_lps_mm for seed in seeds]))
    present = np.ones(positions.shape[:2], dtype=np.bool_)
    if mishaps.seeds is not None:
        positions = positions + _slides(axes, mishaps.seeds, rng)
        present = rng.random(present.shape) >= mishaps.seeds.loss_probability
    swelling = np.zeros(count)
    if mishaps.oedema is not None:
        spread = mishaps.oedema.volume_increase
        swelling = np.maximum(rng.normal(spread.mean, spread.sd, count), 0.0)
    return Draws(positions_lps_mm=positions, axes_lps=axes, present=present, volume_increase=swelling)


def needle_of_seed(needles: Sequence[Needle], seeds: Sequence[Seed]) -> Int[np.ndarray, " seeds"]:
    """Return the place in the list of needles of each seed's needle.

    Raises
    ------
    EvaluateError
        A seed has no needle or no axis.
    """
    place = {needle.number: row for row, needle in enumerate(needles)}
    homeless = [n for n, seed in enumerate(seeds, start=1) if seed.needle not in place or seed.axis_lps is None]
    if homeless:
        raise EvaluateError(
            "evaluate.seed-without-needle",
            "seeds {numbers} have no needle or no direction, so that a needle's error cannot move them; "
            "give a plan with needles",
            numbers=", ".join(map(str, homeless[:10])),
        )
    return np.array([place[seed.needle] for seed in seeds if seed.needle is not None])


def moved_needles(
    ends_lps_mm: Float[np.ndarray, "needles 2 3"],
    errors: PlacementErrors | None,
    *,
    count: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "versions needles 2 3"]:
    """Return entries and tips with the errors of placement (U1 to U3)."""
    everywhere = np.broadcast_to(ends_lps_mm, (count, *ends_lps_mm.shape))
    if errors is None:
        return everywhere
    way = ends_lps_mm[:, 1] - ends_lps_mm[:, 0]
    length = np.linalg.norm(way, axis=1)
    way = way / length[:, None]
    side, other = _across(way)
    dimensions = 2.0 if errors.depth_mm is not None else 3.0
    tip_sd, entry_sd = errors.tip_mm.rms / np.sqrt(dimensions), errors.entry_mm.rms / np.sqrt(2.0)
    depth_sd = errors.depth_mm.rms if errors.depth_mm is not None else tip_sd
    together = entry_tip_correlation(errors, length)
    normal = rng.standard_normal((count, len(ends_lps_mm), 5))
    entry = entry_sd * normal[..., 0:2]
    tip = tip_sd * (together[:, None] * normal[..., 0:2] + np.sqrt(1.0 - together**2)[:, None] * normal[..., 2:4])
    depth = depth_sd * normal[..., 4]
    shift_entry = entry[..., :1] * side + entry[..., 1:] * other
    shift_tip = tip[..., :1] * side + tip[..., 1:] * other + depth[..., None] * way
    return np.asarray(everywhere + np.stack([shift_entry, shift_tip], axis=2))


def entry_tip_correlation(
    errors: PlacementErrors, length_mm: Float[np.ndarray, " needles"]
) -> Float[np.ndarray, " needles"]:
    """Return the correlation of entry and tip errors that gives the published angle at each length (U2)."""
    if errors.angle_deg is None or errors.entry_mm.rms == 0 or errors.tip_mm.rms == 0:
        return np.zeros_like(length_mm)
    across = 1.0 if errors.depth_mm is not None else 2.0 / 3.0
    entry, tip = errors.entry_mm.rms, errors.tip_mm.rms * np.sqrt(across)
    apart = np.tan(np.radians(errors.angle_deg.rms)) * length_mm
    return np.asarray(np.clip((entry**2 + tip**2 - apart**2) / (2.0 * entry * tip), -1.0, 1.0))


def carried(
    moved: Float[np.ndarray, "versions needles 2 3"],
    planned: Float[np.ndarray, "needles 2 3"],
    belongs: Int[np.ndarray, " seeds"],
    positions_lps_mm: Float[np.ndarray, "seeds 3"],
) -> tuple[Float[np.ndarray, "versions seeds 3"], Float[np.ndarray, "versions seeds 3"]]:
    """Return where seeds lie, and which way, when they keep their distance from the tips of moved needles."""
    axis = planned[belongs, 1] - planned[belongs, 0]
    axis = axis / np.linalg.norm(axis, axis=1)[:, None]
    from_tip = planned[belongs, 1] - positions_lps_mm
    along = np.einsum("ij,ij->i", from_tip, axis)
    beside = from_tip - along[:, None] * axis
    ways = moved[:, belongs, 1] - moved[:, belongs, 0]
    ways = ways / np.linalg.norm(ways, axis=2)[..., None]
    return np.asarray(moved[:, belongs, 1] - along[:, None] * ways - beside), np.asarray(ways)


def _slides(axes: np.ndarray, errors: SeedErrors, rng: np.random.Generator) -> np.ndarray:
    shape = axes.shape[:2]
    side, other = _across(axes.reshape(-1, 3))
    across = errors.across_sd_mm * rng.standard_normal((*shape, 2))
    along = errors.slide_sd_mm * rng.standard_normal(shape)
    fell = rng.random(shape) < errors.drop_probability
    along = along - np.where(fell, rng.exponential(1.0, shape) * errors.drop_mean_mm, 0.0)
    return np.asarray(
        along[..., None] * axes
        + across[..., :1] * side.reshape(axes.shape)
        + across[..., 1:] * other.reshape(axes.shape)
    )


def _across(way: Float[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray]:
    """Return two unit vectors across each direction."""
    helper = np.where((np.abs(way[:, 0]) < 0.8)[:, None], np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    side = np.cross(way, helper)
    side /= np.linalg.norm(side, axis=1)[:, None]
    return np.asarray(side), np.asarray(np.cross(way, side))


def swollen_moments(
    volume_increase: float, oedema: Oedema | None, nuclide: Nuclide
) -> tuple[Float[np.ndarray, " moments"], Float[np.ndarray, " moments"]]:
    """Return linear stretches of the implant and the share of the total dose given at each (U4, U5)."""
    if oedema is None or volume_increase == 0.0:
        return np.ones(1), np.ones(1)
    slowness = min(oedema.half_life_d / nuclide.half_life_d, LASTING)
    node, weight = roots_jacobi(NODES, 0.0, slowness - 1.0)
    left = 0.5 * (1.0 + np.asarray(node))
    return np.cbrt(1.0 + volume_increase * left), np.asarray(weight) / np.sum(weight)
