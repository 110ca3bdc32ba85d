"""The app."""

from django.apps import AppConfig


class FollowUpConfig(AppConfig):
    """The app."""

    name = "trocar_clinic.followup"
    default_auto_field = "django.db.models.BigAutoField"
