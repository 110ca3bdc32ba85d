"""EDGE: the command line, one file a command. Reads, calls the workflow, writes, says what it did."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Matrices here are small: threads that wait for one another cost more than they bring, seconds on a busy machine."""
