"""An imported RT Plan becomes a version with the seeds it holds; what it does not say is asked for, never guessed."""

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinic.cases import DECISION, YES_SEED, a_case
from trocar.messages import chinese_templates
from trocar_clinic.calculations.models import Job
from trocar_clinic.errors import Refused
from trocar_clinic.images import actions as images
from trocar_clinic.images.jobs import sort
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.institution.models import Product
from trocar_clinic.patients import actions
from trocar_clinic.planning.importing import take_plan


@pytest.fixture
def series(house: Any, now: Any, shared_data: Path) -> ImageSeries:
    case = a_case(house, now, number="patientldr0", birth_date=date(1999, 12, 31))
    doctor = house.accounts["attending"]
    actions.assess_indication(case, actor=doctor, at=now, answers=YES_SEED)
    case.refresh_from_db()
    actions.decide(case, actor=doctor, at=now, **DECISION)
    folder = shared_data / "tps-ldr-i125-oncentra-prostate"
    uploads = [SimpleUploadedFile(path.name, measured_of_late(path)) for path in sorted(folder.rglob("*.dcm"))]
    images.receive(case, actor=house.accounts["physicist"], at=now, purpose="planning", uploads=uploads)
    sort(Job.objects.order_by("-pk").first(), lambda share, stage: None)
    return ImageSeries.objects.get(modality="RTPLAN")


def measured_of_late(path: Path) -> bytes:
    """Return a file; a plan whose strengths were measured shortly before the implant told here, not in 2017."""
    dataset = pydicom.dcmread(path)
    for source in dataset.get("SourceSequence", ()):
        source.SourceStrengthReferenceDate = "20260301"
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


TOLD = {
    "made_on": date(2026, 3, 4),
    "system": "Oncentra",
    "target": "PTV",
    "target_volume_cc": "35.0",
    "implant_on": date(2026, 3, 5),
}


def given(house: Any) -> dict[str, Any]:
    return {**TOLD, "made_by": house.staff["physicist"], "source": Product.objects.get(kind="seed")}


def test_the_seeds_of_the_file_are_those_of_the_version(house: Any, now: Any, series: ImageSeries) -> None:
    plan = take_plan(series, actor=house.accounts["physicist"], at=now, **given(house))
    assert (plan.seeds, plan.origin, plan.case.state) == (36, "imported", "planned")
    assert plan.summary["series"] == series.series_uid
    assert plan.air_kerma_strength_u > 0


def test_seeds_measured_years_before_the_implant_are_refused(house: Any, now: Any, series: ImageSeries) -> None:
    told = {**given(house), "implant_on": date(2029, 3, 5)}
    with pytest.raises(Refused) as refused:
        take_plan(series, actor=house.accounts["physicist"], at=now, **told)
    assert refused.value.codes == ("plan.calibrated-years-before",)


def test_what_is_no_plan_is_refused_in_the_words_of_the_library(house: Any, now: Any, series: ImageSeries) -> None:
    dose = ImageSeries.objects.get(modality="RTDOSE")
    with pytest.raises(Refused) as refused:
        take_plan(dose, actor=house.accounts["physicist"], at=now, **given(house))
    assert refused.value.codes[0] in chinese_templates()
    assert str(refused.value.reasons[0].text)
