"""The planning workspace on a proposal of the library: whoever may see the case looks, planners save changes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone, translation

from trocar_clinic.accounts.models import EVERYBODY, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.errors import Refused
from trocar_clinic.language import both
from trocar_clinic.pages.doors import reader_of
from trocar_clinic.pages.results import job_for
from trocar_clinic.planning.actions import PLANNERS
from trocar_clinic.planning.making import EDIT, ask_edit, can_be_edited
from trocar_clinic.planning.models import PlanRequest
from trocar_workspace.doors import Opened, workspace_addresses

if TYPE_CHECKING:
    from trocar_workspace.desk import Desk


SAVED = both("on the planning task, where it is taken over as a version", "请返回计划任务，采用为计划版本")


def open_desk(request: HttpRequest, number: int) -> Opened:
    """Return the proposal that a job made, opened for whoever may see its case."""
    reader = reader_of(request)
    has_one_of(reader, EVERYBODY).insist()
    job = job_for(request, number)
    if not can_be_edited(job):
        raise Http404(str(number))
    row = PlanRequest.objects.get(pk=job.subject)
    saver = JobSaver(row, job, reader) if has_one_of(reader, PLANNERS).allowed else None
    back = reverse("detail", kwargs={"slug": "plan-requests", "number": row.pk})
    return Opened(desk=lambda: _desk(job), saver=saver, back=back)


def _desk(job: Job) -> "Desk":
    from trocar_clinic.planning.desks import desk_of

    return desk_of(job)


class JobSaver:
    """Saves a changed plan as a job of the planning task, on which it is taken over as any other proposal.

    Parameters
    ----------
    row, base
        The task, and the job whose plan was changed.
    actor
        Who changed it.
    """

    def __init__(self, row: PlanRequest, base: Job, actor: User) -> None:
        self._row, self._base, self._actor = row, base, actor
        self._refused: dict[str, str] | None = None

    def begin(self, words: Sequence[Mapping[str, Any]]) -> bool:
        """Ask for the job; return whether it was taken on."""
        try:
            ask_edit(self._row, actor=self._actor, at=timezone.now(), base=self._base, changes=words)
        except Refused as refused:
            self._refused = _in_both(refused)
            return False
        return True

    def told(self) -> dict[str, Any]:
        """Return how far the last job of the task is."""
        job = latest_job(self._row)
        if self._refused is not None or job is None or job.kind != EDIT:
            return {"share": 0.0, "stage": {}, "done": True, "result": "", "problem": self._refused}
        failed = not job.is_open and job.status != Job.Status.DONE
        status = job.get_status_display()
        return {
            "share": job.progress,
            "stage": {"en": job.stage, "zh": job.stage_zh or job.stage},
            "done": not job.is_open,
            "result": "" if failed else str(SAVED),
            "problem": {"en": status, "zh": status} | job.error if failed else None,
        }


def _in_both(refused: Refused) -> dict[str, str]:
    told = {}
    for key, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            told[key] = "; ".join(str(each.text) for each in refused.reasons)
    return told


addresses = workspace_addresses(open_desk)
