"""Dose of sealed sources in water: the TG-43 formalism, directly and by table."""
