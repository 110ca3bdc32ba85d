"""Images are kept as received, sorted by the library, and refused where they are another patient's."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinic.cases import a_case
from trocar_clinic.calculations.models import Job
from trocar_clinic.errors import Refused
from trocar_clinic.images import actions
from trocar_clinic.images.jobs import sort
from trocar_clinic.images.models import ImageImport, ImageSeries
from trocar_clinic.records.verification import verify


def uploads_of(folder: Path) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(path.name, path.read_bytes()) for path in sorted(folder.rglob("*.dcm"))]


def received(house: Any, now: Any, uploads: list[Any], **given: Any) -> ImageImport:
    case = a_case(house, now, **given)
    return actions.receive(case, actor=house.accounts["physicist"], at=now, purpose="planning", uploads=uploads)


def sorted_out(row: ImageImport) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    job = Job.objects.get(subject_kind="images.imageimport", subject=row.pk)
    sort(job, lambda share, stage: told.append((share, stage)))
    return told


@pytest.fixture
def exported(shared_data: Path) -> list[SimpleUploadedFile]:
    return uploads_of(shared_data / "tps-ldr-i125-oncentra-prostate")


def test_an_export_becomes_series_with_progress(house: Any, now: Any, exported: list[Any]) -> None:
    from datetime import date

    row = received(house, now, exported, number="patientldr0", birth_date=date(1999, 12, 31))
    shares = [share for share, _ in sorted_out(row)]
    assert shares == sorted(shares)
    assert sorted(ImageSeries.objects.values_list("modality", flat=True)) == ["CT", "RTDOSE", "RTPLAN", "RTSTRUCT"]
    kept = {path.read_bytes() for path in actions.folder_of(row.folder).iterdir()}
    assert kept == {each.file.getvalue() for each in exported}
    assert verify() == []


def test_images_of_another_patient_are_refused_by_both_numbers(house: Any, now: Any, exported: list[Any]) -> None:
    row = received(house, now, exported)
    with pytest.raises(Refused, match="other-patient") as refused:
        sorted_out(row)
    told = str(refused.value.reasons[0])
    assert "patientldr0" in told
    assert row.case.patient.number in told
    assert ImageSeries.objects.count() == 0


def test_with_a_word_they_are_taken(house: Any, now: Any, exported: list[Any]) -> None:
    row = received(house, now, exported)
    actor = house.accounts["physicist"]
    actions.sort_again(row, actor=actor, at=now, why_other_identity="外院影像，已核对姓名")
    sort(Job.objects.order_by("-pk").first(), lambda share, stage: None)
    assert ImageSeries.objects.filter(source=row, voided_at=None).count() == 4


def test_a_zip_is_unpacked_and_its_names_mean_nothing(house: Any, now: Any, exported: list[Any]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, each in enumerate(exported):
            archive.writestr(f"../../etc/{number}", each.file.getvalue())
    row = received(house, now, [SimpleUploadedFile("a.zip", packed.getvalue())])
    assert sorted(path.name for path in actions.folder_of(row.folder).iterdir()) == ["00001", "00002", "00003", "00004"]


def test_an_archive_that_swells_is_stopped(house: Any, now: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_BYTES", 10**6)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10**7))
    before = set((actions.folder_of("x").parent).glob("*")) if actions.folder_of("x").parent.exists() else set()
    with pytest.raises(Refused, match="too-much"):
        received(house, now, [SimpleUploadedFile("bomb.zip", packed.getvalue())])
    assert set(actions.folder_of("x").parent.glob("*")) == before


def test_files_that_are_no_dicom_are_refused(house: Any, now: Any) -> None:
    row = received(house, now, [SimpleUploadedFile("a.dcm", b"<script>alert(1)</script>" * 100)])
    with pytest.raises(Refused, match="no-dicom"):
        sorted_out(row)


def test_nothing_outside_the_inbox_can_be_taken(house: Any, now: Any) -> None:
    case = a_case(house, now)
    for folder in ("../keys", "/etc", "nothing"):
        with pytest.raises(Refused, match="no-such-folder"):
            actions.receive(case, actor=house.accounts["nurse"], at=now, purpose="planning", folder=folder)
