"""`ImplantPlan` to a brachytherapy RT Plan: one application setup, one channel a seed, true strengths.

Each seed is a fixed source with two control points at its centre, the form that the standard gives a source that does
not move (PS3.3 C.8.8.15). Implant time and needles, for which the standard has no attribute, stand in Trocar's private
element as well; the total reference air kerma is that from the implant on.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from trocar.catalogue.sources import Source, load_source
from trocar.dicom.clock import date_text, time_text
from trocar.dicom.heading import (
    LONG_TEXT,
    SHORT_TEXT,
    building,
    headed,
    reference_for,
    require_study,
    require_text,
    require_whole_number,
    write_frame,
    written_label,
)
from trocar.dicom.private import write_private
from trocar.dicom.references import ObjectReference, instance_item, write_series_reference
from trocar.dicom.writing import decimal, decimals, save
from trocar.plan.needles import Needle
from trocar.plan.plan import ImplantPlan, Prescription
from trocar.plan.seeds import Seed, Strength
from trocar.units import SECONDS_PER_HOUR

PLAN_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.5"

SourceKey = tuple[str, Strength]


def write_plan(
    plan: ImplantPlan,
    path: Path,
    *,
    at: datetime,
    structures: ObjectReference | None = None,
    study_uid: str | None = None,
    series_uid: str | None = None,
) -> ObjectReference:
    """Write the RT Plan of a permanent implant; not approved, whoever made it.

    Parameters
    ----------
    plan
        Its label, target and needle labels have to fit DICOM's texts.
    path
        File to write; nothing is left there if this fails.
    at
        When it is written, local time.
    structures
        Structure set it was planned on, as `write_structures` returned it; without one the plan says that it has none.
    study_uid
        Study to file it in, where the plan names no images: with images it is theirs.
    series_uid
        Series to file it in; one of its own where not given.

    Returns
    -------
    ObjectReference
        What a dose quotes.

    Raises
    ------
    DicomError
        A text that DICOM cannot hold, no study, or no room to write.
    CatalogueError
        A source model that the catalogue does not hold.
    """
    study = require_study(plan.image.study_uid if plan.image else study_uid, modality="RTPLAN")
    reference = reference_for(
        sop_class_uid=PLAN_CLASS_UID,
        study_uid=study,
        at=at,
        content=(plan.content_hash, structures.sop_instance_uid if structures else ""),
        series_uid=series_uid,
    )
    with building(path):
        dataset = _dataset(plan, reference, structures, at=at)
    save(dataset, path)
    return reference


def _dataset(
    plan: ImplantPlan, reference: ObjectReference, structures: ObjectReference | None, at: datetime
) -> Dataset:
    dataset = headed(reference, patient=plan.patient, modality="RTPLAN", description="Plan", at=at)
    write_frame(dataset, plan.frame_uid)
    _write_general(dataset, plan, structures, at)
    _write_prescription(dataset, plan.prescription)
    sources = _numbered_sources(plan)
    dataset.BrachyTreatmentTechnique, dataset.BrachyTreatmentType = "PERMANENT", "LDR"
    dataset.TreatmentMachineSequence = Sequence([_no_machine()])
    dataset.SourceSequence = Sequence([_source_item(number, *key) for key, number in sources.items()])
    dataset.ApplicationSetupSequence = Sequence([_setup_item(plan, sources, has_structures=structures is not None)])
    dataset.ApprovalStatus = "UNAPPROVED"
    if plan.image is not None:
        write_series_reference(dataset, plan.image, beside=() if structures is None else (structures,))
    write_private(dataset, _facts(plan))
    return dataset


def _write_general(dataset: Dataset, plan: ImplantPlan, structures: ObjectReference | None, at: datetime) -> None:
    dataset.RTPlanLabel, dataset.RTPlanName = written_label(plan.label, attribute="RTPlanLabel")
    dataset.RTPlanDate, dataset.RTPlanTime = date_text(at), time_text(at)
    dataset.RTPlanGeometry = "TREATMENT_DEVICE" if structures is None else "PATIENT"
    if structures is not None:
        item = instance_item(structures.sop_class_uid, structures.sop_instance_uid)
        dataset.ReferencedStructureSetSequence = Sequence([item])


def _write_prescription(dataset: Dataset, prescription: Prescription | None) -> None:
    quoted = Dataset()
    if prescription is not None:
        wanted = Dataset()
        wanted.DoseReferenceNumber = 1
        wanted.DoseReferenceStructureType = "SITE"
        if prescription.target:
            attribute = "DoseReferenceDescription"
            wanted.DoseReferenceDescription = require_text(prescription.target, attribute=attribute, longest=LONG_TEXT)
        wanted.DoseReferenceType = "TARGET"
        wanted.TargetPrescriptionDose = decimal(prescription.dose_gy)
        dataset.DoseReferenceSequence = Sequence([wanted])
        quoted.BrachyApplicationSetupDose = decimal(prescription.dose_gy)
    quoted.ReferencedBrachyApplicationSetupNumber = 1
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfFractionsPlanned = 1, 1
    group.NumberOfBeams, group.NumberOfBrachyApplicationSetups = 0, 1
    group.ReferencedBrachyApplicationSetupSequence = Sequence([quoted])
    dataset.FractionGroupSequence = Sequence([group])


def _no_machine() -> Dataset:
    machine = Dataset()
    machine.TreatmentMachineName = ""
    return machine


def _numbered_sources(plan: ImplantPlan) -> dict[SourceKey, int]:
    """Return a number, from 1, for every pair of model and strength."""
    numbers: dict[SourceKey, int] = {}
    for seed in plan.seeds:
        numbers.setdefault((seed.source_model, seed.strength), len(numbers) + 1)
    return numbers


def _source_item(number: int, model: str, strength: Strength) -> Dataset:
    source = load_source(model)
    item = Dataset()
    item.SourceNumber, item.SourceType = number, "LINE"
    item.SourceManufacturer, item.SourceDescription = source.manufacturer[:LONG_TEXT], source.key
    short = next((name for name in (source.model, *source.aliases) if len(name) <= SHORT_TEXT), None)
    if short is not None:
        item.SourceModelID = short
    item.ActiveSourceLength = decimal(10.0 * source.active_length_cm)
    item.SourceIsotopeName = source.nuclide.name
    item.SourceIsotopeHalfLife = decimal(source.nuclide.half_life_d)
    item.ReferenceAirKermaRate = item.SourceStrength = decimal(strength.s_k_u)
    item.SourceStrengthUnits = "AIR_KERMA_RATE"
    item.SourceStrengthReferenceDate = date_text(strength.reference_at)
    item.SourceStrengthReferenceTime = time_text(strength.reference_at)
    return item


def _setup_item(plan: ImplantPlan, sources: dict[SourceKey, int], *, has_structures: bool) -> Dataset:
    needles = {needle.number: needle for needle in plan.needles}
    item = Dataset()
    item.ApplicationSetupType, item.ApplicationSetupNumber = "OTHER", 1
    item.TotalReferenceAirKerma = decimal(sum(_air_kerma_ugy_m2(seed, plan.implant_at) for seed in plan.seeds))
    item.ChannelSequence = Sequence(
        [
            _channel_item(
                seed, number, sources[seed.source_model, seed.strength], needles, has_structures=has_structures
            )
            for number, seed in enumerate(plan.seeds, start=1)
        ]
    )
    return item


def _air_kerma_ugy_m2(seed: Seed, implant_at: datetime) -> float:
    """Return S_K at the implant x mean life: the reference air kerma of one seed to complete decay."""
    nuclide = load_source(seed.source_model).nuclide
    waited_s = (implant_at - seed.strength.reference_at).total_seconds()
    return seed.strength.s_k_u * float(np.exp(-nuclide.decay_constant_per_s * waited_s)) * nuclide.mean_life_h


def _channel_item(
    seed: Seed, number: int, source_number: int, needles: dict[int, Needle], *, has_structures: bool
) -> Dataset:
    source: Source = load_source(seed.source_model)
    item = Dataset()
    item.ChannelNumber, item.ChannelLength = number, None
    item.ChannelTotalTime = decimal(source.nuclide.mean_life_h * SECONDS_PER_HOUR)
    item.SourceMovementType = "FIXED"
    needle = needles.get(seed.needle) if seed.needle is not None else None
    if needle is not None:
        item.SourceApplicatorNumber = require_whole_number(needle.number, attribute="SourceApplicatorNumber")
        item.SourceApplicatorID = f"{needle.number}"
        item.SourceApplicatorType, item.SourceApplicatorLength = "RIGID", decimal(needle.length_mm)
        if needle.label:
            attribute = "SourceApplicatorName"
            item.SourceApplicatorName = require_text(needle.label, attribute=attribute, longest=LONG_TEXT)
    item.TransferTubeNumber = None
    if has_structures and needle is not None:  # the region of the applicator, asked for even if there is none
        item.ReferencedROINumber = None
    item.FinalCumulativeTimeWeight = "1"
    item.NumberOfControlPoints = 2
    item.BrachyControlPointSequence = Sequence([_control_point(seed, 0, "0"), _control_point(seed, 1, "1")])
    item.ReferencedSourceNumber = source_number
    return item


def _control_point(seed: Seed, index: int, weight: str) -> Dataset:
    point = Dataset()
    point.ControlPointIndex, point.ControlPointRelativePosition = index, "0"
    point.ControlPoint3DPosition = decimals(seed.position_lps_mm)
    point.CumulativeTimeWeight = weight
    if seed.axis_lps is not None:
        point.ControlPointOrientation = seed.axis_lps.tolist()
    return point


def _facts(plan: ImplantPlan) -> dict[str, object]:
    """Return what Trocar's private element holds."""
    return {
        "implant_at": date_text(plan.implant_at) + time_text(plan.implant_at),
        "needles": [
            {
                "number": needle.number,
                "entry_lps_mm": needle.entry_lps_mm.tolist(),
                "tip_lps_mm": needle.tip_lps_mm.tolist(),
                "label": needle.label,
            }
            for needle in plan.needles
        ],
        "seed_needles": [seed.needle for seed in plan.seeds],
    }
