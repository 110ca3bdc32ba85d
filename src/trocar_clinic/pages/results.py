"""Files that a calculation left: pictures on the page, papers to print, everything to take along."""

import io
import zipfile
from typing import Any

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse

from trocar_clinic.calculations.models import Job, ResultFile
from trocar_clinic.calculations.results import SHOWN_IN_PLACE
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.records.books import book_of
from trocar_clinic.records.files import path_of


@page()
def result_file(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Give a file of a result to whoever may see the row that the calculation was about."""
    found = job_for(request, number).files.filter(name=name).select_related("file").first()
    if found is None:
        raise Http404(name)
    kept = found.file
    answer = HttpResponse(path_of(kept.sha256).read_bytes(), content_type=kept.media_type)
    way = "inline" if kept.media_type in SHOWN_IN_PLACE else "attachment"
    answer["Content-Disposition"] = f'{way}; filename="{number}-{_plain(name)}"'
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return answer


@page()
def result_archive(request: HttpRequest, number: int) -> HttpResponse:
    """Give all files of a result as one archive."""
    job = job_for(request, number)
    files = list(job.files.select_related("file").order_by("name"))
    if not files:
        raise Http404(str(number))
    answer = HttpResponse(_packed(files), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="trocar-{job.kind.replace(".", "-")}-{number}.zip"'
    return answer


def _packed(files: list[ResultFile]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            archive.writestr(each.name, path_of(each.file.sha256).read_bytes())
    return packed.getvalue()


def job_for(request: HttpRequest, number: int) -> Job:
    """Return a job about a row that the reader may see; else it is as absent as one that does not exist."""
    job = Job.objects.filter(pk=number).first()
    if job is None:
        raise Http404(str(number))
    kind: Any = apps.get_model(job.subject_kind)
    book = book_of(kind)
    if book is None:
        raise Http404(str(number))
    book.may_read(reader_of(request)).insist()
    if not kind.objects.visible_for(reader_of(request)).filter(pk=job.subject).exists():
        raise Http404(str(number))
    return job


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name)
