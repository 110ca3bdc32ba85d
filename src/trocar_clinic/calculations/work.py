"""Claiming and doing jobs: a claim lasts a minute and is renewed; whoever dies leaves the job to the next."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from trocar_clinic.calculations.models import Job

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
LOOK_S = 0.5


class Worker:
    """Does one job at a time, each in a process of its own, so that cancelling is ending that process.

    Parameters
    ----------
    clock
        Tells the time.
    """

    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.clock = clock
        self.stopped = False

    def stop(self) -> None:
        """End after the present job was given back."""
        self.stopped = True

    def claim(self) -> Job | None:
        """Claim a job that is free: waiting, or left behind by a worker that died."""
        now = self.clock()
        free = Q(status=Job.Status.WAITING) | Q(status=Job.Status.RUNNING, lease_until__lt=now)
        for pk in Job.objects.filter(free).order_by("pk").values_list("pk", flat=True)[:20]:
            taken = Job.objects.filter(free, pk=pk).update(
                status=Job.Status.RUNNING,
                owner=self.name,
                lease_until=now + LEASE,
                attempts=_one_more(),
                started_at=now,
                progress=0.0,
            )
            if taken:
                return Job.objects.get(pk=pk)
        return None

    def work_once(self) -> bool:
        """Do one job, if there is one; say whether there was."""
        job = self.claim()
        if job is None:
            return False
        if job.cancel_wanted:
            self._end(job, Job.Status.CANCELLED)
        elif job.attempts > MOST_ATTEMPTS:
            self._end(job, Job.Status.FAILED, code="calculations.died", text="the process died each time it was tried")
        else:
            self._watch(job, subprocess.Popen([sys.executable, "-m", "trocar_clinic.calculations.child", str(job.pk)]))
        return True

    def _watch(self, job: Job, child: "subprocess.Popen[bytes]") -> None:
        """Renew the claim while the child works; end it when the job is cancelled or this worker stops."""
        renewed = time.monotonic()
        while child.poll() is None:
            time.sleep(LOOK_S)
            mine = Job.objects.filter(pk=job.pk, owner=self.name)
            if time.monotonic() - renewed > LEASE.total_seconds() / 4:
                mine.update(lease_until=self.clock() + LEASE)
                renewed = time.monotonic()
            if self.stopped or not mine.filter(cancel_wanted=False).exists():
                child.kill()
                child.wait()
        job.refresh_from_db()
        if job.owner != self.name or not job.is_open:
            return
        if job.cancel_wanted:
            self._end(job, Job.Status.CANCELLED)
        elif self.stopped:
            Job.objects.filter(pk=job.pk, owner=self.name).update(status=Job.Status.WAITING, owner="", lease_until=None)
        else:
            Job.objects.filter(pk=job.pk, owner=self.name).update(lease_until=self.clock() - LEASE)

    def _end(self, job: Job, status: Job.Status, *, code: str = "", text: str = "") -> None:
        error = {"code": code, "en": text, "zh": text} if code else {}
        Job.objects.filter(pk=job.pk, owner=self.name).update(
            status=status, finished_at=self.clock(), lease_until=None, error=error
        )


def _one_more() -> object:
    from django.db.models import F

    return F("attempts") + 1
