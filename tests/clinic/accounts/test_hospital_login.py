"""People sign in through the hospital's identity provider: a real one, spoken to by the real server and a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clinic.accounts.hospital_login import CLIENT, SECRET, Provider, provided
from clinic.browser import CHINESE, LOCALES, chromium
from clinic.config.visitor import Visitor
from clinic.running import copy_of, served


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provided() as made:
        yield made


@pytest.fixture(scope="module")
def address(provider: Provider, demonstration_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = copy_of(demonstration_folder, tmp_path_factory.mktemp("oidc") / "copy")
    told = {"TROCAR_OIDC_ISSUER": provider.address, "TROCAR_OIDC_CLIENT": CLIENT, "TROCAR_OIDC_SECRET": SECRET}
    with served(folder, **told) as found:
        yield found


def redirected(visitor: Visitor, status: int) -> str:
    assert status == 302, visitor.location
    return visitor.location


def come_back(address: str, provider: Provider, person: dict[str, str]) -> tuple[Visitor, str]:
    """Go to the provider as a person; return the visitor and the address by which one comes back."""
    provider.person = person
    visitor = Visitor(address)
    visitor.ask("GET", "/account/login/")
    there = redirected(visitor, visitor.ask("POST", "/account/oidc/hospital/login/?process=login", {})[0])
    assert there.startswith(f"{provider.address}/authorize?")
    back = redirected(
        at_provider := Visitor(provider.address), at_provider.ask("GET", there.removeprefix(provider.address))[0]
    )
    return visitor, back.removeprefix(address)


def test_a_known_person_is_signed_in_under_the_account_of_that_name(address: str, provider: Provider) -> None:
    visitor, back = come_back(address, provider, {"sub": "1001", "preferred_username": "nurse"})
    assert urlsplit(redirected(visitor, visitor.ask("GET", back)[0])).path == "/today/"
    status, page = visitor.ask("GET", "/today/")
    assert (status, "示例护士甲" in page, provider.refused) == (200, True, [])


def test_whoever_is_known_stays_known_when_the_hospital_renames(address: str, provider: Provider) -> None:
    for name in ("nurse2", "renamed"):
        visitor, back = come_back(address, provider, {"sub": "1002", "preferred_username": name})
        visitor.ask("GET", back)
        assert "示例护士乙" in visitor.ask("GET", "/today/")[1]


@pytest.mark.parametrize("name", ["nobody", "", "trocar", "Nurse"])
def test_a_person_without_an_account_is_told_so_and_gets_none(address: str, provider: Provider, name: str) -> None:
    visitor, back = come_back(address, provider, {"sub": f"x{name}", "preferred_username": name})
    status, page = visitor.ask("GET", back)
    assert (status, 'data-code="accounts.unknown-at-hospital-login"' in page) == (403, True)
    assert visitor.ask("GET", "/today/")[0] == 302


def test_a_code_that_was_given_to_another_browser_signs_nobody_in(address: str, provider: Provider) -> None:
    _, back = come_back(address, provider, {"sub": "1001", "preferred_username": "nurse"})
    other = Visitor(address)
    other.ask("GET", back)
    assert other.ask("GET", "/today/")[0] == 302


def test_a_code_signs_in_once(address: str, provider: Provider) -> None:
    visitor, back = come_back(address, provider, {"sub": "1001", "preferred_username": "nurse"})
    visitor.ask("GET", back)
    visitor.cookies.clear()
    visitor.ask("GET", back)
    assert visitor.ask("GET", "/today/")[0] == 302


def test_in_a_browser_the_button_leads_there_and_back(
    address: str, provider: Provider, program: Callable[[str], str]
) -> None:
    """The policy of the pages lets a form go to the provider and to nowhere else: only a browser shows that."""
    provider.person = {"sub": "1003", "preferred_username": "physicist"}
    with chromium(program("chromium")) as browser:
        page = browser.new_context(base_url=address, locale=LOCALES[CHINESE]).new_page()
        page.goto("/account/login/")
        policy = page.goto("/account/login/").headers["content-security-policy"]  # type: ignore[union-attr]
        assert re.search(r"form-action 'self' http://127\.0\.0\.1:\d+;", policy)
        page.get_by_role("button", name="医院统一身份").click()
        page.wait_for_url("**/today/")
        assert "示例物理师" in page.inner_text("header")
