"""The request file of ``trocar plan``: TOML, every clinical quantity stated, nothing assumed."""

import tomllib
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from trocar.errors import UsageError
from trocar.guide.design import GuideDesign
from trocar.imaging.bone import bone_structure
from trocar.imaging.skin import find_body
from trocar.plan.access import AccessRules, CrossingLimit, Obstacle
from trocar.plan.patient import Image
from trocar.plan.seeds import Strength
from trocar.plan.structures import StructureSet
from trocar.plan.template import GridTemplate, HoleNames, template_towards
from trocar.rules.bind import bind_goals
from trocar.rules.load import load_pack
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock

T = TypeVar("T")

SIDES = {
    "front": (0.0, -1.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
    "head": (0.0, 0.0, 1.0),
    "feet": (0.0, 0.0, -1.0),
}
"""Which side of the patient may be entered, as a direction in LPS."""


class Section:
    """A table of the request file that is read key by key; what nobody asked for is an error.

    Parameters
    ----------
    name
        As written in the file, for messages.
    entries
        The table.
    """

    def __init__(self, name: str, entries: dict[str, Any]) -> None:
        self.name = name
        self._left = dict(entries)

    def take(self, key: str, kind: Callable[[Any], T]) -> T:
        """Return a required entry.

        Raises
        ------
        UsageError
            It is missing or of another kind.
        """
        if key not in self._left:
            raise UsageError(
                "cli.request-missing",
                "the request does not state {key} in [{section}]; every quantity of a plan must be stated",
                key=key,
                section=self.name,
            )
        return self._as(key, self._left.pop(key), kind)

    def may(self, key: str, kind: Callable[[Any], T]) -> T | None:
        """Return an entry that may be left out, or None."""
        return self._as(key, self._left.pop(key), kind) if key in self._left else None

    def table(self, key: str) -> "Section":
        """Return a required table in this one."""
        return Section(f"{self.name}.{key}".lstrip("."), self.take(key, _table))

    def may_table(self, key: str) -> "Section | None":
        """Return a table in this one, or None."""
        return self.table(key) if key in self._left else None

    def rest(self, kind: Callable[[Any], T]) -> dict[str, T]:
        """Return all entries that are left, by name."""
        found = {key: self._as(key, value, kind) for key, value in self._left.items()}
        self._left.clear()
        return found

    def done(self) -> None:
        """Raise if anything is left.

        Raises
        ------
        UsageError
            Names what nobody asked for: a slip of the pen must not be passed over.
        """
        if self._left:
            raise UsageError(
                "cli.request-unknown",
                "the request states {keys} in [{section}], which means nothing there; check the spelling",
                keys=", ".join(self._left),
                section=self.name,
            )

    def _as(self, key: str, value: Any, kind: Callable[[Any], T]) -> T:
        try:
            return kind(value)
        except (TypeError, ValueError, KeyError) as problem:
            raise UsageError(
                "cli.request-value",
                "{key} in [{section}] of the request is {value}, which cannot be read: {reason}",
                key=key,
                section=self.name,
                value=value,
                reason=str(problem),
            ) from problem


def read_request(path: Path) -> Section:
    """Return the request file as a section.

    Raises
    ------
    UsageError
        The file is missing or is not TOML.
    """
    try:
        return Section("", tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise UsageError(
            "cli.request-unreadable",
            "the request {file} cannot be read: {reason}; it is a TOML file in UTF-8",
            file=path.name,
            reason=str(problem),
        ) from problem


def implant_request(request: Section, image: Image, structures: StructureSet) -> ImplantRequest:
    """Return the request for images and structures that were read already; optional tables for others stay in it."""
    target = request.take("target", _text)
    found = ImplantRequest(
        image=image,
        structures=structures,
        target=target,
        prescription_gy=request.take("prescription_gy", _number),
        goals=_goals(request.table("goals")),
        stock=tuple(_stock(Section("stock", entry)) for entry in request.take("stock", _list)),
        implant_at=request.take("implant_at", _moment),
        needles=_needles(request.table("needles"), image, structures),
        seeding=_seeding(request.table("seeding")),
        label=request.take("label", _text),
        effort=request.take("effort", _whole),
    )
    structures.named(target)
    return found


def _goals(section: Section) -> tuple[Any, ...]:
    pack = load_pack(section.take("pack", _text))
    roles = section.table("roles").rest(_text)
    section.done()
    return bind_goals(pack.goals, roles)


def _stock(section: Section) -> SeedStock:
    stock = SeedStock(
        source_model=section.take("source_model", _text),
        strength=Strength(s_k_u=section.take("s_k_u", _number), reference_at=section.take("reference_at", _moment)),
        count=section.may("count", _whole),
    )
    section.done()
    return stock


def _seeding(section: Section) -> Seeding:
    names = ("step_mm", "pitch_mm", "tip_to_seed_mm", "seed_length_mm", "seed_diameter_mm")
    seeding = Seeding(**{name: section.take(name, _number) for name in names})
    section.done()
    return seeding


def _needles(section: Section, image: Image, structures: StructureSet) -> NeedleWish:
    obstacles = [
        Obstacle(structure=structures.named(name), margin_mm=margin)
        for name, margin in section.table("obstacles").rest(_number).items()
    ]
    bone = section.may_table("bone")
    if bone is not None:
        obstacles.append(_bone(bone, image))
    limits = section.may_table("at_most")
    crossing = tuple(
        CrossingLimit(structure=structures.named(name), at_most=times)
        for name, times in (limits.rest(_whole) if limits is not None else {}).items()
    )
    template = section.may_table("template")
    wish = NeedleWish(
        rules=AccessRules(
            obstacles=tuple(obstacles),
            crossing_limits=crossing,
            most_skin_angle_deg=section.may("most_skin_angle_deg", _number),
            most_axial_tilt_deg=section.may("most_axial_tilt_deg", _number),
            needle_length_mm=section.take("needle_length_mm", _number),
            needle_radius_mm=section.take("needle_radius_mm", _number),
            most_depth_mm=section.take("most_depth_mm", _number),
            beyond_target_mm=section.take("beyond_target_mm", _number),
            least_in_target_mm=section.take("least_in_target_mm", _number),
        ),
        spacing_mm=section.take("spacing_mm", _number),
        reach_mm=section.take("reach_mm", _number),
        facing_lps=section.may("side", _side),
        within_deg=section.may("within_deg", _number) or 180.0,
        template=_template(template) if template is not None else None,
        most=section.may("most", _whole),
        spread_deg=section.may("spread_deg", _number),
    )
    section.done()
    return wish


def _bone(section: Section, image: Image) -> Obstacle:
    threshold, margin = section.take("threshold_hu", _number), section.take("margin_mm", _number)
    section.done()
    body = find_body(image.volume)
    return Obstacle(
        structure=bone_structure(image.volume, body.mask, threshold_hu=threshold, number=9001), margin_mm=margin
    )


def _template(section: Section) -> GridTemplate:
    template = template_towards(
        section.take("direction_lps", _vector),
        centre_lps_mm=section.take("centre_lps_mm", _vector),
        up_lps=section.take("up_lps", _vector),
        pitch_mm=section.take("pitch_mm", _number),
        columns=section.take("columns", _whole),
        rows=section.take("rows", _whole),
        names=section.take("names", lambda name: HoleNames[_text(name).upper()]),
    )
    section.done()
    return template


def guide_design(section: Section) -> GuideDesign:
    """Return the measures of a printed guide from its table."""
    names = (
        "bore_diameter_mm",
        "wall_mm",
        "sleeve_length_mm",
        "shell_thickness_mm",
        "skin_clearance_mm",
        "rim_mm",
        "emboss_mm",
        "letter_height_mm",
        "needle_free_length_mm",
    )
    box = section.take("build_box_mm", _vector)
    measures = {name: section.take(name, _number) for name in names}
    section.done()
    return GuideDesign(build_box_mm=(float(box[0]), float(box[1]), float(box[2])), **measures)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text in quotes is needed")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise TypeError("a number is needed")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number is needed")
    return value


def _vector(value: Any) -> np.ndarray:
    numbers = [_number(each) for each in _list(value)]
    if len(numbers) != 3:
        raise ValueError("three numbers are needed")
    return np.array(numbers)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is needed")
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a table is needed")
    return value


def _side(value: Any) -> tuple[float, float, float]:
    if value not in SIDES:
        raise ValueError(f"one of {', '.join(SIDES)} is needed")
    return SIDES[value]


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise TypeError("a date such as 2026-03-02 or 2026-03-02T09:30:00 is needed")
