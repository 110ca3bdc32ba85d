"""A plan made by the library in the record: asked for in full, proposed with pictures, taken over by a person."""

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.made_up import ENTERED, SEED_TABLES, a_decided_case, a_proposal, a_task
from clinic.theatre import a_released_lot
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import value_of
from trocar_clinic.errors import Refused
from trocar_clinic.planning.making import ask_library, stop, take_over
from trocar_clinic.planning.models import PlanRequest, PlanVersion
from trocar_clinic.planning.request_file import toml_of
from trocar_clinic.records.verification import verify


def test_a_proposal_has_numbers_pictures_papers_and_files(house: Any) -> None:
    row = a_proposal(house, by_library=True)
    job = Job.objects.order_by("-pk").first()
    assert job is not None
    assert 50.0 < (value_of(job.outcome, "d90_gy") or 0.0) < 400.0
    assert job.outcome["facts"]["seeds"] > 5
    names = set(job.files.values_list("name", flat=True))
    assert {
        "plan_zh.pdf",
        "plan_en.pdf",
        "loading_zh.pdf",
        "RTPLAN.dcm",
        "RTDOSE.dcm",
        "RTSTRUCT.dcm",
        "request.toml",
    } <= names
    for language in ("zh", "en"):
        shown = [each["file"] for each in job.outcome["pictures"][language]]
        assert {f"pictures-{language}/{each}.svg" for each in ("dvh", "slices", "needles")} <= set(shown) <= names
    assert set(job.outcome["stages"]) >= {"workflow.stage-seeds", "cli.plan-papers"}
    assert PlanVersion.objects.filter(case=row.case).count() == 0, "a proposal is no version before a person takes it"


def test_taken_over_it_is_a_version_with_its_numbers_and_its_files(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    row = a_proposal(house, lot=a_released_lot(house))
    plan = take_over(row, actor=house.accounts["physicist"], at=timezone.now())
    job = plan.job
    assert (plan.origin, plan.made_by, plan.case.state) == ("trocar", house.staff["physicist"], "planned")
    assert float(plan.d90_gy) == pytest.approx(value_of(job.outcome, "d90_gy"), abs=0.006)
    assert float(plan.air_kerma_strength_u) == pytest.approx(0.762)
    assert plan.summary["plan"] == job.outcome["hash"]
    client = client_of("nurse")
    page = client.get(f"/records/plans/{plan.pk}/").content.decode()
    assert f'src="/results/{job.pk}/pictures-zh/slices.svg"' in page
    assert client.get(f"/results/{job.pk}/pictures-zh/slices.svg").content.lstrip()[:5] in {b"<?xml", b"<svg "}
    assert client.get(f"/results/{job.pk}/plan-en.pdf").content.startswith(b"%PDF")
    assert client.get(f"/results/{job.pk}/").content.startswith(b"PK")
    assert verify() == []
    with pytest.raises(Refused, match="taken-already"):
        take_over(row, actor=house.accounts["physicist"], at=timezone.now())


@pytest.mark.slow
def test_an_ablation_is_planned_and_taken_over(house: Any, client_of: Callable[[str], Client]) -> None:
    row = a_proposal(house, "ablation", by_library=True)
    plan = take_over(row, actor=house.accounts["ablator"], at=timezone.now())
    assert (float(plan.power_w), plan.target) == (80.0, "GTV")
    assert float(plan.minutes) >= 5.0
    assert plan.margin_mm is not None
    page = client_of("ablator").get(f"/records/plans/{plan.pk}/").content.decode()
    assert "pictures-zh/margin-slices.svg" in page


def test_who_may_not_see_the_case_gets_no_file_of_it(house: Any, client_of: Callable[[str], Client]) -> None:
    row = a_proposal(house)
    job = Job.objects.order_by("-pk").first()
    assert job is not None
    assert row.case.patient.number == "MADE-UP-1"
    assert client_of("nurse").get(f"/results/{job.pk}/plan-zh.pdf").status_code == 200
    assert client_of("admin").get(f"/results/{job.pk}/plan-zh.pdf").status_code == 403
    assert client_of("nurse").get(f"/results/{job.pk}/../../secret").status_code == 404
    assert client_of("nurse").get("/results/999999/plan-zh.pdf").status_code == 404


def test_the_form_states_everything_and_the_request_file_holds_it(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    lot = a_released_lot(house)
    case = a_decided_case(house)
    client = client_of("physicist")
    begun = f"/records/cases/{case.pk}/do/plan-here/"
    page = client.get(begun).content.decode()
    assert "CTV、Gland、GTV" in page
    drawn = case.image_imports.get().series.get(modality="RTSTRUCT")
    answer = client.post(
        begun, {"structures": drawn.pk, "pack": "trocar/percutaneous_example", "seen_version": case.version}
    )
    row = PlanRequest.objects.get(case=case)
    assert answer["Location"] == f"/records/plan-requests/{row.pk}/"
    form = f"/records/plan-requests/{row.pk}/do/ask-seeds/"
    incomplete = client.post(form, {**ENTERED, "lot": lot.pk, "prescription_gy": "", "seen_version": row.version})
    assert incomplete.status_code == 422
    assert Job.objects.filter(kind="planning.seeds").count() == 0
    assert client.post(form, {**ENTERED, "lot": lot.pk, "seen_version": row.version}).status_code == 302
    job = Job.objects.get(kind="planning.seeds")
    told = tomllib.loads(job.inputs["request"])
    assert (told["prescription_gy"], told["stock"][0]["s_k_u"], told["stock"][0]["count"]) == (100.0, 0.762, 50)
    assert told["needles"]["obstacles"] == {"Gland": 2.0}
    assert "template" not in told["needles"]
    page = client.get(f"/records/plan-requests/{row.pk}/").content.decode()
    assert "等待" in page


def test_half_a_template_is_refused(house: Any, client_of: Callable[[str], Client]) -> None:
    lot, row = a_released_lot(house), a_task(house)
    given = {**ENTERED, "lot": lot.pk, "seen_version": row.version, "template_pitch_mm": "5"}
    answer = client_of("physicist").post(f"/records/plan-requests/{row.pk}/do/ask-seeds/", given)
    assert answer.status_code == 422
    assert "须与同组其他项一并填写" in answer.content.decode()


def test_one_calculation_at_a_time_and_it_can_be_stopped(house: Any) -> None:
    row = a_task(house)
    wanted = {"tables": SEED_TABLES, "entered": {}, "lot": None, "search_seed": 1}
    row = ask_library(row, actor=house.accounts["physicist"], at=timezone.now(), **wanted)
    with pytest.raises(Refused, match="still-working"):
        ask_library(row, actor=house.accounts["physicist"], at=timezone.now(), **wanted)
    stop(row, actor=house.accounts["physicist"], at=timezone.now())
    assert Job.objects.get(kind="planning.seeds").status == Job.Status.CANCELLED
    with pytest.raises(Refused, match="no-proposal"):
        take_over(row, actor=house.accounts["physicist"], at=timezone.now())


def test_a_nurse_plans_nothing(house: Any) -> None:
    with pytest.raises(Refused):
        a_task(house, by="nurse")


def test_a_request_file_reads_as_it_was_stated() -> None:
    read = tomllib.loads(toml_of(SEED_TABLES))
    assert read == SEED_TABLES
    odd = {"a": {'b "c"': ["中文\n", True, {"d": 1.5}]}, "e": None}
    assert tomllib.loads(toml_of(odd)) == {"a": {'b "c"': ["中文\n", True, {"d": 1.5}]}}
