"""From doses and structures to curves, indices and comparisons, each with the error of its computation."""
