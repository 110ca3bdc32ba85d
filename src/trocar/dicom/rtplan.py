"""Brachytherapy RT Plans to `ImplantPlan` (permanent seeds) or `AfterloadingPlan` (a stepping source)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trocar.dicom.afterloading_reading import pulse_factor, read_afterloading_channels
from trocar.dicom.attributes import Attributes
from trocar.dicom.brachy_channels import BrachyChannel, read_channels
from trocar.dicom.brachy_prescription import fraction_group, fractions_of, read_prescription, setups_of_group
from trocar.dicom.brachy_sources import PlanSource, StatedStrength, read_sources
from trocar.dicom.clock import datetime_from_text
from trocar.dicom.deviations import Deviations
from trocar.dicom.files import read_dataset
from trocar.dicom.heading import read_label
from trocar.dicom.identity import read_frame, require_class
from trocar.dicom.implant_reading import implant_moment, seeds_of_channels, stays_for_ever
from trocar.dicom.patient import read_patient
from trocar.dicom.private import note_private_invalid, read_private
from trocar.dicom.references import read_series_reference
from trocar.dicom.rtplan_writing import PLAN_CLASS_UID, write_plan
from trocar.errors import ChoiceNeeded, PlanError, RefusedObject
from trocar.plan.needles import Needle
from trocar.plan.plan import AfterloadingPlan, ImplantPlan
from trocar.plan.seeds import Seed
from trocar.results.findings import Reading

__all__ = ["PLAN_CLASS_UID", "StatedStrength", "read_plan", "write_plan"]

_AFTERLOADING = frozenset(("HDR", "PDR"))
_SEED_MOVEMENTS = frozenset(("FIXED", "STEPWISE", ""))


def read_plan(
    path: Path,
    *,
    source_model: str | Mapping[int, str] | None = None,
    implant_at: datetime | None = None,
    stated_strength: StatedStrength | None = None,
    is_permanent: bool | None = None,
    fraction_group_number: int | None = None,
    frame_uid: str | None = None,
) -> Reading[ImplantPlan | AfterloadingPlan]:
    """Return the plan of a brachytherapy RT Plan file.

    Parameters
    ----------
    path
        The file.
    source_model
        Key of the source in the catalogue, for all sources or by source number; needed where the file does not name
        one model of the catalogue.
    implant_at
        When permanent seeds are, or were, implanted; DICOM has no attribute for it.
    stated_strength
        What the strength values are, where it is known that the system does not write air-kerma strength in U.
    is_permanent
        Whether fixed sources stay for ever, where their time in the channel does not tell.
    fraction_group_number
        Which fraction group, of several.
    frame_uid
        Frame of reference of the positions, for a file that does not state one.

    Returns
    -------
    Reading[ImplantPlan | AfterloadingPlan]
        The plan with every deviation met.

    Raises
    ------
    UnreadableFile
        Not DICOM, truncated or damaged.
    RefusedObject
        Not a brachytherapy plan, or one that does not say where which source stays for how long.
    ChoiceNeeded
        The source model, the fraction group, or whether the implant is permanent must be said.
    PlanError
        A strength measured after the implant.
    CatalogueError
        A model the catalogue does not hold, or an activity it cannot convert.
    """
    noted = Deviations()
    path = Path(path)
    attributes = Attributes.of(read_dataset(path, noted=noted), where=path.name, noted=noted)
    require_class(attributes, PLAN_CLASS_UID, wanted="RT Plan")
    _require_brachytherapy(attributes)
    group = fraction_group(attributes, asked=fraction_group_number)
    channels = read_channels(attributes, setups_of_group(attributes, group))
    if not channels:
        raise RefusedObject(
            "rtplan.no-source-position",
            "{file} holds no source position at all; export the plan after the sources were placed",
            file=attributes.file,
        )
    sources = read_sources(
        attributes,
        frozenset(channel.source for channel in channels),
        source_model=source_model,
        stated_strength=stated_strength,
    )
    frame = read_frame(attributes, asked=frame_uid)
    if _is_afterloading(attributes):
        plan: ImplantPlan | AfterloadingPlan = _afterloading_plan(attributes, group, channels, sources, frame_uid=frame)
    else:
        _require_permanent(attributes, channels, sources, told=is_permanent)
        plan = _implant_plan(attributes, group, channels, sources, frame_uid=frame, told_at=implant_at)
    return Reading(value=plan, deviations=noted.found)


def _require_brachytherapy(attributes: Attributes) -> None:
    if not attributes.items("ApplicationSetupSequence"):
        raise RefusedObject(
            "rtplan.not-brachytherapy",
            "{file} is not a brachytherapy plan: it has no application setups ({n_beams} beams); give the plan of the "
            "implant",
            file=attributes.file,
            n_beams=len(attributes.items("BeamSequence")) + len(attributes.items("IonBeamSequence")),
        )


def _is_afterloading(attributes: Attributes) -> bool:
    technique = attributes.text_or("BrachyTreatmentTechnique", "").strip().upper()
    return attributes.text("BrachyTreatmentType").strip().upper() in _AFTERLOADING and technique != "PERMANENT"


def _require_permanent(
    attributes: Attributes,
    channels: tuple[BrachyChannel, ...],
    sources: Mapping[int, PlanSource],
    *,
    told: bool | None,
) -> None:
    for channel in channels:
        if channel.movement not in _SEED_MOVEMENTS:
            raise RefusedObject(
                "rtplan.source-moves",
                "{where}: the source moves while it treats ({movement}); Trocar computes stepping sources only",
                where=channel.where,
                movement=channel.movement,
            )
    if told is None and attributes.text_or("BrachyTreatmentTechnique", "").strip().upper() == "PERMANENT":
        told = True
    if told is False:
        raise RefusedObject(
            "rtplan.temporary-low-dose-rate",
            "{file} is a temporary treatment at low dose rate; Trocar computes permanent implants and afterloading "
            "with a stepping source",
            file=attributes.file,
        )
    if told is True:
        return
    unclear = [channel for channel in channels if stays_for_ever(channel, sources[channel.source]) is None]
    if unclear:
        raise ChoiceNeeded(
            "rtplan.permanent-or-temporary",
            "{where}: the source stays for {time_s:g} s, too short for a permanent implant and long enough for a "
            "temporary one; say which by is_permanent",
            where=unclear[0].where,
            time_s=unclear[0].total_time_s,
        )


def _afterloading_plan(
    attributes: Attributes,
    group: Attributes | None,
    channels: tuple[BrachyChannel, ...],
    sources: Mapping[int, PlanSource],
    *,
    frame_uid: str,
) -> AfterloadingPlan:
    if len(sources) > 1:
        raise RefusedObject(
            "rtplan.several-afterloading-sources",
            "{file}: its channels use {n} different sources; an afterloading plan of one stepping source is expected",
            file=attributes.file,
            n=len(sources),
        )
    source = next(iter(sources.values()))
    fractions = fractions_of(group)
    pulses = pulse_factor(attributes, channels, source)
    return AfterloadingPlan(
        label=_label(attributes),
        patient=read_patient(attributes),
        frame_uid=frame_uid,
        source_model=source.model.key,
        strength=source.strength,
        treat_at=None,
        strength_is_for_treatment=True,
        channels=read_afterloading_channels(attributes, channels, pulses=pulses),
        fractions=fractions,
        prescription=read_prescription(attributes, group, fractions=fractions),
        image=read_series_reference(attributes, frame_uid=frame_uid),
    )


def _implant_plan(
    attributes: Attributes,
    group: Attributes | None,
    channels: tuple[BrachyChannel, ...],
    sources: Mapping[int, PlanSource],
    *,
    frame_uid: str,
    told_at: datetime | None,
) -> ImplantPlan:
    seeds = seeds_of_channels(attributes, channels, sources)
    own = read_private(attributes)
    written_at, needles, numbers = _own_facts(attributes, own, len(seeds))
    told = told_at or written_at
    return ImplantPlan(
        label=_label(attributes),
        patient=read_patient(attributes),
        frame_uid=frame_uid,
        implant_at=implant_moment(attributes, channels, sources, told=told, n_seeds=len(seeds)),
        seeds=_renumbered(seeds, numbers),
        needles=needles,
        prescription=read_prescription(attributes, group, fractions=1),
        image=read_series_reference(attributes, frame_uid=frame_uid),
    )


def _label(attributes: Attributes) -> str:
    return read_label(attributes.text_or("RTPlanLabel", ""), attributes.text_or("RTPlanName", ""))


def _own_facts(
    attributes: Attributes, own: Mapping[str, Any], n_seeds: int
) -> tuple[datetime | None, tuple[Needle, ...], list[int | None] | None]:
    """Return implant time, needles and the needle number of each seed, as far as Trocar wrote them into the file."""
    if not own:
        return None, (), None
    try:
        written_at = datetime_from_text(own["implant_at"])
        needles = tuple(
            Needle(
                number=int(each["number"]),
                entry_lps_mm=np.array(each["entry_lps_mm"], dtype=np.float64),
                tip_lps_mm=np.array(each["tip_lps_mm"], dtype=np.float64),
                label=str(each["label"]),
            )
            for each in own["needles"]
        )
        numbers = [None if each is None else int(each) for each in own["seed_needles"]]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, PlanError):
        note_private_invalid(attributes, "implant_at, needles")
        return None, (), None
    if len(numbers) != n_seeds:
        note_private_invalid(attributes, "seed_needles")
        return written_at, (), None
    return written_at, needles, numbers


def _renumbered(seeds: tuple[Seed, ...], numbers: list[int | None] | None) -> tuple[Seed, ...]:
    if numbers is None:
        return seeds
    return tuple(replace(seed, needle=number) for seed, number in zip(seeds, numbers, strict=True))
