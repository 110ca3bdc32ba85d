"""The app of images."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    """Images."""

    name = "trocar_clinic.images"
    label = "images"
