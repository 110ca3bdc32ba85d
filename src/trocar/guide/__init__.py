"""Guides: the coplanar grid and the patient-specific printed template, as solids made from needles and skin."""
