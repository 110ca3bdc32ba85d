"""Rule packs: limits and goals as data with sources, and what a result means when laid beside them."""
