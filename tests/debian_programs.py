"""Programs of other people that give a second opinion on what Trocar writes."""

DEBIAN_PACKAGES = {
    "dcmdump": "dcmtk",
    "dciodvfy": "dicom3tools",
    "pdftoppm": "poppler-utils",
    "chromium": "chromium",
    "psql": "postgresql",
}
"""Program and the Debian package it comes from; .ci/run installs the same."""
