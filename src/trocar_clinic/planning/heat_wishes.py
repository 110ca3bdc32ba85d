"""What a plan of an ablation asks for."""

from functools import cache
from typing import Any

from django import forms

from trocar_clinic.language import both
from trocar_clinic.planning.wishes import NONE, SIDES, FieldGroup, WishForm, _count, _number

ORGANS = [NONE, ("liver", both("liver", "肝")), ("lung", both("lung", "肺")), ("kidney", both("kidney", "肾"))]
TISSUES = {
    "LIVER": both("liver", "肝"),
    "LUNG": both("lung", "肺"),
    "KIDNEY": both("kidney", "肾"),
    "MUSCLE": both("muscle", "肌肉"),
    "GEL": both("gel", "凝胶"),
}
EVIDENCE = {
    "CLINICAL": both("patients", "患者"),
    "IN_VIVO": both("living animal", "活体动物"),
    "EX_VIVO": both("excised tissue", "离体组织"),
    "CHART": both("chart of the maker", "厂家图表"),
    "PHANTOM": both("gel phantom", "凝胶体模"),
}


class HeatWishForm(WishForm):
    """All that a plan of an ablation needs."""

    lesion = forms.ChoiceField(label=both("Tumour", "肿瘤"))
    margin_mm = _number("Margin aimed at (mm)", "目标安全边界（mm）")
    organ = forms.ChoiceField(label=both("Organ around it", "所在器官结构"), required=False)
    organ_kind = forms.ChoiceField(label=both("Kind of organ", "器官类别"), choices=ORGANS)

    model = forms.ChoiceField(label=both("Applicator", "消融针型号"))
    zone = forms.ChoiceField(
        label=both("Zones measured in", "消融区数据来源"),
        help_text=both(
            "only settings that were measured for the applicator are offered", "仅列出该型号有实测数据的条件"
        ),
    )
    power_w = _number("Power (W); empty for impedance control or cryo", "功率（W），阻抗控制或冷冻留空", required=False)
    minutes = _number("Time (min)", "时间（min）")

    length_mm = _number("Length of the applicator (mm)", "针长（mm）")
    most_depth_mm = _number("Depth from the skin, at most (mm)", "进针深度上限（mm）")
    placement_error_mm = _number("Error of placement, one sd (mm)", "布针误差，1 SD（mm）")
    most_insertions = _count("At most so many insertions", "最多穿刺次数")
    side = forms.ChoiceField(label=both("Enter from", "进针方向"), choices=SIDES, required=False)
    within_deg = _number("within (degrees of it)", "允许偏离（度）", required=False)
    most_axial_tilt_deg = _number("Out of the axial plane, at most (°)", "偏离轴位平面上限（°）", required=False)
    bone_threshold_hu = _number("Bone begins at (HU)", "骨阈值（HU）", required=False)
    bone_mm = _number("Keep off bone (mm)", "避开骨（mm）", required=False)

    spare = forms.MultipleChoiceField(
        label=both("Organs that heat must spare", "须防热（冷）损伤的器官"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    vessels = forms.MultipleChoiceField(
        label=both("Vessels that cool", "热沉血管"), required=False, widget=forms.CheckboxSelectMultiple
    )
    seconds = _number("Time for the search (s)", "搜索用时（s）")

    def furnish_structures(self) -> None:
        """Add what is drawn, and the settings for which zones were measured."""
        for name in ("lesion", "organ"):
            self._choose(name, self.drawn)
        for name in ("spare", "vessels"):
            self._choose(name, self.drawn[1:])
        models = [(key, told) for key, told, _ in applicators()]
        self._choose("model", [NONE, *models])
        pairs = {pair for _, _, zones in applicators() for pair in zones}
        self._choose("zone", [NONE, *((f"{t}/{e}", f"{TISSUES[t]} · {EVIDENCE[e]}") for t, e in sorted(pairs))])
        self.add_margins()

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    @property
    def groups(self) -> list[FieldGroup]:
        """The fields under headings."""
        return [
            FieldGroup(both("What is to be reached", "治疗目标"), ("lesion", "margin_mm", "organ", "organ_kind")),
            FieldGroup(both("Applicator and energy", "消融针与能量"), ("model", "zone", "power_w", "minutes")),
            FieldGroup(
                both("Way in", "进针"),
                (
                    "length_mm",
                    "most_depth_mm",
                    "placement_error_mm",
                    "most_insertions",
                    "side",
                    "within_deg",
                    "most_axial_tilt_deg",
                    "bone_threshold_hu",
                    "bone_mm",
                ),
            ),
            self.structure_table(),
            FieldGroup(both("Heat and what is near", "热（冷）与邻近结构"), ("spare", "vessels")),
            FieldGroup(both("Search", "优化搜索"), ("seconds",)),
        ]

    def clean(self) -> dict[str, Any]:
        """Return what the library is asked, as its request file states it."""
        values = super().clean() or {}
        if self.errors:
            return {}
        zones = next(zones for key, _, zones in applicators() if key == values["model"])
        pair = tuple(values["zone"].split("/"))
        if pair not in zones:
            self.add_error("zone", _not_measured(zones))
        tables = self.tables(values)
        if self.errors:
            return {}
        entered = {"tables": tables, "entered": self.entered_now(), "lot": None, "search_seed": 1}
        return {**entered, "seen_version": values.get("seen_version")}

    def tables(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the tables of the request."""
        tissue, _, evidence = values["zone"].partition("/")
        bone = self.together(values, "bone_threshold_hu", "bone_mm")
        off = {name: margin for name, margin in self.by_structure(values, "off").items() if name != values["lesion"]}
        return {
            "label": f"{self.row.case.number}-{self.row.pk}",
            "spare": values["spare"],
            "vessels": values["vessels"],
            "seconds": values["seconds"],
            "target": {
                "lesion": values["lesion"],
                "margin_mm": values["margin_mm"],
                "organ": values["organ"] or None,
                "organ_kind": values["organ_kind"],
                "pack": self.row.pack,
            },
            "applicator": {
                "model": values["model"],
                "tissue": tissue,
                "evidence": evidence,
                "power_w": values.get("power_w"),
                "duration_s": values["minutes"] * 60.0,
            },
            "needles": {
                **self.given(
                    values,
                    "length_mm",
                    "most_depth_mm",
                    "placement_error_mm",
                    "side",
                    "within_deg",
                    "most_axial_tilt_deg",
                ),
                "most": values.get("most_insertions"),
                "bone_threshold_hu": bone[0] if bone else None,
                "bone_mm": bone[1] if bone else None,
                "obstacles_mm": off or None,
                "enter_at_most": self.by_structure(values, "entered") or None,
            },
        }


def _not_measured(zones: frozenset[tuple[str, str]]) -> Any:
    """Return that no zone of the applicator was measured so, and which were."""
    en = "; ".join(f"{_english(TISSUES[t])}, {_english(EVIDENCE[e])}" for t, e in sorted(zones))
    zh = "；".join(f"{TISSUES[t]}·{EVIDENCE[e]}" for t, e in sorted(zones))
    return both(f"Not measured for this applicator; measured: {en}", f"该型号无此条件的实测数据；已有：{zh}")


def _english(text: Any) -> str:
    from django.utils import translation

    with translation.override("en"):
        return str(text)


@cache
def applicators() -> tuple[tuple[str, str, frozenset[tuple[str, str]]], ...]:
    """Return the applicators for which zones were measured: key, name, and the pairs of tissue and evidence."""
    from trocar.catalogue.applicators import applicator_keys, load_applicator

    found = []
    for key in applicator_keys():
        model = load_applicator(key)
        zones = frozenset((row.tissue.name, row.evidence.name) for row in model.zones if row.applicators == 1)
        if zones:
            found.append((key, f"{model.manufacturer} {model.model}".strip(), zones))
    return tuple(found)
