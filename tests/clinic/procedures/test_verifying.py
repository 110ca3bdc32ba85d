"""A verification made by the library in the record: counts from the ledger, numbers with intervals, a conclusion."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from clinic.made_up import a_planned_and_performed_case, done, received, scan_after_heat, scan_after_implant, stood_in
from clinic.theatre import a_performed_case
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import value_of
from trocar_clinic.errors import Refused
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.patients.models import Case
from trocar_clinic.procedures.queries import due
from trocar_clinic.procedures.reconciliation import counts_of, reconciled
from trocar_clinic.procedures.verifying import ask_verification, enter
from trocar_clinic.records.verification import verify


def waiting(house: Any, case: Case) -> bool:
    found = due(house.accounts["physicist"], timezone.localdate())
    return any(each.row == case for each in found if str(each.kind) == "待术后验证")


def last_ct(case: Case) -> ImageSeries:
    found = ImageSeries.objects.filter(source__case=case, modality="CT").order_by("-pk").first()
    assert found is not None
    return found


def asked_by_the_page(house: Any, client: Client, case: Case) -> Job:
    plan = case.procedures.get().plan
    assert waiting(house, case)
    form = f"/records/cases/{case.pk}/do/verify-dose/"
    assert client.post(form, {"scan": last_ct(case).pk, "seen_version": case.version}).status_code == 302
    job = Job.objects.get(kind="procedures.dose")
    assert job.inputs["counts"] == {"taken": plan.seeds, "implanted": plan.seeds - 1, "returned": 1}
    return job


@pytest.mark.slow
def test_an_implant_is_verified_by_the_library(house: Any, client_of: Callable[[str], Client]) -> None:
    case = a_planned_and_performed_case(house, by_library=True)
    plan = case.procedures.get().plan
    received(house, case, scan_after_implant(plan), purpose="verification")
    job = done(asked_by_the_page(house, client_of("physicist"), case))
    d90 = next(each for each in job.outcome["numbers"] if each["key"] == "d90_gy")
    assert d90["low"] < d90["value"] < d90["high"]
    assert d90["planned"] == pytest.approx(float(plan.d90_gy), rel=0.1)
    assert {"verification-zh.pdf", "card-en.pdf", "plan.dcm"} <= set(job.files.values_list("name", flat=True))


def test_what_the_library_found_is_entered_and_the_case_is_verified(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    case = a_planned_and_performed_case(house)
    plan = case.procedures.get().plan
    received(house, case, scan_after_heat(), purpose="verification")
    client = client_of("physicist")
    job = stood_in(asked_by_the_page(house, client, case), seeds_seen=plan.seeds - 1)
    row = case.verification_requests.get()
    entered = client.post(
        f"/records/verification-requests/{row.pk}/do/enter/",
        {"seen": "on", "conclusion": "靶区覆盖满意。", "seen_version": row.version},
    )
    assert entered.status_code == 302
    found = case.verifications.get()
    assert (found.seeds_seen, found.kind, found.day) == (plan.seeds - 1, "dose", "0")
    assert (float(found.d90_gy), found.job) == (128.61, job)
    assert found.document is not None
    case.refresh_from_db()
    assert (case.state, waiting(house, case)) == ("verified", False)
    page = client_of("nurse").get(f"/records/verifications/{found.pk}/").content.decode()
    assert "pictures-zh/slices.svg" in page
    assert "各项数量一致" in page
    assert "127.6 – 129.6" in page
    assert verify() == []
    with pytest.raises(Refused):
        enter(row, actor=house.accounts["physicist"], at=timezone.now(), conclusion="again")


@pytest.mark.slow
def test_an_ablation_is_verified_by_its_margin(house: Any) -> None:
    case = a_planned_and_performed_case(house, "ablation", by_library=True)
    received(house, case, scan_after_heat(), purpose="verification")
    drawn = ImageSeries.objects.filter(source__case=case, modality="RTSTRUCT").order_by("-pk").first()
    asked = {"zone": "Zone", "click_lps_mm": None, "registration_error_mm": 1.0, "outline_error_mm": 0.7}
    row = ask_verification(
        case, actor=house.accounts["ablator"], at=timezone.now(), scan=last_ct(case), structures=drawn, asked=asked
    )
    job = done(Job.objects.get(kind="procedures.margin"))
    assert value_of(job.outcome, "margin_any_mm") == pytest.approx(13.0 - 8.0, abs=1.5)
    made = enter(row, actor=house.accounts["ablator"], at=timezone.now(), conclusion="覆盖", complete=True)
    assert (made.kind, made.case.state, made.complete) == ("margin", "verified", True)


def test_a_plan_typed_from_a_report_cannot_be_verified_by_the_library(house: Any) -> None:
    case = a_performed_case(house)
    with pytest.raises(Refused, match="plan-without-file"):
        ask_verification(case, actor=house.accounts["physicist"], at=timezone.now(), scan=ImageSeries())


def test_a_scan_of_before_the_procedure_is_refused(house: Any) -> None:
    case = a_planned_and_performed_case(house)
    with pytest.raises(ValidationError, match="早于手术"):
        ask_verification(case, actor=house.accounts["physicist"], at=timezone.now(), scan=last_ct(case))


def test_counts_that_do_not_agree_are_told_today(house: Any) -> None:
    case = a_performed_case(house)
    implanted = counts_of(case)["implanted"]
    assert not any(line.differs for line in reconciled(case, seen=implanted))
    lines = reconciled(case, seen=implanted - 1)
    assert [str(line.what) for line in lines if line.differs] == ["术后影像识别"]
