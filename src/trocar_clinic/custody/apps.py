"""The app."""

from django.apps import AppConfig


class CustodyConfig(AppConfig):
    """Seeds and devices."""

    name = "trocar_clinic.custody"
    default_auto_field = "django.db.models.BigAutoField"
