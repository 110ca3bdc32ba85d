from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from demonstration import department
from trocar.department.record_reading import record_to_text
from trocar_clinic.errors import Refused
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import AssessmentRole, Register, SelfAssessment
from trocar_clinic.records.actions import correct
from trocar_clinic.records.files import path_of

PERIOD = "first=2022-05-01&last=2023-05-31"
Clients = Callable[[str], Client]


@pytest.fixture
def register(team: Any, now: Any) -> Register:
    return actions.take_record(department(), actor=team.accounts["affairs"], at=now)


def test_the_unverified_implants_are_two_clicks_from_the_rate(register: Register, client_of: Clients) -> None:
    client = client_of("affairs")
    overview = client.get(f"/quality/of/seeds/?{PERIOD}").content.decode()
    assert "165/203" in overview
    assert "81.3 %" in overview
    link = f"/quality/of/seeds/RSI-QI-03/?{PERIOD.replace('&', '&amp;')}"
    assert link in overview
    detail = client.get(f"/quality/of/seeds/RSI-QI-03/?{PERIOD}").content.decode()
    assert detail.count('<th scope="row">S0') == 38
    assert "未做术后CT" in detail


@pytest.mark.parametrize("kind", ["months", "operators"])
def test_charts_are_drawn(register: Register, client_of: Clients, kind: str) -> None:
    answer = client_of("operator").get(f"/quality/of/ablation/ABL-QI-03/{kind}.svg?{PERIOD}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<svg" in answer.content


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/quality/of/surgery/", 404),
        (f"/quality/of/seeds/NO-SUCH/?{PERIOD}", 404),
        (f"/quality/of/seeds/ABL-QI-01/?{PERIOD}", 404),
        (f"/quality/of/seeds/RSI-QI-03/weeks.svg?{PERIOD}", 404),
        ("/quality/of/seeds/?first=2023-05-31&last=2022-05-01", 200),
        ("/quality/of/seeds/?first=spring&last=autumn", 200),
        ("/quality/of/seeds/?first=2012-01-01&last=2012-12-31", 200),
        ("/quality/of/seeds/?first=2023-06-20&last=2023-06-30", 200),
    ],
)
def test_wrong_addresses_and_periods_are_answered_without_a_figure(
    register: Register, client_of: Clients, address: str, status: int
) -> None:
    answer = client_of("affairs").get(address)
    assert answer.status_code == status
    assert " %</td>" not in answer.content.decode()


def test_a_record_is_taken_from_the_page_by_medical_affairs_alone(team: Any, client_of: Clients) -> None:
    file = SimpleUploadedFile("record.json", record_to_text(department()).encode())
    assert client_of("nurse").post("/quality/take/", {"file": file}).status_code == 403
    file.seek(0)
    assert client_of("affairs").post("/quality/take/", {"file": file}).status_code == 302
    assert Register.objects.get().is_current


def test_a_self_assessment_is_made_signed_by_three_people_and_kept(
    register: Register, team: Any, now: Any, client_of: Clients
) -> None:
    affairs = client_of("affairs")
    given = {"technique": "ablation", "first": "2022-05-01", "last": "2023-05-31"}
    assert affairs.post("/quality/self-assessments/", given).status_code == 302
    row = SelfAssessment.objects.get()
    assert set(row.files) >= {"ablation-zh.docx", "ablation-zh.pdf", "ablation-en.pdf"}
    for name, digest in row.files.items():
        answer = affairs.get(f"/quality/self-assessments/{row.pk}/{name}/")
        assert answer.content == path_of(digest).read_bytes()
    assert affairs.get(f"/quality/self-assessments/{row.pk}/other.pdf/").status_code == 404
    signed = affairs.post(f"/quality/self-assessments/{row.pk}/sign/", {"role": "affairs"})
    assert signed.status_code == 302
    assert affairs.post(f"/quality/self-assessments/{row.pk}/sign/", {"role": "affairs"}).status_code >= 400
    actions.sign_assessment(row, actor=team.accounts["operator"], at=now, role="lead")
    with pytest.raises(Refused) as caught:
        actions.sign_assessment(row, actor=team.accounts["operator"], at=now, role="head")
    assert "quality.signed-already" in caught.value.codes
    with pytest.raises(Refused):
        actions.sign_assessment(row, actor=team.accounts["nurse"], at=now, role="head")
    assert row.signatures.count() == 2
    assert actions.is_as_signed(row)
    assert "示例" in affairs.get("/quality/self-assessments/").content.decode()
    assert len(AssessmentRole) == 3
    row.refresh_from_db()


def test_a_changed_self_assessment_is_told_not_to_be_what_was_signed(register: Register, team: Any, now: Any) -> None:
    from trocar.department.period import Period

    period = Period(first=register.as_of.replace(year=2022, month=9), last=register.as_of.replace(month=1))
    row = actions.make_assessment(
        actor=team.accounts["affairs"], at=now, technique="ablation", period=period, register=register
    )
    actions.sign_assessment(row, actor=team.accounts["affairs"], at=now, role="affairs")
    changed = correct(
        row, actor=team.accounts["affairs"], at=now, version=row.version, values={"not_met": 0}, why="test"
    )
    assert not actions.is_as_signed(changed), "a changed self-assessment is not what was signed"


def test_a_report_is_checked_from_the_page(team: Any, client_of: Clients) -> None:
    client = client_of("physicist")
    answer = client.post("/quality/check/", {"text": "术后剂量验证率81%。"})
    assert answer.status_code == 200
    assert "没有分子和分母" in answer.content.decode()
    file = SimpleUploadedFile("r.txt", "近五年共植入203例。2022年植入203例。".encode("gbk"))
    assert "同一个数 203" in client.post("/quality/check/", {"file": file}).content.decode()
    assert client.post("/quality/check/", {}).status_code == 422
    scan = SimpleUploadedFile("r.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40)
    answer = client.post("/quality/check/", {"file": scan})
    assert answer.status_code == 422
    assert "图片" in answer.content.decode()
