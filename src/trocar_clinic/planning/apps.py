"""The app of planning."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    """Planning."""

    name = "trocar_clinic.planning"
    label = "planning"
