"""Asking for a job, and calling it off."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trocar_clinic.accounts.models import User
from trocar_clinic.calculations.models import Job
from trocar_clinic.records.deed import deed
from trocar_clinic.records.kept import Kept


def ask(kind: str, subject: Kept, *, actor: User, at: datetime, inputs: Mapping[str, Any]) -> Job:
    """Ask for a job about a row; the same job that still waits or runs is not asked for twice."""
    text = json.dumps(dict(inputs), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    about = {"subject_kind": subject._meta.label_lower, "subject": subject.pk, "kind": kind}
    with deed("calculations.ask", actor=actor, at=at, note={"kind": kind, "inputs": digest}) as done:
        twin = Job.objects.filter(
            **about, inputs_sha256=digest, status__in=[Job.Status.WAITING, Job.Status.RUNNING]
        ).first()
        job = twin or Job.objects.create(
            **about, inputs=dict(inputs), inputs_sha256=digest, requested_by=actor, requested_at=at
        )
        done.note["job"] = job.pk
    return job


def cancel(job: Job, *, actor: User, at: datetime) -> None:
    """Call a job off; the worker ends it within a second."""
    with deed("calculations.cancel", actor=actor, at=at, note={"job": job.pk}):
        Job.objects.filter(pk=job.pk, status=Job.Status.WAITING).update(status=Job.Status.CANCELLED, finished_at=at)
        Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(cancel_wanted=True)
