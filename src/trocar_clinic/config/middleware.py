"""What is done around every request: headers, language, refusals as pages."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from trocar_clinic.config.settings import HERE
from trocar_clinic.errors import Overtaken, Refused, reason

Answer = Callable[[HttpRequest], HttpResponse]


def origin_of(address: str) -> str:
    """Return scheme and host of an address: browsers ask leave for where a form is redirected to, too."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        " ".join(["form-action 'self'", *([origin_of(HERE.oidc_issuer)] if HERE.oidc_issuer else [])]),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def security_headers(answer: Answer) -> Answer:
    """Allow a page nothing but what this server sends, and let no cache keep what is said of a patient."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if response.streaming:  # files of the pages are small; sent whole, they need no thread each
            response = HttpResponse(b"".join(response), status=response.status_code, headers=response.headers)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "no-store"
        return response

    return respond


def chosen_language(answer: Answer) -> Answer:
    """Address the reader in the language chosen on any page before, else in that of the installation."""
    known = dict(settings.LANGUAGES)

    def respond(request: HttpRequest) -> HttpResponse:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        with translation.override(wanted if wanted in known else settings.LANGUAGE_CODE):
            request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]
            response = answer(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
            return response

    return respond


class Paced:
    """Refuse an account, or an address that is not signed in, that asks far more than people and pages do."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.minute, self.asked = 0, Counter[str]()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Count the request, and pass it on if it keeps to the pace."""
        now = time.monotonic()
        if int(now // 60) != self.minute:
            self.minute, self.asked = int(now // 60), Counter()
        user: Any = request.user
        who = f"account {user.pk}" if user.is_authenticated else f"address {request.META.get('REMOTE_ADDR', '')}"
        self.asked[who] += 1
        most = settings.REQUESTS_A_MINUTE
        if not most or self.asked[who] <= most:
            return self.answer(request)
        told = reason(
            "config.too-many-requests",
            en="More than {most} requests a minute; wait a minute",
            zh="每分钟请求超过 {most} 次，请一分钟后再试",
            most=most,
        )
        response = render(request, "refused.html", {"reasons": [told]}, status=429)
        response.headers["Retry-After"] = str(60 - int(now % 60))
        return response


class SignedIn(LoginRequiredMiddleware):
    """Send everybody who is not signed in to the login; programs get 401 from the interface itself."""

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Let the interface answer for itself."""
        if request.path.startswith("/api/"):
            return None
        return super().process_view(request, view, args, kwargs)  # type: ignore[no-any-return, arg-type, return-value]


class refusals:  # noqa: N801 — named like the functions beside it
    """Show a refusal that no page caught as a page with its reasons."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.answer(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal into an answer; all other errors stay errors."""
        if not isinstance(error, Refused):
            return None
        status = 409 if isinstance(error, Overtaken) else 403
        return render(request, "refused.html", {"reasons": error.reasons}, status=status)
