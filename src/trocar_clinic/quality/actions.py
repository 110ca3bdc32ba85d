"""Deeds of quality: take a department's record, make a self-assessment, sign it."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from trocar.department.assessment import Archive, ArchivedFigure, Standing
from trocar.department.norms import Technique as LibraryTechnique
from trocar.department.period import Period
from trocar.department.record_reading import record_from_text, record_to_text
from trocar.department.records import DepartmentRecord
from trocar.errors import TrocarError
from trocar.messages import Language
from trocar.report.archive_sheet import Signed, archive_sheet
from trocar.report.document import say
from trocar.report.self_assessment_files import draft_paragraphs, self_assessment_files
from trocar.report.typeset import typeset
from trocar.workflow.assess import assess_paragraphs
from trocar.workflow.indicators import shipped_norms
from trocar.workflow.self_assessment import archived, audited_domains, self_assessment
from trocar_clinic.accounts.models import User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import Reason, Refused, refuse_if
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.quality.marks import fingerprint, mark
from trocar_clinic.quality.models import AssessmentRole, AssessmentSignature, Register, SelfAssessment
from trocar_clinic.quality.own_record import cases_by_key, own_record
from trocar_clinic.quality.policies import MAKERS, TAKERS, may_sign, person_of
from trocar_clinic.quality.taking import write_rows
from trocar_clinic.records.actions import fresh
from trocar_clinic.records.deed import deed
from trocar_clinic.records.files import keep_bytes, path_of

LIBRARY_TECHNIQUE = {Technique.SEED: LibraryTechnique.SEED_IMPLANT, Technique.ABLATION: LibraryTechnique.ABLATION}
MEDIA = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def take_record(
    record: DepartmentRecord, *, actor: User, at: datetime, cases: Mapping[str, int] = MappingProxyType({})
) -> Register:
    """Take a department's record into the register; the one before stays for what was made from it.

    Parameters
    ----------
    record
        What is taken.
    actor, at
        Who takes it, and when.
    cases
        Key of a procedure to its case, where it is of this record.
    """
    has_one_of(actor, TAKERS).insist()
    known = Register.objects.filter(content_hash=record.content_hash).first()
    note: dict[str, Any] = {"procedures": len(record.procedures), "content": record.content_hash}
    with deed("quality.take_record", actor=actor, at=at, note=note):
        Register.objects.filter(is_current=True).update(is_current=False)
        if known is not None:
            known.is_current = True
            known.save()
            if known.definitions != fingerprint():
                mark(known)
            return known
        text = record_to_text(record).encode()
        kept = keep_bytes(text, name=f"department-record-{record.as_of}.json", media_type="application/json")
        register = Register.objects.create(
            taken_at=at,
            as_of=record.as_of,
            content_hash=record.content_hash,
            record=kept,
            audited=sorted(audited_domains(record.fact_by_name)),
            names=_names(record),
        )
        write_rows(register, record, cases=cases)
    return register


def _names(record: DepartmentRecord) -> dict[str, str]:
    staff = {each.key: each.name for each in record.staff}
    return staff | {each.key: each.model for each in record.devices if each.model}


def take_own(*, actor: User, at: datetime) -> Register:
    """Take the department's own cases, as they stand, into the register."""
    has_one_of(actor, TAKERS).insist()
    try:
        record = own_record(at=at)
    except TrocarError as problem:
        raise _refused(problem) from problem
    return take_record(record, actor=actor, at=at, cases=cases_by_key())


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
    last_year = archived_before(kind, period)
    made = self_assessment(
        record_of(register),
        technique=LIBRARY_TECHNIQUE[kind],
        period=period,
        norms=shipped_norms(),
        archive=None if last_year is None else archive_of(last_year),
    )
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
            figures=[
                {
                    "pack": each.pack,
                    "key": each.key,
                    "first": each.period.first.isoformat(),
                    "last": each.period.last.isoformat(),
                    "n": each.numerator,
                    "of": each.denominator,
                }
                for each in archived(made).figures
            ],
            compared_with=last_year,
        )
        row.save()
    return row


