"""Compiled loops of the annealers: `counting` looks at a change, `books` keeps account, `annealing` decides."""

from trocar.kernel_caches import discard_stale

discard_stale(__file__)
