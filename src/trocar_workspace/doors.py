"""The addresses of a workspace: one page, and what it asks for. Whoever serves it says which desk is meant."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

if TYPE_CHECKING:  # numba is loaded when the first desk is opened, not when Django starts
    from trocar.workflow.edit_views import Plane
    from trocar_workspace.desk import Desk

LARGEST_BODY = 2**20


class SavesPlans(Protocol):
    """What a changed plan is handed to."""

    def begin(self, words: list[dict[str, Any]]) -> bool:
        """Begin to save the plan that changes lead to; return whether it was begun."""

    def told(self) -> dict[str, Any]:
        """Return how far it is: share, stage, done, result, problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a person may edit.

    Parameters
    ----------
    desk
        Gives the plan; opening it may take seconds, so that the page itself does not ask.
    saver
        What saves it; None where the person may only look.
    back
        Address to go back to; empty for none.
    """

    desk: Callable[[], "Desk"]
    saver: "SavesPlans | None"
    back: str = ""


Open = Callable[..., Opened]
"""Takes the request and what its address names; refuses those who may not."""


def workspace_addresses(open_desk: Open) -> list[URLPattern]:
    """Return the addresses of a workspace, to stand under any other.

    Parameters
    ----------
    open_desk
        Which plan a request means; called on every request, and the place to ask whether the person may.
    """

    @require_GET
    @ensure_csrf_cookie
    def page(request: HttpRequest, **named: Any) -> HttpResponse:
        opened = open_desk(request, **named)
        return render(request, "workspace/workspace.html", {"may_save": opened.saver is not None, "back": opened.back})

    @require_GET
    def scene(request: HttpRequest, **named: Any) -> HttpResponse:
        from trocar_workspace import told

        return JsonResponse(told.scene(open_desk(request, **named).desk()))

    @require_GET
    def picture(request: HttpRequest, *, plane: str, index: int, **named: Any) -> HttpResponse:
        desk = open_desk(request, **named).desk()
        try:
            rows = desk.slice_hu(_plane(plane), index)
        except IndexError as wrong:
            raise Http404 from wrong
        return HttpResponse(rows.tobytes(), content_type="application/octet-stream")

    @require_GET
    def outlines(request: HttpRequest, *, plane: str, index: int, **named: Any) -> HttpResponse:
        from trocar_workspace import told

        desk = open_desk(request, **named).desk()
        return JsonResponse(told.outlines(desk, _plane(plane), _place(desk, _plane(plane), index)))

    @require_POST
    def state(request: HttpRequest, **named: Any) -> HttpResponse:
        from trocar_workspace import told

        desk, body = open_desk(request, **named).desk(), _body(request)
        cuts = [(_plane(name), _place(desk, _plane(name), index)) for name, index in body.get("cuts", {}).items()]
        return _answer(lambda: told.state(desk, body.get("edits", []), cuts, risks=bool(body.get("risks"))))

    @require_POST
    def save(request: HttpRequest, **named: Any) -> HttpResponse:
        opened = open_desk(request, **named)
        if opened.saver is None:
            return HttpResponse(status=403)
        begun = opened.saver.begin(_body(request).get("edits", []))
        return JsonResponse(opened.saver.told(), status=202 if begun else 409)

    @require_GET
    def saving(request: HttpRequest, **named: Any) -> HttpResponse:
        saver = open_desk(request, **named).saver
        return HttpResponse(status=403) if saver is None else JsonResponse(saver.told())

    @require_POST
    def try_worth(request: HttpRequest, **named: Any) -> HttpResponse:
        worth = open_desk(request, **named).desk().worth
        begun = worth.begin(_body(request).get("edits", []))
        return JsonResponse(worth.told(), status=202 if begun else 409)

    @require_GET
    def worth(request: HttpRequest, **named: Any) -> HttpResponse:
        return JsonResponse(open_desk(request, **named).desk().worth.told())

    return [
        path("", page, name="workspace"),
        path("scene", scene, name="workspace-scene"),
        path("picture/<str:plane>/<int:index>", picture, name="workspace-picture"),
        path("outlines/<str:plane>/<int:index>", outlines, name="workspace-outlines"),
        path("state", state, name="workspace-state"),
        path("save", save, name="workspace-save"),
        path("saving", saving, name="workspace-saving"),
        path("worth/try", try_worth, name="workspace-worth-try"),
        path("worth", worth, name="workspace-worth"),
    ]


def _answer(ask: Callable[[], dict[str, Any]]) -> JsonResponse:
    from trocar.errors import TrocarError
    from trocar_workspace.said import in_both

    try:
        return JsonResponse(ask())
    except TrocarError as problem:
        return JsonResponse({"problem": in_both(problem.message)}, status=400)


def _plane(name: str) -> "Plane":
    from trocar.workflow.edit_views import Plane

    try:
        return Plane[name.upper()]
    except KeyError as wrong:
        raise Http404 from wrong


def _place(desk: "Desk", plane: "Plane", index: object) -> float:
    """Return where a slice of the picture lies."""
    if isinstance(index, bool) or not isinstance(index, int):
        raise Http404
    count = desk.picture.values_kji.shape[2 - plane.value]
    if not 0 <= index < count:
        raise Http404
    return float(desk.picture.grid.origin_lps_mm[plane.value] + index * desk.picture.grid.spacing_ijk_mm[plane.value])


def _body(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > LARGEST_BODY:
        raise Http404
    try:
        body = json.loads(request.body)
    except ValueError as wrong:
        raise Http404 from wrong
    if not isinstance(body, dict) or not isinstance(body.get("cuts", {}), dict):
        raise Http404
    return body
