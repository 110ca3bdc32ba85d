"""What receiving images asks for."""

from typing import Any

from django import forms

from trocar_clinic.images.actions import inbox
from trocar_clinic.images.models import ImageImport
from trocar_clinic.language import both


class ManyFiles(forms.ClearableFileInput):
    """An input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, each checked."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=ManyFiles(), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return a list of files."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(ManyFilesField, self).clean(each, initial) for each in given]


class ReceiveForm(forms.Form):
    """Images of a case."""

    purpose = forms.ChoiceField(label=both("Purpose", "用途"), choices=ImageImport.Purpose.choices)
    uploads = ManyFilesField(
        label=both("DICOM files or a ZIP archive", "DICOM 文件或 ZIP 压缩包"),
        required=False,
        help_text=both(
            "one study at a time; images, structures, plan and dose together",
            "每次一个检查；影像、结构、计划、剂量可一并上传",
        ),
    )
    folder = forms.ChoiceField(
        label=both("or a folder of the server's inbox", "或服务器收件夹中的文件夹"), required=False
    )
    why_other_identity = forms.CharField(
        label=both("Why images under another patient number belong here", "影像患者号不一致时的归属依据"),
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = inbox()
        found = sorted(each.name for each in place.iterdir() if each.is_dir()) if place.is_dir() else []
        self.fields["folder"].choices = [("", "—"), *((name, name) for name in found)]  # type: ignore[attr-defined]


class SortAgainForm(forms.Form):
    """Why images under another number are this patient's."""

    why_other_identity = forms.CharField(
        label=both("Why images under another patient number belong here", "影像患者号不一致时的归属依据"),
        required=False,
        max_length=200,
    )
