"""The words of records in both languages: sites, roles, titles, devices, complications, parts of facts."""

from collections.abc import Mapping
from typing import Any

from trocar.messages import Message


def _word(code: str, template: str) -> Message:
    return Message(code=code, template=template)


WORDS: Mapping[str, Message] = {
    "lung": _word("words.lung", "lung"),
    "liver": _word("words.liver", "liver"),
    "cervix": _word("words.cervix", "cervix"),
    "mediastinum": _word("words.mediastinum", "mediastinum"),
    "pancreas": _word("words.pancreas", "pancreas"),
    "pelvis": _word("words.pelvis", "pelvis"),
    "bone": _word("words.bone", "bone"),
    "kidney": _word("words.kidney", "kidney"),
    "thyroid": _word("words.thyroid", "thyroid"),
    "brain": _word("words.brain", "brain"),
    "prostate": _word("words.prostate", "prostate"),
    "oesophagus": _word("words.oesophagus", "oesophagus"),
    "implanting_physician": _word("words.implanting-physician", "implanting physician"),
    "ablating_physician": _word("words.ablating-physician", "ablating physician"),
    "attending_physician": _word("words.attending-physician", "attending physician"),
    "planner": _word("words.planner", "planner"),
    "physicist": _word("words.physicist", "physicist"),
    "nurse": _word("words.nurse", "nurse"),
    "custodian": _word("words.custodian", "seed custodian"),
    "attending": _word("words.attending", "attending"),
    "associate_chief": _word("words.associate-chief", "associate chief"),
    "chief": _word("words.chief", "chief"),
    "resident": _word("words.resident", "resident"),
    "intermediate": _word("words.intermediate", "intermediate"),
    "ultrasound": _word("words.ultrasound", "ultrasound"),
    "endoscope": _word("words.endoscope", "endoscope"),
    "planning_system": _word("words.planning-system", "planning system"),
    "ablation_generator": _word("words.ablation-generator", "ablation generator"),
    "image_guidance": _word("words.image-guidance", "image guidance"),
    "treatment_planning_system": _word("words.treatment-planning-system", "treatment planning system"),
    "contrast_enhanced_imaging": _word("words.contrast-imaging", "contrast-enhanced imaging"),
    "RFA": _word("words.rfa", "radiofrequency"),
    "MWA": _word("words.mwa", "microwave"),
    "CRYO": _word("words.cryo", "cryoablation"),
    "percutaneous": _word("words.percutaneous", "percutaneous"),
    "endobronchial": _word("words.endobronchial", "endobronchial ultrasound"),
    "F": _word("words.female", "female"),
    "M": _word("words.male", "male"),
    "case_selection": _word("words.case-selection", "case selection"),
    "success_rate": _word("words.success-rate", "success of treatment"),
    "severe_complications": _word("words.severe-complications", "severe complications"),
    "deaths": _word("words.deaths", "deaths"),
    "malpractice": _word("words.malpractice", "malpractice"),
    "device_events": _word("words.device-events", "device events"),
    "post_care": _word("words.post-care", "care after treatment"),
    "quality_of_life": _word("words.quality-of-life", "quality of life"),
    "follow_up": _word("words.follow-up", "follow-up"),
    "record_quality": _word("words.record-quality", "quality of records"),
    "clean_class": _word("words.clean-class", "class of cleanliness"),
    "beds": _word("words.beds", "beds"),
    "area_per_bed_m2": _word("words.area-per-bed", "net area of a bed (m²)"),
    "years": _word("words.years", "years"),
    "title": _word("words.title", "title"),
    "oxygen": _word("words.oxygen", "oxygen"),
    "anaesthesia_machine": _word("words.anaesthesia-machine", "anaesthesia machine"),
    "defibrillator": _word("words.defibrillator", "defibrillator"),
    "suction": _word("words.suction", "suction"),
    "drugs": _word("words.drugs", "emergency drugs"),
    "invasive_monitoring": _word("words.invasive-monitoring", "invasive monitoring"),
    "invasive_ventilation": _word("words.invasive-ventilation", "invasive ventilation"),
    "nuclide": _word("words.nuclide", "nuclide"),
    "activity": _word("words.activity", "activity"),
    "date": _word("words.date", "date"),
    "preop_diagnosis": _word("words.preop-diagnosis", "diagnosis"),
    "procedure_name": _word("words.procedure-name", "name of the procedure"),
    "possible_complications": _word("words.possible-complications", "possible complications"),
    "risks": _word("words.risks", "risks"),
    "patient_signature": _word("words.patient-signature", "patient's signature"),
    "doctor_signature": _word("words.doctor-signature", "doctor's signature"),
    "purpose": _word("words.purpose", "aim"),
    "postoperative_precautions": _word("words.precautions", "after-care"),
    "prevention": _word("words.prevention", "prevention"),
    "signature": _word("words.signature", "signature"),
    "conditions_and_assessment": _word("words.conditions", "conditions and assessment"),
    "management_body_review": _word("words.management-review", "review by the management body"),
    "ethics_review": _word("words.ethics-review", "ethics review"),
    "technical_lead_credentials": _word("words.technical-lead", "technical lead's credentials"),
    "pneumothorax": _word("words.pneumothorax", "pneumothorax"),
    "bleeding": _word("words.bleeding", "bleeding"),
    "infection": _word("words.infection", "infection"),
    "nerve_injury": _word("words.nerve-injury", "nerve injury"),
    "skin_ulcer": _word("words.skin-ulcer", "skin ulcer"),
    "radiation_pneumonitis": _word("words.radiation-pneumonitis", "radiation pneumonitis"),
    "radiation_cystitis": _word("words.radiation-cystitis", "radiation cystitis"),
    "radiation_enteritis": _word("words.radiation-enteritis", "radiation enteritis"),
    "staff roster": _word("words.staff-roster", "staff roster"),
    "device register": _word("words.device-register", "device register"),
    "institution register": _word("words.institution-register", "institution register"),
    "licence roster": _word("words.licence-roster", "licence roster"),
    "discharge": _word("words.discharge", "discharge"),
    "death": _word("words.death", "death"),
    "response": _word("words.response", "response"),
    "verification": _word("words.verification", "verification"),
    "procedure": _word("words.procedure", "procedure"),
    "patient": _word("words.patient", "patient"),
    "staff": _word("words.staff", "member of the staff"),
    "device": _word("words.device", "device"),
    "fact": _word("words.fact", "fact"),
    "bed": _word("words.unit-bed", "beds"),
    "person": _word("words.unit-person", "persons"),
    "year": _word("words.unit-year", "years"),
    "working_day": _word("words.unit-working-day", "working days"),
    "rescue register": _word("words.rescue-register", "rescue register"),
    "seed ledger": _word("words.seed-ledger", "seed ledger"),
    "searches after the procedure": _word("words.searches", "searches after the procedure"),
    "waste vessels": _word("words.waste-vessels", "waste vessels"),
    "consents": _word("words.consents", "consents"),
    "decisions before the procedure": _word("words.decisions", "decisions before the procedure"),
    "follow-up schedule": _word("words.followup-schedule", "follow-up schedule"),
    "charges by the price list": _word("words.charges", "charges by the price list"),
    "plans": _word("words.plans", "plans"),
    "operation records": _word("words.operation-records", "operation records"),
    "appointments": _word("words.appointments", "appointments"),
    "certificate": _word("words.certificate", "certificate"),
    "dosimeter": _word("words.dosimeter", "personal dosimeter"),
    "health_check": _word("words.health-check", "occupational health check"),
    "indication": _word("words.indication", "indication"),
    "contraindication": _word("words.contraindication", "contraindication"),
    "alternatives": _word("words.alternatives", "alternatives"),
    "affordability": _word("words.affordability", "what the patient can afford"),
}
"""Codes of records and their words; what is not here is data and stays as it was entered."""

