"""Where the files of a plan version lie: those the library made, or those it was imported with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trocar_clinic.errors import refuse_if
from trocar_clinic.images.actions import folder_of
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.planning.models import PlanRequest, PlanVersion
from trocar_clinic.records.files import path_of

OWN = {"plan": "RTPLAN.dcm", "structures": "RTSTRUCT.dcm", "dose": "RTDOSE.dcm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFiles:
    """Files of a plan.

    Parameters
    ----------
    plan
        RT Plan, or ``plan.json`` of an ablation.
    structures, dose
        None where there is none.
    images
        Series that the plan was made on; None where it is not known or was not imported.
    """

    plan: Path
    structures: Path | None
    dose: Path | None
    images: ImageSeries | None


def files_of(plan: PlanVersion) -> PlanFiles:
    """Return the files of a plan version.

    Raises
    ------
    Refused
        It was typed from a report, so that there is no file.
    """
    if plan.job is not None:
        return _own(plan)
    series = plan.summary.get("series", "")
    found = ImageSeries.objects.standing().filter(source__case=plan.case, series_uid=series, modality="RTPLAN").first()
    refuse_if(
        found is None,
        "planning.plan-without-file",
        en="{plan} was typed from a report: there is no file that the library could read; import the RT Plan first",
        zh="{plan}由报告录入，没有可供程序库读取的计划文件；请先导入 RT Plan",
        plan=plan,
    ).insist()
    assert found is not None
    return PlanFiles(
        plan=_path(found),
        structures=_beside(found, "RTSTRUCT"),
        dose=_beside(found, "RTDOSE"),
        images=_images(found),
    )


def _own(plan: PlanVersion) -> PlanFiles:
    job = plan.job
    assert job is not None
    made = {each.name: path_of(each.file.sha256) for each in job.files.select_related("file")}
    request = PlanRequest.objects.filter(pk=plan.summary.get("request")).first()
    return PlanFiles(
        plan=made[OWN["plan"]] if OWN["plan"] in made else made["plan.json"],
        structures=made.get(OWN["structures"]),
        dose=made.get(OWN["dose"]),
        images=request.images if request else None,
    )


def _path(series: ImageSeries) -> Path:
    return folder_of(series.source.folder) / series.files[0]


def _beside(plan: ImageSeries, modality: str) -> Path | None:
    """Return the only object of a modality that was imported with the plan."""
    found: list[Any] = list(plan.source.series.filter(voided_at=None, modality=modality))
    return _path(found[0]) if len(found) == 1 else None


def _images(plan: ImageSeries) -> ImageSeries | None:
    read = list(plan.source.series.filter(voided_at=None, is_read=True))
    same = [each for each in read if each.frame_uid == plan.frame_uid] or read
    return same[0] if len(same) == 1 else None
