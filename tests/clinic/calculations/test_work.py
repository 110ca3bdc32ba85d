"""Jobs: one worker each, taken over from the dead, called off, never done twice."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinic.cases import a_case
from trocar_clinic.calculations import work
from trocar_clinic.calculations.actions import ask, cancel
from trocar_clinic.calculations.models import Job


@pytest.fixture
def job(house: Any, now: datetime) -> Job:
    return ask("images.sort", a_case(house, now), actor=house.accounts["nurse"], at=now, inputs={"n": 1})


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def test_a_job_is_claimed_by_one(job: Job, now: datetime) -> None:
    first, second = work.Worker(Clock(now)), work.Worker(Clock(now))
    assert (first.claim(), second.claim()) == (job, None)


def test_the_job_of_a_dead_worker_is_taken_over_when_its_lease_is_over(job: Job, now: datetime) -> None:
    clock = Clock(now)
    work.Worker(clock).claim()
    heir = work.Worker(clock)
    clock.at += work.LEASE - timedelta(seconds=1)
    assert heir.claim() is None
    clock.at += timedelta(seconds=2)
    taken = heir.claim()
    assert taken is not None
    assert taken.attempts == 2


def test_a_job_that_kills_its_process_every_time_fails_at_last(job: Job, now: datetime, monkeypatch: Any) -> None:
    clock = Clock(now)
    worker = work.Worker(clock)
    monkeypatch.setattr(work.subprocess, "Popen", _Dies)
    monkeypatch.setattr(work, "LOOK_S", 0.0)
    for _ in range(work.MOST_ATTEMPTS + 1):
        clock.at += work.LEASE * 3
        assert worker.work_once()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (Job.Status.FAILED, "calculations.died")


class _Dies:
    def __init__(self, command: list[str]) -> None:
        assert command[-2] == "trocar_clinic.calculations.child"

    def poll(self) -> int:
        return -9


def test_the_same_question_is_not_asked_twice(job: Job, house: Any, now: datetime) -> None:
    from django.apps import apps

    row = apps.get_model(job.subject_kind).objects.get(pk=job.subject)
    again = ask("images.sort", row, actor=house.accounts["operator"], at=now, inputs={"n": 1})
    assert again.pk == job.pk


def test_a_waiting_job_is_called_off_at_once(job: Job, house: Any, now: datetime) -> None:
    cancel(job, actor=house.accounts["nurse"], at=now)
    assert work.Worker(Clock(now)).claim() is None
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
