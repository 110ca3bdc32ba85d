"""What a verification leaves: report in both languages, the implanted state as DICOM, data for scripts."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import trocar
from trocar.cli.as_json import SCHEMA, finding_json, indices_json, plan_json
from trocar.cli.outcome import dose_told, write_outcome
from trocar.cli.packs import CONFIDENCE
from trocar.cli.picture_files import write_pictures
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
from trocar.results.protection import ProtectionEstimate
from trocar.results.seeds_seen import FoundSeed
from trocar.results.verification import FurtherSeeds, Interval
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
            "intervals": [_interval_json(each) for each in verified.indices],
        },
        "cold_regions": [
            {
                "volume_cc": cold.volume_cc,
                "least_gy": cold.least_gy,
                "centre_lps_mm": cold.centre_lps_mm.tolist(),
                "coldest_lps_mm": cold.coldest_lps_mm.tolist(),
            }
            for cold in verified.cold
        ],
        "further_seeds": _further_json(verified.further),
        "swelling_going_down": [_interval_json(each) for each in verified.swollen] if verified.swollen else None,
        "protection": _protection_json(verified.protection),
        "corrected_by": verified.corrected_by,
        "errors": _errors_json(verified),
        "findings": [finding_json(finding, language) for finding in verified.findings],
    }


def _errors_json(verified: Verification) -> list[dict[str, Any]]:
    shares = {share.key: share for share in verified.error_shares}
    return [
        {
            "key": number.key,
            "value": number.value,
            "unit": number.unit,
            "source": number.source,
            "confidence": number.confidence,
            "d90_gy": shares[number.key].d90_gy if number.key in shares else None,
            "v100_percent": shares[number.key].v100_percent if number.key in shares else None,
            "share_of_d90": shares[number.key].share_of_d90 if number.key in shares else None,
        }
        for number in (verified.budget.numbers if verified.budget is not None else ())
    ]


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


def _further_json(further: FurtherSeeds | None) -> dict[str, Any] | None:
    if further is None:
        return None
    return {
        "positions_lps_mm": further.positions_lps_mm.tolist(),
        "v100_percent": [further.v100_before_percent, further.v100_after_percent],
        "d90_gy": [further.d90_before_gy, further.d90_after_gy],
    }


def _protection_json(estimate: ProtectionEstimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "strength_u": estimate.strength_u,
        "surface_usv_h": estimate.surface_usv_h,
        "one_metre_usv_h": estimate.one_metre_usv_h,
        "transmission": estimate.transmission,
        "lifetime_one_metre_msv": estimate.lifetime_one_metre_msv,
        "occupancy": estimate.occupancy,
        "rates": [
            {"day": r.day, "surface_usv_h": r.surface_usv_h, "one_metre_usv_h": r.one_metre_usv_h}
            for r in estimate.rates
        ],
        "contacts": [
            {
                "limit": c.limit.key,
                "limit_msv": c.limit.value,
                "distance_mm": c.distance_mm,
                "hours_a_day": c.hours_a_day,
            }
            for c in estimate.contacts
        ],
        "cremation_after": estimate.cremation_after.isoformat() if estimate.cremation_after else None,
    }
