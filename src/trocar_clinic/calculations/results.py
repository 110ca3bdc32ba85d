"""What a job leaves: files kept under their hash, and the list of what a page shows of them."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.db import transaction

from trocar_clinic.calculations.models import Job, ResultFile
from trocar_clinic.records.files import keep_bytes
from trocar_clinic.records.models import StoredFile

MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".toml": "application/toml",
    ".csv": "text/csv",
    ".dcm": "application/dicom",
    ".stl": "model/stl",
    ".3mf": "model/3mf",
}
SHOWN_IN_PLACE = frozenset({"application/pdf", "image/svg+xml", "image/png"})
OTHER = "application/octet-stream"


class LostClaim(RuntimeError):
    """Another worker has taken the job over; what this one made is dropped."""


def keep_folder(job: Job, folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Keep every file of a folder as a result of a job, in place of what an attempt that died may have left.

    Parameters
    ----------
    job
        Whose result it is.
    folder
        Gone through with its sub-folders.
    without
        Beginnings of paths that are left out.

    Raises
    ------
    LostClaim
        The job is another worker's by now.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [(path.relative_to(folder).as_posix(), path) for path in paths]
    kept = [(name, _kept(path)) for name, path in named if not name.startswith(without)]
    with transaction.atomic():
        if not Job.objects.select_for_update().filter(pk=job.pk, owner=job.owner).exists():
            raise LostClaim(str(job))
        job.files.all().delete()
        ResultFile.objects.bulk_create([ResultFile(job=job, name=name, file=file) for name, file in kept])


def _kept(path: Path) -> StoredFile:
    return keep_bytes(path.read_bytes(), name=path.name, media_type=MEDIA_TYPES.get(path.suffix.lower(), OTHER))


def hash_of(outcome: dict[str, Any]) -> str:
    """Return the hash under which an outcome is known."""
    return hashlib.sha256(json.dumps(outcome, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def file_of(job: Job, name: str) -> StoredFile | None:
    """Return a kept file of a job, or None."""
    found = job.files.filter(name=name).select_related("file").first()
    return found.file if found else None


def value_of(outcome: dict[str, Any], key: str) -> float | None:
    """Return a number of an outcome by its key, or None."""
    return next((each["value"] for each in outcome.get("numbers", ()) if each["key"] == key), None)


def paper_of(job: Job, name: str, language: str) -> StoredFile | None:
    """Return a paper of a job in a language, or None."""
    for each in job.outcome.get("papers", ()):
        if each["name"] == name and language in each["files"]:
            return file_of(job, each["files"][language])
    return None
