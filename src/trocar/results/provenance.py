"""Where a result comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from trocar.geometry.value import Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Provenance(Value):
    """All it takes to compute a result again.

    Parameters
    ----------
    engine
        Name and variant of what computed it.
    library_version
        Version of Trocar.
    inputs
        Name to content hash.
    tables
        Table key to edition or citation.
    papers
        References to cite when the result is published.
    """

    engine: str
    library_version: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    papers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
