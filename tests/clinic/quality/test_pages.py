import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from clinic.quality.done import a_procedure_that_ended, discharge
from demonstration import department
from trocar.department.period import Period
from trocar.department.record_reading import record_to_text
from trocar.messages import Language
from trocar.report.self_assessment import self_assessment_document
from trocar.report.typeset import typeset
from trocar_clinic.errors import Refused
from trocar_clinic.institution.staff import Technique
from trocar_clinic.quality import actions
from trocar_clinic.quality.models import AssessmentRole, Register, RegisteredProcedure, SelfAssessment
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
    lacking = detail.split("未计入分子的病例")[1].split("计入分子的病例")[0]
    addresses = re.findall(r'<th scope="row"><a href="(/quality/cases/\d+/)">S0', lacking)
    assert len(addresses) == 38
    assert "未做术后CT" in lacking
    case = client.get(addresses[0]).content.decode()
    assert "未验证的原因" in case
    assert "示例医师甲" in case


def test_a_case_of_this_record_leads_to_its_own_page(house: Any, now: Any, client_of: Clients) -> None:
    row = a_procedure_that_ended(house, now)
    discharge(row.case, house, now)
    actions.take_own(actor=house.accounts["affairs"], at=timezone.now())
    today = timezone.localdate(now)  # the department's day, which begins eight hours before that of Greenwich
    period = f"first={today - timedelta(days=9)}&last={today}"
    detail = client_of("affairs").get(f"/quality/of/seeds/RSI-QI-03/?{period}").content.decode()
    assert f'<a href="/records/cases/{row.case_id}/">' in detail
    held = RegisteredProcedure.objects.get(case=row.case)
    assert f"/records/cases/{row.case_id}/" in client_of("affairs").get(f"/quality/cases/{held.pk}/").content.decode()


def test_every_figure_of_the_overview_leads_to_its_cases(register: Register, client_of: Clients) -> None:
    client = client_of("affairs")
    for slug in ("seeds", "ablation"):
        page = client.get(f"/quality/of/{slug}/?{PERIOD}").content.decode()
        printed = re.findall(r'<td class="number">(?:<a href="([^"]+)">)?(\d+/\d+)', page)
        assert len(printed) > 10
        for address, fraction in printed:
            assert address, f"{fraction} of {slug} leads nowhere"
            listed = client.get(address.replace("&amp;", "&"))
            assert listed.status_code == 200
            if "QI-04" not in address and "ABL-QI-02" not in address and "key" in address:
                _, of = fraction.split("/")
                counts = re.findall(r'<span class="count">(\d+)</span>', listed.content.decode())
                assert sum(map(int, counts[-2:])) >= int(of), f"{address} lists fewer than its denominator"


def test_the_ability_page_shows_nine_domains_survival_with_numbers_at_risk_and_the_mix(
    register: Register, client_of: Clients
) -> None:
    client = client_of("affairs")
    page = client.get(f"/quality/of/ablation/ability/?{PERIOD}").content.decode()
    assert page.count('<th scope="row">') > 12
    assert "未审核" in page
    assert "在观察人数" in page
    assert "154/158" in page
    assert "肺癌" in page
    picture = client.get(f"/quality/of/ablation/survival.svg?{PERIOD}")
    assert picture["Content-Type"] == "image/svg+xml"
    nobody = "first=2023-06-20&last=2023-06-30"
    assert client.get(f"/quality/of/ablation/survival.svg?{nobody}").status_code == 404
    assert "不绘制曲线" in client.get(f"/quality/of/seeds/ability/?{nobody}").content.decode()


def test_cases_are_listed_by_operator_site_and_diagnosis(register: Register, client_of: Clients) -> None:
    client = client_of("affairs")
    lungs = client.get(f"/quality/of/seeds/cases/?{PERIOD}&site=lung").content.decode()
    assert '<span class="count">82</span>' in lungs
    assert client.get(f"/quality/of/seeds/cases/?{PERIOD}&key=NONE").status_code == 404
    assert client.get("/quality/cases/999999/").status_code == 404


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


def _made(register: Register, team: Any, now: Any, *, first: date, last: date) -> SelfAssessment:
    period = Period(first=first, last=last)
    return actions.make_assessment(
        actor=team.accounts["affairs"], at=now, technique="ablation", period=period, register=register
    )


def _only_a_page(made: Any, **_: Any) -> dict[str, bytes]:
    """Stand in for the files of a self-assessment where only their keeping is asked about."""
    return {"ablation-zh.pdf": f"%PDF- {made.content_hash}".encode()}


def _only_chinese_pdf(made: Any, *, contradictions: Any, at: Any) -> dict[str, bytes]:
    document = self_assessment_document(made, language=Language.CHINESE, at=at, contradictions=contradictions)
    return {"ablation-zh.pdf": typeset(document, language=Language.CHINESE)}


def test_what_was_made_is_not_changed_and_tampering_is_told(
    register: Register, team: Any, now: Any, client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "self_assessment_files", _only_a_page)
    row = _made(register, team, now, first=date(2022, 9, 1), last=date(2023, 1, 31))
    actions.sign_assessment(row, actor=team.accounts["affairs"], at=now, role="affairs")
    row.refresh_from_db()
    with pytest.raises(ValidationError):
        correct(row, actor=team.accounts["affairs"], at=now, version=row.version, values={"not_met": 0}, why="test")
    assert actions.is_as_signed(row)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE quality_selfassessment SET not_met = not_met + 1")
    row.refresh_from_db()
    assert not actions.is_as_signed(row), "what was changed behind the record's back is not what was signed"
    name = next(iter(row.files))
    path_of(row.files[name]).write_bytes(b"something else")
    answer = client_of("affairs").get(f"/quality/self-assessments/{row.pk}/{name}/")
    assert answer.status_code >= 400
    assert "校验值" in answer.content.decode()


def test_the_next_self_assessment_is_compared_with_the_archived_one(
    register: Register, team: Any, now: Any, client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "self_assessment_files", _only_a_page)
    last_year = _made(register, team, now, first=date(2021, 5, 1), last=date(2022, 4, 19))
    this_year = {"first": date(2022, 5, 1), "last": date(2023, 5, 31)}
    asked = Period(**this_year)
    assert actions.archived_before(Technique.ABLATION, asked) is None, "what nobody signed is no archive"
    for role, who in (("affairs", "affairs"), ("lead", "operator"), ("head", "ablator")):
        actions.sign_assessment(last_year, actor=team.accounts[who], at=now, role=role)
    monkeypatch.setattr(actions, "self_assessment_files", _only_chinese_pdf)
    made = _made(register, team, now, **this_year)
    assert made.compared_with == last_year
    sheet = client_of("affairs").get(f"/quality/self-assessments/{last_year.pk}/sign-off/")
    signed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(sheet.content)).pages)
    assert "已全部签署并归档" in signed
    assert "示例医师甲" in signed
    assert next(iter(last_year.files.values())) in signed.replace("\n", "")
    text = "".join(page.extract_text() for page in PdfReader(path_of(made.files["ablation-zh.pdf"])).pages)
    assert "按现有记录重算" in text
    assert "示例" in text
    figure = next(each for each in last_year.figures if each["key"] == "ABL-QI-02")
    assert f"{figure['n']:g}/{figure['of']}" in text
    assert str(last_year.content[:12]) in client_of("affairs").get("/quality/self-assessments/").content.decode()


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
