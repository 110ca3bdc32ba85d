"""A folder of results appears whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trocar.errors import UsageError

MARK = "trocar.json"
"""Every folder that Trocar wrote holds this file; only such a folder is ever replaced."""


@contextmanager
def whole_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a fresh folder to write into, and move it to ``target`` when all went well.

    Parameters
    ----------
    target
        Where the results shall stand.
    replace
        Whether an earlier folder of results may be replaced.

    Raises
    ------
    UsageError
        The target exists and may not be replaced, or its parent cannot be written.

    Notes
    -----
    On any error nothing is left behind: neither the folder nor a part of it. The new folder is built beside the target,
    so that the last step is a rename.
    """
    target = target.absolute()
    require_free(target, replace=replace)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as problem:
        raise UsageError(
            "cli.cannot-write",
            "results cannot be written to {folder} ({reason}); give another folder with --out",
            folder=str(target),
            reason=problem.strerror or str(problem),
        ) from problem
    try:
        building.chmod(0o777 & ~_umask())
        yield building
        _take_place(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def require_free(target: Path, *, replace: bool) -> None:
    """Raise unless a folder of results may be put in this place.

    Raises
    ------
    UsageError
        Something stands there that is not to be replaced.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / MARK).is_file():
        raise UsageError(
            "cli.folder-not-ours",
            "{folder} exists and was not written by Trocar, so it is left alone; give another folder with --out",
            folder=str(target),
        )
    if not replace:
        raise UsageError(
            "cli.folder-exists",
            "{folder} already holds results; give another folder with --out, or --replace to replace them",
            folder=str(target),
        )


def _take_place(building: Path, target: Path) -> None:
    if not target.exists():
        building.rename(target)
        return
    former = Path(tempfile.mkdtemp(prefix=f".{target.name}-former-", dir=target.parent))
    target.rename(former / target.name)
    building.rename(target)
    shutil.rmtree(former, ignore_errors=True)


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value
