"""The app of institution."""

from django.apps import AppConfig


class InstitutionConfig(AppConfig):
    """Institution."""

    name = "trocar_clinic.institution"
    label = "institution"
