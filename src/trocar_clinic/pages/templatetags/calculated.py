"""What pages show of calculations: how far they are, what came of them."""

from typing import Any

from django import template
from django.utils import translation

from trocar_clinic.accounts.models import CLINICAL, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.custody.models import SeedLot, SeedMove
from trocar_clinic.custody.papers import Transport
from trocar_clinic.followup.models import PlannedVisit
from trocar_clinic.language import both
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.making import can_be_edited
from trocar_clinic.procedures.models import Consent
from trocar_clinic.procedures.verifying import last_done

register = template.Library()

BIG = {"slices", "slices-axial", "slices-upright", "margin-slices", "crops", "checkerboard"}
"""Pictures that need the whole width of a page."""


@register.inclusion_tag("results/panel.html")
def results_of(job: Job | None) -> dict[str, Any]:
    """Show numbers, findings, pictures and papers of a job that came through."""
    if job is None or job.status != Job.Status.DONE or "numbers" not in job.outcome:
        return {"job": None}
    language = "zh" if (translation.get_language() or "").startswith("zh") else "en"
    outcome = job.outcome
    pictures = [
        {**each, "wide": each["file"].rsplit("/", 1)[-1].rsplit(".", 1)[0] in BIG}
        for each in outcome["pictures"].get(language, ())
    ]
    papers = [
        {"name": str(both(each["en"], each["zh"])), "here": each["files"].get(language), "files": each["files"]}
        for each in outcome["papers"]
    ]
    dicom = list(job.files.filter(name__endswith=".dcm").exclude(name__contains="plan-").values_list("name", flat=True))
    return {
        "job": job,
        "numbers": [each for each in outcome["numbers"] if "met" not in each],
        "goals": [each for each in outcome["numbers"] if "met" in each],
        "has_planned": any(each.get("planned") is not None for each in outcome["numbers"]),
        "has_range": any(each.get("low") is not None for each in outcome["numbers"]),
        "findings": outcome["findings"],
        "pictures": pictures,
        "papers": papers,
        "dicom": dicom,
        "outcome": outcome,
    }


@register.filter
def editable(job: Job | None) -> bool:
    """Say whether the plan that a job left can be changed on the workspace."""
    return can_be_edited(job)


@register.filter
def in_words(row: dict[str, Any]) -> str:
    """Return what a row of an outcome says in the reader's language."""
    return str(both(row["en"], row["zh"]))


@register.filter
def rounded(value: Any) -> str:
    """Return a number as clinicians read it: counts whole, one decimal, two below ten, none where there is nothing."""
    if not isinstance(value, int | float):  # nothing, or a name that the row of numbers lacks
        return ""
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@register.filter
def time_left(job: Job) -> str:
    """Return how long a job will go on, as far as that can be told."""
    seconds = job.seconds_left
    if seconds is None:
        return str(both("time left not known yet", "剩余时间尚不能估计"))
    if seconds < 60:
        rest = max(5, round(seconds / 5) * 5)
        return str(both(f"about {rest} s left", f"约剩 {rest} 秒"))
    return str(both(f"about {round(seconds / 60)} min left", f"约剩 {round(seconds / 60)} 分钟"))


@register.simple_tag
def latest(row: Any) -> Job | None:
    """Return the last job about a row."""
    return latest_job(row)


@register.simple_tag
def onward(row: Any, reader: User) -> list[tuple[str, str]]:
    """Return what is usually done next from the page of a row that is not about the row itself: name and address."""
    if isinstance(row, PlannedVisit) and row.done is None and not row.is_void and has_one_of(reader, CLINICAL).allowed:
        return [(str(both("Enter the visit", "录入随访")), f"/records/visits/new/?of={row.case_id}")]
    return []


@register.simple_tag
def printed(row: Any) -> list[tuple[str, str]]:
    """Return what can be printed about a row: name and address."""
    if isinstance(row, SeedLot):
        return [(str(both("Label", "标签")), f"/sheets/lot/{row.pk}/")]
    if isinstance(row, SeedMove):
        return [(str(both("Label", "标签")), f"/sheets/move/{row.pk}/")] if row.case_id else []
    if isinstance(row, Transport):
        return [(str(both("Transport paper", "运输单")), f"/sheets/transport/{row.pk}/")]
    if isinstance(row, Consent):
        return [(str(both("Paper", "知情同意书")), f"/sheets/consent/{row.pk}/")]
    if isinstance(row, Case):
        return _of_case(row)
    return []


def _of_case(case: Case) -> list[tuple[str, str]]:
    done = last_done(case)
    if done is None:
        return []
    found = [(str(both("Discharge card", "出院告知卡")), f"/sheets/discharge/{case.pk}/")]
    last = case.verifications.filter(voided_at=None, job__isnull=False).order_by("-pk").first()
    language = "zh" if (translation.get_language() or "").startswith("zh") else "en"
    if last and last.job and last.job.files.filter(name=f"card-{language}.pdf").exists():
        found.append((str(both("Protection card", "辐射防护卡")), f"/results/{last.job_id}/card-{language}.pdf"))
    job = done.plan.job
    if job and job.files.filter(name=f"loading_{language}.pdf").exists():
        found.append((str(both("Loading sheet", "装载单")), f"/results/{job.pk}/loading_{language}.pdf"))
    return found
