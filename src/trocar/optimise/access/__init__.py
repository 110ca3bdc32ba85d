"""Where needles can go: distance fields, candidates with their accounts, template poses, and what stands in the way."""
