"""``demonstrate``: fill an empty record with the demonstration department."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trocar_clinic.accounts.models import User
from trocar_clinic.demonstration import department


class Command(BaseCommand):
    """Fill an empty record with the demonstration department."""

    help = "Fill an empty record with the demonstration department."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder of a demonstration of the library."""
        parser.add_argument("--cases", type=Path, default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse a record in which somebody works already."""
        if User.objects.filter(is_machine=False).exists():
            raise CommandError("the demonstration fills an empty record only; set TROCAR_DATA to an empty folder")
        department.fill(tell=self.stdout.write, cases=options["cases"])
