"""What the linear-quadratic model is told about tissues, from ``radiobiology.toml`` or a department's own file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from trocar.errors import CatalogueError
from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Radiobiology(Value):
    """Parameters of one tissue.

    Parameters
    ----------
    key
        Name in requests.
    name, name_zh
        As printed.
    alpha_beta_gy
        α/β in Gy.
    repair_half_life_h
        Half-life of the repair of sublethal damage.
    alpha_per_gy
        α in 1/Gy; None where repopulation is left out.
    doubling_time_d
        Effective doubling time of clonogens, T_p; None where repopulation is left out.
    kick_off_d
        Days before repopulation sets in, T_k.
    source, doi
        Citation.
    confidence
        How sure the numbers are: ``found``, ``memory_unverified``, ``convention`` or ``hospital``.

    Raises
    ------
    CatalogueError
        A number is not positive, or only one of α and doubling time is given.

    Examples
    --------
    >>> load_radiobiology("prostate_cancer").alpha_beta_gy
    3.0
    """

    key: str
    name: str
    name_zh: str
    alpha_beta_gy: float
    repair_half_life_h: float
    source: str
    doi: str
    confidence: str
    alpha_per_gy: float | None = None
    doubling_time_d: float | None = None
    kick_off_d: float = 0.0

    def __post_init__(self) -> None:
        given = (self.alpha_beta_gy, self.repair_half_life_h, self.alpha_per_gy, self.doubling_time_d)
        wrong = any(value is not None and not (np.isfinite(value) and value > 0) for value in given)
        halves = (self.alpha_per_gy is None) != (self.doubling_time_d is None)
        if wrong or halves or not self.kick_off_d >= 0:
            raise CatalogueError(
                "catalogue.radiobiology-invalid",
                "tissue {key} has α/β {alpha_beta} Gy, repair half-life {repair} h, α {alpha} /Gy, doubling time "
                "{doubling} d and kick-off {kick_off} d; all must be above 0 (kick-off 0 or more), and α and doubling "
                "time be given both or neither",
                key=self.key,
                alpha_beta=self.alpha_beta_gy,
                repair=self.repair_half_life_h,
                alpha=self.alpha_per_gy,
                doubling=self.doubling_time_d,
                kick_off=self.kick_off_d,
            )

    @property
    def repair_per_h(self) -> float:
        """Repair rate μ = ln 2 / half-life."""
        return float(np.log(2.0)) / self.repair_half_life_h

    @property
    def loss_gy_per_d(self) -> float:
        """BED that repopulation undoes a day, ln 2 / (α T_p); 0 where it is left out."""
        if self.alpha_per_gy is None or self.doubling_time_d is None:
            return 0.0
        return float(np.log(2.0)) / (self.alpha_per_gy * self.doubling_time_d)


def read_radiobiology(text: str, *, name: str) -> dict[str, Radiobiology]:
    """Return the tissues of a TOML text by key.

    Raises
    ------
    CatalogueError
        It is not TOML, or an entry lacks something or has too much.
    """
    try:
        tables: dict[str, dict[str, Any]] = tomllib.loads(text)
        return {key: Radiobiology(key=key, **entry) for key, entry in tables.items()}
    except (tomllib.TOMLDecodeError, TypeError) as problem:
        raise CatalogueError(
            "catalogue.radiobiology-unreadable",
            "the tissue parameters {name} cannot be read ({reason}); write them as in docs/howto/judge-the-biology.md",
            name=name,
            reason=str(problem),
        ) from problem


@cache
def shipped_radiobiology() -> Mapping[str, Radiobiology]:
    """Return the tissues that come with Trocar, by key."""
    text = (resources.files("trocar.catalogue") / "radiobiology.toml").read_text(encoding="utf-8")
    return read_radiobiology(text, name="radiobiology.toml")


def load_radiobiology(key: str, *, own: Mapping[str, Radiobiology] | None = None) -> Radiobiology:
    """Return a tissue by key, of one's own file first.

    Raises
    ------
    CatalogueError
        No such tissue.
    """
    known = {**shipped_radiobiology(), **(own or {})}
    if key not in known:
        raise CatalogueError(
            "catalogue.radiobiology-unknown",
            "no tissue is called {key}; there are: {keys}",
            key=key,
            keys=", ".join(sorted(known)),
        )
    return known[key]
