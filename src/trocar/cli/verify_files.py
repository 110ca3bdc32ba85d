"""What a verification leaves: report in both languages, the implanted state as DICOM, data for scripts."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import trocar
from trocar.cli.as_json import SCHEMA, finding_json, indices_json, plan_json
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
from trocar.report.document import Document, Picture
from trocar.report.pictures import Paper
from trocar.report.typeset import typeset
from trocar.report.verification import VerifiedCase, index_intervals, verification_document
from trocar.results.dose import Dose
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import Interval
from trocar.workflow.compute import compute_dose, dose_provenance
from trocar.workflow.verify import Verification, VerifyRequest

DOSE_MARGIN_MM, DOSE_SPACING_MM = 30.0, 1.0
TILE_MM = 25.0


def write_verification(
    request: VerifyRequest, verified: Verification, folder: Path, *, fonts: tuple[Path, ...], at: datetime
) -> dict[str, Any]:
    """Write everything into an empty folder, and return what a script wants to know."""
    dose = _write_dicom(verified, folder, at=at)
    case = verified_case(request, verified, dose.volume)
    for language in Language:
        paper = Paper(language=language, extra_fonts=fonts)
        document = verification_document(case, made_at=at, paper=paper)
        pdf = typeset(document, language=language, extra_fonts=fonts)
        (folder / f"verification-{language.value}.pdf").write_bytes(pdf)
        _write_pictures(document, folder / f"pictures-{language.value}")
        encapsulate(
            pdf,
            folder / f"verification-{language.value}.dcm",
            patient=verified.implanted.patient,
            study_uid=request.scan.reference.study_uid,
            title="Verification of a seed implant" if language is Language.ENGLISH else "粒子植入术后剂量验证",
            at=at,
        )
    return verification_data(verified, Language.ENGLISH)


def _write_pictures(document: Document, folder: Path) -> None:
    folder.mkdir()
    for picture in (block for block in document.blocks if isinstance(block, Picture) and block.name):
        (folder / f"{picture.name}.{picture.suffix}").write_bytes(picture.data)


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


def verified_case(request: VerifyRequest, verified: Verification, dose: Volume) -> VerifiedCase:
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
        findings=verified.findings,
        provenance=dose_provenance(verified.implanted, formalism=Formalism.LINE_2D),
    )


def verification_data(verified: Verification, language: Language) -> dict[str, Any]:
    """Return a verification as data for scripts."""
    comparison, counts = verified.comparison, verified.counts
    return {
        "schema": SCHEMA,
        "command": "verify",
        "trocar": trocar.__version__,
        "planned": plan_json(verified.planned),
        "implanted": plan_json(verified.implanted),
        "reference_gy": verified.reference_gy,
        "target": verified.target,
        "counts": {name: getattr(counts, name) for name in type(counts).__dataclass_fields__},
        "seeds": {
            "seen": [_seed_json(seed, number, verified) for number, seed in enumerate(verified.seen)],
            "doubtful": [_found_json(seed) for seed in verified.doubtful],
            "missing_planned": [number + 1 for number in comparison.missing],
            "shift_lps_mm": comparison.shift_lps_mm.tolist(),
            "median_mm": _finite(comparison.median_mm),
            "largest_mm": _finite(comparison.largest_mm),
        },
        "registration": _registration_json(verified),
        "structures": [
            {
                "name": outcome.name,
                "is_target": outcome.is_target,
                "is_carried": outcome.is_carried,
                "volume_cc": outcome.volume_cc,
                "drawn_cc": outcome.drawn_cc,
                "metrics": [_interval_json(metric) for metric in outcome.metrics],
            }
            for outcome in verified.outcomes
        ],
        "indices": {
            "planned": indices_json(verified.planned_indices) if verified.planned_indices else None,
            "implanted": indices_json(verified.implanted_indices) if verified.implanted_indices else None,
            "intervals": [
                _interval_json(each) for each in index_intervals(verified.planned_indices, verified.implanted_indices)
            ],
        },
        "findings": [finding_json(finding, language) for finding in verified.findings],
    }


def _interval_json(metric: Interval) -> dict[str, Any]:
    return {
        name: _finite(value) if isinstance(value := getattr(metric, name), float) else value
        for name in type(metric).__dataclass_fields__
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _seed_json(seed: FoundSeed, number: int, verified: Verification) -> dict[str, Any]:
    pair = next((pair for pair in verified.comparison.pairs if pair.seen == number), None)
    return _found_json(seed) | {
        "number": number + 1,
        "fate": verified.comparison.fate_of_seen(number).value,
        "planned_number": pair.planned + 1 if pair else None,
        "displacement_lps_mm": pair.displacement_lps_mm.tolist() if pair else None,
    }


def _found_json(seed: FoundSeed) -> dict[str, Any]:
    return {
        "position_lps_mm": seed.position_lps_mm.tolist(),
        "axis_lps": seed.axis_lps.tolist() if seed.axis_is_known else None,
        "confidence": seed.confidence,
        "position_sd_mm": seed.position_sd_mm,
        "axis_sd_deg": _finite(seed.axis_sd_deg),
    }


def _registration_json(verified: Verification) -> dict[str, Any] | None:
    registration = verified.registration
    if registration is None:
        return None
    return {
        "motion": registration.motion.value,
        "moving_from_fixed": registration.moving_from_fixed.tolist(),
        "likeness_before": registration.likeness_before,
        "likeness_after": registration.likeness_after,
        "likeness_mirrored": registration.likeness_mirrored,
    }
