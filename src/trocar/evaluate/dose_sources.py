"""Where doses come from: a dose grid, interpolated, with everything checked that could make its numbers mean less."""

import numpy as np
from jaxtyping import Float

from trocar.errors import EvaluateError
from trocar.evaluate.sampling import DoseAt
from trocar.geometry.volume import Quantity
from trocar.results.dose import Dose


def dose_from_grid(dose: Dose, *, prescription_gy: float | None = None) -> DoseAt:
    """Return the dose in Gy at points, trilinear between the voxel centres of a grid, NaN outside it.

    Within the outer half voxel the nearest voxel counts, as everywhere in `trocar.geometry.volume.Volume.sample`.
    Between the voxels next to a source a straight line is far from the dose; an exact engine has no such error.

    Parameters
    ----------
    dose
        In Gy, or relative if a prescription is given.
    prescription_gy
        What 100 % of a relative dose means.

    Raises
    ------
    EvaluateError
        A dose rate, a relative dose without prescription, or voxels that hold no number.
    """
    volume = dose.volume
    if volume.quantity is Quantity.DOSE_RATE_GY_PER_H:
        raise EvaluateError(
            "evaluate.dose-rate",
            "a dose rate in Gy/h was given where a dose is needed; compute the total dose, or the dose until a moment",
        )
    if volume.quantity is Quantity.RELATIVE_DOSE and prescription_gy is None:
        raise EvaluateError(
            "evaluate.dose-relative",
            "the dose is stored relative to a prescription that is not stated; give the prescribed dose in Gy",
        )
    unknown = int(np.count_nonzero(~np.isfinite(volume.values_kji)))
    if unknown:
        raise EvaluateError(
            "evaluate.dose-not-finite",
            "{unknown} of {voxels} voxels of the dose grid hold no finite number; export or compute the dose again",
            unknown=unknown,
            voxels=volume.values_kji.size,
        )
    scale = 1.0
    if volume.quantity is Quantity.RELATIVE_DOSE and prescription_gy is not None:
        scale = prescription_gy

    def dose_at(points_lps_mm: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
        sampled: np.ndarray = scale * volume.sample(points_lps_mm, outside=np.nan)
        return sampled

    return dose_at
