"""Points on the command line: numbers with commas."""

import numpy as np
from jaxtyping import Float

from trocar.errors import UsageError


def numbers_in(text: str, count: int) -> Float[np.ndarray, " n"]:
    """Return so many finite numbers from text such as ``-12.5,40,118``.

    Raises
    ------
    UsageError
        Other than so many numbers.
    """
    try:
        numbers = np.array([float(part) for part in text.split(",")])
    except ValueError:
        numbers = np.zeros(0)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise UsageError(
            "cli.point-unreadable",
            "{text} is not what is asked; give {count} numbers in mm with commas, such as -12.5,40,118",
            text=text,
            count=count,
        )
    return numbers
