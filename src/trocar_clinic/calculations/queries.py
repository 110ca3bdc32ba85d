"""Questions about jobs."""

from collections.abc import Iterator
from datetime import date

from django.db.models import QuerySet

from trocar_clinic.accounts.models import EVERYBODY, User
from trocar_clinic.calculations.models import Job
from trocar_clinic.language import both
from trocar_clinic.records.books import Due, Urgency
from trocar_clinic.records.kept import Kept


def latest_job(row: Kept) -> Job | None:
    """Return the last job about a row."""
    return jobs_about(row).order_by("-pk").first()


def jobs_about(row: Kept) -> QuerySet[Job]:
    """Return all jobs about a row."""
    return Job.objects.filter(subject_kind=row._meta.label_lower, subject=row.pk)


def due(reader: User, on: date) -> Iterator[Due]:
    """Yield the reader's own jobs that failed, until one about the same row comes through."""
    from django.apps import apps

    for job in Job.objects.filter(requested_by=reader, status=Job.Status.FAILED).order_by("-pk")[:20]:
        row = apps.get_model(job.subject_kind).objects.filter(pk=job.subject).first()
        last = latest_job(row) if row is not None else None
        if last is not None and last.pk == job.pk:
            told = both(job.error.get("en", ""), job.error.get("zh", ""))
            yield Due(
                what=told,
                row=row,
                roles=EVERYBODY,
                urgency=Urgency.SOON,
                kind=both("Jobs that failed", "失败的计算任务"),
            )
