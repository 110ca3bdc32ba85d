"""`AntennaDesign`: what an antenna is built of, ring by ring: the table ``[antenna]`` of ``applicator.toml``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from trocar.catalogue.zones import Reading
from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AntennaPart(Value):
    """A ring of one material around the antenna's axis; later parts lie over earlier ones.

    Parameters
    ----------
    name
        What it is, for people.
    permittivity
        Relative, of a dielectric without losses; None for metal.
    inner_mm, outer_mm
        Radii.
    from_mm, to_mm
        Where it begins and ends, behind the tip; infinite where it goes on along the shaft.
    """

    name: str
    permittivity: float | None
    inner_mm: float
    outer_mm: float
    from_mm: float
    to_mm: float

    def __post_init__(self) -> None:
        stuff = self.permittivity is None or 1.0 <= self.permittivity < math.inf
        if not (stuff and 0.0 <= self.inner_mm < self.outer_mm < math.inf and 0.0 <= self.from_mm < self.to_mm):
            raise ValueError(
                f"the part {self.name} has radii {self.inner_mm} to {self.outer_mm} mm, lies {self.from_mm} to "
                f"{self.to_mm} mm behind the tip and has permittivity {self.permittivity}; both ascend from 0, and a "
                "dielectric has 1 or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AntennaDesign(Value):
    """Parts of an antenna and the coaxial line that feeds it from behind.

    Parameters
    ----------
    parts
        Later ones lie over earlier ones; the line is among them.
    line_inner_mm, line_outer_mm, line_permittivity
        Of the line where it enters: radii of its conductors and its filling.
    source, reading
        Where the lengths come from, and how they were read.
    """

    parts: tuple[AntennaPart, ...]
    line_inner_mm: float
    line_outer_mm: float
    line_permittivity: float
    source: str
    reading: Reading

    def __post_init__(self) -> None:
        radii = {edge for part in self.parts if part.to_mm == math.inf for edge in (part.inner_mm, part.outer_mm)}
        if not {self.line_inner_mm, self.line_outer_mm} <= radii:
            raise ValueError(
                f"the line of {self.line_inner_mm} to {self.line_outer_mm} mm is not among the parts that go on along "
                "the shaft"
            )

    @property
    def outer_mm(self) -> float:
        """Radius of the thickest part."""
        return max(part.outer_mm for part in self.parts)

    @property
    def places_mm(self) -> tuple[float, ...]:
        """Where something begins or ends along the axis, behind the tip, in order."""
        ends = {edge for part in self.parts for edge in (part.from_mm, part.to_mm) if edge < math.inf}
        return tuple(sorted({0.0, *ends}))

    @property
    def radii_mm(self) -> tuple[float, ...]:
        """Radii at which something begins or ends, in order."""
        return tuple(sorted({0.0, *(edge for part in self.parts for edge in (part.inner_mm, part.outer_mm))}))

    @property
    def last_mm(self) -> float:
        """Where the last part begins or ends, behind the tip: farther back all is one shaft."""
        return self.places_mm[-1]

    @property
    def emitting_mm(self) -> float:
        """Length from the tip to where the metal gets the thickness of the shaft for good: all comes out before."""
        behind = [0.5 * (a + b) for a, b in pairwise((*self.places_mm, math.inf))]
        thick = [self._metal_to_mm(place if place < math.inf else self.last_mm + 1.0) for place in behind]
        changes = [
            edge for edge, before, after in zip(self.places_mm[1:], thick, thick[1:], strict=False) if before != after
        ]
        return changes[-1] if changes else self.last_mm

    def _metal_to_mm(self, behind_tip_mm: float) -> float:
        metal_to_mm = 0.0
        for inner_mm, outer_mm in pairwise(self.radii_mm):
            middle_mm = 0.5 * (inner_mm + outer_mm)
            here = [
                p for p in self.parts if p.inner_mm < middle_mm < p.outer_mm and p.from_mm < behind_tip_mm < p.to_mm
            ]
            if here and here[-1].permittivity is None:
                metal_to_mm = outer_mm
        return metal_to_mm


def antenna_design(facts: Mapping[str, Any]) -> AntennaDesign:
    """Return the design of a table ``[antenna]``.

    Raises
    ------
    KeyError, ValueError, TypeError
        A field is missing, or says what cannot be.
    """
    return AntennaDesign(
        parts=tuple(_part(each) for each in facts["parts"]),
        line_inner_mm=float(facts["line_inner_mm"]),
        line_outer_mm=float(facts["line_outer_mm"]),
        line_permittivity=float(facts["line_permittivity"]),
        source=facts["source"],
        reading=Reading[facts["reading"]],
    )


def _part(facts: Mapping[str, Any]) -> AntennaPart:
    inner_mm, outer_mm = facts["r_mm"]
    along = facts["behind_tip_mm"]
    material = facts["material"]
    return AntennaPart(
        name=facts["name"],
        permittivity=None if material == "metal" else float(material),
        inner_mm=float(inner_mm),
        outer_mm=float(outer_mm),
        from_mm=float(along[0]),
        to_mm=float(along[1]) if len(along) == 2 else math.inf,
    )
