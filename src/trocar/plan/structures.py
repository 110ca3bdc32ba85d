"""Targets and organs as drawn."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trocar.errors import PlanError
from trocar.geometry.contours import Contour
from trocar.geometry.value import Value
from trocar.messages import Message
from trocar.plan.patient import ImageReference, Patient

_BONE = re.compile(r"Bone (\d+) HU")


def bone_name(threshold_hu: float) -> str:
    """Return the name of bone that was found on a CT above a threshold."""
    return f"Bone {threshold_hu:.0f} HU"


def spoken_name(name: str) -> str | Message:
    """Return a structure's name for people: what Trocar named itself in their language, what others drew as it is."""
    bone = _BONE.fullmatch(name)
    if bone is None:
        return name
    return Message(code="plan.bone-by-hu", template="Bone {threshold} HU", data={"threshold": bone[1]})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure(Value):
    """One region of interest.

    Parameters
    ----------
    number
        ROI number, unique in its set.
    name
        As drawn.
    contours
        In the order read; empty for a structure nobody drew.
    interpreted_type
        DICOM RT ROI Interpreted Type (``CTV``, ``ORGAN``, ``EXTERNAL`` ...), empty where not stated.
    colour_rgb
        For display, 0–255; None where not stated.
    carried
        Whether it was carried over from another image by registration rather than drawn on this one.
    """

    number: int
    name: str
    contours: tuple[Contour, ...]
    interpreted_type: str = ""
    colour_rgb: tuple[int, int, int] | None = None
    carried: bool = False

    @property
    def closed_contours(self) -> tuple[Contour, ...]:
        """Those that enclose an area."""
        return tuple(contour for contour in self.contours if contour.is_closed)

    @property
    def is_region(self) -> bool:
        """Whether it has a volume at all."""
        return bool(self.closed_contours)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StructureSet(Value):
    """Structures drawn in one frame of reference.

    Raises
    ------
    PlanError
        Two structures share a number.
    """

    label: str
    patient: Patient
    frame_uid: str
    structures: tuple[Structure, ...]
    image: ImageReference | None = None

    def __post_init__(self) -> None:
        numbers = [structure.number for structure in self.structures]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise PlanError(
                "plan.structure-number-twice",
                "structure set {label} uses the ROI numbers {numbers} more than once; each structure needs its own",
                label=self.label,
                numbers=twice,
            )

    def __iter__(self) -> Iterator[Structure]:
        return iter(self.structures)

    def __len__(self) -> int:
        return len(self.structures)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(structure.name for structure in self.structures)

    def named(self, name: str) -> Structure:
        """Return the structure of a name, compared without case and outer blanks.

        Raises
        ------
        PlanError
            No structure, or more than one, has that name.
        """
        wanted = name.strip().casefold()
        found = [structure for structure in self.structures if structure.name.strip().casefold() == wanted]
        if len(found) != 1:
            raise PlanError(
                "plan.structure-not-found",
                "{n} structures are named {name}; the set holds: {names}",
                n=len(found),
                name=name,
                names=", ".join(self.names),
            )
        return found[0]
