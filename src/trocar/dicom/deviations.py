"""Collecting the named deviations met while one thing is read."""

from dataclasses import dataclass, field

from trocar.messages import Message
from trocar.results.findings import Deviation


@dataclass(slots=True)
class Deviations:
    """A list that grows while one object is read and ends in its `Reading`.

    Examples
    --------
    >>> noted = Deviations()
    >>> noted.note("dicom.demo", "slope {slope} is unusual", where="1.dcm", slope=2)
    >>> noted.note("dicom.demo", "slope {slope} is unusual", where="2.dcm", slope=2)
    >>> [(str(each.message), each.where) for each in noted.found]
    [('slope 2 is unusual', '1.dcm and 1 more')]
    """

    _places: dict[Message, list[str]] = field(default_factory=dict)

    def note(self, code: str, template: str, /, *, where: str = "", **data: object) -> None:
        """Add a deviation; one said of several places is kept once with all of them."""
        places = self._places.setdefault(Message(code=code, template=template, data=data), [])
        if where not in places:
            places.append(where)

    def extend(self, deviations: tuple[Deviation, ...]) -> None:
        """Add what another reading met."""
        for each in deviations:
            places = self._places.setdefault(each.message, [])
            if each.where not in places:
                places.append(each.where)

    @property
    def found(self) -> tuple[Deviation, ...]:
        """All of them, in the order first met."""
        return tuple(Deviation(message=message, where=_where(places)) for message, places in self._places.items())


def _where(places: list[str]) -> str:
    return places[0] if len(places) == 1 else f"{places[0]} and {len(places) - 1} more"
