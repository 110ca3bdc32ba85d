"""Fills an empty record: people and house first, then cases; everything by deeds, each by the person who would do it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from trocar.workflow.demonstration_department import demonstration_department
from trocar_clinic.demonstration import house, people, waiting, whole_way
from trocar_clinic.quality.actions import take_record

BEGUN = datetime(2022, 3, 1, 1, 0, tzinfo=UTC)


def fill(tell: Callable[[str], object], *, cases: Path | None = None) -> None:
    """Fill the record, telling how far it is; with pictures where a folder of ``trocar demo`` is given."""
    with transaction.atomic():
        team = people.make(BEGUN)
        tell("人员 people")
        house.make(team, BEGUN)
        tell("科室 department")
        whole_way.make(team, cases)
        waiting.make(team)
        tell("病例 cases")
        take_record(demonstration_department(), actor=team.accounts["affairs"], at=timezone.now())
        tell("质量登记 register of quality")
    tell(f"登录 sign in: {', '.join(sorted(team.accounts))}; 密码 password: {people.PASSWORD}")
