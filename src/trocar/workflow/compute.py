"""The dose of a plan on a grid or at points, with its provenance."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from jaxtyping import Float

import trocar
from trocar.catalogue.sources import Source, load_source
from trocar.dose.base import Method, source_terms
from trocar.dose.grid import dose_on_grid
from trocar.dose.points import dose_at_points
from trocar.dose.tg43 import Formalism
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Quantity, Volume
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.results.dose import Dose, DoseKind
from trocar.results.provenance import Provenance

Plan = ImplantPlan | AfterloadingPlan
Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""

PAPERS = (
    "Rivard MJ et al. Update of AAPM Task Group No. 43 Report. Med Phys 2004;31:633. doi:10.1118/1.1646040",
    "Rivard MJ et al. Supplement to the 2004 update of the AAPM TG-43 Report. Med Phys 2007;34:2187. "
    "doi:10.1118/1.2736790",
    "Rivard MJ et al. Supplement 2 for the 2004 update of the AAPM TG-43 Report. Med Phys 2017;44:e297. "
    "doi:10.1002/mp.12430",
)


def source_models(plan: Plan) -> tuple[str, ...]:
    """Return the catalogue keys a plan uses, each once, in order of appearance."""
    if isinstance(plan, AfterloadingPlan):
        return (plan.source_model,)
    return tuple(dict.fromkeys(seed.source_model for seed in plan.seeds))


def sources_of(plan: Plan) -> tuple[Source, ...]:
    """Return the sources a plan uses."""
    return tuple(load_source(key) for key in source_models(plan))


def source_positions_lps_mm(plan: Plan) -> Float[np.ndarray, "n 3"]:
    """Return the centre of every seed or dwell."""
    stops = plan.dwells if isinstance(plan, AfterloadingPlan) else plan.seeds
    return np.array([stop.position_lps_mm for stop in stops]).reshape(-1, 3)


def compute_dose(
    plan: Plan, grid: Grid, *, formalism: Formalism, until: datetime | None = None, progress: Progress | None = None
) -> Dose:
    """Return the dose of a plan on a grid.

    Parameters
    ----------
    plan
        Seeds or dwells.
    grid
        Where; any grid.
    formalism
        Two- or one-dimensional.
    until
        The dose delivered by then; None for the total dose.
    progress
        Told the share done.
    """
    values = dose_on_grid(source_terms(plan, until=until), grid, formalism=formalism, progress=progress)
    return Dose(
        volume=Volume.owning(grid=grid, values_kji=values, quantity=Quantity.DOSE_GY, frame_uid=plan.frame_uid),
        kind=DoseKind.TOTAL if until is None else DoseKind.UNTIL,
        patient_id=plan.patient.identifier,
        until=until,
        provenance=dose_provenance(plan, formalism=formalism),
    )


def compute_dose_at_points(
    plan: Plan, points_lps_mm: Float[np.ndarray, "n 3"], *, formalism: Formalism, until: datetime | None = None
) -> Float[np.ndarray, " n"]:
    """Return the dose of a plan at points in Gy, by the fast tables."""
    terms = source_terms(plan, until=until)
    return dose_at_points(terms, points_lps_mm, formalism=formalism, method=Method.TABULATED)


def dose_provenance(plan: Plan, *, formalism: Formalism) -> Provenance:
    """Return how a dose of this plan comes about: engine, version, input hash, tables, papers."""
    return Provenance(
        engine=f"TG-43U1 {formalism.name}",
        library_version=trocar.__version__,
        inputs={"plan": plan.content_hash},
        tables={source.key: source.citation for source in sources_of(plan)},
        papers=PAPERS,
    )
