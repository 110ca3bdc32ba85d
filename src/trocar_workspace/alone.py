"""A workspace for one person on one machine, without a record: the settings of its web server, and its key."""

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect

from trocar_workspace.doors import Opened, workspace_addresses

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
COOKIE = "trocar_workspace"

urlpatterns: list[Any] = []
_key: list[str] = []


def lay_out(opened: Opened) -> str:
    """Set Django up for one plan, and return the key that its address must bear the first time."""
    key = secrets.token_urlsafe(24)
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(48),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],  # a page of another host name cannot speak to it
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.staticfiles", "trocar_workspace"],
        MIDDLEWARE=[
            f"{__name__}.guarded",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        STATIC_URL="/static/",
        WHITENOISE_USE_FINDERS=True,
        CSRF_COOKIE_SAMESITE="Strict",
        USE_TZ=True,
    )
    _key[:] = [key]
    urlpatterns[:] = workspace_addresses(lambda _request: opened)
    return key


def guarded(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let in who came with the key once, and nobody else on this machine."""

    def respond(request: HttpRequest) -> HttpResponse:
        request.get_host()  # refuses names that are not this machine's
        if secrets.compare_digest(request.GET.get("key", ""), _key[0]):
            response: HttpResponse = HttpResponseRedirect("/")
            response.set_cookie(COOKIE, _key[0], httponly=True, samesite="Strict")
        elif secrets.compare_digest(request.COOKIES.get(COOKIE, ""), _key[0]):
            response = answer(request)
        else:
            response = HttpResponseForbidden(
                "Open the address that trocar workspace printed. 请打开命令给出的完整网址。"
            )
        if response.streaming:
            response = HttpResponse(b"".join(response), status=response.status_code, headers=response.headers)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return respond
