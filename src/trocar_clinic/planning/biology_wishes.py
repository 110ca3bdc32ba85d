"""What a plan of seeds asks for beside the dose: tissues for BED and EQD2, and external beam that goes with it."""

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from django import forms

from trocar_clinic.language import both

if TYPE_CHECKING:
    from trocar_clinic.planning.wishes import SeedWishForm

COURSE = ("beam_fractions", "beam_overall_d", "beam_after_d")
BY_STRUCTURE = (
    ("tissue", both("Tissue, for BED and EQD2", "组织类型（计算 BED、EQD2）")),
    ("beam", both("External beam, a fraction (Gy)", "外照射单次剂量（Gy）")),
)
UNCHECKED = "memory_unverified"


def add_fields(form: "SeedWishForm") -> None:
    """Add for each structure its tissue and its external beam, and the course of that beam."""
    entered = form.row.entered
    choices = [("", "—"), *tissues()]
    for place, name in enumerate(form.names):
        tissue, beam = f"tissue_{place}", f"beam_{place}"
        form.fields[tissue] = forms.ChoiceField(
            label=both(f"Tissue of {name}", f"{name}：组织类型"),
            choices=choices,
            required=False,
            initial=entered.get(tissue),
        )
        form.fields[beam] = forms.FloatField(
            label=both(f"External beam to {name}, each fraction (Gy)", f"{name}：外照射单次剂量（Gy）"),
            required=False,
            min_value=0,
            initial=entered.get(beam),
        )
    form.fields["beam_fractions"] = forms.IntegerField(
        label=both("External beam: fractions", "外照射次数"), required=False, min_value=1
    )
    form.fields["beam_overall_d"] = forms.FloatField(
        label=both("first to last fraction (days)", "首末次间隔（天）"), required=False, min_value=0
    )
    form.fields["beam_after_d"] = forms.FloatField(
        label=both("first fraction to implant (days)", "首次外照射至植入（天）"),
        required=False,
        help_text=both("below 0 if the implant comes first", "先植入后外照射填负数"),
    )
    for name in COURSE:
        form.fields[name].initial = entered.get(name)


def biology_table(form: "SeedWishForm", values: dict[str, Any]) -> dict[str, Any] | None:
    """Return the table ``[biology]`` of the request; None where no tissue is named."""
    named = {name: key for name, key in form.by_structure(values, "tissue").items() if key}
    beams = form.by_structure(values, "beam")
    course = form.together(values, *COURSE)
    if bool(beams) != bool(course) and not form.errors:
        form.add_error(
            COURSE[0],
            both(
                "External beam needs its dose a fraction for a structure, and its course",
                "外照射须同时填写结构单次剂量与疗程",
            ),
        )
    for place, name in enumerate(form.names):
        if name in beams and name not in named:
            form.add_error(f"tissue_{place}", both("Of which tissue is it?", "请选择组织类型"))
    if not named or form.errors:
        return None
    fractions, overall_d, after_d = course or (0, 0.0, 0.0)
    return {
        "tissues": named,
        "external_beam": {
            name: {
                "fractions": fractions,
                "dose_per_fraction_gy": dose,
                "overall_d": overall_d,
                "implant_after_d": after_d,
            }
            for name, dose in beams.items()
        }
        or None,
    }


@cache
def tissues() -> tuple[tuple[str, Any], ...]:
    """Return the tissues whose parameters the library knows, with those marked that nobody has checked yet."""
    text = (resources.files("trocar") / "catalogue" / "radiobiology.toml").read_text("utf-8")
    found = []
    for key, told in tomllib.loads(text).items():
        unchecked = told["confidence"] == UNCHECKED
        en = told["name"] + (" (to be checked)" if unchecked else "")
        zh = told["name_zh"] + ("（参数待核实）" if unchecked else "")
        found.append((key, both(en, zh)))
    return tuple(found)
