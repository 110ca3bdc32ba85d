"""Forms of books and deeds: fields that fit tablets, dates and numbers, and the version that was seen."""

from typing import Any

from django import forms
from django.db import models

from trocar_clinic.accounts.models import User
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.language import both, is_chinese
from trocar_clinic.records.books import Book, RowDeed, book_of
from trocar_clinic.records.kept import Kept


class Furnished:
    """Gives the fields of any form their proper input elements."""

    fields: dict[str, forms.Field]

    def _post_clean(self) -> None:
        """Judge the row as a whole once every field can be read; before that there is nothing to compare."""
        if not self._errors:  # type: ignore[attr-defined]
            super()._post_clean()  # type: ignore[misc]

    def furnish(self, reader: User) -> None:
        """Set input types, help and the choices that the reader may see."""
        for name, each in self.fields.items():
            widget = each.widget
            if isinstance(each, forms.DateTimeField):
                each.widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
                each.input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]  # type: ignore[assignment]
            elif isinstance(each, forms.DateField):
                each.widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            elif isinstance(each, forms.DecimalField | forms.FloatField | forms.IntegerField):
                widget.attrs.update({"inputmode": "decimal", "step": "any"})
            elif isinstance(widget, forms.Textarea):
                widget.attrs.update({"rows": 3})
            if (
                isinstance(each, forms.ModelChoiceField)
                and each.queryset is not None
                and hasattr(each.queryset, "visible_for")
            ):
                each.queryset = each.queryset.visible_for(reader).standing()
                each.empty_label = str(both("— choose —", "— 请选择 —"))
            if isinstance(each, forms.ChoiceField) and not isinstance(
                each, forms.ModelChoiceField | forms.MultipleChoiceField
            ):
                offered: Any = each.choices
                each.choices = [
                    (value, both("— choose —", "— 请选择 —") if value in ("", None) else label)
                    for value, label in offered
                ]
                each.error_messages["invalid_choice"] = _told_choices(offered)
            widget = each.widget
            widget.is_required = each.required
            if each.help_text:
                widget.attrs["aria-describedby"] = f"id_{name}_help"


def _told_choices(offered: Any) -> str:
    """Return what is said of a value that is none of the choices: which there are."""
    labels = [str(label).replace("%", "%%") for value, label in offered if value not in ("", None)]
    told = str(both("“%(value)s” is none of: ", "「%(value)s」不在可选范围："))
    return told + ("、" if is_chinese() else "; ").join(labels)


def row_form(book: Book, *, reader: User, row: Kept | None, parent: Any = None, **given: Any) -> forms.ModelForm:
    """Return the form of a book for a new row or a correction."""
    base: Any = book.form or forms.ModelForm
    kind: Any = forms.modelform_factory(book.model, form=base, fields=list(book.field_names))

    class RowForm(Furnished, kind):  # type: ignore[misc]
        if row is not None:
            seen_version = forms.IntegerField(widget=forms.HiddenInput, initial=row.version)
            why = forms.CharField(
                label=both("Why is this corrected?", "更正原因"),
                help_text=both("The former values stay readable.", "原值将保留可查。"),
                max_length=400,
            )

    form = RowForm(instance=row, **given)
    form.furnish(reader)
    if row is None:
        _offer_oneself(form, reader)
    _narrow_to_case(form, parent if parent is not None else row)
    _leave_out_the_other_technique(form, parent if parent is not None else row)
    if parent is not None and book.parent in form.fields:
        form.fields[book.parent].widget = forms.HiddenInput()
        form.initial[book.parent] = parent.pk
    return form  # type: ignore[no-any-return]


def _leave_out_the_other_technique(form: Any, near: Any) -> None:
    """Ask of a case of seeds nothing that belongs to ablations alone, and the other way round."""
    technique = getattr(near, "technique", None) or getattr(getattr(near, "case", None), "technique", None)
    model = getattr(getattr(form, "_meta", None), "model", None)
    fields: dict[str, tuple[str, ...]] = getattr(model, "of_technique", {})
    for other, names in fields.items():
        for name in names if technique and other != technique else ():
            form.fields.pop(name, None)


def _offer_oneself(form: forms.BaseForm, reader: User) -> None:
    """Offer the reader as who saw or verified; somebody else can be chosen."""
    for name in {"seen_by", "verified_by"} & set(form.fields):
        if not form.initial.get(name):
            form.initial[name] = StaffMember.objects.standing().filter(account=reader).first()


def _narrow_to_case(form: forms.ModelForm, near: Any) -> None:
    """Offer of rows that belong to a case only those of the case at hand: lesions, devices used, visits."""
    case = getattr(near, "case", None) or getattr(
        getattr(near, "procedure", None) or getattr(near, "visit", None), "case", None
    )
    for field in form.fields.values() if case is not None else ():
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            names = {each.name for each in field.queryset.model._meta.fields}
            for name in ("case", "used_for"):
                if name in names:
                    field.queryset = field.queryset.filter(**{name: case})


def deed_form(deed: RowDeed, *, reader: User, row: Kept, **given: Any) -> forms.Form:
    """Return the form of a deed on a row; at the least it carries the version that was seen."""
    base: Any = deed.form or forms.Form

    class DeedForm(Furnished, base):  # type: ignore[misc]
        seen_version = forms.IntegerField(widget=forms.HiddenInput, initial=row.version)

    if hasattr(base, "for_row"):
        given["row"] = row
        given["reader"] = reader
    form = DeedForm(**given)
    form.furnish(reader)
    _offer_oneself(form, reader)
    return form


class VoidForm(forms.Form):
    """Why a row is void."""

    why = forms.CharField(label=both("Why is this void?", "作废原因"), max_length=400)


def parent_of(book: Book, value: Any, reader: User) -> Any:
    """Return the row under which a new row is entered."""
    if not book.parent or not str(value or "").isdigit():
        return None
    column: Any = book.model._meta.get_field(book.parent)
    rows: models.QuerySet = column.related_model.objects
    above = book_of(column.related_model)
    seen = rows.visible_for(reader) if above and hasattr(rows, "visible_for") else rows.all()  # type: ignore[attr-defined]
    return seen.filter(pk=value).first()
