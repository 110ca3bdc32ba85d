"""Frames, affines, grids, volumes and contours. Patient space is DICOM LPS in mm."""
