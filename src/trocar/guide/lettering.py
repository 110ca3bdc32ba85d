"""Raised letters and the arrow that says where the head is."""

import numpy as np
from jaxtyping import Float
from manifold3d import CrossSection, FillRule, Manifold
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

CURVE_POINTS_PER_EM = 40
"""Letters are flattened to polygons at this many steps an em: finer than a printer's nozzle."""


def letters(text: str, *, height_mm: float) -> CrossSection:
    """Return text as a flat shape, centred at the origin.

    Parameters
    ----------
    text
        Digits, Latin letters and punctuation.
    height_mm
        Height of a capital.
    """
    path = TextPath((0.0, 0.0), text, size=height_mm / 0.73, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    polygons = [ring[:-1] for ring in map(np.asarray, path.to_polygons()) if len(ring) > 3]
    shape = CrossSection(polygons, FillRule.EvenOdd)
    low_x, low_y, high_x, high_y = shape.bounds()
    return shape.translate((-0.5 * (low_x + high_x), -0.5 * (low_y + high_y)))


def arrow(*, length_mm: float) -> CrossSection:
    """Return an arrow pointing to +y, centred at the origin."""
    half, head, shaft = 0.5 * length_mm, 0.4 * length_mm, 0.13 * length_mm
    outline = [
        (-shaft, -half),
        (shaft, -half),
        (shaft, half - head),
        (0.3 * length_mm, half - head),
        (0.0, half),
        (-0.3 * length_mm, half - head),
        (-shaft, half - head),
    ]
    return CrossSection([np.array(outline)], FillRule.NonZero)


def prism(
    shape: CrossSection,
    *,
    lps_from_label: Float[np.ndarray, "4 4"],
    depth_mm: float,
) -> Manifold:
    """Return a shape drawn in a label plane, swept ``depth_mm`` to both sides of it, in LPS."""
    return shape.extrude(2.0 * depth_mm).translate((0.0, 0.0, -depth_mm)).transform(lps_from_label[:3])
