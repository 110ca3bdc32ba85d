"""Somebody who asks the real server for pages without a browser."""

import http.client
from urllib.parse import quote, urlencode, urlsplit


class Visitor:
    """A browser without a window: keeps cookies, sends forms with their token."""

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc
        self.cookies: dict[str, str] = {}
        self.location = ""

    def ask(self, method: str, path: str, form: dict[str, object] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({"csrfmiddlewaretoken": self.cookies.get("csrftoken", ""), **form})
        connection.request(method, quote(path, safe="/?&=%"), body, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        self.location = answer.headers.get("Location", "")
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def sign_in(self, name: str) -> "Visitor":
        self.ask("GET", "/account/login/")
        status, _ = self.ask("POST", "/account/login/", {"login": name, "password": "demonstration"})
        assert status == 302
        return self
