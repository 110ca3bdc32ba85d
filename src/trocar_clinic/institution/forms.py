"""Forms of the house that offer what the library knows."""

from functools import cache
from typing import Any

from django import forms

from trocar_clinic.institution.models import Product
from trocar_clinic.language import both


class ProductForm(forms.ModelForm):
    """A product; seeds are tied to their source data set by choosing it."""

    class Meta:
        model = Product
        fields = ("source_key",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source_key"].widget = forms.Select(
            choices=[("", "—"), *((each, each) for each in known_sources())]
        )

    def clean_source_key(self) -> str:
        """Take a data set that there is."""
        key: str = self.cleaned_data["source_key"]
        if key and key not in known_sources():
            told = both("The library knows no source data set %(key)s", "程序库中没有源数据集 %(key)s")
            raise forms.ValidationError(told, params={"key": key})
        return key


@cache
def known_sources() -> tuple[str, ...]:
    """Return the keys of all source data sets; the catalogue is loaded when first asked for."""
    from trocar.catalogue.sources import source_keys

    return source_keys()
