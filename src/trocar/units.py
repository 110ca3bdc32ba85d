"""The few unit conversions, by name. Inside, Trocar works in mm, s, Gy, K and W.

Conversions between source strength and apparent activity depend on the source model and therefore stand with the
source (`trocar.catalogue.sources.Source`), not here.
"""

from typing import TypeVar

import numpy as np

Number = TypeVar("Number", float, np.ndarray)

SECONDS_PER_DAY = 86_400.0
SECONDS_PER_HOUR = 3_600.0
HOURS_PER_DAY = 24.0
MBQ_PER_MCI = 37.0


def cm_from_mm(length_mm: Number) -> Number:
    """Return a length in cm."""
    return length_mm * 0.1


def mm_from_cm(length_cm: Number) -> Number:
    """Return a length in mm."""
    return length_cm * 10.0


def cc_from_mm3(volume_mm3: Number) -> Number:
    """Return a volume in cubic centimetres."""
    return volume_mm3 * 1e-3


def mm3_from_cc(volume_cc: Number) -> Number:
    """Return a volume in cubic millimetres."""
    return volume_cc * 1e3


def gy_from_cgy(dose_cgy: Number) -> Number:
    """Return a dose in Gy."""
    return dose_cgy * 0.01


def seconds_from_days(time_d: Number) -> Number:
    """Return a time in seconds."""
    return time_d * SECONDS_PER_DAY


def days_from_seconds(time_s: Number) -> Number:
    """Return a time in days."""
    return time_s / SECONDS_PER_DAY


def hours_from_seconds(time_s: Number) -> Number:
    """Return a time in hours."""
    return time_s / SECONDS_PER_HOUR


def kelvin_from_celsius(temperature_c: Number) -> Number:
    """Return an absolute temperature."""
    return temperature_c + 273.15


def celsius_from_kelvin(temperature_k: Number) -> Number:
    """Return a temperature in degrees Celsius."""
    return temperature_k - 273.15


def mbq_from_mci(activity_mci: Number) -> Number:
    """Return an activity in MBq."""
    return activity_mci * MBQ_PER_MCI


def mci_from_mbq(activity_mbq: Number) -> Number:
    """Return an activity in mCi."""
    return activity_mbq / MBQ_PER_MCI
