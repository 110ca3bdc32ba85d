"""Rows without persons: what may leave the hospital. Free text never does; dates are moved patient by patient."""

import csv
import hashlib
import hmac
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone, translation

from trocar_clinic.patients.models import OfPatientQuerySet, Patient
from trocar_clinic.records.encrypted import EncryptedTextField, fingerprint
from trocar_clinic.records.kept import Kept

MOST_DAYS = 182
OLDEST_TOLD = 89
LEFT_OUT = {
    "version",
    "recorded_at",
    "recorded_by",
    "voided_at",
    "void_reason",
    "birth_date",
    "identity_kind",
    "confidential",
}


def models_of_patients() -> list[type[Kept]]:
    """Return the kinds of row that are about patients."""
    found = [each for each in apps.get_models() if issubclass(each, Kept)]
    return [each for each in found if isinstance(each.objects.all(), OfPatientQuerySet)]


def columns_of(model: type[Kept]) -> list[Any]:
    """Return the columns that may leave: numbers, truths, choices, dates and links; no text that somebody typed."""
    kept = []
    for each in model._meta.concrete_fields:
        typed = isinstance(each, models.CharField | models.TextField | models.JSONField | EncryptedTextField)
        to_person = each.is_relation and not issubclass(each.related_model, Kept)  # type: ignore[arg-type]
        coded = bool(each.choices) or each.name == "icd10"
        if each.name not in LEFT_OUT and not to_person and (coded or not typed):
            kept.append(each)
    return kept


def pseudonym(kind: str, key: object) -> str:
    """Return a key that joins rows of an export, and that nobody can read back without the installation's own."""
    return fingerprint(f"export:{kind}:{key}")[:16]


def shift_of(patient: int) -> timedelta:
    """Return by how many days all dates of a patient are moved; intervals stay what they were."""
    digest = hmac.new(pseudonym("shift", patient).encode(), b"days", hashlib.sha256).digest()
    return timedelta(days=int.from_bytes(digest[:4], "big") % (2 * MOST_DAYS + 1) - MOST_DAYS)


def write_export(out: io.BufferedIOBase) -> dict[str, int]:
    """Write each kind of row about patients as CSV into one ZIP, with a dictionary; return the rows by kind."""
    counts = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for model in models_of_patients():
            text, counts[model._meta.label_lower] = _table(model)
            archive.writestr(f"{model._meta.label_lower}.csv", "\ufeff" + text)
        archive.writestr("dictionary.csv", "\ufeff" + _dictionary())
    return counts


def _table(model: type[Kept]) -> tuple[str, int]:
    columns = columns_of(model)
    path: str = model.objects.all().path_to_patient  # type: ignore[attr-defined]
    sheet, n = io.StringIO(), 0
    writer = csv.writer(sheet)
    extra = ["age"] if model is Patient else []
    writer.writerow([*(_head(each) for each in columns), *extra])
    rows = model.objects.standing().select_related(*([path.removesuffix("__")] if path else []))
    for row in rows.iterator(chunk_size=500):
        patient = _patient_of(row, path)
        cells = [_cell(row, each, shift_of(patient.pk)) for each in columns]
        writer.writerow([*cells, *([min(row.age, OLDEST_TOLD + 1)] if model is Patient else [])])
        n += 1
    return sheet.getvalue(), n


def _patient_of(row: Any, path: str) -> Patient:
    for name in path.removesuffix("__").split("__") if path else ():
        row = getattr(row, name)
    return row  # type: ignore[no-any-return]


def _head(column: Any) -> str:
    return f"{column.name}_key" if column.is_relation or column.primary_key else str(column.name)


def _cell(row: Any, column: Any, shift: timedelta) -> object:
    value = getattr(row, column.attname)
    if value is None:
        return ""
    if column.primary_key:
        return pseudonym(row._meta.label_lower, value)
    if column.is_relation:
        return pseudonym(column.related_model._meta.label_lower, value)
    if isinstance(value, datetime):
        return (timezone.localtime(value) + shift).strftime("%Y-%m-%d %H:%M")
    return value + shift if isinstance(value, date) else value


def _dictionary() -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(["table", "column", "meaning", "含义", "values"])
    for model, column in _columns():
        told = []
        for language in ("en", "zh-hans"):
            with translation.override(language):
                told.append(str(column.verbose_name))
        with translation.override("en"):
            values = "; ".join(f"{value} = {label}" for value, label in column.choices or ())
        writer.writerow([model._meta.label_lower, _head(column), *told, values])
    return sheet.getvalue()


def _columns() -> Iterator[tuple[type[Kept], Any]]:
    for model in models_of_patients():
        for column in columns_of(model):
            yield model, column
