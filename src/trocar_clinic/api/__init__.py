"""The JSON interface, for the planning workspace and other programs."""
