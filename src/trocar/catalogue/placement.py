"""How far needles end up from their plan: published errors from ``placement.toml``, or a hospital's own."""

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
class Spread(Value):
    """Mean and standard deviation of an absolute error, as papers print them.

    Parameters
    ----------
    mean, sd
        0 or more, in the unit of what was measured.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite([self.mean, self.sd]).all() and self.mean >= 0 and self.sd >= 0):
            raise CatalogueError(
                "catalogue.spread-negative",
                "an error of {mean} ± {sd} was given; mean and standard deviation must be 0 or more",
                mean=self.mean,
                sd=self.sd,
            )

    @property
    def rms(self) -> float:
        """Root of the mean square, √(mean² + sd²): the only moment that fixes a Gaussian of mean 0."""
        return float(np.hypot(self.mean, self.sd))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacementErrors(Value):
    """Errors of needles as measured somewhere.

    Parameters
    ----------
    key
        Name in requests.
    name, name_zh
        As printed.
    entry_mm
        Distance of the entry from where it was planned.
    tip_mm
        The same of the tip.
    angle_deg
        Between needle and plan; None where not measured.
    depth_mm
        Along the needle; None where not measured.
    source, url
        Where it is published.
    confidence
        How sure the numbers are.

    Examples
    --------
    >>> round(load_placement("thorax_3d_template").tip_mm.rms, 2)
    5.27
    """

    key: str
    name: str
    name_zh: str
    entry_mm: Spread
    tip_mm: Spread
    angle_deg: Spread | None
    depth_mm: Spread | None
    source: str
    url: str
    confidence: str


def read_placement(text: str, *, name: str) -> dict[str, PlacementErrors]:
    """Return the errors of a TOML text by key.

    Raises
    ------
    CatalogueError
        It is not TOML, or an entry lacks something or has too much.
    """
    try:
        tables: dict[str, dict[str, Any]] = tomllib.loads(text)
        return {key: _errors(key, dict(entry)) for key, entry in tables.items()}
    except (tomllib.TOMLDecodeError, TypeError, KeyError, AttributeError) as problem:
        raise CatalogueError(
            "catalogue.placement-unreadable",
            "the placement errors {name} cannot be read ({reason}); write them as in docs/howto/ask-how-robust.md",
            name=name,
            reason=str(problem),
        ) from problem


def _errors(key: str, entry: dict[str, Any]) -> PlacementErrors:
    texts: dict[str, Any] = {"name_zh": entry.get("name", key), "source": "", "url": "", "confidence": "hospital"}
    for name in ("entry_mm", "tip_mm", "angle_deg", "depth_mm"):
        texts[name] = Spread(**entry.pop(name)) if name in entry else None
    if texts["entry_mm"] is None or texts["tip_mm"] is None:
        raise KeyError("entry_mm, tip_mm")
    return PlacementErrors(key=key, **{**texts, **entry})


@cache
def shipped_placement() -> Mapping[str, PlacementErrors]:
    """Return the errors that come with Trocar, by key."""
    text = (resources.files("trocar.catalogue") / "placement.toml").read_text(encoding="utf-8")
    return read_placement(text, name="placement.toml")


def load_placement(key: str, *, own: Mapping[str, PlacementErrors] | None = None) -> PlacementErrors:
    """Return errors by key, of one's own file first.

    Raises
    ------
    CatalogueError
        No such entry.
    """
    known = {**shipped_placement(), **(own or {})}
    if key not in known:
        raise CatalogueError(
            "catalogue.placement-unknown",
            "no placement errors are called {key}; there are: {keys}",
            key=key,
            keys=", ".join(sorted(known)),
        )
    return known[key]
