"""What a printed guide shall be like, and what came of it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.errors import GuideError
from trocar.geometry.solid import Solid
from trocar.geometry.value import Value, frozen_array
from trocar.plan.needles import Needle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GuideDesign(Value):
    """Measures of a printed guide; all are the maker's choice, none has a default.

    Parameters
    ----------
    bore_diameter_mm
        Inner diameter of the sleeves: the needle's outer diameter plus play.
    wall_mm
        Least thickness of matter around a bore and anywhere else.
    sleeve_length_mm
        How far a sleeve stands above the outer face of the shell.
    shell_thickness_mm
        Of the plate on the skin.
    skin_clearance_mm
        Gap between skin and plate, 0 for contact.
    rim_mm
        How far the plate reaches beyond the outermost needle.
    emboss_mm
        Height of letters above the plate.
    letter_height_mm
        Size of the numbers.
    build_box_mm
        What the printer can print.
    needle_free_length_mm
        Length of the needle above its sleeve that must be free of other sleeves.

    Raises
    ------
    GuideError
        A measure is not positive, or the plate is thinner than the least wall.
    """

    bore_diameter_mm: float
    wall_mm: float
    sleeve_length_mm: float
    shell_thickness_mm: float
    skin_clearance_mm: float
    rim_mm: float
    emboss_mm: float
    letter_height_mm: float
    build_box_mm: tuple[float, float, float]
    needle_free_length_mm: float

    def __post_init__(self) -> None:
        positive = {
            "bore_diameter_mm": self.bore_diameter_mm,
            "wall_mm": self.wall_mm,
            "sleeve_length_mm": self.sleeve_length_mm,
            "shell_thickness_mm": self.shell_thickness_mm,
            "rim_mm": self.rim_mm,
            "emboss_mm": self.emboss_mm,
            "letter_height_mm": self.letter_height_mm,
            "build_box_mm": min(self.build_box_mm),
        }
        wrong = [name for name, value in positive.items() if not value > 0]
        if wrong or self.skin_clearance_mm < 0 or self.needle_free_length_mm < 0:
            raise GuideError(
                "guide.measure-not-positive",
                "the guide's measures {names} are not above 0 mm (clearance and free length: not below 0); "
                "give each in millimetres",
                names=", ".join(wrong) or "skin_clearance_mm, needle_free_length_mm",
            )
        if self.shell_thickness_mm < self.wall_mm:
            raise GuideError(
                "guide.plate-thinner-than-wall",
                "a plate of {plate_mm:.2f} mm was asked for with a least wall of {wall_mm:.2f} mm; "
                "make the plate at least as thick as the wall",
                plate_mm=self.shell_thickness_mm,
                wall_mm=self.wall_mm,
            )

    @property
    def sleeve_radius_mm(self) -> float:
        """Outer radius of a sleeve."""
        return 0.5 * self.bore_diameter_mm + self.wall_mm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sleeve(Value):
    """One sleeve with its bore, in LPS mm.

    Parameters
    ----------
    needle
        The needle it guides.
    top_lps_mm
        Centre of the sleeve's outer face: depth marks on the needle count from here.
    """

    needle: Needle
    top_lps_mm: Float[np.ndarray, " 3"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_lps_mm", frozen_array(self.top_lps_mm, np.float64))

    @property
    def stop_to_tip_mm(self) -> float:
        """How deep the needle goes, measured from the sleeve's outer face."""
        return float(np.linalg.norm(self.needle.tip_lps_mm - self.top_lps_mm))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrintedGuide(Value):
    """A guide ready to print.

    Parameters
    ----------
    solid
        In the print frame: z away from the skin along the mean needle, resting at z = 0, millimetres.
    print_from_lps
        Rigid transform from patient space to the print frame.
    sleeves
        One a needle.
    design
        The measures it was made to.
    patient_key
        What is embossed to identify the patient.
    """

    solid: Solid
    print_from_lps: Float[np.ndarray, "4 4"]
    sleeves: tuple[Sleeve, ...]
    design: GuideDesign
    patient_key: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "print_from_lps", frozen_array(self.print_from_lps, np.float64))
