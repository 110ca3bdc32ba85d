"""What a reader may be allowed to accept, one by one, by whoever answers for the result."""

from enum import Enum


class Tolerance(Enum):
    """A fault of an image series that is refused unless it is allowed by name; each use is reported as a deviation."""

    DUPLICATES_FIRST_KEPT = "of several slices at one place, keep the one of the lowest instance number"
    GAPS_INTERPOLATED = "fill missing slices and uneven spacing by linear interpolation onto even planes"
    ORIENTATION_LETTERS_IGNORED = "believe Image Orientation where Patient Orientation letters contradict it"
    UNIT_TAKEN_AS_HU = "take a CT's values as Hounsfield units though it states another unit, or none"
