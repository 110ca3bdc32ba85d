"""Accounts and the audit trail, for the administrator; and the very first account, for whoever holds the invitation."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.errors import Refused
from trocar_clinic.institution import access
from trocar_clinic.language import both
from trocar_clinic.pages.doors import page, reader_of
from trocar_clinic.records.models import AuditEntry
from trocar_clinic.records.verification import head, verify

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
AUDITORS = ADMINISTRATORS | {Role.AFFAIRS}
ENTRIES_PER_PAGE = 100


class NewAccount(forms.Form):
    """A new account."""

    name = forms.RegexField(
        r"^[a-z][a-z0-9._-]{1,30}\Z",
        label=both("User name", "用户名"),
        help_text=both("small letters, digits, dots; begins with a letter", "小写字母开头，可含数字与点"),
    )
    display_name = forms.CharField(label=both("Name", "姓名"), max_length=80)
    password = forms.CharField(
        label=both("First password", "初始密码"),
        widget=forms.PasswordInput,
        required=False,
        help_text=both("empty for people who sign in through the hospital", "使用医院统一身份登录者留空"),
    )
    roles = forms.MultipleChoiceField(
        label=both("Roles", "角色"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )

    def clean(self) -> dict[str, Any]:
        """Check the name against those in use and the password against the rules."""
        cleaned = super().clean() or {}
        user = User(username=cleaned.get("name", ""), display_name=cleaned.get("display_name", ""))
        if User.objects.filter(username=user.username).exists():
            self.add_error("name", both("This user name is taken", "该用户名已被使用"))
        if cleaned.get("password"):
            try:
                validate_password(cleaned["password"], user)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class Roles(forms.Form):
    """The roles an account shall have from now on."""

    roles = forms.MultipleChoiceField(
        label=both("Roles", "角色"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    is_open = forms.BooleanField(label=both("Account is open", "账号启用"), required=False)
    password = forms.CharField(
        label=both("New password", "重设密码"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        help_text=both("empty: the password stays", "留空则不变"),
    )
    without_second_factor = forms.BooleanField(
        label=both("Remove the second factor, which was lost", "解除已遗失的第二因素"), required=False
    )
    why = forms.CharField(label=both("Reason", "原因"), max_length=400)

    def clean_password(self) -> str:
        """Check the password against the rules."""
        given = str(self.cleaned_data["password"])
        if given:
            validate_password(given)
        return given


class FirstAccount(NewAccount):
    """The first administrator."""

    demonstration = forms.BooleanField(
        label=both("Fill the record with the demonstration department instead", "改为载入示例科室（体验用）"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["roles"]
        self.fields["password"].help_text = ""
        wants_demonstration = bool(self.data.get("demonstration"))
        for name in ("name", "display_name", "password"):
            self.fields[name].required = not wants_demonstration


@page(readers=ADMINISTRATORS)
def accounts(request: HttpRequest) -> HttpResponse:
    """List the accounts."""
    people = User.objects.filter(is_machine=False).prefetch_related("groups").order_by("username")
    return render(request, "accounts/list.html", {"people": people, "labels": dict(Role.choices)})


@page("GET", "HEAD", "POST", readers=ADMINISTRATORS)
def new_account(request: HttpRequest) -> HttpResponse:
    """Open an account."""
    form = NewAccount(request.POST or None)
    title = both("New account", "新增账号")
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "accounts/form.html", {"form": form, "title": title}, status=status)
    given = form.cleaned_data
    access.open_account(
        actor=reader_of(request),
        at=timezone.now(),
        name=given["name"],
        display_name=given["display_name"],
        password=given["password"] or None,
        roles={Role(each) for each in given["roles"]},
    )
    messages.success(request, both("Entered", "已录入"))
    return redirect("accounts")


@page("GET", "HEAD", "POST", readers=ADMINISTRATORS)
def change_account(request: HttpRequest, number: int) -> HttpResponse:
    """Change roles, close or open an account, set a new password, remove a lost second factor."""
    user = get_object_or_404(User, pk=number, is_machine=False)
    initial = {"roles": sorted(user.groups.values_list("name", flat=True)), "is_open": user.is_active}
    form = Roles(request.POST or None, initial=initial)
    shown: dict[str, Any] = {"form": form, "title": user}
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/form.html", shown, status=422 if request.method == "POST" else 200)
    given = form.cleaned_data
    actor, at = reader_of(request), timezone.now()
    try:
        if sorted(given["roles"]) != initial["roles"]:
            roles = {Role(each) for each in given["roles"]}
            access.change_roles(user, actor=actor, at=at, roles=roles, why=given["why"])
        if given["is_open"] != user.is_active:
            (access.reopen_account if given["is_open"] else access.close_account)(
                user, actor=actor, at=at, why=given["why"]
            )
        if given["password"]:
            access.set_password(user, actor=actor, at=at, password=given["password"], why=given["why"])
        if given["without_second_factor"]:
            access.remove_second_factor(user, actor=actor, at=at, why=given["why"])
    except Refused as refused:
        return render(request, "accounts/form.html", {**shown, "reasons": refused.reasons}, status=422)
    messages.success(request, both("Done", "已完成"))
    return redirect("accounts")


@login_not_required
@require_http_methods(["GET", "HEAD"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say who sets a new password: there is no mail by which one could be asked for."""
    return render(request, "accounts/forgotten.html")


@page("GET", "HEAD", "POST", readers=AUDITORS)
def trail(request: HttpRequest) -> HttpResponse:
    """Show the audit trail; on request, verify all of it."""
    entries = AuditEntry.objects.select_related("actor")
    wanted = request.GET.get("q", "").strip()
    if wanted:
        entries = entries.filter(deed__icontains=wanted) | entries.filter(actor__username=wanted)
    wrong = verify() if request.method == "POST" else None
    shown = Paginator(entries.order_by("-number"), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/trail.html", {"entries": shown, "head": head(), "wrong": wrong, "query": wanted})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, word: str) -> HttpResponse:
    """Make the first administrator, for whoever holds the invitation that the terminal shows."""
    from trocar_clinic.config import welcome as first

    if not first.is_invited(word):
        raise Http404
    form = FirstAccount(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/welcome.html", {"form": form}, status=422 if request.method == "POST" else 200)
    given = form.cleaned_data
    if given["demonstration"]:
        first.make_demonstration()
    else:
        first.make_administrator(given["name"], given["display_name"], given["password"])
    return redirect("account_login")
