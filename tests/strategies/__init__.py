"""Generators of valid and odd inputs, one module per room; used by property tests."""
