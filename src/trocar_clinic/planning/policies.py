"""Who may plan and sign, and whether a plan is signed by three different people."""

from datetime import date

from trocar_clinic.accounts.models import User
from trocar_clinic.errors import Verdict, refuse_if
from trocar_clinic.institution.models import StaffMember
from trocar_clinic.institution.policies import Act, may, person_may
from trocar_clinic.institution.staff import Technique
from trocar_clinic.planning.models import PlanSignature, PlanVersion, SignerRole
from trocar_clinic.records.deed import fingerprint_of

ACTS = {
    SignerRole.ATTENDING: Act.SIGN_ATTENDING,
    SignerRole.OPERATOR: Act.SIGN_OPERATOR,
    SignerRole.PHYSICIST: Act.SIGN_PHYSICIST,
}


def may_sign(actor: User, plan: PlanVersion, role: SignerRole, *, on: date) -> Verdict:
    """Say whether somebody may sign a plan in a role on a day."""
    technique = Technique(plan.case.technique)
    verdict = may(actor, ACTS[role], technique, on=on)
    person = StaffMember.objects.filter(account=actor, voided_at=None).first()
    standing = plan.signatures.filter(voided_at=None)
    verdict &= refuse_if(
        not plan.is_current,
        "planning.not-current",
        en="{plan} was replaced by a later version; that one is signed",
        zh="{plan}已被新版本替代，请签署新版本",
        plan=plan,
    )
    verdict &= refuse_if(
        person and standing.filter(signer=person).exists(),
        "planning.signed-in-another-role",
        en="{person} has signed this version already; three signatures are those of three different people",
        zh="{person}已签署本版本；三方签署须为三个不同的人",
        person=person,
    )
    verdict &= refuse_if(
        standing.filter(role=role).exists(),
        "planning.role-signed",
        en="This version is signed as {role} already",
        zh="本版本的{role}已签署",
        role=role.label,
    )
    return verdict & refuse_if(
        role is SignerRole.ATTENDING and person is not None and person.pk != plan.case.attending_id,
        "planning.not-the-attending",
        en="The attending physician of this case is {attending}; only that physician signs as such",
        zh="本病例主管医师为{attending}，须由其本人签署",
        attending=plan.case.attending,
    )


def signed_by_three(plan: PlanVersion | None) -> Verdict:
    """Say whether a plan stands signed in all three roles by three people over its present values."""
    if plan is None:
        return refuse_if(True, "planning.no-plan", en="There is no plan", zh="尚无治疗计划")
    standing: list[PlanSignature] = list(plan.signatures.filter(voided_at=None).select_related("signer"))
    roles = {each.role for each in standing}
    missing = [role.label for role in SignerRole if role not in roles]
    verdict = refuse_if(
        missing or len({each.signer_id for each in standing}) < len(SignerRole),
        "planning.signatures-missing",
        en="{plan}: signatures of three different people are needed; missing: {missing}",
        zh="{plan}：须三人分别签署；缺：{missing}",
        plan=plan,
        missing="、".join(map(str, missing)),
    )
    return verdict & refuse_if(
        any(each.content != fingerprint_of(plan) for each in standing),
        "planning.changed-after-signing",
        en="{plan} is not what was signed",
        zh="{plan}的内容与签署时不一致",
        plan=plan,
    )


def may_plan(person: StaffMember, plan: PlanVersion) -> Verdict:
    """Say whether the planner was entitled on the day the plan was made."""
    return person_may(person, Act.PLAN, Technique(plan.case.technique), on=plan.made_on)
