"""What allauth may do here: log in people that an administrator has entered, and nothing more."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest
from django.shortcuts import render

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import reason


class NobodySignsUp(DefaultAccountAdapter):
    """Accounts are opened by an administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up by oneself."""
        return False


class OnlyKnownPeople(DefaultSocialAccountAdapter):
    """The hospital's identity provider logs in accounts that are known here by the same user name."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Refuse sign-up by oneself."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Join the hospital's identity to the account of that name, or say that there is none."""
        if sociallogin.is_existing:
            return
        name = user_name(sociallogin.account.extra_data)
        user = User.objects.filter(username=name, is_active=True, is_machine=False).first()
        if user is None:
            unknown = reason(
                "accounts.unknown-at-hospital-login",
                en="The hospital account “{name}” has no account here; an administrator opens one under the same name",
                zh="医院账号“{name}”在本系统尚未开通，请系统管理员以同名开通",
                name=name,
            )
            raise ImmediateHttpResponse(render(request, "refused.html", {"reasons": [unknown]}, status=403))
        sociallogin.connect(request, user)


def user_name(told: dict[str, Any]) -> str:
    """Return the user name that an identity provider tells: in its user information, else in the identity token."""
    sources = (told.get("userinfo"), told.get("id_token"), told)
    return next((str(each["preferred_username"]) for each in sources if each and each.get("preferred_username")), "")
