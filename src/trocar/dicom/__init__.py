"""DICOM files and folders to values and back: the only room that speaks DICOM.

Strict in what is written; in what is read, only deviations with a name are tolerated, and each is reported with the
value (`trocar.results.findings.Reading`).
"""
