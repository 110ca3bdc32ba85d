"""Whether the sleeves and the needles above them leave each other room."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from trocar.errors import GuideError
from trocar.guide.design import GuideDesign, Sleeve


def segment_distance_mm(first_mm: Float[np.ndarray, "2 3"], second_mm: Float[np.ndarray, "2 3"]) -> float:
    """Return the least distance between two straight segments given by their ends.

    References
    ----------
    C. Ericson, Real-Time Collision Detection, 2005, section 5.1.9.
    """
    d1, d2 = first_mm[1] - first_mm[0], second_mm[1] - second_mm[0]
    r = first_mm[0] - second_mm[0]
    a, e, b = float(d1 @ d1), float(d2 @ d2), float(d1 @ d2)
    c, f = float(d1 @ r), float(d2 @ r)
    denominator = a * e - b * b
    s = float(np.clip((b * f - c * e) / denominator, 0.0, 1.0)) if denominator > 1e-12 * a * e else 0.0
    t = float(np.clip((b * s + f) / e, 0.0, 1.0))
    s = float(np.clip((b * t - c) / a, 0.0, 1.0))
    return float(np.linalg.norm(first_mm[0] + s * d1 - second_mm[0] - t * d2))


def require_free_sleeves(sleeves: Sequence[Sleeve], design: GuideDesign) -> None:
    """Raise if two bores leave too thin a wall, or a needle above its sleeve runs into another sleeve.

    Raises
    ------
    GuideError
        Names the pairs and the room that is missing.
    """
    least_between_bores = design.bore_diameter_mm + design.wall_mm
    least_to_sleeve = design.sleeve_radius_mm + 0.5 * design.bore_diameter_mm
    clashes = []
    for number, one in enumerate(sleeves):
        for other in sleeves[number + 1 :]:
            missing = least_between_bores - segment_distance_mm(_bore(one), _bore(other))
            missing = max(missing, *(least_to_sleeve - gap for gap in _gaps_above(one, other, design)))
            if missing > 0:
                clashes.append((one.needle.number, other.needle.number, missing))
    if clashes:
        raise GuideError(
            "guide.sleeves-collide",
            "sleeves of needles {pairs} leave each other too little room (up to {missing_mm:.1f} mm missing); "
            "move the needles apart, or make bores, walls or sleeves smaller",
            pairs=", ".join(f"{a}–{b}" for a, b, _ in clashes),
            missing_mm=max(missing for _, _, missing in clashes),
        )


def _bore(sleeve: Sleeve) -> np.ndarray:
    return np.array([sleeve.needle.entry_lps_mm, sleeve.top_lps_mm])


def _gaps_above(one: Sleeve, other: Sleeve, design: GuideDesign) -> tuple[float, float]:
    def above(sleeve: Sleeve) -> np.ndarray:
        reach = design.needle_free_length_mm + 1e-3
        return np.array([sleeve.top_lps_mm, sleeve.top_lps_mm - reach * sleeve.needle.direction_lps])

    return segment_distance_mm(above(one), _bore(other)), segment_distance_mm(above(other), _bore(one))
