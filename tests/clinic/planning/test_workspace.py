"""The workspace inside the record: who may look and who may save, and how a plan changed by hand becomes a version."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clinic.made_up import a_proposal, done
from clinic.theatre import a_released_lot
from trocar_clinic.calculations.models import Job
from trocar_clinic.planning.making import take_over
from trocar_clinic.records.models import AuditEntry
from trocar_clinic.records.verification import verify

DROP = {"do": "drop", "needle": 1, "seed": 1}


def last_job() -> Job:
    job = Job.objects.order_by("-pk").first()
    assert job is not None
    return job


def post(client: Client, address: str, body: object) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json")


def test_a_proposal_changed_by_hand_becomes_a_version(house: Any, client_of: Callable[[str], Client]) -> None:
    row = a_proposal(house, lot=a_released_lot(house), by_library=True)
    base = last_job()
    client, here = client_of("physicist"), f"/workspace/{base.pk}/"
    assert here in client.get(f"/records/plan-requests/{row.pk}/").content.decode()
    assert client.get(here).status_code == 200
    scene = client.get(f"{here}scene").json()
    middle = {plane: each["count"] // 2 for plane, each in scene["planes"].items()}
    before = post(client, f"{here}state", {"edits": [], "cuts": middle}).json()
    after = post(client, f"{here}state", {"edits": [DROP], "cuts": middle}).json()
    assert after["seeds"] == before["seeds"] - 1 == base.outcome["facts"]["seeds"] - 1
    assert post(client, f"{here}save", {"edits": [DROP]}).status_code == 202
    assert client.get(f"{here}saving").json()["done"] is False
    job = done(last_job())
    assert (job.kind, client.get(f"{here}saving").json()["problem"]) == ("planning.edit", None)
    assert job.outcome["facts"]["seeds"] == after["seeds"]
    assert {"changes.toml", "plan_zh.pdf", "RTDOSE.dcm"} <= set(job.files.values_list("name", flat=True))
    assert AuditEntry.objects.filter(deed="planning.edit", actor=house.accounts["physicist"]).exists()
    plan = take_over(row, actor=house.accounts["physicist"], at=timezone.now())
    assert (plan.seeds, plan.job) == (after["seeds"], job)
    assert verify() == []


def test_who_sees_the_case_looks_and_planners_save(house: Any, client_of: Callable[[str], Client]) -> None:
    a_proposal(house)
    here = f"/workspace/{last_job().pk}/"
    for account, status, saves in (("nurse", 200, 403), ("physicist", 200, 409), ("admin", 403, 403)):
        client = client_of(account)
        assert client.get(here).status_code == status, account
        assert post(client, f"{here}save", {"edits": []}).status_code == saves, account
        assert client.get(f"{here}worth").status_code == status, account
    assert client_of("nurse").get("/workspace/999999/").status_code == 404
    assert Job.objects.filter(kind="planning.edit").count() == 0


def test_nothing_is_saved_while_the_library_works_on_the_task(house: Any, client_of: Callable[[str], Client]) -> None:
    a_proposal(house)
    base = last_job()
    client, here = client_of("physicist"), f"/workspace/{base.pk}/"
    assert post(client, f"{here}save", {"edits": [DROP]}).status_code == 202
    again = post(client, f"{here}save", {"edits": [DROP, DROP]})
    assert again.status_code == 409
    assert "尚未结束" in again.json()["problem"]["zh"]
    assert "still works" in again.json()["problem"]["en"]


@pytest.mark.parametrize("technique", ["ablation"])
def test_an_ablation_has_no_seeds_to_move(house: Any, client_of: Callable[[str], Client], technique: str) -> None:
    row = a_proposal(house, technique)
    client = client_of("ablator")
    assert client.get(f"/workspace/{last_job().pk}/").status_code == 404
    assert "/workspace/" not in client.get(f"/records/plan-requests/{row.pk}/").content.decode()
