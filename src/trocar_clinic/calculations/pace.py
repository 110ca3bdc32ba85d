"""How far a job is: the stages of the library weighed by the time they took the last time."""

import time
from collections.abc import Mapping
from typing import Any

from trocar.messages import Language, Message
from trocar_clinic.calculations.kinds import Progress
from trocar_clinic.calculations.models import Job

EVERY_S = 0.4
UNKNOWN_S = 1.0
"""Weight of a stage that nobody has timed yet."""


class Pace:
    """Turns stages and their shares into one share of the whole, and times the stages for the next job of the kind.

    Parameters
    ----------
    job
        Which; the last job of its kind that came through says how long stages take.
    progress
        Told the share of the whole and the stage.
    usual
        Stage code to seconds, for as long as no job of the kind has come through.
    """

    def __init__(self, job: Job, progress: Progress, *, usual: Mapping[str, float]) -> None:
        self._tell = progress
        self._usual = {**usual, **_last_time(job)}
        self._stage: Message | None = None
        self._share = 0.0
        self._began = time.monotonic()
        self._told = 0.0
        self._reached = 0.0
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: Message, share: float) -> None:
        """Take in how far a stage is."""
        now = time.monotonic()
        changed = self._stage is None or stage.code != self._stage.code
        if changed:
            self._close(now)
            self._stage, self._began = stage, now
        self._share = share
        self._reached = max(self._reached, self._whole())
        if changed or share >= 1.0 or now - self._told > EVERY_S:
            self._told = now
            self._tell(min(self._reached, 0.99), stage.text(Language.ENGLISH), stage.text(Language.CHINESE))

    def finished(self) -> dict[str, float]:
        """Return the seconds that each stage took."""
        self._close(time.monotonic())
        self._stage = None
        return {code: round(seconds, 2) for code, seconds in self.seconds.items()}

    def _close(self, now: float) -> None:
        if self._stage is not None:
            code = self._stage.code
            self.seconds[code] = self.seconds.get(code, 0.0) + now - self._began

    def _whole(self) -> float:
        assert self._stage is not None
        code = self._stage.code
        weights = {**dict.fromkeys((*self.seconds, code), UNKNOWN_S), **self._usual}
        done = sum(weights[each] for each in self.seconds if each != code)
        return (done + self._share * weights[code]) / sum(weights.values())


def _last_time(job: Job) -> dict[str, float]:
    """Return the seconds a stage of the last job of the kind that came through."""
    last: Any = Job.objects.filter(kind=job.kind, status=Job.Status.DONE).order_by("-pk").first()
    return dict(last.outcome.get("stages", {})) if last else {}
