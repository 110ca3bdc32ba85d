"""The typed interface; its schema is at ``/api/openapi.json``."""

from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI, Schema
from ninja.security import django_auth

from trocar_clinic.accounts.models import SEES_CASES, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import Overtaken, Refused
from trocar_clinic.patients.models import Case

interface = NinjaAPI(title="Trocar", version="1", auth=django_auth, docs_url=None, urls_namespace="api")


class CaseOut(Schema):
    """A case, without the patient's name."""

    number: str
    technique: str
    state: str
    diagnosis: str
    icd10: str
    planned_on: str | None


@interface.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> Any:
    """Answer a refusal with its codes and sentences."""
    reasons = [{"code": each.code, "text": str(each.text)} for each in error.reasons]
    return interface.create_response(request, {"reasons": reasons}, status=409 if isinstance(error, Overtaken) else 403)


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    has_one_of(request.user, SEES_CASES).insist()
    return request.user


def _told(case: Case) -> dict[str, Any]:
    planned = case.planned_on.isoformat() if case.planned_on else None
    fields = ("number", "technique", "state", "diagnosis", "icd10")
    return {**{name: getattr(case, name) for name in fields}, "planned_on": planned}


@interface.get("/cases", response=list[CaseOut])
def cases(request: HttpRequest, state: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """List cases, latest first."""
    rows = Case.objects.visible_for(_reader(request)).standing().order_by("-pk")
    rows = rows.filter(state=state) if state else rows
    return [_told(case) for case in rows[: max(1, min(limit, 1000))]]


@interface.get("/cases/{number}", response={200: CaseOut, 404: dict})
def case(request: HttpRequest, number: str) -> Any:
    """Give one case by its number."""
    row = Case.objects.visible_for(_reader(request)).filter(number=number).first()
    return _told(row) if row else interface.create_response(request, {"reasons": []}, status=404)
