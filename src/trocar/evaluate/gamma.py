"""The gamma index: agreement of two doses in dose and distance together. Theory: docs/theory/gamma.md."""

from itertools import permutations

import numpy as np
from jaxtyping import Bool, Float, Int

from trocar.errors import EvaluateError
from trocar.evaluate.kernels import GammaScratch, fill_gamma
from trocar.geometry.volume import Quantity, Volume, require_same_frame
from trocar.results.gamma import GammaKind, GammaMap

DEFAULT_LIMIT = 2.0
"""Gamma is looked for up to here; what is worse counts as this much."""


def gamma_index(
    reference: Volume,
    evaluated: Volume,
    *,
    kind: GammaKind,
    dose_percent: float,
    distance_mm: float,
    cutoff_gy: float,
    normalisation_gy: float | None = None,
    where: Bool[np.ndarray, "k j i"] | None = None,
    limit: float = DEFAULT_LIMIT,
) -> GammaMap:
    """Return the gamma index at the voxel centres of a reference dose.

    The evaluated dose is taken as linear within the simplices between its voxel centres and the minimum over it is
    exact, so that neither grid limits the search; the two grids may differ. A grid of one slice is searched in two
    dimensions.

    Parameters
    ----------
    reference
        Dose in Gy; gamma is defined at its voxels.
    evaluated
        Dose in Gy on a grid with right angles, of the same frame of reference.
    kind
        Whether the dose criterion is a percentage of ``normalisation_gy`` or of the reference dose at the point.
    dose_percent, distance_mm
        The criteria, both above 0.
    cutoff_gy
        Reference doses below are not judged; above 0 for a local criterion.
    normalisation_gy
        For the global criterion, such as the prescription: the largest dose of an implant is next to a source and
        says nothing.
    where
        Voxels of the reference that may be judged, such as those outside the capsules; all if not given.
    limit
        Where gamma is larger than this, this is returned.

    Raises
    ------
    GeometryError
        Different frames of reference.
    EvaluateError
        Volumes that are not doses in Gy, numbers that are not finite, criteria that are none, or a sheared grid.

    References
    ----------
    Low DA, Harms WB, Mutic S, Purdy JA. A technique for the quantitative evaluation of dose distributions. Med Phys
    1998;25:656, eq. 4 to 7, doi 10.1118/1.598248. Exact search by simplices: Ju T, Simpson T, Deasy JO, Low DA.
    Geometric interpretation of the gamma dose distribution comparison technique: interpolation-free calculation. Med
    Phys 2008;35:879, doi 10.1118/1.2836952.

    Examples
    --------
    A dose of 2 Gy/mm that is 0.5 mm off, judged by 3 Gy and 2 mm: the nearest agreement is on a slope.

    >>> from trocar.geometry.grid import Grid
    >>> grid = Grid.axial(origin_lps_mm=(0, 0, 0), spacing_ijk_mm=(1, 1, 1), shape_kji=(9, 9, 9))
    >>> x = grid.centres_lps_mm()[..., 0]
    >>> def dose(values): return Volume(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid="1")
    >>> map = gamma_index(dose(100 + 2 * x), dose(101 + 2 * x), kind=GammaKind.GLOBAL, normalisation_gy=100.0,
    ...                   dose_percent=3.0, distance_mm=2.0, cutoff_gy=0.0)
    >>> round(float(map.gamma_kji[4, 4, 4]), 6), map.pass_percent
    (0.2, 100.0)
    """
    require_same_frame(reference.frame_uid, evaluated.frame_uid, first="reference dose", second="evaluated dose")
    _check_volumes(reference, evaluated)
    _check_criteria(
        kind,
        dose_percent=dose_percent,
        distance_mm=distance_mm,
        cutoff_gy=cutoff_gy,
        normalisation_gy=normalisation_gy,
        limit=limit,
    )
    dose = np.asarray(reference.values_kji, dtype=np.float64)
    low = dose < cutoff_gy
    left_out = ~low & ~where if where is not None else np.zeros_like(low)
    index = np.argwhere(~low & ~left_out)
    points = reference.grid.lps_from_ijk[:3, :3] @ index[:, ::-1].T + reference.grid.lps_from_ijk[:3, 3:]
    covered = evaluated.grid.contains(points.T)
    judged = tuple(index[covered].T)
    tolerance_gy = 0.01 * dose_percent * (dose[judged] if normalisation_gy is None else normalisation_gy)
    gamma = np.full(dose.shape, np.nan, np.float32)
    gamma[judged] = _least_distances(
        evaluated,
        points.T[covered],
        dose[judged],
        tolerance_gy=np.broadcast_to(tolerance_gy, (int(covered.sum()),)),
        distance_mm=distance_mm,
        limit=limit,
    )
    return GammaMap(
        grid=reference.grid,
        gamma_kji=gamma,
        kind=kind,
        dose_percent=dose_percent,
        distance_mm=distance_mm,
        normalisation_gy=normalisation_gy,
        cutoff_gy=cutoff_gy,
        limit=limit,
        below_cutoff=int(low.sum()),
        left_out=int(left_out.sum()),
        beyond=int(np.count_nonzero(~covered)),
    )


