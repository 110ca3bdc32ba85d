"""The gamma index of a stored dose against the recomputed one, where a comparison has a meaning."""

from trocar.evaluate.gamma import gamma_index
from trocar.geometry.volume import Volume
from trocar.results.gamma import GammaKind, GammaMap
from trocar.workflow.compare import Pairing
from trocar.workflow.tolerances import CheckTolerances


def gamma_of(recomputed: Volume, stored: Volume, pairing: Pairing, *, tolerances: CheckTolerances) -> GammaMap:
    """Return the local gamma index at the points that are compared; the recomputed dose is the reference.

    Parameters
    ----------
    recomputed, stored
        On one grid.
    pairing
        Which points count.
    tolerances
        Criteria of dose and distance.
    """
    return gamma_index(
        recomputed,
        stored,
        kind=GammaKind.LOCAL,
        dose_percent=tolerances.value("gamma_dose_percent"),
        distance_mm=tolerances.value("gamma_distance_mm"),
        cutoff_gy=pairing.region.threshold_gy,
        where=pairing.counts.reshape(recomputed.grid.shape_kji),
    )


def criteria_words(gamma: GammaMap) -> str:
    """Return the criteria as physicists write them.

    Examples
    --------
    A local criterion of 3 % and 1 mm reads ``3 % / 1 mm, local``.
    """
    return f"{gamma.dose_percent:g} % / {gamma.distance_mm:g} mm, {gamma.kind.name.lower()}"
