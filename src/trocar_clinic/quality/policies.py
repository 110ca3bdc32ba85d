"""Who may take a record, make a self-assessment, and sign it as what."""

from trocar_clinic.accounts.models import SEES_CASES, Role, User
from trocar_clinic.accounts.policies import has_one_of
from trocar_clinic.errors import Verdict, refuse_if
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.quality.models import AssessmentRole, SelfAssessment

READERS = SEES_CASES
MAKERS = frozenset({Role.AFFAIRS, Role.PHYSICIAN})
TAKERS = frozenset({Role.AFFAIRS})
_ROLES = {
    AssessmentRole.HEAD: frozenset({Role.PHYSICIAN}),
    AssessmentRole.LEAD: frozenset({Role.PHYSICIAN}),
    AssessmentRole.AFFAIRS: frozenset({Role.AFFAIRS}),
}


def person_of(actor: User) -> StaffMember | None:
    """Return the member of the staff whose account it is."""
    return StaffMember.objects.filter(account=actor, voided_at=None).first()


def may_sign(actor: User, assessment: SelfAssessment, role: AssessmentRole) -> Verdict:
    """Say whether somebody may sign a self-assessment in a role."""
    person = person_of(actor)
    standing = assessment.signatures.filter(voided_at=None)
    return (
        has_one_of(actor, _ROLES[role])
        & refuse_if(
            person is None,
            "quality.no-person",
            en="Your account belongs to no member of the staff; who signs is named in the roster",
            zh="您的账号未关联人员档案；签署人须在人员名册中",
        )
        & refuse_if(
            person is not None and standing.filter(signer=person).exists(),
            "quality.signed-already",
            en="You have signed this self-assessment already; each signature is that of another person",
            zh="您已签署本报告；各项签署须为不同的人",
        )
        & refuse_if(
            standing.filter(role=role).exists(),
            "quality.role-signed",
            en="This self-assessment is signed as {role} already",
            zh="本报告的{role}已签署",
            role=role.label,
        )
    )
