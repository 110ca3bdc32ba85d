"""Further ways to a plan in the record: a set to choose from, needles as they lie, and biology beside the dose."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

import implant_scenes
from clinic.made_up import ENTERED, SEED_TABLES, a_proposal, a_task, done, ended, files_of_scan, received
from clinic.theatre import a_released_lot
from trocar.dicom.rtplan import read_plan
from trocar_clinic.calculations.models import Job
from trocar_clinic.calculations.results import file_of
from trocar_clinic.errors import Refused
from trocar_clinic.images.models import ImageSeries
from trocar_clinic.planning.making import ask_library, ask_placed, choose, take_over
from trocar_clinic.planning.models import PlanRequest
from trocar_clinic.records.files import path_of

SEVERAL = [
    {"number": 1, "coverage_percent": 96.1, "load_percent": 61.0, "needles": 4, "seeds": 14, "acceptable": True},
    {"number": 2, "coverage_percent": 82.0, "load_percent": 40.0, "needles": 3, "seeds": 11, "acceptable": False},
]


def asked(house: Any, row: PlanRequest, **more: Any) -> PlanRequest:
    wanted = {"tables": SEED_TABLES, "entered": {}, "lot": None, "search_seed": 1, **more}
    return ask_library(row, actor=house.accounts["physicist"], at=timezone.now(), **wanted)


def last_job() -> Job:
    job = Job.objects.order_by("-pk").first()
    assert job is not None
    return job


def test_of_a_set_one_plan_is_chosen_and_only_that_can_be_taken_over(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    row = asked(house, a_task(house), set_of_plans=True)
    job = last_job()
    assert job.kind == "planning.front"
    ended(job, {"hash": "", "numbers": [], "findings": [], "plans": SEVERAL, "pictures": {}, "papers": []})
    client = client_of("physicist")
    page = client.get(f"/records/plan-requests/{row.pk}/").content.decode()
    assert "备选计划" in page
    assert f"/records/plan-requests/{row.pk}/do/choose/" in page
    assert f"/records/plan-requests/{row.pk}/do/take-over/" not in page
    form = f"/records/plan-requests/{row.pk}/do/choose/"
    assert "1：V100 96.1 %，4 针，14 粒" in client.get(form).content.decode()
    assert client.post(form, {"number": "7", "seen_version": row.version}).status_code == 422
    assert client.post(form, {"number": "2", "seen_version": row.version}).status_code == 302
    chosen = last_job()
    assert (chosen.kind, chosen.inputs["number"], chosen.inputs["base"]) == ("planning.chosen", 2, job.pk)
    with pytest.raises(Refused, match="still-working"):
        choose(row, actor=house.accounts["physicist"], at=timezone.now(), number=1)


def test_a_set_made_for_another_request_is_not_offered(house: Any, client_of: Callable[[str], Client]) -> None:
    row = asked(house, a_task(house), set_of_plans=True)
    ended(last_job(), {"hash": "", "numbers": [], "findings": [], "plans": SEVERAL, "pictures": {}, "papers": []})
    row = asked(house, row, tables={**SEED_TABLES, "prescription_gy": 110.0})
    ended(last_job(), {"hash": "", "numbers": [], "findings": [], "plans": SEVERAL, "pictures": {}, "papers": []})
    assert f"/records/plan-requests/{row.pk}/do/choose/" not in (
        client_of("physicist").get(f"/records/plan-requests/{row.pk}/").content.decode()
    )


def test_tissues_and_external_beam_stand_in_the_request(house: Any, client_of: Callable[[str], Client]) -> None:
    lot, row = a_released_lot(house), a_task(house)
    form = f"/records/plan-requests/{row.pk}/do/ask-seeds/"
    client = client_of("physicist")
    given = {
        **ENTERED,
        "lot": lot.pk,
        "seen_version": row.version,
        "tissue_0": "lung_cancer",
        "tissue_1": "late_tissue",
    }
    course = {"beam_0": "2", "beam_fractions": "25", "beam_overall_d": "32", "beam_after_d": "-60"}
    half = client.post(form, {**given, "beam_0": "2"})
    assert half.status_code == 422
    assert "外照射须同时填写结构单次剂量与疗程" in half.content.decode()
    unnamed = client.post(form, {**given, **course, "tissue_0": ""})
    assert unnamed.status_code == 422
    assert "请选择组织类型" in unnamed.content.decode()
    assert client.post(form, {**given, **course}).status_code == 302
    told = tomllib.loads(last_job().inputs["request"])["biology"]
    assert told["tissues"] == {"CTV": "lung_cancer", "Gland": "late_tissue"}
    assert told["external_beam"] == {
        "CTV": {"fractions": 25, "dose_per_fraction_gy": 2.0, "overall_d": 32.0, "implant_after_d": -60.0}
    }


def scan_with_needles(job: Job) -> tuple[bytes, ...]:
    """Return the planning scan again with the needles of a job's plan in it as metal, all 2 mm to the left."""
    file = file_of(job, "RTPLAN.dcm")
    assert file is not None
    plan = read_plan(path_of(file.sha256), implant_at=SEED_TABLES["implant_at"]).value
    made = implant_scenes.torso(slice_mm=2.5, frame_uid=f"{implant_scenes.FRAME}.8")
    hu, centres = np.array(made.volume.values_kji), made.volume.grid.centres_lps_mm()
    for each in plan.needles:
        entry, tip = (end + np.array([2.0, 0.0, 0.0]) for end in (each.entry_lps_mm, each.tip_lps_mm))
        way = (tip - entry) / np.linalg.norm(tip - entry)
        along = (centres - entry) @ way
        off = np.linalg.norm(centres - entry - along[..., None] * way, axis=-1)
        hu[(off <= 1.3) & (along > -25.0) & (along < np.linalg.norm(tip - entry))] = 3000
    image = replace(
        made,
        volume=replace(made.volume, values_kji=hu, frame_uid=implant_scenes.FRAME),
        reference=replace(made.reference, frame_uid=implant_scenes.FRAME),
    )
    return files_of_scan(image)


