"""Files as received: checked for what they are, kept once under the hash of their bytes, never changed."""

import hashlib
import os
import tempfile
from pathlib import Path

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import models

from trocar_clinic.language import both
from trocar_clinic.records.models import StoredFile

SCAN_LIMIT_BYTES = 20 * 2**20
KINDS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def path_of(sha256: str) -> Path:
    """Return where the bytes of a hash lie."""
    return Path(settings.DATA_FOLDER) / "files" / sha256[:2] / sha256


def media_type_of(start: bytes) -> str:
    """Return what a file is by its first bytes, or an empty text; what its name claims counts for nothing."""
    return next((kind for magic, kind in KINDS.items() if start.startswith(magic)), "")


def keep_bytes(content: bytes, *, name: str, media_type: str) -> StoredFile:
    """Keep bytes: whole on disk before the row says so."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = path_of(sha256)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, unfinished = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).rename(target)
    given = {"size": len(content), "media_type": media_type, "name": name[-200:]}
    return StoredFile.objects.get_or_create(sha256=sha256, defaults=given)[0]


class ScanFormField(forms.FileField):
    """Takes a PDF, PNG or JPEG and gives the stored file."""

    def __init__(self, **kwargs: object) -> None:
        for name in ("queryset", "to_field_name", "limit_choices_to", "blank"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)  # type: ignore[arg-type]

    def clean(self, data: UploadedFile | None, initial: object = None) -> object:
        """Check size and kind; keep the file."""
        upload = super().clean(data, initial)
        if not isinstance(upload, UploadedFile):
            return StoredFile.objects.filter(pk=getattr(initial, "pk", initial)).first() if initial else None
        if (upload.size or 0) > SCAN_LIMIT_BYTES:
            raise ValidationError(
                both(
                    "The file has %(given).1f MB; at most 20 MB: scan it at a lower resolution",
                    "文件 %(given).1f MB，上限 20 MB：请降低扫描分辨率",
                ),
                params={"given": (upload.size or 0) / 2**20},
            )
        content = upload.read()
        kind = media_type_of(content[:16])
        if not kind:
            raise ValidationError(
                both(
                    "Not a PDF, PNG or JPEG file, whatever its name says",
                    "文件内容不是 PDF、PNG 或 JPEG（与扩展名无关）",
                )
            )
        return keep_bytes(content, name=Path(upload.name or "scan").name, media_type=kind)


class ScanField(models.ForeignKey):
    """A scanned paper that belongs to a row."""

    def __init__(self, verbose_name: object = None, *arguments: object, **kwargs: object) -> None:
        if isinstance(verbose_name, type):  # the table of former values copies the field and names its target first
            verbose_name = kwargs.pop("verbose_name", None)
        on_delete = kwargs.pop("on_delete", models.PROTECT)
        kwargs.pop("to", None)
        given = {"null": True, "blank": True, "related_name": "+", **kwargs}
        label = verbose_name or both("scan", "扫描件")
        super().__init__("records.StoredFile", on_delete, verbose_name=label, **given)  # type: ignore[arg-type]

    def deconstruct(self) -> tuple[str, str, list[object], dict[str, object]]:
        """Give migrations an ordinary foreign key."""
        name, _, arguments, keywords = super().deconstruct()
        return name, "django.db.models.ForeignKey", list(arguments), dict(keywords)

    def formfield(self, **kwargs: object) -> forms.Field:  # type: ignore[override]
        """Ask for an upload, not for a choice among files."""
        return ScanFormField(label=str(self.verbose_name), required=not self.blank)
