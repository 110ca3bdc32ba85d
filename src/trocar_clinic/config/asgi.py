"""The door of the web server: a body that is too large is refused before it is read."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trocar_clinic.config.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

TOO_LARGE = "上传内容过大，未接收。 The upload is too large and was not taken.".encode()


class LimitedBody:
    """Passes requests on whose body keeps to the limit of its address."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body announced, or turning out, too large."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await _refuse(send)
            return
        left = limit

        async def counted() -> MutableMapping[str, Any]:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        await self.inner(scope, counted, send)


def limit_for(path: str) -> int:
    """Return how many bytes an address takes: images come in hundreds of megabytes, forms do not."""
    return int(settings.IMAGES_BODY_LIMIT if path.endswith("/do/receive-images/") else settings.PAGE_BODY_LIMIT)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})


application = LimitedBody(get_asgi_application())
