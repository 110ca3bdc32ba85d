"""The books of images, and the deed by which a case gets them."""

from trocar_clinic.accounts.models import CLINICAL, SEES_CASES
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.images import actions
from trocar_clinic.images.forms import ReceiveForm, SortAgainForm
from trocar_clinic.images.models import ImageImport, ImageSeries
from trocar_clinic.language import both
from trocar_clinic.records.books import Book, RowDeed


def _is_working(row: ImageImport) -> bool:
    job = latest_job(row)
    return job is not None and job.is_open


BOOKS = (
    Book(
        slug="image-imports",
        model=ImageImport,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        can_correct=False,
        columns=("purpose", "recorded_at", "files", "size_mb", "n_series", "progress"),
        fields=("case", "purpose", "files", "size_mb", "why_other_identity"),
        related=("case",),
        template="images/import.html",
        deeds=(
            RowDeed(
                name="stop", title=both("Stop", "停止"), act=actions.stop_sorting, doers=CLINICAL, offered=_is_working
            ),
            RowDeed(
                name="sort-again",
                title=both("Sort again", "重新整理"),
                act=actions.sort_again,
                doers=CLINICAL,
                form=SortAgainForm,
                offered=lambda row: not _is_working(row),
            ),
        ),
    ),
    Book(
        slug="series",
        model=ImageSeries,
        parent="source",
        readers=SEES_CASES,
        writers=CLINICAL,
        can_enter=False,
        can_correct=False,
        columns=("modality", "description", "acquired_at", "frames", "spacing_mm", "is_read", "told"),
        fields=(
            "source",
            "modality",
            "description",
            "acquired_at",
            "frames",
            "spacing_mm",
            "is_read",
            "series_uid",
            "frame_uid",
        ),
        facts=("structure_names", "told"),
        related=("source__case",),
        order=("modality", "pk"),
    ),
)

DEEDS = {
    "cases": (
        RowDeed(
            name="receive-images",
            title=both("Add images", "导入影像"),
            act=actions.receive,
            doers=CLINICAL,
            form=ReceiveForm,
            offered=lambda case: case.state != "abandoned" and not case.is_void,
        ),
    )
}
