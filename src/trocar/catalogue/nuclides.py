"""Nuclides and their half-lives, from ``nuclides.toml``."""

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trocar.errors import CatalogueError
from trocar.geometry.value import Value
from trocar.units import SECONDS_PER_DAY, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nuclide(Value):
    """A radionuclide.

    Parameters
    ----------
    name
        Symbol and mass number, ``I-125``.
    half_life_d
        Half-life in days.
    half_life_source
        Where the half-life is published.

    Examples
    --------
    >>> round(load_nuclide("I-125").mean_life_h, 1)
    2056.7
    """

    name: str
    half_life_d: float
    half_life_source: str

    @property
    def decay_constant_per_s(self) -> float:
        """Decay constant λ = ln 2 / half-life."""
        return math.log(2.0) / (self.half_life_d * SECONDS_PER_DAY)

    @property
    def mean_life_h(self) -> float:
        """Mean life 1/λ in hours: total dose of a permanent implant / initial dose rate."""
        return 1.0 / (self.decay_constant_per_s * SECONDS_PER_HOUR)


@cache
def _nuclides() -> dict[str, Nuclide]:
    text = (resources.files("trocar.catalogue") / "nuclides.toml").read_text(encoding="utf-8")
    return {name: Nuclide(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def nuclide_names() -> tuple[str, ...]:
    """Return the names of all nuclides, sorted."""
    return tuple(sorted(_nuclides()))


def load_nuclide(name: str) -> Nuclide:
    """Return a nuclide by name, written ``I-125``, ``I125`` or ``125I`` in any case.

    Raises
    ------
    CatalogueError
        No such nuclide.
    """
    wanted = name.replace("-", "").replace(" ", "").casefold()
    for known, nuclide in _nuclides().items():
        symbol, mass = known.split("-")
        if wanted in {f"{symbol}{mass}".casefold(), f"{mass}{symbol}".casefold()}:
            return nuclide
    raise CatalogueError(
        "catalogue.nuclide-unknown",
        "the nuclide {name} is not in the catalogue; it holds: {names}",
        name=name,
        names=", ".join(nuclide_names()),
    )
