"""The app."""

from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    """The app."""

    name = "trocar_clinic.procedures"
    default_auto_field = "django.db.models.BigAutoField"
