"""Small metal things as coaxial cylinders: seeds, needles, clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from trocar.geometry.value import Value, frozen_array
from trocar.phantom.xray import Metal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer(Value):
    """One solid cylinder about the rod's axis, centred on the rod.

    Parameters
    ----------
    radius_mm, length_mm
        Its size.
    metal
        What it is made of.
    sign
        +1 for matter, −1 for a hollow cut out of an outer layer of the same metal.
    """

    radius_mm: float
    length_mm: float
    metal: Metal
    sign: int = 1


SEED_WITH_SILVER_ROD = (
    Layer(radius_mm=0.40, length_mm=4.50, metal=Metal.TITANIUM),
    Layer(radius_mm=0.33, length_mm=3.75, metal=Metal.TITANIUM, sign=-1),
    Layer(radius_mm=0.25, length_mm=2.80, metal=Metal.SILVER),
)
"""The usual I-125 seed (6711 kind): a hollow titanium capsule with a silver rod; its round welds are taken as flat."""


def seed_layers(length_mm: float) -> tuple[Layer, ...]:
    """Return the usual seed at another length of capsule; the rod and the hollow grow with it."""
    return tuple(
        Layer(
            radius_mm=layer.radius_mm, length_mm=layer.length_mm * length_mm / 4.5, metal=layer.metal, sign=layer.sign
        )
        for layer in SEED_WITH_SILVER_ROD
    )


def steel_needle(length_mm: float) -> tuple[Layer, ...]:
    """Return an 18 G steel needle (outer diameter 1.27 mm, bore 0.84 mm) with its stylet drawn."""
    return (
        Layer(radius_mm=0.635, length_mm=length_mm, metal=Metal.STEEL),
        Layer(radius_mm=0.42, length_mm=length_mm, metal=Metal.STEEL, sign=-1),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rod(Value):
    """Layers at a place in the patient.

    Parameters
    ----------
    centre_lps_mm
        Middle of the rod.
    axis_lps
        Unit vector along it.
    layers
        What it is made of.
    """

    centre_lps_mm: Float[np.ndarray, " 3"]
    axis_lps: Float[np.ndarray, " 3"]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        axis = np.asarray(self.axis_lps, dtype=np.float64)
        object.__setattr__(self, "centre_lps_mm", frozen_array(self.centre_lps_mm, np.float64))
        object.__setattr__(self, "axis_lps", frozen_array(axis / np.linalg.norm(axis), np.float64))

    @property
    def reach_mm(self) -> float:
        """Radius of the sphere about the centre that holds all of it."""
        return max(float(np.hypot(layer.radius_mm, 0.5 * layer.length_mm)) for layer in self.layers)


def layer_table(rods: Sequence[Rod], metals: Sequence[Metal]) -> Float[np.ndarray, "n 10"]:
    """Return one row a layer: centre (3), axis (3), radius, half length, number of the metal, sign."""
    rows = [
        [
            *rod.centre_lps_mm,
            *rod.axis_lps,
            layer.radius_mm,
            0.5 * layer.length_mm,
            metals.index(layer.metal),
            layer.sign,
        ]
        for rod in rods
        for layer in rod.layers
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 10)