def _least_distances(
    evaluated: Volume,
    points_lps_mm: Float[np.ndarray, "n 3"],
    dose_gy: Float[np.ndarray, " n"],
    *,
    tolerance_gy: Float[np.ndarray, " n"],
    distance_mm: float,
    limit: float,
) -> Float[np.ndarray, " n"]:
    values = np.ascontiguousarray(evaluated.values_kji, dtype=np.float64)
    step = np.array(evaluated.grid.spacing_ijk_mm) / distance_mm
    axes = [axis for axis in range(3) if values.shape[2 - axis] > 1]
    index = np.ascontiguousarray(evaluated.grid.index_ijk(points_lps_mm))
    gamma = np.empty(len(index))
    fill_gamma(
        simplex_chains(axes),
        values,
        index,
        np.ascontiguousarray(dose_gy),
        tolerance_gy.copy(),
        step,
        limit,
        _scratch(step),
        np.empty(3, np.int64),
        gamma,
    )
    return gamma


def _scratch(step: Float[np.ndarray, " 3"]) -> GammaScratch:
    lengths = [sum(step[axis] ** 2 for axis in range(3) if axes >> axis & 1) for axes in range(8)]
    per_length = np.array([0.0] + [1.0 / length for length in lengths[1:]])
    return GammaScratch(
        dose=np.empty(8), per_length=per_length, share=np.empty(8), saved=np.empty(8), offset=np.empty(8)
    )


def simplex_chains(axes: list[int]) -> Int[np.ndarray, "n 4"]:
    """Return all simplices of the Kuhn division of a cell along some axes, as rising chains of corner sets.

    A corner is the set of axes along which it lies on the far side, as bits; unused places hold -1.

    Examples
    --------
    >>> len(simplex_chains([0, 1, 2])), len(simplex_chains([0, 1])), simplex_chains([]).tolist()
    (51, 11, [[0, -1, -1, -1]])
    """
    chains: set[tuple[int, ...]] = set()
    for order in permutations(axes):
        corners = [sum(1 << axis for axis in order[:n]) for n in range(len(axes) + 1)]
        for chosen in range(1, 1 << len(corners)):
            chains.add(tuple(corner for n, corner in enumerate(corners) if chosen >> n & 1))
    padded = [(*chain, *[-1] * (4 - len(chain))) for chain in sorted(chains, key=lambda chain: (-len(chain), chain))]
    return np.array(padded, dtype=np.int64)


def _check_volumes(reference: Volume, evaluated: Volume) -> None:
    for name, volume in (("reference", reference), ("evaluated", evaluated)):
        bad = int(np.count_nonzero(~np.isfinite(volume.values_kji)))
        if volume.quantity is not Quantity.DOSE_GY or bad:
            raise EvaluateError(
                "evaluate.gamma-needs-doses",
                "the {role} volume holds {quantity} and {bad} voxels without a finite number; gamma compares two doses "
                "in Gy",
                role=name,
                quantity=volume.quantity.value,
                bad=bad,
            )
    if not evaluated.grid.is_orthogonal:
        raise EvaluateError(
            "evaluate.gamma-grid-sheared",
            "the evaluated dose lies on a sheared grid; resample it onto a grid with right angles first",
        )


def _check_criteria(
    kind: GammaKind,
    *,
    dose_percent: float,
    distance_mm: float,
    cutoff_gy: float,
    normalisation_gy: float | None,
    limit: float,
) -> None:
    positive = np.array([dose_percent, distance_mm, limit, 1.0 if normalisation_gy is None else normalisation_gy])
    global_one = kind is GammaKind.GLOBAL
    good = bool(np.isfinite(positive).all() and (positive > 0).all() and cutoff_gy >= 0)
    if not good or global_one != (normalisation_gy is not None) or (not global_one and cutoff_gy == 0):
        raise EvaluateError(
            "evaluate.gamma-criteria",
            "gamma was asked for with {kind} {dose_percent} % and {distance_mm} mm, normalised to {normalisation_gy} "
            "Gy, from {cutoff_gy} Gy and up to {limit}; all must be above 0, a global criterion needs its "
            "normalisation dose, a local one takes none and needs a cut-off",
            kind=kind.name,
            dose_percent=dose_percent,
            distance_mm=distance_mm,
            normalisation_gy=normalisation_gy,
            cutoff_gy=cutoff_gy,
            limit=limit,
        )
