"""Which series of a case a plan can be made on, and which show it later."""

from typing import Any

from trocar_clinic.images.models import ImageSeries
from trocar_clinic.patients.models import Case
from trocar_clinic.planning.models import PlanRequest


def structure_sets(case: Case) -> Any:
    """Return the structure sets of a case that have outlines."""
    rows = ImageSeries.objects.standing().filter(source__case=case, source__voided_at=None, modality="RTSTRUCT")
    return rows.exclude(structures=[]).order_by("-pk")


def volumes(case: Case) -> Any:
    """Return the series of a case that were read as volumes."""
    return (
        ImageSeries.objects.standing().filter(source__case=case, source__voided_at=None, is_read=True).order_by("-pk")
    )


def other_volumes(row: PlanRequest) -> Any:
    """Return the series of the case of a task that are not those the plan is made on."""
    return volumes(row.case).exclude(pk=row.images_id).select_related("source")
