"""Trocar: from CT to plan, needle, verified dose or margin, for seed implantation and percutaneous ablation.

Research and quality-assurance software; not a certified medical device.
"""

__version__ = "0.1.0.dev0"
