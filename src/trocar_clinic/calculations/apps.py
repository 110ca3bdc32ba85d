"""The app of calculations."""

from django.apps import AppConfig


class CalculationsConfig(AppConfig):
    """Calculations."""

    name = "trocar_clinic.calculations"
    label = "calculations"
