"""The sources of a brachytherapy plan: which model of the catalogue, how strong, when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum

from pydicom.dataelem import RawDataElement

from trocar.catalogue.nuclides import Nuclide
from trocar.catalogue.sources import Source
from trocar.dicom.attributes import Attributes
from trocar.dicom.source_models import choose_source
from trocar.errors import RefusedObject
from trocar.plan.seeds import Strength
from trocar.units import mci_from_mbq

HALF_LIFE_WITHIN = 0.005
"""Relative difference of half-lives below which tables merely differ in rounding."""

ACTIVE_LENGTH_WITHIN_MM = 0.5
"""Difference of active lengths below which one model may be meant."""


class StatedStrength(Enum):
    """What a plan's strength values are, where someone knows better than the file."""

    AIR_KERMA_U = "U"
    ACTIVITY_MCI = "mCi"
    ACTIVITY_MBQ = "MBq"


_ACTIVITY_UNITS = {"MCI": 1.0, "CI": 1e3, "KBQ": mci_from_mbq(1e-3), "MBQ": mci_from_mbq(1.0), "GBQ": mci_from_mbq(1e3)}
"""mCi in each unit."""
_ACTIVITY_IN_TEXT = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*(mCi|Ci|kBq|MBq|GBq)(?![A-Za-z])")
_TEXT_KINDS = frozenset(("LO", "SH", "ST", "LT", "UT", "UC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSource:
    """A source of a plan: model and strength."""

    number: int
    model: Source
    strength: Strength


def read_sources(
    attributes: Attributes,
    used: frozenset[int],
    *,
    source_model: str | Mapping[int, str] | None,
    stated_strength: StatedStrength | None,
) -> dict[int, PlanSource]:
    """Return the sources that channels use, by number; others are noted and left out.

    Raises
    ------
    RefusedObject
        A channel uses a source that is not listed, a strength or its date is missing, or a source emits no photons.
    ChoiceNeeded
        The model cannot be told.
    CatalogueError
        A strength is an activity and the model's conversion is unknown.
    """
    found: dict[int, PlanSource] = {}
    for item in attributes.items("SourceSequence"):
        number = item.integer("SourceNumber")
        if number not in used:
            attributes.noted.note(
                "rtplan.source-unused",
                "source {number} is listed but no channel uses it; it was left out",
                where=attributes.file,
                number=number,
            )
        elif number in found:
            attributes.refuse("SourceSequence", f"two sources of number {number}", "one source a number")
        else:
            asked = source_model if isinstance(source_model, str) else (source_model or {}).get(number)
            model = choose_source(item, number=number, asked=asked)
            _note_differences(item, model, number)
            found[number] = PlanSource(
                number=number, model=model, strength=_strength(item, model, number, stated_strength)
            )
    missing = used - found.keys()
    if missing:
        raise RefusedObject(
            "rtplan.source-not-listed",
            "{file}: channels use the sources {numbers}, which the plan does not list; export the plan again",
            file=attributes.file,
            numbers=sorted(missing),
        )
    return found


def _note_differences(item: Attributes, model: Source, number: int) -> None:
    half_life_d = item.number_or_none("SourceIsotopeHalfLife")
    known: Nuclide = model.nuclide
    if half_life_d is not None and abs(half_life_d / known.half_life_d - 1) > HALF_LIFE_WITHIN:
        item.noted.note(
            "rtplan.half-life-differs",
            "source {number} has a half-life of {given_d} d in the plan and of {known_d} d ({nuclide}) in the "
            "catalogue; the catalogue's is used",
            where=item.file,
            number=number,
            given_d=half_life_d,
            known_d=known.half_life_d,
            nuclide=known.name,
        )
    length_mm = item.number_or_none("ActiveSourceLength")
    if length_mm is not None and abs(length_mm - 10 * model.active_length_cm) > ACTIVE_LENGTH_WITHIN_MM:
        item.noted.note(
            "rtplan.active-length-differs",
            "source {number} is {given_mm} mm long (active length) in the plan, {model} is {known_mm} mm; "
            "check that this is the model",
            where=item.file,
            number=number,
            given_mm=length_mm,
            model=model.key,
            known_mm=10 * model.active_length_cm,
        )


def _strength(item: Attributes, model: Source, number: int, told: StatedStrength | None) -> Strength:
    reference_at = _reference_at(item, number)
    return Strength(s_k_u=_air_kerma_u(item, model, number, told), reference_at=reference_at)


def _reference_at(item: Attributes, number: int) -> datetime:
    day = item.date_or_none("SourceStrengthReferenceDate")
    if day is None:
        raise RefusedObject(
            "rtplan.reference-date-missing",
            "{where}: the strength of source {number} has no usable reference date; a strength without its date means "
            "nothing: export the plan with the calibration date",
            where=item.where,
            number=number,
        )
    clock = item.time_or_none("SourceStrengthReferenceTime")
    if clock is None:
        item.noted.note(
            "rtplan.reference-time-missing",
            "the strength of source {number} has a reference date but no time of day; midnight was taken",
            where=item.file,
            number=number,
        )
    return datetime.combine(day, clock or time())


def _air_kerma_u(item: Attributes, model: Source, number: int, told: StatedStrength | None) -> float:
    rate = item.number_or_none("ReferenceAirKermaRate") or 0.0
    other = item.number_or_none("SourceStrength") or 0.0
    if min(rate, other) < 0:
        item.refuse("ReferenceAirKermaRate", f"{min(rate, other)}", "a strength above 0")
    if told is not None and (rate or other):
        return _as_told(item, model, number, rate or other, told)
    if rate:
        return rate
    units = item.text_or("SourceStrengthUnits", "").strip().upper()
    if units == "DOSE_RATE_WATER":
        raise RefusedObject(
            "rtplan.source-not-photon",
            "{where}: source {number} is specified by dose rate in water, as beta sources are; Trocar computes photon "
            "sources only",
            where=item.where,
            number=number,
        )
    if other and units == "AIR_KERMA_RATE":
        item.noted.note(
            "rtplan.strength-elsewhere",
            "the reference air kerma rate of source {number} is empty; the source strength, in the same unit, was read",
            where=item.file,
            number=number,
        )
        return other
    if other and units in _ACTIVITY_UNITS:
        return _from_activity(item, model, number, other * _ACTIVITY_UNITS[units], f"{other:g} {units}")
    return _from_text(item, model, number)


def _as_told(item: Attributes, model: Source, number: int, value: float, told: StatedStrength) -> float:
    item.noted.note(
        "rtplan.strength-as-told",
        "the strength of source {number}, {value}, was read as {unit}, as told, not as the standard says",
        where=item.file,
        number=number,
        value=value,
        unit=told.value,
    )
    if told is StatedStrength.ACTIVITY_MCI:
        return model.u_from_mci(value)
    return model.u_from_mbq(value) if told is StatedStrength.ACTIVITY_MBQ else value


def _from_activity(item: Attributes, model: Source, number: int, activity_mci: float, stated: str) -> float:
    s_k_u = model.u_from_mci(activity_mci)
    item.noted.note(
        "rtplan.strength-as-activity",
        "the plan states the strength of source {number} as an activity, {stated}; with the factor of {model} that is "
        "{s_k_u:.4f} U of air-kerma strength",
        where=item.file,
        number=number,
        stated=stated,
        model=model.key,
        s_k_u=s_k_u,
    )
    return s_k_u


def _from_text(item: Attributes, model: Source, number: int) -> float:
    """Return the strength of the one activity that the texts of a source mention."""
    mentioned = {}
    for text in _texts(item):
        for value, unit in _ACTIVITY_IN_TEXT.findall(text):
            mentioned[f"{value} {unit}"] = float(value.replace(",", ".")) * _ACTIVITY_UNITS[unit.upper()]
    if len({round(each, 9) for each in mentioned.values()}) == 1:
        stated, activity_mci = next(iter(mentioned.items()))
        if activity_mci > 0:
            return _from_activity(item, model, number, activity_mci, stated)
    raise RefusedObject(
        "rtplan.strength-missing",
        "{where}: the strength of source {number} is 0 or missing (activities mentioned: {mentioned}); export the plan "
        "with the reference air kerma rate in µGy m²/h",
        where=item.where,
        number=number,
        mentioned=", ".join(mentioned) or "-",
    )


def _texts(item: Attributes) -> list[str]:
    """Return every text of a source item, private ones included."""
    texts = []
    for element in item.dataset.elements():
        value = element.value
        if (
            isinstance(element, RawDataElement)
            and isinstance(value, bytes)
            and element.VR in (None, "UN", *_TEXT_KINDS)
        ):
            texts.append(value.decode("ascii", "replace"))
        elif isinstance(value, str):
            texts.append(value)
    return texts
