"""The figures of a structure on one line, as the commands say them."""

import math

from trocar.results.plan_check import StructureCheck


def figures(structure: StructureCheck) -> str:
    """Return metrics and, of a target, indices; what the structure is too small for is left out."""
    words = [
        f"{pair.name} {pair.recomputed:.4g} {pair.unit}" for pair in structure.metrics if math.isfinite(pair.recomputed)
    ]
    if structure.indices is not None:
        indices = (("CI", structure.indices.ci), ("EI", structure.indices.ei), ("HI", structure.indices.hi))
        words += [f"{name} {index.value:.3f}" for name, index in indices if index is not None]
    return "  ".join(words)
