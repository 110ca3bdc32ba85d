"""The books of plans."""

from trocar_clinic.accounts.models import SEES_CASES, Role
from trocar_clinic.language import both
from trocar_clinic.patients.forms import WhyForm
from trocar_clinic.planning import actions
from trocar_clinic.planning.forms import SignForm, TakePlanForm
from trocar_clinic.planning.importing import is_plan, take_plan
from trocar_clinic.planning.models import PlanSignature, PlanVersion
from trocar_clinic.records.books import Book, Group, RowDeed

PLANNERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})

BOOKS = (
    Book(
        slug="plans",
        model=PlanVersion,
        parent="case",
        readers=SEES_CASES,
        writers=PLANNERS,
        enter=actions.add_plan,
        can_correct=False,
        columns=(
            "number",
            "origin",
            "made_on",
            "made_by",
            "prescribed_dose_gy",
            "seeds",
            "needles",
            "d90_gy",
            "signed",
            "is_current",
        ),
        fields=(
            "case",
            "origin",
            "system",
            "made_on",
            "made_by",
            Group(title=both("Target", "靶区"), fields=("target", "target_volume_cc", "margin_mm")),
            Group(
                title=both("Seeds", "粒子"),
                fields=(
                    "prescribed_dose_gy",
                    "source",
                    "air_kerma_strength_u",
                    "strength_on",
                    "seeds",
                    "d90_gy",
                    "v100_percent",
                    "v150_percent",
                ),
            ),
            Group(title=both("Ablation", "消融"), fields=("power_w", "minutes")),
            Group(title=both("Needles and papers", "穿刺与文件"), fields=("needles", "document", "remark")),
        ),
        facts=("signed", "is_current"),
        order=("-number",),
        related=("case", "made_by"),
        help=both(
            "A version is never changed. A better plan is a new version, and is signed anew.",
            "计划版本一经保存不再修改；调整计划请新建版本并重新签署。",
        ),
        deeds=(
            RowDeed(
                name="sign",
                title=both("Sign", "签署"),
                act=actions.sign_plan,
                doers=PLANNERS,
                form=SignForm,
                offered=lambda plan: plan.is_current and len(plan.signed) < 3,
            ),
        ),
    ),
    Book(
        slug="signatures",
        model=PlanSignature,
        parent="plan",
        readers=SEES_CASES,
        writers=PLANNERS,
        can_enter=False,
        can_correct=False,
        columns=("role", "signer", "signed_at", "content"),
        fields=("plan", "role", "signer", "signed_at", "content"),
        order=("signed_at",),
        related=("plan__case", "signer"),
        deeds=(
            RowDeed(
                name="withdraw",
                title=both("Withdraw my signature", "撤回本人签署"),
                act=actions.withdraw,
                doers=PLANNERS,
                form=WhyForm,
                grave=True,
            ),
        ),
    ),
)

DEEDS = {
    "series": (
        RowDeed(
            name="take-plan",
            title=both("Take over as a plan version", "作为计划版本导入"),
            act=take_plan,
            doers=PLANNERS,
            form=TakePlanForm,
            offered=is_plan,
        ),
    )
}