def archived_before(technique: Technique, period: Period) -> SelfAssessment | None:
    """Return the last self-assessment of a technique that all have signed and that ends before a period begins."""
    earlier = (
        SelfAssessment.objects.standing().filter(technique=technique, last__lt=period.first).order_by("-last", "-pk")
    )
    return next((each for each in earlier if each.is_archived and is_as_signed(each)), None)


def archive_of(assessment: SelfAssessment) -> Archive:
    """Return an archived self-assessment as the library compares with it."""
    return Archive(
        period=Period(first=assessment.first, last=assessment.last),
        content_hash=assessment.content,
        figures=tuple(
            ArchivedFigure(
                pack=each["pack"],
                key=each["key"],
                period=Period(first=date.fromisoformat(each["first"]), last=date.fromisoformat(each["last"])),
                numerator=each["n"],
                denominator=each["of"],
            )
            for each in assessment.figures
        ),
        signers=tuple(assessment.signed),
    )


def file_as_made(assessment: SelfAssessment, name: str) -> bytes:
    """Return the bytes of a file exactly as it was made.

    Raises
    ------
    Refused
        The bytes on the disk are no longer those.
    """
    digest = assessment.files[name]
    data = path_of(digest).read_bytes()
    refuse_if(
        hashlib.sha256(data).hexdigest() != digest,
        "quality.file-changed",
        en="The file {name} is no longer what was archived: its bytes have another hash. Restore it from a backup",
        zh="文件 {name} 与归档时不一致（校验值不同），请从备份恢复",
        name=name,
    ).insist()
    return data


ROLES = {
    AssessmentRole.HEAD: say("self.role-head", "Head of department"),
    AssessmentRole.LEAD: say("self.role-lead", "Technical lead"),
    AssessmentRole.AFFAIRS: say("self.role-medical-affairs", "Medical affairs"),
}


def sheet_of(assessment: SelfAssessment, *, language: Language) -> bytes:
    """Return the sign-off sheet of a self-assessment as PDF/A: who signed, when, and the hashes of what was signed."""
    standing = list(assessment.signatures.filter(voided_at=None).select_related("signer").order_by("signed_at"))
    signed = [
        Signed(
            role=ROLES[AssessmentRole(each.role)],
            name=each.signer.name,
            at=timezone.localtime(each.signed_at),
            fingerprint=each.content,
        )
        for each in standing
    ]
    missing = [words for role, words in ROLES.items() if role not in {each.role for each in standing}]
    last = max((each.signed_at for each in standing), default=assessment.recorded_at)
    sheet = archive_sheet(
        hospital=record_of(assessment.register).hospital,
        technique=LIBRARY_TECHNIQUE[Technique(assessment.technique)],
        period=Period(first=assessment.first, last=assessment.last),
        content_hash=assessment.content,
        files=tuple(sorted(assessment.files.items())),
        signatures=signed,
        missing=missing,
        at=timezone.localtime(last).replace(tzinfo=None, microsecond=0),
    )
    return typeset(sheet, language=language)


def sign_assessment(assessment: SelfAssessment, *, actor: User, at: datetime, role: str) -> AssessmentSignature:
    """Sign a self-assessment: its values and the bytes of its files, as they stand."""
    as_role = AssessmentRole(role)
    with deed("quality.sign_assessment", actor=actor, at=at, note={"role": as_role.value}):
        current = fresh(assessment, version=assessment.version)
        may_sign(actor, current, as_role).insist()
        signature = AssessmentSignature(
            assessment=current, role=as_role, signer=person_of(actor), signed_at=at, content=current.said()
        )
        signature.save()
    return signature


def is_as_signed(assessment: SelfAssessment) -> bool:
    """Whether values and files are still those that were signed."""
    standing = assessment.signatures.filter(voided_at=None)
    return all(each.content == assessment.said() for each in standing)
