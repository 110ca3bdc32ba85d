"""Deeds of quality: take a department's record, make a self-assessment, sign it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from trocar.department.assessment import Standing
from trocar.department.norms import Technique as LibraryTechnique
from trocar.department.period import Period
from trocar.department.record_reading import record_from_text, record_to_text
from trocar.department.records import DepartmentRecord
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.report.self_assessment_files import draft_paragraphs, self_assessment_files
from trocar.workflow.assess import assess_paragraphs
from trocar.workflow.indicators import shipped_norms
from trocar.workflow.self_assessment import self_assessment
from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import Reason, Refused
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.quality.models import AssessmentRole, AssessmentSignature, Register, SelfAssessment
from trocar_clinic.quality.own_record import own_record
from trocar_clinic.quality.policies import MAKERS, TAKERS, may_sign, person_of
from trocar_clinic.quality.taking import write_rows
from trocar_clinic.records.actions import fresh
from trocar_clinic.records.deed import deed, fingerprint_of
from trocar_clinic.records.files import keep_bytes, path_of

LIBRARY_TECHNIQUE = {Technique.SEED: LibraryTechnique.SEED_IMPLANT, Technique.ABLATION: LibraryTechnique.ABLATION}
MEDIA = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def take_record(record: DepartmentRecord, *, actor: User, at: datetime) -> Register:
    """Take a department's record into the register; the one before stays for what was made from it."""
    has_one_of(actor, TAKERS).insist()
    known = Register.objects.filter(content_hash=record.content_hash).first()
    note: dict[str, Any] = {"procedures": len(record.procedures), "content": record.content_hash}
    with deed("quality.take_record", actor=actor, at=at, note=note):
        Register.objects.filter(is_current=True).update(is_current=False)
        if known is not None:
            known.is_current = True
            known.save()
            return known
        text = record_to_text(record).encode()
        kept = keep_bytes(text, name=f"department-record-{record.as_of}.json", media_type="application/json")
        register = Register.objects.create(
            taken_at=at, as_of=record.as_of, content_hash=record.content_hash, record=kept
        )
        write_rows(register, record)
    return register


def take_own(*, actor: User, at: datetime) -> Register:
    """Take the department's own cases, as they stand, into the register."""
    has_one_of(actor, TAKERS).insist()
    try:
        record = own_record(at=at)
    except TrocarError as problem:
        raise _refused(problem) from problem
    return take_record(record, actor=actor, at=at)


def take_text(data: bytes, *, actor: User, at: datetime) -> Register:
    """Take an uploaded record, or refuse it with the reason.

    Raises
    ------
    Refused
        It is not a record, or contradicts itself.
    """
    has_one_of(actor, TAKERS).insist()
    try:
        record = record_from_text(data.decode("utf-8"))
    except (TrocarError, UnicodeDecodeError) as problem:
        raise _refused(problem) from problem
    return take_record(record, actor=actor, at=at)


def _refused(problem: Exception) -> Refused:
    chinese = problem.text(Language.CHINESE) if isinstance(problem, TrocarError) else "文件不是 UTF-8 文本"
    return Refused(Reason(code="quality.record-refused", text=both(str(problem), chinese)))


def record_of(register: Register) -> DepartmentRecord:
    """Return the record that a register was made from, as it was kept."""
    return record_from_text(path_of(register.record.sha256).read_text(encoding="utf-8"))


def make_assessment(*, actor: User, at: datetime, technique: str, period: Period, register: Register) -> SelfAssessment:
    """Make a self-assessment and keep its files."""
    has_one_of(actor, MAKERS).insist()
    kind = Technique(technique)
    made = self_assessment(record_of(register), technique=LIBRARY_TECHNIQUE[kind], period=period, norms=shipped_norms())
    local = timezone.localtime(at).replace(tzinfo=None, microsecond=0)
    found = assess_paragraphs(draft_paragraphs(made, at=local))
    files = self_assessment_files(made, contradictions=found, at=local)
    with deed("quality.make_assessment", actor=actor, at=at, note={"content": made.content_hash}):
        kept = {
            name: keep_bytes(data, name=name, media_type=MEDIA[name[name.rindex(".") :]]).sha256
            for name, data in files.items()
        }
        row = SelfAssessment(
            technique=kind,
            first=period.first,
            last=period.last,
            content=made.content_hash,
            register=register,
            files=kept,
            not_met=len(made.standing(Standing.NOT_MET)),
            not_shown=len(made.standing(Standing.NOT_SHOWN)),
        )
        row.save()
    return row


def sign_assessment(assessment: SelfAssessment, *, actor: User, at: datetime, role: str) -> AssessmentSignature:
    """Sign a self-assessment: its values and the bytes of its files, as they stand."""
    as_role = AssessmentRole(role)
    with deed("quality.sign_assessment", actor=actor, at=at, note={"role": as_role.value}):
        current = fresh(assessment, version=assessment.version)
        may_sign(actor, current, as_role).insist()
        signature = AssessmentSignature(
            assessment=current, role=as_role, signer=person_of(actor), signed_at=at, content=fingerprint_of(current)
        )
        signature.save()
    return signature


def is_as_signed(assessment: SelfAssessment) -> bool:
    """Whether values and files are still those that were signed."""
    standing = assessment.signatures.filter(voided_at=None)
    return all(each.content == fingerprint_of(assessment) for each in standing)
