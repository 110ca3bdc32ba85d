"""All addresses."""

from django.urls import include, path

from trocar_clinic.api.interface import interface

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("api/", interface.urls),
    path("", include("trocar_clinic.pages.urls")),
]
