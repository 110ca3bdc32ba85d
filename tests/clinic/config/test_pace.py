"""Who asks far more than people do is told to wait; others go on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from trocar_clinic.config import middleware


@pytest.fixture
def ten(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow ten requests a minute, on a clock that stands still."""
    settings.REQUESTS_A_MINUTE = 10
    monkeypatch.setattr(middleware.time, "monotonic", lambda: 6000.0)


def test_who_asks_too_much_is_told_to_wait_and_others_go_on(
    ten: None, house: Any, client_of: Callable[[str], Client]
) -> None:
    hasty = client_of("nurse")
    assert [hasty.get("/today/").status_code for _ in range(10)] == [200] * 10
    refused = hasty.get("/today/")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert "每分钟请求超过 10 次" in refused.content.decode()
    hasty.force_login(house.accounts["safety"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert hasty.get("/today/").status_code == 200


def test_addresses_that_are_not_signed_in_are_counted_too(ten: None, house: Any) -> None:
    stranger = Client()
    assert {stranger.get("/account/login/").status_code for _ in range(10)} == {200}
    assert stranger.get("/account/login/").status_code == 429


def test_none_is_no_limit(ten: None, settings: Any, house: Any) -> None:
    settings.REQUESTS_A_MINUTE = 0
    assert {Client().get("/account/login/").status_code for _ in range(12)} == {200}
