"""`Anatomy`: what a person is made of, as paint and as organs."""

from dataclasses import dataclass

from trocar.phantom.solids import Solid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A solid filled with a tissue; later parts cover earlier ones.

    Parameters
    ----------
    tissue
        Key in the tissue table.
    solid
        Where.
    lining
        Further tissues inside, each from a depth in mm below the surface: cortex around marrow, wall around content.
    gradient_hu_per_mm
        Change of the mean along x, y and z from the solid's middle: lungs are denser below.
    oversample
        Samples a pixel edge: more than 1 for metal thinner than a pixel.
    """

    tissue: str
    solid: Solid
    lining: tuple[tuple[float, str], ...] = ()
    gradient_hu_per_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    oversample: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Organ:
    """A solid that a doctor would outline.

    Parameters
    ----------
    name
        Name after AAPM TG-263 (doi 10.1016/j.ijrobp.2017.12.013) where it has one.
    solid
        The exact shape.
    interpreted_type
        DICOM RT ROI Interpreted Type.
    colour_rgb
        For display.
    """

    name: str
    solid: Solid
    interpreted_type: str
    colour_rgb: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anatomy:
    """Parts in painting order and organs in listing order."""

    parts: tuple[Part, ...] = ()
    organs: tuple[Organ, ...] = ()

    def __add__(self, other: "Anatomy") -> "Anatomy":
        return Anatomy(parts=self.parts + other.parts, organs=self.organs + other.organs)
