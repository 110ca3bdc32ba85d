"""What making a plan asks for: first on which images and towards which goals, then every quantity by name."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django import forms
from django.utils import timezone

from trocar_clinic.custody.models import SeedLot
from trocar_clinic.language import both
from trocar_clinic.planning.biology_wishes import BY_STRUCTURE, COURSE, add_fields, biology_table
from trocar_clinic.planning.models import PlanRequest
from trocar_clinic.planning.packs import GOALS, TARGET, PackChoice, pack

NONE = ("", "—")
SIDES = [
    NONE,
    ("front", both("front", "前")),
    ("back", both("back", "后")),
    ("left", both("left", "左")),
    ("right", both("right", "右")),
    ("head", both("head", "头侧")),
    ("feet", both("feet", "足侧")),
]
EFFORT = [
    ("20000", both("quick", "快速")),
    ("200000", both("usual", "常规")),
    ("1000000", both("thorough", "深入")),
]


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under a heading.

    Parameters
    ----------
    title
        The heading.
    fields
        Names, side by side.
    heads, rows
        A table instead: what its columns ask, and the names of the fields in the row of each structure.
    """

    title: Any
    fields: tuple[str, ...] = ()
    heads: tuple[Any, ...] = ()
    rows: tuple[tuple[str, tuple[str, ...]], ...] = ()


