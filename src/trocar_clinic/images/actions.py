"""Receiving images: kept byte for byte, then sorted by the library in a job."""

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from trocar_clinic.accounts.models import CLINICAL, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.actions import ask, cancel
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.errors import refuse_if
from trocar_clinic.images.models import ImageImport
from trocar_clinic.patients.models import Case
from trocar_clinic.records.deed import deed

MOST_FILES = 5000
MOST_BYTES = 3 * 2**30
SORT = "images.sort"
CHUNK = 2**20


def folder_of(name: str) -> Path:
    """Return where the files of an import lie."""
    return Path(settings.DATA_FOLDER) / "images" / name


def inbox() -> Path:
    """Return the folder of the server from whose sub-folders images may be taken."""
    return Path(settings.DATA_FOLDER) / "inbox"


def receive(
    case: Case,
    *,
    actor: User,
    at: datetime,
    purpose: str,
    uploads: Sequence[Any] = (),
    folder: str = "",
    why_other_identity: str = "",
) -> ImageImport:
    """Keep uploaded files, archives or a folder of the inbox for a case, and ask for them to be sorted."""
    has_one_of(actor, CLINICAL).insist()
    refuse_if(
        not uploads and not folder,
        "images.nothing-given",
        en="Choose files, a ZIP archive, or a folder of the inbox",
        zh="请选择文件、ZIP 压缩包或收件夹中的文件夹",
    ).insist()
    name = secrets.token_hex(16)
    target = folder_of(name)
    target.mkdir(parents=True, mode=0o700)
    try:
        files, size = _take(uploads, folder, target)
        with deed("images.receive", actor=actor, at=at, note={"files": files, "bytes": size}):
            made = ImageImport(
                case=case,
                purpose=purpose,
                folder=name,
                files=files,
                size_mb=f"{size / 2**20:.1f}",
                why_other_identity=why_other_identity,
            )
            made.save()
            ask(SORT, made, actor=actor, at=at, inputs={"folder": name})
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return made


def stop_sorting(row: ImageImport, *, actor: User, at: datetime) -> ImageImport:
    """Call the sorting off."""
    job = latest_job(row)
    if job is not None:
        cancel(job, actor=actor, at=at)
    return row


def sort_again(row: ImageImport, *, actor: User, at: datetime, why_other_identity: str = "") -> ImageImport:
    """Ask for the files to be sorted anew, saying why images under another identifier belong to the patient."""
    from trocar_clinic.records.actions import fresh

    with deed("images.sort_again", actor=actor, at=at, reason=why_other_identity):
        current: ImageImport = fresh(row, version=row.version)
        current.why_other_identity = why_other_identity
        current.save()
        ask(SORT, current, actor=actor, at=at, inputs={"folder": row.folder, "version": current.version})
    return current


def _take(uploads: Iterable[Any], folder: str, target: Path) -> tuple[int, int]:
    """Copy everything given under running numbers; names of others' files mean nothing here."""
    counter = _Counter(target)
    for upload in uploads:
        if zipfile.is_zipfile(upload):
            _unpack(upload, counter)
        else:
            upload.seek(0)
            counter.keep(upload)
    for path in _files_of_inbox(folder) if folder else ():
        with path.open("rb") as file:
            counter.keep(file)
    return counter.files, counter.size


def _files_of_inbox(folder: str) -> list[Path]:
    place = (inbox() / folder).resolve()
    refuse_if(
        not place.is_relative_to(inbox().resolve()) or not place.is_dir(),
        "images.no-such-folder",
        en="There is no folder {folder} in the inbox {inbox} on the server",
        zh="服务器收件夹 {inbox} 中没有文件夹 {folder}",
        folder=folder,
        inbox=inbox(),
    ).insist()
    return sorted(path for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def _unpack(upload: Any, counter: "_Counter") -> None:
    try:
        with zipfile.ZipFile(upload) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as file:
                        counter.keep(file)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        refuse_if(
            error,
            "images.bad-archive",
            en="The archive cannot be unpacked ({error}); make it again, without a password",
            zh="压缩包无法解开（{error}）；请重新打包，勿加密码",
            error=error,
        ).insist()


class _Counter:
    """Writes files under running numbers and watches how many and how large they become."""

    def __init__(self, target: Path) -> None:
        self.target, self.files, self.size = target, 0, 0

    def keep(self, file: IO[bytes]) -> None:
        """Write one file to the disk."""
        self.files += 1
        self._watch()
        with (self.target / f"{self.files:05d}").open("wb") as out:
            while chunk := file.read(CHUNK):
                self.size += len(chunk)
                self._watch()
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())

    def _watch(self) -> None:
        refuse_if(
            self.files > MOST_FILES or self.size > MOST_BYTES,
            "images.too-much",
            en="More than {files} files or {gb} GB at once; send one study at a time",
            zh="一次超过 {files} 个文件或 {gb} GB；请按检查分次导入",
            files=MOST_FILES,
            gb=MOST_BYTES // 2**30,
        ).insist()
