"""A deed is done whole or not at all, leaves its entry, and keeps former values."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from trocar_clinic.errors import Overtaken, Refused
from trocar_clinic.institution.models import Licence, Ward
from trocar_clinic.records.actions import correct, record, void
from trocar_clinic.records.deed import NoDeed, deed
from trocar_clinic.records.kept import NothingIsDeleted
from trocar_clinic.records.models import AuditEntry
from trocar_clinic.records.verification import head, verify

WARD = {"name": "示例新病区", "beds": 36, "tumour_beds": 32}


@pytest.fixture
def ward(team: Any, now: Any) -> Ward:
    return record(Ward, actor=team.accounts["affairs"], at=now, values=WARD)


def test_a_row_cannot_be_written_outside_a_deed(team: Any) -> None:
    with pytest.raises(NoDeed):
        Ward(**WARD).save()


def test_a_deed_that_fails_leaves_neither_row_nor_entry(team: Any, now: Any) -> None:
    before = (Ward.objects.count(), AuditEntry.objects.count())
    with pytest.raises(RuntimeError), deed("test.fails", actor=team.accounts["affairs"], at=now):
        Ward(**WARD).save()
        raise RuntimeError("power cut")
    assert (Ward.objects.count(), AuditEntry.objects.count()) == before


def test_a_correction_keeps_the_former_value_who_when_and_why(team: Any, ward: Ward, now: Any) -> None:
    values = {"tumour_beds": 30}
    correct(ward, actor=team.accounts["affairs"], at=now, version=1, values=values, why="两张改为普通床位")
    latest, first = ward.former()
    assert (first.tumour_beds, latest.tumour_beds) == (32, 30)
    assert (latest.history_user, latest.history_change_reason) == (team.accounts["affairs"], "两张改为普通床位")


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(team: Any, ward: Ward, now: Any) -> None:
    actor = team.accounts["affairs"]
    correct(ward, actor=actor, at=now, version=1, values={"beds": 40}, why="增床")
    with pytest.raises(Overtaken):
        correct(ward, actor=actor, at=now, version=1, values={"beds": 38}, why="增床")
    assert Ward.objects.get(pk=ward.pk).beds == 40


def test_a_correction_needs_a_reason(team: Any, ward: Ward, now: Any) -> None:
    with pytest.raises(Refused, match="reason-missing"):
        correct(ward, actor=team.accounts["affairs"], at=now, version=1, values={"beds": 38}, why="  ")


def test_who_may_not_write_is_refused(team: Any, now: Any) -> None:
    with pytest.raises(Refused, match="role-needed"):
        record(Ward, actor=team.accounts["nurse"], at=now, values=WARD)


def test_nothing_is_deleted(ward: Ward) -> None:
    for attempt in (ward.delete, Ward.objects.all().delete, lambda: Ward.objects.update(beds=1)):
        with pytest.raises(NothingIsDeleted):
            attempt()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records_auditentry SET deed = 'x'",
        "DELETE FROM records_auditentry",
        "DELETE FROM institution_ward",
        "UPDATE institution_historicalward SET beds = 1",
        "DELETE FROM institution_historicalward",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_append_only(ward: Ward, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_void_row_stays_and_counts_no_more(team: Any, ward: Ward, now: Any) -> None:
    before = Ward.objects.standing().count()
    void(ward, actor=team.accounts["affairs"], at=now, version=1, why="重复录入")
    assert (Ward.objects.filter(pk=ward.pk).count(), Ward.objects.standing().count()) == (1, before - 1)
    with pytest.raises(Refused, match=r"records\.void"):
        correct(ward, actor=team.accounts["affairs"], at=now, version=2, values={"beds": 1}, why="x")


def test_the_trail_of_a_whole_department_verifies(house: Any) -> None:
    assert verify() == []
    assert verify(expected=head()) == []


def test_a_row_changed_past_the_application_is_found(ward: Ward) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE institution_ward SET beds = 99 WHERE id = %s", [ward.pk])
    assert [each.code for each in verify()] == ["records.row-changed"]


def test_a_trail_that_was_cut_off_is_found_by_a_noted_head(ward: Ward) -> None:
    number, _ = head()
    assert [each.code for each in verify(expected=(number, "f" * 64))] == ["records.head-lost"]


def test_a_licence_ends_after_it_begins(team: Any, now: Any) -> None:
    values = {
        "kind": "radiotherapy", "number": "1", "scope": "x", "issuer": "x", "issued_on": date(2024, 1, 1), "expires_on": date(2023, 1, 1),
    }  # fmt: skip
    with pytest.raises(ValidationError):
        record(Licence, actor=team.accounts["affairs"], at=now, values=values)
