"""The app of pages."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Pages."""

    name = "trocar_clinic.pages"
    label = "pages"

    def ready(self) -> None:
        """Open the books of every app."""
        from trocar_clinic.pages.shelf import open_all_books

        open_all_books()
