"""The app of the interface."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The interface."""

    name = "trocar_clinic.api"
    label = "api"