class WishForm(forms.Form):
    """Shared by both techniques: structures to choose from, what was entered before, groups of fields."""

    for_row = True

    def __init__(self, *args: Any, row: PlanRequest, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.names = list(row.structures.structure_names)
        for name, value in (row.entered or entered_before(row)).items():
            if name in self.fields:
                self.fields[name].initial = value
        self.furnish_structures()

    def furnish_structures(self) -> None:
        """Add the fields that depend on what is drawn."""

    @property
    def drawn(self) -> list[tuple[str, str]]:
        """The drawn structures as choices."""
        return [NONE, *((name, name) for name in self.names)]

    def add_margins(self) -> None:
        """Add for each structure how far needles keep off, and how often it may be entered."""
        for place, name in enumerate(self.names):
            before = self.row.entered.get(f"off_{place}")
            self.fields[f"off_{place}"] = forms.FloatField(
                label=both(f"Keep off {name} (mm)", f"避开 {name}（mm）"), required=False, min_value=0, initial=before
            )
            self.fields[f"entered_{place}"] = forms.IntegerField(
                label=both(f"Needles through {name}, at most", f"穿过 {name} 的针数上限"),
                required=False,
                min_value=0,
                initial=self.row.entered.get(f"entered_{place}"),
            )

    def structure_table(self, *more: tuple[str, Any]) -> FieldGroup:
        """Return those fields as a table, a row for each structure; ``more`` are kinds of field with their heading."""
        kinds = (
            ("off", both("Needles keep off (mm)", "避开（mm）")),
            ("entered", both("Needles through it, at most", "穿过针数上限")),
            *more,
        )
        return FieldGroup(
            title=both("What is drawn, and what holds for it", "按结构填写"),
            heads=tuple(head for _, head in kinds),
            rows=tuple((name, tuple(f"{kind}_{place}" for kind, _ in kinds)) for place, name in enumerate(self.names)),
        )

    def by_structure(self, values: dict[str, Any], kind: str) -> dict[str, Any]:
        """Return what was entered for each structure."""
        found = {name: values.get(f"{kind}_{place}") for place, name in enumerate(self.names)}
        return {name: value for name, value in found.items() if value is not None}

    def given(self, values: dict[str, Any], *names: str) -> dict[str, Any]:
        """Return the entries that were filled in."""
        return {name: values[name] for name in names if values.get(name) not in (None, "")}

    def entered_now(self) -> dict[str, Any]:
        """Return what was entered, to be offered again."""
        quiet = {"csrfmiddlewaretoken", "seen_version", "lot", "implant_at"}
        sent: Any = self.data
        several = {name for name, field in self.fields.items() if isinstance(field, forms.MultipleChoiceField)}
        return {
            name: sent.getlist(name) if name in several else value
            for name, value in sent.items()
            if name not in quiet and name in self.fields
        }

    def together(self, values: dict[str, Any], *names: str) -> list[Any]:
        """Return entries that go together: all, or none."""
        found = [values.get(name) for name in names]
        empty = [name for name, value in zip(names, found, strict=True) if value in (None, "")]
        if len(empty) == len(names):
            return []
        for name in empty:
            self.add_error(name, both("This goes with what is filled in beside it", "须与同组其他项一并填写"))
        return [] if empty else found


def entered_before(row: PlanRequest) -> dict[str, Any]:
    """Return what the planner entered the last time for the same technique and goals; nothing of the case itself."""
    last = (
        PlanRequest.objects.filter(case__technique=row.case.technique, planner=row.planner_id, pack=row.pack)
        .exclude(request="")
        .order_by("-pk")
        .first()
    )
    of_the_case = {"target", "lesion", "organ", "spare", "vessels", "prescription_gy", "margin_mm"}
    return {name: value for name, value in (last.entered if last else {}).items() if name not in of_the_case}


def _number(en: str, zh: str, *, required: bool = True, least: float | None = 0, help_text: Any = "") -> Any:
    return forms.FloatField(label=both(en, zh), required=required, min_value=least, help_text=help_text)


def _count(en: str, zh: str, *, required: bool = False) -> Any:
    return forms.IntegerField(label=both(en, zh), required=required, min_value=1)


class SeedWishForm(WishForm):
    """All that a plan of seeds needs: every clinical quantity is stated, none has a default."""

    target = forms.ChoiceField(label=both("Target", "靶区"))
    prescription_gy = _number("Prescribed dose (Gy)", "处方剂量（Gy）")
    implant_at = forms.DateTimeField(label=both("Implant planned for", "计划植入时间"))
    lot = forms.ModelChoiceField(SeedLot.objects.none(), label=both("Seeds from lot", "粒子批次（库存）"))
    most_seeds = _count("At most so many seeds", "最多使用粒子数")

    needle_length_mm = _number("Length of the needle (mm)", "针长（mm）")
    needle_diameter_mm = _number("Outer diameter of the needle (mm)", "针外径（mm）", help_text="18 G: 1.27")
    most_depth_mm = _number("Depth from the skin, at most (mm)", "进针深度上限（mm）")
    beyond_target_mm = _number("Tip beyond the target, at most (mm)", "针尖超出靶区上限（mm）")
    least_in_target_mm = _number("Within the target, at least (mm)", "靶区内最短行程（mm）")
    spacing_mm = _number("Between needles (mm)", "针距（mm）", help_text=both("usual: 5 to 10", "常用 5–10"))
    reach_mm = _number("A needle serves points within (mm)", "每针覆盖半径（mm）")
    most_needles = _count("At most so many needles", "最多针数")
    side = forms.ChoiceField(label=both("Enter from", "进针方向"), choices=SIDES, required=False)
    within_deg = _number("within (degrees of it)", "允许偏离（度）", required=False)
    most_skin_angle_deg = _number("Off the skin's normal, at most (°)", "与皮肤法线夹角上限（°）", required=False)
    most_axial_tilt_deg = _number("Out of the axial plane, at most (°)", "偏离轴位平面上限（°）", required=False)
    spread_deg = _number("Needles differ in direction by at most (°)", "各针方向差上限（°）", required=False)
    bone_threshold_hu = _number("Bone begins at (HU)", "骨阈值（HU）", required=False)
    bone_margin_mm = _number("Keep off bone (mm)", "避开骨（mm）", required=False)

    template_pitch_mm = _number("Pitch of holes (mm)", "孔距（mm）", required=False)
    template_columns = _count("Columns", "列数")
    template_rows = _count("Rows", "行数")
    template_names = forms.ChoiceField(
        label=both("Names of holes", "孔位编号"),
        required=False,
        choices=[NONE, ("plain", "A, B, C · 1, 2, 3"), ("half_steps", "A, a, B, b · 1, 1.5, 2")],
    )
    template_towards = forms.ChoiceField(
        label=both("Needles go towards the", "进针朝向"), required=False, choices=SIDES
    )
    template_centre = forms.CharField(
        label=both("Middle of the template: x, y, z in mm (LPS)", "模板中心 x, y, z（LPS，mm）"), required=False
    )

    step_mm = _number("Seeds are placed in steps of (mm)", "粒子位置步长（mm）")
    pitch_mm = _number("Between centres in a needle, at least (mm)", "同针粒子中心间距下限（mm）")
    tip_to_seed_mm = _number("From the tip to the first seed (mm)", "针尖至首粒距离（mm）")
    seed_length_mm = _number("Length of a seed (mm)", "粒子长（mm）")
    seed_diameter_mm = _number("Diameter of a seed (mm)", "粒子直径（mm）")

    placement = forms.ChoiceField(label=both("Errors of needles", "进针误差来源"), required=False)
    versions = _count("Versions tried", "模拟次数")
    guide_bore_mm = _number("Bore for the needle (mm)", "导向孔径（mm）", required=False)
    guide_box_mm = forms.CharField(
        label=both("Build volume of the printer: x, y, z in mm", "打印机成形尺寸 x, y, z（mm）"), required=False
    )
    effort = forms.ChoiceField(label=both("Search", "搜索深度"), choices=EFFORT, initial="200000")
    search_seed = forms.IntegerField(
        label=both("Seed of the search", "随机种子"),
        min_value=0,
        initial=1,
        help_text=both("the same gives the same plan", "相同种子得到相同计划"),
    )

    set_of_plans = forms.BooleanField(
        label=both("Make a set of plans to choose from", "生成一组可供选择的计划"),
        required=False,
        help_text=both(
            "coverage against organs and needles; takes minutes", "在覆盖、危及器官与针数之间取舍；需数分钟"
        ),
    )

    TEMPLATE = (
        "template_pitch_mm",
        "template_columns",
        "template_rows",
        "template_names",
        "template_towards",
        "template_centre",
    )

    def furnish_structures(self) -> None:
        """Add roles, margins and the lots in the store."""
        goals = pack(GOALS, self.row.pack)
        target: Any = self.fields["target"]
        target.choices = self.drawn
        target.initial = self.row.entered.get("target") or goals.likely(TARGET, self.names)
        for role in _organs(goals):
            likely = self.row.entered.get(f"role_{role}") or goals.likely(role, self.names)
            self.fields[f"role_{role}"] = forms.ChoiceField(
                label=_role_name(role), choices=self.drawn, required=False, initial=likely
            )
        self.add_margins()
        add_fields(self)
        lots: Any = self.fields["lot"]
        held = [each.pk for each in SeedLot.objects.standing().select_related("product") if each.in_store]
        lots.queryset = SeedLot.objects.filter(pk__in=held)
        lots.label_from_instance = _lot_told
        places: Any = self.fields["placement"]
        places.choices = [NONE, *placements()]

    @property
    def groups(self) -> list[FieldGroup]:
        """The fields under headings."""
        roles = tuple(f"role_{role}" for role in _organs(pack(GOALS, self.row.pack)))
        return [
            FieldGroup(both("What is to be reached", "治疗目标"), ("target", *roles, "prescription_gy", "implant_at")),
            FieldGroup(both("Seeds in the store", "粒子（库存）"), ("lot", "most_seeds")),
            FieldGroup(
                both("Needles", "植入针"),
                (
                    "needle_length_mm",
                    "needle_diameter_mm",
                    "most_depth_mm",
                    "beyond_target_mm",
                    "least_in_target_mm",
                    "spacing_mm",
                    "reach_mm",
                    "most_needles",
                    "side",
                    "within_deg",
                    "most_skin_angle_deg",
                    "most_axial_tilt_deg",
                    "spread_deg",
                    "bone_threshold_hu",
                    "bone_margin_mm",
                ),
            ),
            self.structure_table(*BY_STRUCTURE),
            FieldGroup(both("Grid template, where one is used", "平面模板（如使用）"), self.TEMPLATE),
            FieldGroup(
                both("Seeds in the needles", "针内排布"),
                ("step_mm", "pitch_mm", "tip_to_seed_mm", "seed_length_mm", "seed_diameter_mm"),
            ),
            FieldGroup(both("How robust is it?", "稳健性评估"), ("placement", "versions")),
            FieldGroup(
                both("Printed guide, where one is wanted", "3D 打印导板（如需要）"), ("guide_bore_mm", "guide_box_mm")
            ),
            FieldGroup(both("External beam, where tissues are named", "外照射（选择了组织类型时）"), COURSE),
            FieldGroup(both("Search", "优化搜索"), ("effort", "search_seed", "set_of_plans")),
        ]

    def clean(self) -> dict[str, Any]:
        """Return what the library is asked, as its request file states it."""
        values = super().clean() or {}
        if self.errors:
            return {}
        tables = self.tables(values)
        if self.errors:
            return {}
        return {
            "tables": tables,
            "lot": values["lot"].pk,
            "entered": self.entered_now(),
            "search_seed": values["search_seed"],
            "set_of_plans": values["set_of_plans"],
            "seen_version": values.get("seen_version"),
        }

    def tables(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the tables of the request."""
        lot: SeedLot = values["lot"]
        roles = {role: values[f"role_{role}"] for role in _organs(pack(GOALS, self.row.pack)) if values[f"role_{role}"]}
        stock = {
            "source_model": lot.product.source_key,
            "s_k_u": round(float(lot.certified_u), 6),
            "reference_at": _naive(lot.calibrated_at),
            "count": lot.in_store,
            "lot": lot.lot_number,
        }
        return {
            "label": f"{self.row.case.number}-{self.row.pk}",
            "target": values["target"],
            "prescription_gy": values["prescription_gy"],
            "implant_at": _naive(values["implant_at"]),
            "effort": int(values["effort"]),
            "stock": [stock],
            "goals": {"pack": self.row.pack, "roles": {TARGET: values["target"], **roles}},
            "needles": self._needles(values),
            "seeding": {
                **self.given(values, "step_mm", "pitch_mm", "tip_to_seed_mm", "seed_length_mm", "seed_diameter_mm"),
                "most": values.get("most_seeds"),
            },
            "robustness": self._robustness(values),
            "guide": self._guide(values),
            "biology": biology_table(self, values),
        }

    def _needles(self, values: dict[str, Any]) -> dict[str, Any]:
        target = values["target"]
        off = {name: margin for name, margin in self.by_structure(values, "off").items() if name != target}
        bone = self.together(values, "bone_threshold_hu", "bone_margin_mm")
        return {
            **self.given(
                values,
                "needle_length_mm",
                "most_depth_mm",
                "beyond_target_mm",
                "least_in_target_mm",
                "spacing_mm",
                "reach_mm",
                "side",
                "within_deg",
                "most_skin_angle_deg",
                "most_axial_tilt_deg",
                "spread_deg",
            ),
            "needle_radius_mm": values["needle_diameter_mm"] / 2.0,
            "most": values.get("most_needles"),
            "obstacles": off,
            "at_most": self.by_structure(values, "entered") or None,
            "bone": {"threshold_hu": bone[0], "margin_mm": bone[1]} if bone else None,
            "template": self._template(values),
        }

    def _template(self, values: dict[str, Any]) -> dict[str, Any] | None:
        told = self.together(values, *self.TEMPLATE)
        if not told:
            return None
        pitch, columns, rows, names, towards, centre = told
        directions = {
            "head": [0, 0, 1],
            "feet": [0, 0, -1],
            "back": [0, 1, 0],
            "front": [0, -1, 0],
            "left": [1, 0, 0],
            "right": [-1, 0, 0],
        }
        up = [0, 0, 1] if towards in {"back", "front", "left", "right"} else [0, -1, 0]
        return {
            "direction_lps": directions[towards],
            "centre_lps_mm": self._three(centre, "template_centre"),
            "up_lps": up,
            "pitch_mm": pitch,
            "columns": columns,
            "rows": rows,
            "names": names,
        }

    def _robustness(self, values: dict[str, Any]) -> dict[str, Any] | None:
        told = self.together(values, "placement", "versions")
        return {"needles": told[0], "versions": told[1]} if told else None

    def _guide(self, values: dict[str, Any]) -> dict[str, Any] | None:
        told = self.together(values, "guide_bore_mm", "guide_box_mm")
        if not told:
            return None
        box = self._three(told[1], "guide_box_mm")
        return {**PRINTED, "bore_diameter_mm": told[0], "build_box_mm": box}

    def _three(self, text: str, field: str) -> list[float]:
        try:
            x, y, z = (float(part) for part in text.replace("，", ",").split(","))
        except ValueError:
            self.add_error(
                field, both("Three numbers with commas, such as 0, -8, -370", "三个以逗号分隔的数，如 0, -8, -370")
            )
            return []
        return [x, y, z]


PRINTED = {
    "wall_mm": 1.2,
    "sleeve_length_mm": 12.0,
    "shell_thickness_mm": 3.0,
    "skin_clearance_mm": 0.2,
    "rim_mm": 8.0,
    "emboss_mm": 0.8,
    "letter_height_mm": 5.0,
    "needle_free_length_mm": 10.0,
}
"""Measures of the guide itself, as in the demonstration of the command line; none touches what the patient gets."""


def _organs(goals: PackChoice) -> tuple[str, ...]:
    return tuple(role for role in goals.roles if role != TARGET)


ROLE_NAMES = {
    "rectum": both("Rectum", "直肠"),
    "urethra": both("Urethra", "尿道"),
    "cord": both("Spinal cord", "脊髓"),
    "bowel": both("Bowel", "肠"),
    "vessel": both("Great vessel", "大血管"),
    "skin": both("Skin", "皮肤"),
}


def _role_name(role: str) -> Any:
    return ROLE_NAMES.get(role, role)


def _lot_told(lot: SeedLot) -> str:
    today = lot.strength_now_u
    return str(
        both(
            f"{lot}: {lot.in_store} in the store, {today:.3f} U today",
            f"{lot}：库存 {lot.in_store} 粒，今日 {today:.3f} U",
        )
    )


def _naive(at: datetime) -> datetime:
    """Return a time as the department's clock shows it, which is how plans state it."""
    return timezone.localtime(at).replace(tzinfo=None, microsecond=0)


@cache
def placements() -> tuple[tuple[str, Any], ...]:
    """Return the published errors of needles as choices."""
    from trocar.catalogue.placement import shipped_placement

    return tuple((each.key, both(each.name, each.name_zh)) for each in shipped_placement().values())
