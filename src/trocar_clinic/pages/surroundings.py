"""What every page has around it: navigation for the reader's roles, the reader, the language."""

from typing import Any

from django.http import HttpRequest

from trocar_clinic.accounts.models import EVERYBODY, SEES_CASES, Role, User
from trocar_clinic.language import both, is_chinese
from trocar_clinic.records.books import Section, all_books

FURTHER_PAGES: tuple[tuple[Any, str, Section, frozenset[Role]], ...] = (
    (both("Monitors", "监护仪接入"), "/monitors/", Section.CASES, SEES_CASES),
    (both("Seed ledger", "粒子总账"), "/custody/ledger/", Section.SEEDS, EVERYBODY),
    (both("Indicators", "质量控制指标"), "/quality/of/seeds/", Section.QUALITY, SEES_CASES),
    (both("Self-assessments", "自我评估"), "/quality/self-assessments/", Section.QUALITY, SEES_CASES),
    (both("Check a report", "检查自评报告"), "/quality/check/", Section.QUALITY, SEES_CASES),
    (both("Accounts", "账号"), "/accounts/", Section.SYSTEM, frozenset({Role.ADMINISTRATOR})),
    (both("Audit trail", "审计记录"), "/trail/", Section.SYSTEM, frozenset({Role.ADMINISTRATOR, Role.AFFAIRS})),
)
"""Pages that are no books: name, address, section, who sees them."""


def every_page(request: HttpRequest) -> dict[str, Any]:
    """Give templates the navigation and the language."""
    reader = getattr(request, "user", None)
    shown = navigation(reader, request.path) if isinstance(reader, User) else []
    return {"navigation": shown, "in_chinese": is_chinese(), "reader": reader}


def navigation(reader: User, path: str) -> list[dict[str, Any]]:
    """Return the sections with the books that the reader may open."""
    sections = []
    for section in Section:
        books = [each for each in all_books().values() if each.section is section and each.may_read(reader).allowed]
        entries = [
            {
                "title": book.title,
                "address": f"/records/{book.slug}/",
                "here": path.startswith(f"/records/{book.slug}/"),
            }
            for book in books
        ]
        entries += [
            {"title": title, "address": address, "here": path.startswith(address)}
            for title, address, there, roles in FURTHER_PAGES
            if there is section and reader.roles & roles
        ]
        if entries:
            sections.append({"title": section.value, "entries": entries, "slug": section.name.lower()})
    return sections
