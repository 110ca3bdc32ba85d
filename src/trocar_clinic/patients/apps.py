"""The app of patients."""

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Patients."""

    name = "trocar_clinic.patients"
    label = "patients"
