"""The request file of ``trocar ablate plan``: TOML, every clinical quantity stated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trocar.catalogue.applicators import Energy, load_applicator
from trocar.catalogue.calibration import own_factor, read_measured_zones
from trocar.catalogue.zones import Evidence, ZoneTissue
from trocar.cli.request_section import Section, a_list, a_number, a_table, a_text, a_whole, one_of
from trocar.errors import UsageError
from trocar.imaging.bone import bone_structure
from trocar.imaging.grow import GrowRules
from trocar.imaging.skin import find_body
from trocar.plan.ablation import AblationTarget, Control, PowerStep, Schedule
from trocar.plan.access import SIDES, AccessRules, CrossingLimit, Obstacle
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.results.registration import Landmarks, Motion
from trocar.results.tissue_death import DeathModel
from trocar.rules.ablation_margin import load_margin_pack
from trocar.workflow.ablation_heat import AntennaModel
from trocar.workflow.ablation_request import SAME_PLACE_MM, AblationRequest, PlanCheck, ZoneBelief
from trocar.workflow.ablation_zones import ZoneChoice
from trocar.workflow.simulated_ablation import TISSUES
from trocar.workflow.verify_ablation import AblationVerifyRequest

GROW_RULES = GrowRules(blur_mm=1.0, spreads=3.0, neck_mm=3.0, most_radius_mm=60.0)
"""How a zone grows from a point in its middle."""


def ablation_request(section: Section, image: Image, structures: StructureSet) -> AblationRequest:
    """Return what a request file asks for.

    Raises
    ------
    UsageError
        Something is missing or means nothing.
    """
    target, applicator = section.table("target"), section.table("applicator")
    model = applicator.take("model", a_text)
    choice, schedule = _zone(applicator, model), _schedule(applicator, model)
    needles = section.table("needles")
    rules = _rules(needles, image, structures, model)
    facing_lps = needles.may("side", one_of(SIDES))
    pack = target.may("pack", a_text)
    made = AblationRequest(
        label=section.take("label", a_text),
        image=image,
        structures=structures,
        target=AblationTarget(
            lesion=target.take("lesion", a_text),
            margin_mm=target.take("margin_mm", a_number),
            organ=target.may("organ", a_text) or "",
        ),
        model=model,
        schedule=schedule,
        choice=choice,
        rules=rules,
        facing_lps=facing_lps,
        within_deg=needles.may("within_deg", a_number) or 90.0,
        spared=tuple(section.may("spare", _names) or ()),
        vessels=tuple(section.may("vessels", _names) or ()),
        placement_error_mm=needles.take("placement_error_mm", a_number),
        most_insertions=needles.may("most", int),
        at_once=applicator.may("at_once", a_text) == "yes",
        seconds=section.may("seconds", a_number) or 20.0,
        pack=load_margin_pack(pack or "published/ablation_margin"),
        organ_kind=known_organ_kind(target.take("organ_kind", a_text), option="organ_kind"),
        spacing_mm=_spacing(needles),
        temperature_limits_c=tuple((section.may("spare_temperature_c", _lengths) or {}).items()),
        tumours=target.may("tumours", a_whole),
        tumours_a_side=target.may("tumours_this_side", a_whole),
        check=_check(section.may_table("simulate"), schedule),
    )
    for part in (target, applicator, needles):
        part.done()
    return made


def known_organ_kind(kind: str, *, option: str) -> str:
    """Return the kind of an organ of which rules and tissue tables speak.

    Raises
    ------
    UsageError
        Another one.
    """
    if kind not in TISSUES:
        raise UsageError(
            "cli.no-such-choice",
            "{option} is {given}; it can be: {choices}",
            option=option,
            given=kind,
            choices=", ".join(TISSUES),
        )
    return kind


def _spacing(needles: Section) -> float:
    stated = needles.may("spacing_mm", a_number)
    return SAME_PLACE_MM if stated is None else stated


def _zone(section: Section, model: str) -> ZoneChoice:
    tissue = section.take("tissue", one_of(ZoneTissue.__members__))
    evidence = section.take("evidence", one_of(Evidence.__members__))
    own = section.may("own_zones", Path)
    if own is None:
        return ZoneChoice(tissue=tissue, evidence=evidence)
    rows = load_applicator(model).settings(tissue=tissue, evidence=evidence)
    measured = read_measured_zones(own.read_text(encoding="utf-8").splitlines())
    return ZoneChoice(tissue=tissue, evidence=evidence, factor=own_factor(rows, measured))


def _check(section: Section | None, schedule: Schedule) -> PlanCheck | None:
    if section is None:
        return None
    step = schedule.steps[0]
    powers = {step.power_w, *(section.may("powers_w", _numbers) or ())}
    durations = {step.duration_s, *(section.may("durations_s", _numbers) or ())}
    settings = sorted(((power, time) for power in powers for time in durations), key=lambda each: _strength(*each))
    made = PlanCheck(
        death_model=section.take("death_model", one_of(DeathModel.__members__)),
        spacing_mm=section.take("spacing_mm", a_number),
        belief=section.take("plan_by", one_of(ZoneBelief.__members__)),
        schedules=tuple(Schedule(steps=(replace(step, power_w=power, duration_s=time),)) for power, time in settings),
        rounds=section.take("rounds", a_whole),
        antenna=section.may("antenna", one_of(AntennaModel.__members__)) or AntennaModel.PARAMETRIC,
    )
    section.done()
    return made


def _strength(power: float | None, duration: float) -> tuple[float, float]:
    return (power or 1.0) * duration, duration


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(a_number(each) for each in a_list(value))


def _schedule(section: Section, model: str) -> Schedule:
    duration, power = section.take("duration_s", a_number), section.may("power_w", a_number)
    if load_applicator(model).energy is Energy.CRYO:
        return Schedule(steps=(PowerStep(control=Control.FREEZE, duration_s=duration, flow_percent=100.0),))
    control = Control.IMPEDANCE if power is None else Control.POWER
    return Schedule(steps=(PowerStep(control=control, duration_s=duration, power_w=power),))


def _rules(section: Section, image: Image, structures: StructureSet, model: str) -> AccessRules:
    margins = section.may("obstacles_mm", _lengths) or {}
    obstacles = [Obstacle(structure=structures.named(name), margin_mm=margin) for name, margin in margins.items()]
    bone = section.may("bone_mm", a_number)
    if bone is not None:
        threshold = section.take("bone_threshold_hu", a_number)
        body = find_body(image.volume).mask
        found = bone_structure(image.volume, body, threshold_hu=threshold, number=9001, name="bone")
        obstacles.append(Obstacle(structure=found, margin_mm=bone))
    entered = section.may("enter_at_most", _counts) or {}
    return AccessRules(
        obstacles=tuple(obstacles),
        needle_length_mm=section.take("length_mm", a_number),
        needle_radius_mm=0.5 * (load_applicator(model).diameter_mm or 2.0),
        most_depth_mm=section.take("most_depth_mm", a_number),
        beyond_target_mm=section.may("beyond_target_mm", a_number) or 10.0,
        least_in_target_mm=section.may("least_in_target_mm", a_number) or 3.0,
        crossing_limits=tuple(
            CrossingLimit(structure=structures.named(name), at_most=count) for name, count in entered.items()
        ),
        most_axial_tilt_deg=section.may("most_axial_tilt_deg", a_number),
    )


def _names(value: Any) -> tuple[str, ...]:
    return tuple(a_text(each) for each in a_list(value))


def _lengths(value: Any) -> dict[str, float]:
    return {a_text(name): a_number(length) for name, length in a_table(value).items()}


def _counts(value: Any) -> dict[str, int]:
    return {a_text(name): a_whole(count) for name, count in a_table(value).items()}


def margin_request(
    *,
    before: Image,
    after: Image | None,
    structures: StructureSet,
    lesion: str,
    organ: str,
    organ_kind: str,
    zone: Structure | None,
    click_lps_mm: Any,
    wanted_mm: float,
    registration_error_mm: float | None,
    outline_error_mm: float | None,
    landmarks: Landmarks | None = None,
    motion: Motion = Motion.RIGID,
    pack: str = "published/ablation_margin",
    spared: tuple[str, ...] = (),
) -> AblationVerifyRequest:
    """Return a request to measure a margin, the zone drawn or grown from a point on the scan after."""
    return AblationVerifyRequest(
        before=before,
        structures=structures,
        lesion=lesion,
        organ=organ,
        after=after,
        zone=zone,
        zone_click_lps_mm=None if click_lps_mm is None else np.asarray(click_lps_mm, dtype=np.float64),
        grow_rules=GROW_RULES,
        wanted_mm=wanted_mm,
        outline_error_mm=outline_error_mm,
        registration_error_mm=registration_error_mm,
        landmarks=landmarks,
        motion=motion,
        pack=load_margin_pack(pack),
        organ_kind=known_organ_kind(organ_kind, option="--organ-kind"),
        spared=spared,
    )
