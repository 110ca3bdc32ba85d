"""Release of written files: what was read back is computed again by the direct formula before anyone may use it."""

import numpy as np

from trocar.dose.base import Formalism, Method, source_terms
from trocar.dose.points import dose_at_points
from trocar.errors import DoseError
from trocar.plan.plan import ImplantPlan
from trocar.results.dose import Dose

NODES = 4000
WITHIN = 2e-3
"""Relative: tables and interpolation within 0.1 %, and the rounding of written positions and doses."""

CLEAR_OF_SEEDS_MM = 1.5
"""Nearer to a seed's centre a hundredth of a millimetre of rounding already changes the dose by more."""


def require_release(plan: ImplantPlan, dose: Dose, *, rng: np.random.Generator) -> float:
    """Return the largest relative difference between a dose as written and the plan as written, computed directly.

    Parameters
    ----------
    plan, dose
        As read back from the files.
    rng
        Chooses the voxels.

    Raises
    ------
    DoseError
        They differ: the files must not be used.
    """
    grid = dose.volume.grid
    count = int(np.prod(grid.shape_kji))
    chosen = rng.choice(count, size=min(NODES, count), replace=False)
    k, j, i = np.unravel_index(chosen, grid.shape_kji)
    index = np.stack([i, j, k], axis=1).astype(np.float64)
    points = index @ grid.lps_from_ijk[:3, :3].T + grid.origin_lps_mm
    centres = np.array([seed.position_lps_mm for seed in plan.seeds])
    clear = np.linalg.norm(points[:, None] - centres[None], axis=2).min(axis=1) > CLEAR_OF_SEEDS_MM
    written = dose.volume.values_kji[k, j, i][clear].astype(np.float64)
    direct = dose_at_points(source_terms(plan), points[clear], formalism=Formalism.LINE_2D, method=Method.DIRECT)
    worst = float(np.max(np.abs(written - direct) / np.maximum(direct, 1e-3 * direct.max())))
    if worst > WITHIN:
        raise DoseError(
            "workflow.release-refused",
            "the written dose differs from the written plan by up to {worst:.2%}, {allowed:.2%} are allowed; "
            "nothing was released, please report this",
            worst=worst,
            allowed=WITHIN,
        )
    return worst
