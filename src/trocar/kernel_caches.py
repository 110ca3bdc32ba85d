"""Compiled loops on disk: thrown away when any source they were compiled from is newer."""

from contextlib import suppress
from pathlib import Path


def discard_stale(*sources: str) -> None:
    """Throw away the loops that were compiled before the newest of some sources was written.

    Numba keeps compiled loops beside their source and compiles anew when that very file changes; of a function that was
    taken in from another file it knows nothing, and after an update would go on with the old one.

    Parameters
    ----------
    sources
        Files that are compiled together; loops are kept beside the first. A package's ``__init__.py`` stands for all
        files of its folder.
    """
    together = [
        each
        for source in map(Path, sources)
        for each in (source.parent.glob("*.py") if source.name == "__init__.py" else (source,))
    ]
    with suppress(OSError):
        newest = max(each.stat().st_mtime for each in together)
        for kept in (Path(sources[0]).parent / "__pycache__").glob("*.nb[ic]"):
            if kept.stat().st_mtime < newest:
                kept.unlink(missing_ok=True)
