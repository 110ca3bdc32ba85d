"""The request file of ``trocar plan``: TOML, every clinical quantity stated, nothing assumed."""

from pathlib import Path
from typing import Any

from trocar.cli.plan_wishes import biology_wish, robustness_wish
from trocar.cli.request_section import (
    Section,
    a_list,
    a_moment,
    a_number,
    a_text,
    a_truth,
    a_vector,
    a_whole,
    one_of,
)
from trocar.cli.shelf import read_shelf
from trocar.guide.design import GuideDesign
from trocar.imaging.bone import bone_structure
from trocar.imaging.skin import find_body
from trocar.plan.access import SIDES, AccessRules, Bore, Couch, CrossingLimit, Obstacle
from trocar.plan.patient import Image
from trocar.plan.seeds import Strength
from trocar.plan.structures import StructureSet
from trocar.plan.template import GridTemplate, HoleNames, template_towards
from trocar.rules.bind import bind_goals
from trocar.rules.load import load_pack, read_pack
from trocar.workflow.implant_request import ImplantRequest, NeedleWish, Seeding, SeedStock


def implant_request(request: Section, image: Image, structures: StructureSet) -> ImplantRequest:
    """Return the request for images and structures that were read already; optional tables for others stay in it."""
    target = request.take("target", a_text)
    robustness, biology = request.may_table("robustness"), request.may_table("biology")
    found = ImplantRequest(
        image=image,
        structures=structures,
        target=target,
        prescription_gy=request.take("prescription_gy", a_number),
        goals=_goals(request.table("goals")),
        stock=_stocks(request),
        implant_at=request.take("implant_at", a_moment),
        needles=_needles(request.table("needles"), image, structures),
        seeding=_seeding(request.table("seeding")),
        label=request.take("label", a_text),
        effort=request.take("effort", a_whole),
        robustness=robustness_wish(robustness) if robustness is not None else None,
        biology=biology_wish(biology, structures) if biology is not None else None,
    )
    structures.named(target)
    return found


def _goals(section: Section) -> tuple[Any, ...]:
    own = section.may("folder", a_text)
    pack = load_pack(section.take("pack", a_text)) if own is None else read_pack((section.folder or Path()) / own)
    roles = section.table("roles").rest(a_text)
    section.done()
    return bind_goals(pack.goals, roles)


def _stocks(request: Section) -> tuple[SeedStock, ...]:
    """Return what the request lists under ``[[stock]]``, or the lots of the file it names instead."""
    file = request.may("stock_file", a_text)
    if file is None:
        return tuple(_stock(Section("stock", entry)) for entry in request.take("stock", a_list))
    return read_shelf((request.folder or Path()) / file)


def _stock(section: Section) -> SeedStock:
    stock = SeedStock(
        source_model=section.take("source_model", a_text),
        strength=Strength(s_k_u=section.take("s_k_u", a_number), reference_at=section.take("reference_at", a_moment)),
        count=section.may("count", a_whole),
        lot=section.may("lot", a_text) or "",
    )
    section.done()
    return stock


def _seeding(section: Section) -> Seeding:
    names = ("step_mm", "pitch_mm", "tip_to_seed_mm", "seed_length_mm", "seed_diameter_mm")
    measures = {name: section.take(name, a_number) for name in names}
    keep_off = section.may_table("keep_off")
    seeding = Seeding(
        **measures,
        within=section.may("within", a_text) or "",
        beyond_mm=section.may("beyond_mm", a_number) or 0.0,
        keep_off=tuple((keep_off.rest(a_number) if keep_off is not None else {}).items()),
        most=section.may("most", a_whole),
    )
    section.done()
    return seeding


def _needles(section: Section, image: Image, structures: StructureSet) -> NeedleWish:
    obstacles = [
        Obstacle(structure=structures.named(name), margin_mm=margin)
        for name, margin in section.table("obstacles").rest(a_number).items()
    ]
    bone = section.may_table("bone")
    if bone is not None:
        obstacles.append(_bone(bone, image))
    limits = section.may_table("at_most")
    crossing = tuple(
        CrossingLimit(structure=structures.named(name), at_most=times)
        for name, times in (limits.rest(a_whole) if limits is not None else {}).items()
    )
    template = section.may_table("template")
    wish = NeedleWish(
        rules=AccessRules(
            obstacles=tuple(obstacles),
            crossing_limits=crossing,
            most_skin_angle_deg=section.may("most_skin_angle_deg", a_number),
            most_axial_tilt_deg=section.may("most_axial_tilt_deg", a_number),
            needle_length_mm=section.take("needle_length_mm", a_number),
            needle_radius_mm=section.take("needle_radius_mm", a_number),
            most_depth_mm=section.take("most_depth_mm", a_number),
            beyond_target_mm=section.take("beyond_target_mm", a_number),
            least_in_target_mm=section.take("least_in_target_mm", a_number),
            couch=_couch(section.may_table("couch")),
            bore=_bore(section.may_table("bore")),
            may_stop_short=section.may("may_stop_short", a_truth) is not False,
        ),
        spacing_mm=section.take("spacing_mm", a_number),
        reach_mm=section.take("reach_mm", a_number),
        facing_lps=section.may("side", one_of(SIDES)),
        within_deg=section.may("within_deg", a_number) or 180.0,
        template=_template(template) if template is not None else None,
        most=section.may("most", a_whole),
        spread_deg=section.may("spread_deg", a_number),
        entry_box_lps_mm=_box(section.may_table("entry_box")),
    )
    section.done()
    return wish


def _bone(section: Section, image: Image) -> Obstacle:
    threshold, margin = section.take("threshold_hu", a_number), section.take("margin_mm", a_number)
    section.done()
    body = find_body(image.volume)
    return Obstacle(
        structure=bone_structure(image.volume, body.mask, threshold_hu=threshold, number=9001),
        margin_mm=margin,
        may_be_drilled=True,
    )


def _couch(section: Section | None) -> Couch | None:
    """Return the couch below a patient: its upper surface is the plane y = top, or any plane by point and normal."""
    if section is None:
        return None
    couch = Couch(point_lps_mm=section.take("point_lps_mm", a_vector), normal_lps=section.take("normal_lps", a_vector))
    section.done()
    return couch


def _bore(section: Section | None) -> Bore | None:
    if section is None:
        return None
    bore = Bore(centre_lps_mm=section.take("centre_lps_mm", a_vector), radius_mm=section.take("radius_mm", a_number))
    section.done()
    return bore


def _box(section: Section | None) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
    """Return the box that entries lie in."""
    if section is None:
        return None
    low, high = (tuple(section.take(name, a_vector).tolist()) for name in ("low_lps_mm", "high_lps_mm"))
    section.done()
    return low, high


def _template(section: Section) -> GridTemplate:
    template = template_towards(
        section.take("direction_lps", a_vector),
        centre_lps_mm=section.take("centre_lps_mm", a_vector),
        up_lps=section.take("up_lps", a_vector),
        pitch_mm=section.take("pitch_mm", a_number),
        columns=section.take("columns", a_whole),
        rows=section.take("rows", a_whole),
        names=section.take("names", lambda name: HoleNames[a_text(name).upper()]),
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
    box = section.take("build_box_mm", a_vector)
    measures = {name: section.take(name, a_number) for name in names}
    section.done()
    return GuideDesign(build_box_mm=(float(box[0]), float(box[1]), float(box[2])), **measures)
