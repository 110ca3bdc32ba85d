"""All addresses."""

from django.urls import include, path

from trocar_clinic.api.interface import interface
from trocar_clinic.pages.accounts import forgotten

urlpatterns = [
    path("account/password/reset/", forgotten),
    path("account/", include("allauth.urls")),
    path("api/", interface.urls),
    path("", include("trocar_clinic.pages.urls")),
]
