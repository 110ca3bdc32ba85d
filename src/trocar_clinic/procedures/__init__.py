"""Consent, the procedure with its team and vital signs, and the verification after it."""
