"""The library's room for the store, loaded when first asked for: a page without seeds does not wait for numerics."""

from typing import Any


def library() -> Any:
    """Return `trocar.workflow.custody`."""
    from trocar.workflow import custody

    return custody