@pytest.mark.slow
def test_by_the_library_a_plan_is_chosen_from_a_set_and_planned_anew_in_needles(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    doctor = house.accounts["physicist"]
    tables = {**SEED_TABLES, "biology": {"tissues": {"CTV": "lung_cancer", "Gland": "late_tissue"}}}
    row = asked(house, a_task(house), tables=tables, set_of_plans=True, lot=a_released_lot(house).pk)
    made = done(last_job())
    plans = made.outcome["plans"]
    assert len(plans) >= 3
    assert file_of(made, "pictures-zh/pareto.svg") is not None
    page = client_of("physicist").get(f"/records/plan-requests/{row.pk}/").content.decode()
    assert page.count("pictures-zh/pareto.svg") >= 1
    wanted = next(each for each in plans if each["acceptable"])
    row = choose(row, actor=doctor, at=timezone.now(), number=wanted["number"])
    chosen = done(last_job())
    assert chosen.outcome["facts"]["seeds"] == wanted["seeds"]
    assert {"RTDOSE_BED.dcm", "RTDOSE_EQD2.dcm", "plan_zh.pdf"} <= set(chosen.files.values_list("name", flat=True))
    assert any(each["key"].startswith("eqd2") for each in chosen.outcome["numbers"])
    received(house, row.case, scan_with_needles(chosen), purpose="guidance")
    scan = ImageSeries.objects.filter(source__case=row.case, source__purpose="guidance").get()
    row = ask_placed(row, actor=doctor, at=timezone.now(), scan=scan)
    placed = done(last_job())
    assert placed.outcome["facts"]["needles"] >= wanted["needles"] - 1
    assert placed.files.filter(name="placed.json").exists()
    plan = take_over(row, actor=doctor, at=timezone.now())
    assert plan.job == placed


def test_needles_as_they_lie_are_offered_where_another_scan_shows_them(
    house: Any, client_of: Callable[[str], Client]
) -> None:
    row = a_proposal(house)
    form = f"/records/plan-requests/{row.pk}/do/ask-placed/"
    client = client_of("physicist")
    assert form not in client.get(f"/records/plan-requests/{row.pk}/").content.decode()
    received(house, row.case, files_of_scan(implant_scenes.torso(slice_mm=4.0, frame_uid=f"{implant_scenes.FRAME}.9")))
    assert form in client.get(f"/records/plan-requests/{row.pk}/").content.decode()
    scan = ImageSeries.objects.filter(source__case=row.case, modality="CT").latest("pk")
    wrong = client.post(form, {"scan": scan.pk, "removed": "two", "seen_version": row.version})
    assert wrong.status_code == 422
    assert client.post(form, {"scan": scan.pk, "removed": "2，5", "seen_version": row.version}).status_code == 302
    job = last_job()
    assert (job.kind, job.inputs["scan"], job.inputs["removed"]) == ("planning.placed", scan.pk, [2, 5])
