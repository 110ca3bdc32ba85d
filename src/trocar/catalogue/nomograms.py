"""How many seeds ellipsoids took when they were planned: tables made by ``tools/make_nomogram.py``."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float

from trocar.errors import CatalogueError
from trocar.geometry.value import Value, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nomogram(Value):
    """Planned ellipsoids of one source model, one a row.

    Parameters
    ----------
    source_model
        Key in the catalogue.
    volume_cc
        Of the target.
    s_k_u
        Air-kerma strength of one seed on the implant day.
    dose_gy
        Prescription.
    seeds
        How many the plan took.
    v100_percent
        Coverage of the plan.
    """

    source_model: str
    volume_cc: Float[np.ndarray, " n"]
    s_k_u: Float[np.ndarray, " n"]
    dose_gy: Float[np.ndarray, " n"]
    seeds: Float[np.ndarray, " n"]
    v100_percent: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        for name in ("volume_cc", "s_k_u", "dose_gy", "seeds", "v100_percent"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.float64))


@cache
def load_nomogram(source_model: str) -> Nomogram:
    """Return the table of a source model.

    Raises
    ------
    CatalogueError
        None was made for it.

    Examples
    --------
    >>> bool((load_nomogram("I125_6711").seeds > 0).all())
    True
    """
    folder = resources.files("trocar.catalogue") / "nomograms"
    known = sorted(each.name.removesuffix(".csv") for each in folder.iterdir() if each.name.endswith(".csv"))
    if source_model not in known:
        raise CatalogueError(
            "catalogue.nomogram-unknown",
            "no table of planned ellipsoids was made for {key}; there are: {keys}. "
            "Make one: python tools/make_nomogram.py --source {key}",
            key=source_model,
            keys=", ".join(known),
        )
    text = (folder / f"{source_model}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return Nomogram(
        source_model=source_model,
        **{name: columns[name] for name in ("volume_cc", "s_k_u", "dose_gy", "seeds", "v100_percent")},
    )
