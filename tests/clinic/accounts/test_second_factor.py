"""A second factor by time-based codes (RFC 6238), reckoned here from the standard, not by the code that checks them."""

import hashlib
import hmac
import re
import struct
from base64 import b32decode
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from trocar_clinic.records.models import AuditEntry

RECOVERY: list[str] = []
"""Recovery codes that were shown once, when the second factor was turned on."""

NOW = 1_900_000_000.0
STEP_S = 30


def code(secret: str, at: float) -> str:
    """Return the six digits of a moment: RFC 4226 §5.3 on the counter of RFC 6238 §4.2."""
    digest = hmac.digest(b32decode(secret), struct.pack(">Q", int(at // STEP_S)), hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def later(self) -> float:
        self.now += STEP_S
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from allauth.mfa.totp.internal import auth

    made = Clock()
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=made))  # the clock of codes alone
    return made


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    from django.core.cache import cache

    cache.clear()


def sign_in(client: Client, name: str = "physicist", password: str = "demonstration") -> Any:
    return client.post("/account/login/", {"login": name, "password": password}, follow=True)


def where(answer: Any) -> str:
    return str(answer.request["PATH_INFO"])


@pytest.fixture
def secret(team: Any, clock: Clock) -> str:
    """Activate the second factor of the physicist as a person does."""
    client = Client()
    sign_in(client)
    page = client.get("/account/2fa/totp/activate/", follow=True)
    if where(page) == "/account/reauthenticate/":
        page = client.post(
            page.request["PATH_INFO"] + "?next=/account/2fa/totp/activate/", {"password": "demonstration"}, follow=True
        )
    assert where(page) == "/account/2fa/totp/activate/"
    found = re.search(r'value="([A-Z2-7]{32})"', page.content.decode())
    assert found is not None
    wrong = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    done = client.post("/account/2fa/totp/activate/", {"code": code(found[1], clock.now)}, follow=True)
    assert "recovery-codes" in where(done)
    RECOVERY[:] = re.findall(r"^\s*([0-9a-f]{8})\s*$", strip_tags(done.content.decode()), re.M)
    return found[1]


def test_the_password_alone_signs_nobody_in_any_more(secret: str) -> None:
    client = Client()
    assert where(sign_in(client)) == "/account/2fa/authenticate/"
    assert client.get("/today/").status_code == 302


def test_the_right_code_signs_in_once(secret: str, clock: Clock) -> None:
    given = code(secret, clock.later())
    first, second = Client(), Client()
    for client, ends in ((first, "/today/"), (second, "/account/2fa/authenticate/")):
        sign_in(client)
        assert where(client.post("/account/2fa/authenticate/", {"code": given}, follow=True)) == ends


@pytest.mark.parametrize("wrong", ["", "12345", "abcdef", "000000", "' OR 1=1"])
def test_a_wrong_code_does_not(secret: str, wrong: str) -> None:
    client = Client()
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": wrong})
    assert client.get("/today/").status_code == 302


def test_a_code_of_ten_minutes_ago_does_not(secret: str, clock: Clock) -> None:
    client = Client()
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret, clock.now - 600)})
    assert client.get("/today/").status_code == 302


def test_guessing_codes_is_stopped_even_for_the_right_one(secret: str, clock: Clock) -> None:
    client = Client()
    sign_in(client)
    for guess in range(12):
        client.post("/account/2fa/authenticate/", {"code": f"{guess:06d}"})
    client.post("/account/2fa/authenticate/", {"code": code(secret, clock.later())})
    assert client.get("/today/").status_code == 302


def test_a_recovery_code_signs_in_once(secret: str, clock: Clock) -> None:
    assert len(RECOVERY) >= 8
    for ends in ("/today/", "/account/2fa/authenticate/"):
        other = Client()
        sign_in(other)
        assert where(other.post("/account/2fa/authenticate/", {"code": RECOVERY[0]}, follow=True)) == ends


def test_the_secret_is_not_readable_where_it_lies(secret: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = " ".join(str(row[0]) for row in cursor.fetchall())
    assert secret not in stored
    assert stored.count("gAAAA") == 2, "secret and seed of the recovery codes are sealed"


def test_an_administrator_removes_a_lost_factor_with_a_reason(
    secret: str, team: Any, client_of: Callable[[str], Client]
) -> None:
    user = team.accounts["physicist"]
    form = {"roles": ["physicist"], "is_open": "on", "without_second_factor": "on", "why": "手机遗失，已当面核对身份"}
    assert client_of("nurse").post(f"/accounts/{user.pk}/", form).status_code == 403
    assert client_of("admin").post(f"/accounts/{user.pk}/", form).status_code == 302
    entry = AuditEntry.objects.get(deed="institution.remove_second_factor")
    assert (entry.reason, entry.note["account"]) == (form["why"], user.pk)
    assert where(sign_in(Client())) == "/today/"


def test_a_new_password_by_the_administrator_signs_the_old_browser_out(
    team: Any, client_of: Callable[[str], Client]
) -> None:
    old, user = Client(), team.accounts["physicist"]
    sign_in(old)
    form = {"roles": ["physicist"], "is_open": "on", "password": "quite another word", "why": "忘记密码"}
    assert client_of("admin").post(f"/accounts/{user.pk}/", {**form, "password": "short"}).status_code == 422
    assert client_of("admin").post(f"/accounts/{user.pk}/", form).status_code == 302
    assert old.get("/today/").status_code == 302
    assert where(sign_in(Client())) == "/account/login/"
    assert where(sign_in(Client(), password="quite another word")) == "/today/"


def test_a_closed_account_is_signed_out_at_once(team: Any, client_of: Callable[[str], Client]) -> None:
    here, user = Client(), team.accounts["physicist"]
    sign_in(here)
    assert here.get("/today/").status_code == 200
    client_of("admin").post(f"/accounts/{user.pk}/", {"roles": ["physicist"], "why": "离岗"})
    assert here.get("/today/").status_code == 302


def test_who_forgot_the_password_is_sent_to_an_administrator(db: None) -> None:
    page = Client().get("/account/password/reset/")
    assert (page.status_code, "系统管理员" in page.content.decode()) == (200, True)
    assert Client().post("/account/password/reset/", {"email": "a@b.c"}).status_code in {403, 405}
