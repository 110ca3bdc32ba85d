"""Two parallel needles with two and one seeds, for tests."""

from datetime import datetime

import numpy as np

from trocar.plan.needles import Needle
from trocar.plan.seeds import Seed, Strength

AT = datetime(2026, 3, 2, 9, 30)


def two_needles() -> tuple[tuple[Needle, ...], tuple[Seed, ...]]:
    """Return needles along z, 20 mm apart."""
    needles = tuple(
        Needle(number=n, entry_lps_mm=np.array([x, 0.0, 0.0]), tip_lps_mm=np.array([x, 0.0, 80.0]))
        for n, x in ((4, -10.0), (9, 10.0))
    )
    places = ((4, -10.0, 75.0), (4, -10.0, 65.0), (9, 10.0, 70.0))
    seeds = tuple(
        Seed(
            position_lps_mm=np.array([x, 0.0, z]),
            axis_lps=np.array([0.0, 0.0, 1.0]),
            source_model="I125_6711",
            strength=Strength(s_k_u=0.5, reference_at=AT),
            needle=number,
        )
        for number, x, z in places
    )
    return needles, seeds
