"""The consent as it was told and signed, to be printed for the file."""

from typing import Any

from django.utils import timezone

from trocar_clinic.institution.queries import name_of_the_hospital
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.papers import whose
from trocar_clinic.procedures.models import Consent
from trocar_clinic.procedures.questions import consent_items
from trocar_clinic.records.paper import Sheet


def consent_paper(consent: Consent) -> Sheet:
    """Return the paper of a consent: what was told, by whom, and both signatures."""
    case = consent.case
    return Sheet(
        title=both("Informed consent", "知情同意书"),
        subtitle=name_of_the_hospital(),
        facts=(
            *whose(case),
            (both("Procedure proposed", "拟行手术"), case.get_technique_display()),
            (both("Version and language of the text", "文本版本与语言"), _text(consent)),
            (both("Told by", "告知医师"), consent.told_by),
            (both("Signed by", "签署人"), _signer(consent)),
            (both("Witness", "见证人"), consent.witness),
            (both("Signed at", "签署时间"), f"{timezone.localtime(consent.signed_at):%Y-%m-%d %H:%M}"),
        ),
        sections=((both("Told and understood", "已告知并理解"), _told(consent)),),
        drawn=tuple(
            (name, file, f"/records/consents/{consent.pk}/file/{field}/")
            for name, file, field in (
                (both("Patient or relative", "患者或家属"), consent.signature, "signature"),
                (both("Physician", "医师"), consent.physician_signature, "physician_signature"),
            )
        ),
        source=both("List of items: {key}", "告知清单：{key}").format(key=consent.items_key),
    )


def _text(consent: Consent) -> str:
    return f"{consent.text_version} · {consent.get_language_display()}"


def _signer(consent: Consent) -> str:
    who = consent.relation or consent.get_signer_display()
    return str(both("{name} ({who})", "{name}（{who}）")).format(name=consent.signer_name, who=who)


def _told(consent: Consent) -> list[Any]:
    return [each.text for each in consent_items(Technique(consent.case.technique)).items if consent.items.get(each.key)]
