"""The app of quality."""

from django.apps import AppConfig


class QualityConfig(AppConfig):
    """Quality."""

    name = "trocar_clinic.quality"
    label = "quality"
