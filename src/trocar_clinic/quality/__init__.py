"""Indicators, audits and self-assessments: counted in SQL over the register of cases."""
