"""What a verification leaves: report in both languages, the implanted state as DICOM, data for scripts."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trocar.cli.outcome import dose_told, write_outcome
from trocar.cli.packs import CONFIDENCE
from trocar.cli.picture_files import write_pictures
from trocar.cli.verify_json import verification_data
from trocar.dicom.pdf import encapsulate
from trocar.dicom.references import ObjectReference
from trocar.dicom.rtdose_writing import write_dose
from trocar.dicom.rtplan_writing import write_plan
from trocar.dicom.rtstruct_writing import write_structures
from trocar.dose.base import Formalism
from trocar.geometry.grid import Grid
from trocar.geometry.volume import Volume
from trocar.imaging.register import checkerboard
from trocar.messages import Language
from trocar.plan.structures import StructureSet
from trocar.report.pictures import Paper
from trocar.report.protection import discharge_card
from trocar.report.typeset import typeset
from trocar.report.verification import verification_document
from trocar.report.verified_case import NamedError, VerifiedCase
from trocar.results.dose import Dose
from trocar.workflow.compute import compute_dose, dose_provenance
from trocar.workflow.verification import Verification
from trocar.workflow.verify_request import VerifyRequest

DOSE_MARGIN_MM, DOSE_SPACING_MM = 30.0, 1.0
TILE_MM = 25.0


def write_verification(
    request: VerifyRequest, verified: Verification, folder: Path, *, fonts: tuple[Path, ...], at: datetime
) -> dict[str, Any]:
    """Write everything into an empty folder, and return what a script wants to know."""
    dose = _write_dicom(verified, folder, at=at)
    for language in Language:
        case = verified_case(request, verified, dose.volume, language)
        paper = Paper(language=language, extra_fonts=fonts)
        document = verification_document(case, made_at=at, paper=paper)
        pdf = typeset(document, language=language, extra_fonts=fonts)
        (folder / f"verification-{language.value}.pdf").write_bytes(pdf)
        write_pictures(document, folder / f"pictures-{language.value}", language=language)
        if verified.protection is not None:
            card = discharge_card(verified.protection, verified.planned, made_at=at, paper=paper)
            (folder / f"card-{language.value}.pdf").write_bytes(typeset(card, language=language, extra_fonts=fonts))
        encapsulate(
            pdf,
            folder / f"verification-{language.value}.dcm",
            patient=verified.implanted.patient,
            study_uid=request.scan.reference.study_uid,
            title="Verification of a seed implant" if language is Language.ENGLISH else "粒子植入术后剂量验证",
            at=at,
        )
    write_outcome(folder, dose_told(verified))
    return verification_data(verified, Language.ENGLISH)


def _write_dicom(verified: Verification, folder: Path, *, at: datetime) -> Dose:
    implanted = verified.implanted
    study = implanted.image.study_uid if implanted.image else None
    drawn: ObjectReference | None = None
    if verified.structures is not None:
        drawn = write_structures(_filled(verified.structures), folder / "structures.dcm", at=at, study_uid=study)
    planned = write_plan(implanted, folder / "plan.dcm", at=at, structures=drawn, study_uid=study)
    computed = compute_dose(implanted, _dose_grid(verified), formalism=Formalism.LINE_2D)
    dose = replace(computed, plan_uid=planned.sop_instance_uid)
    write_dose(dose, folder / "dose.dcm", patient=implanted.patient, study_uid=planned.study_uid, at=at)
    return dose


def _filled(structures: StructureSet) -> StructureSet:
    return replace(structures, structures=tuple(each for each in structures if each.contours))


def _dose_grid(verified: Verification) -> Grid:
    """Return a grid about planned seeds and the seeds that did not migrate."""
    gone = set(verified.comparison.migrated)
    places = [seed.position_lps_mm for seed in verified.planned.seeds]
    places += [seed.position_lps_mm for n, seed in enumerate(verified.implanted.seeds) if n not in gone]
    return Grid.around(np.array(places), margin_mm=DOSE_MARGIN_MM, spacing_mm=DOSE_SPACING_MM)


def verified_case(request: VerifyRequest, verified: Verification, dose: Volume, language: Language) -> VerifiedCase:
    """Return what the report tells."""
    mixed = None
    if verified.registration is not None and request.planning is not None:
        mixed = checkerboard(request.scan.volume, request.planning.volume, verified.registration, tile_mm=TILE_MM)
    structures = verified.structures
    drawn = tuple(structures.named(each.name) for each in verified.outcomes) if structures is not None else ()
    return VerifiedCase(
        planned=verified.planned,
        implanted=verified.implanted,
        scan=request.scan,
        seen=verified.seen,
        doubtful=verified.doubtful,
        registration=verified.registration,
        mixed=mixed,
        comparison=verified.comparison,
        counts=verified.counts,
        reference_gy=verified.reference_gy,
        structures=drawn,
        outcomes=verified.outcomes,
        planned_dvhs=verified.planned_dvhs,
        implanted_dvhs=verified.implanted_dvhs,
        planned_indices=verified.planned_indices,
        implanted_indices=verified.implanted_indices,
        dose=dose,
        indices=verified.indices,
        cold=verified.cold,
        further=verified.further,
        protection=verified.protection,
        swollen=verified.swollen,
        two_scans=verified.two_scans,
        landmark_errors_mm=verified.landmark_errors_mm,
        errors=_printed_errors(verified, language),
        corrected_by=verified.corrected_by,
        findings=verified.findings,
        provenance=dose_provenance(verified.implanted, formalism=Formalism.LINE_2D),
    )


def _printed_errors(verified: Verification, language: Language) -> tuple[NamedError, ...]:
    """Return the errors that intervals rest on as a report prints them, the weightiest first."""
    if verified.budget is None:
        return ()
    units = {"percent": "%", "mm": "mm"}
    shares = {share.key: share for share in verified.error_shares}
    order = list(shares)
    numbers = sorted(verified.budget.numbers, key=lambda n: order.index(n.key) if n.key in shares else len(order))
    chinese = language is Language.CHINESE
    return tuple(
        NamedError(
            meaning=number.meaning_zh if chinese else number.meaning,
            size=f"± {number.value:g} {units[number.unit]}",
            source=number.source_zh if chinese else number.source,
            confidence=CONFIDENCE.get(number.confidence, number.confidence),
            share=shares.get(number.key),
        )
        for number in numbers
    )
