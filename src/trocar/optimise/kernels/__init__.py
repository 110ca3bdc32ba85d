"""Compiled loops of the annealers: `counting` looks at a change, `books` keeps account, `annealing` decides."""
