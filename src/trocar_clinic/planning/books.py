"""The books of plans."""

from collections.abc import Callable

from trocar_clinic.accounts.models import SEES_CASES, Role
from trocar_clinic.calculations.queries import latest_job
from trocar_clinic.institution.staff import Technique
from trocar_clinic.language import both
from trocar_clinic.patients.forms import WhyForm
from trocar_clinic.patients.states import State
from trocar_clinic.planning import actions
from trocar_clinic.planning.checking import ask_check, may_be_checked
from trocar_clinic.planning.forms import BeginForm, ChooseForm, PlacedForm, SignForm, TakeOverForm, TakePlanForm
from trocar_clinic.planning.heat_wishes import HeatWishForm
from trocar_clinic.planning.importing import is_plan, take_plan
from trocar_clinic.planning.making import (
    ask_library,
    ask_placed,
    begin,
    choose,
    finished_job,
    plan_before,
    set_of,
    stop,
    take_over,
)
from trocar_clinic.planning.models import PlanRequest, PlanSignature, PlanVersion
from trocar_clinic.planning.scans import other_volumes, structure_sets
from trocar_clinic.planning.wishes import SeedWishForm
from trocar_clinic.records.books import Book, Group, RowDeed

PLANNERS = frozenset({Role.PHYSICIAN, Role.PHYSICIST})
PLANNABLE = frozenset({State.DECIDED, State.PLANNED, State.SIGNED})


WISH_HELP = both(
    "The library assumes nothing: every quantity of the plan is stated here. What stands in the fields was entered "
    "with the last plan of this kind; check each before you go on.",
    "程序库不作任何临床默认：计划所需各量均在此填写。已填内容取自上一次同类计划，请逐项核对后提交。",
)


def _is_working(row: PlanRequest) -> bool:
    job = latest_job(row)
    return job is not None and job.is_open


def _may_be_asked(technique: Technique) -> Callable[[PlanRequest], bool]:
    return lambda row: row.case.technique == technique and not row.is_void and not _is_working(row)


def _may_be_taken(row: PlanRequest) -> bool:
    return row.case.state in PLANNABLE and finished_job(row) is not None and not row.is_void


BOOKS = (
    Book(
        slug="plan-requests",
        model=PlanRequest,
        parent="case",
        readers=SEES_CASES,
        writers=PLANNERS,
        can_enter=False,
        can_correct=False,
        columns=("recorded_at", "planner", "pack_title", "progress", "versions"),
        fields=("case", "images", "structures", "planner"),
        facts=("pack_title", "versions"),
        related=("case", "planner", "images", "structures"),
        template="planning/task.html",
        deeds=(
            RowDeed(
                name="take-over",
                title=both("Take over as a plan version", "采用为计划版本"),
                act=take_over,
                doers=PLANNERS,
                form=TakeOverForm,
                offered=_may_be_taken,
            ),
            RowDeed(
                name="choose",
                title=both("Choose a plan of the set", "从备选计划中选定"),
                act=choose,
                doers=PLANNERS,
                form=ChooseForm,
                offered=lambda row: _may_be_asked(Technique.SEED)(row) and set_of(row) is not None,
            ),
            RowDeed(
                name="ask-seeds",
                title=both("State what is wanted, and plan", "填写要求并计算"),
                act=ask_library,
                doers=PLANNERS,
                form=SeedWishForm,
                offered=_may_be_asked(Technique.SEED),
                help=WISH_HELP,
            ),
            RowDeed(
                name="ask-ablation",
                title=both("State what is wanted, and plan", "填写要求并计算"),
                act=ask_library,
                doers=PLANNERS,
                form=HeatWishForm,
                offered=_may_be_asked(Technique.ABLATION),
                help=WISH_HELP,
            ),
            RowDeed(
                name="ask-placed",
                title=both("Plan in the needles as they lie", "按实际针道重新布源"),
                act=ask_placed,
                doers=PLANNERS,
                form=PlacedForm,
                offered=lambda row: (
                    _may_be_asked(Technique.SEED)(row) and plan_before(row) is not None and other_volumes(row).exists()
                ),
                help=both(
                    "The needles are found on the CT and seeds are planned anew in them; what differs from the plan "
                    "before is told. The result is a proposal like any other.",
                    "程序库在所选 CT 上识别针道并在其中重新布源，与原计划的差异一并列出；结果与其他计划结果同样处理。",
                ),
            ),
            RowDeed(name="stop", title=both("Stop", "停止"), act=stop, doers=PLANNERS, offered=_is_working),
        ),
    ),
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
        prefetch=("signatures__signer", "case__plans"),
        fields=(
            "case",
            "origin",
            "system",
            "made_on",
            "made_by",
            Group(title=both("Target", "靶区"), fields=("target", "target_volume_cc", "margin_mm")),
            Group(
                title=both("Seeds", "粒子"),
                fields=PlanVersion.of_technique[Technique.SEED],
            ),
            Group(title=both("Ablation", "消融"), fields=("power_w", "minutes")),
            Group(title=both("Needles and papers", "穿刺与文件"), fields=("needles", "document", "remark")),
        ),
        facts=("signed", "is_current"),
        template="planning/plan.html",
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
            RowDeed(
                name="check",
                title=both("Check independently", "独立核对"),
                act=ask_check,
                doers=PLANNERS,
                offered=may_be_checked,
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
    "cases": (
        RowDeed(
            name="plan-here",
            title=both("Plan with the library", "用程序库制定计划"),
            act=begin,
            doers=PLANNERS,
            form=BeginForm,
            offered=lambda case: case.state in PLANNABLE and not case.is_void and structure_sets(case).exists(),
        ),
    ),
    "series": (
        RowDeed(
            name="take-plan",
            title=both("Take over as a plan version", "作为计划版本导入"),
            act=take_plan,
            doers=PLANNERS,
            form=TakePlanForm,
            offered=is_plan,
        ),
    ),
}