_YES = _word("words.yes", "yes")
_NO = _word("words.no", "no")


def word(code: str) -> Message | str:
    """Return the word of a code; the code itself where it has none.

    Examples
    --------
    >>> str(word("lung")), word("CT")
    ('lung', 'CT')
    """
    return WORDS.get(code, code)


def value_words(value: Any) -> Message | str | tuple[Message, ...]:
    """Return a stated value in words: a number, a word, a list, a group of named values.

    Examples
    --------
    >>> [str(each) for each in value_words({"beds": 6, "clean_class": "III"})]
    ['beds 6', 'class of cleanliness III']
    """
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, Mapping):
        pairs = [(word(str(name)), value_words(item)) for name, item in value.items()]
        return tuple(
            Message(code="words.pair", template="{name} {value}", data={"name": a, "value": b}) for a, b in pairs
        )
    if isinstance(value, list | tuple | set | frozenset):
        return (
            tuple(Message(code="words.item", template="{item}", data={"item": word(str(item))}) for item in value)
            or "—"
        )
    return f"{value:g}" if isinstance(value, float) else word(str(value))


def quantity_words(value: Any, unit: str) -> Message | str | tuple[Message, ...]:
    """Return a stated value with its unit; a share in percent; a value without a unit as `value_words` has it.

    Examples
    --------
    >>> str(quantity_words(32, "bed")), quantity_words(0.75, "share")
    ('32 beds', '75 %')
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not unit:
        return value_words(value)
    if unit == "share":
        return f"{100 * value:.0f} %"
    return Message(code="words.quantity", template="{value:g} {unit}", data={"value": value, "unit": word(unit)})
