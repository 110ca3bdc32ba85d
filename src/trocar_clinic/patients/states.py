"""The states of a case, the events that move it and the guards that must hold: one table, drawn in the documentation.

A guard is judged by the app that knows the facts; `trocar_clinic.patients.actions.advance` demands a verdict for each
that the table names.
"""

import enum
from dataclasses import dataclass

from django.db import models

from trocar_clinic.language import both


class State(models.TextChoices):
    """How far a case has come."""

    REGISTERED = "registered", both("registered", "已登记")
    INDICATED = "indicated", both("indication assessed", "已评估指征")
    DECIDED = "decided", both("treatment decided", "已讨论决定")
    PLANNED = "planned", both("planned", "已制定计划")
    SIGNED = "signed", both("plan signed by three", "计划三方已签")
    IN_PROCEDURE = "in_procedure", both("in procedure", "手术中")
    PERFORMED = "performed", both("performed, not verified", "已施术待验证")
    VERIFIED = "verified", both("verified", "已验证")
    FOLLOWED = "followed", both("in follow-up", "随访中")
    CLOSED = "closed", both("closed", "已结案")
    ABANDONED = "abandoned", both("not treated", "终止未治疗")


class Event(enum.Enum):
    """What moves a case."""

    ASSESS_INDICATION = both("assess the indication", "评估指征")
    DECIDE = both("decide in the tumour board", "多学科讨论决定")
    PLAN = both("make a plan version", "制定计划版本")
    COMPLETE_SIGNATURES = both("third signature", "第三方签署")
    WITHDRAW_PLAN = both("withdraw or replace the plan", "撤回或替换计划")
    START = both("start the procedure", "开始手术")
    ABORT = both("abort the procedure", "中止手术")
    FINISH = both("finish the procedure", "结束手术")
    VERIFY = both("verify dose or effect", "剂量或疗效验证")
    RELEASE_UNVERIFIED = both("go on without verification, with a reason", "未验证转随访（须注明原因）")
    BEGIN_FOLLOW_UP = both("begin follow-up", "开始随访")
    CLOSE = both("close", "结案")
    ABANDON = both("abandon", "终止治疗")


class Guard(enum.Enum):
    """What must hold before an event moves a case."""

    INDICATION_MET = both("indication met, or overridden with a reason", "指征符合，或注明理由的例外")
    NO_ABSOLUTE_CONTRAINDICATION = both("no absolute contraindication", "无绝对禁忌证")
    DECISION_FOR_THIS_TECHNIQUE = both("the board chose this technique", "讨论决定采用本技术")
    PLAN_COMPLETE = both(
        "plan with target, dose and activity, or power and time", "计划含靶区、剂量与活度（或功率与时间）"
    )
    THREE_DIFFERENT_SIGNERS = both(
        "attending, operator and physicist, three persons, have signed this version",
        "主管医师、术者、物理师三人均已签署本版本",
    )
    CONSENT_IN_FORCE = both("consent in force", "知情同意有效")
    LICENCES_IN_FORCE = both("licences of the hospital in force on the day", "当日医院相关许可证有效")
    TEAM_ENTITLED = both("every member of the team is entitled on the day", "手术团队当日均有资质")
    TIME_OUT_DONE = both("time-out done", "已完成手术安全核查")
    COUNTS_BALANCE = both("seeds or devices in and out balance", "粒子或器械清点相符")
    VERIFICATION_ON_RECORD = both("post-procedure verification on record", "术后验证已记录")
    REASON_GIVEN = both("a reason is given", "已注明原因")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """From one state to another, on an event, if the guards hold."""

    source: State
    event: Event
    target: State
    guards: tuple[Guard, ...] = ()


def _rows(*rows: tuple[State, Event, State, tuple[Guard, ...]]) -> tuple[Transition, ...]:
    return tuple(
        Transition(source=source, event=event, target=target, guards=guards) for source, event, target, guards in rows
    )


_S, _E, _G = State, Event, Guard
_TO_PLAN = (_G.PLAN_COMPLETE,)
_TO_START = (_G.THREE_DIFFERENT_SIGNERS, _G.CONSENT_IN_FORCE, _G.LICENCES_IN_FORCE, _G.TEAM_ENTITLED, _G.TIME_OUT_DONE)
_TO_INDICATE = (_G.INDICATION_MET, _G.NO_ABSOLUTE_CONTRAINDICATION)
_WHY = (_G.REASON_GIVEN,)

TRANSITIONS = _rows(
    (_S.REGISTERED, _E.ASSESS_INDICATION, _S.INDICATED, _TO_INDICATE),
    (_S.INDICATED, _E.DECIDE, _S.DECIDED, (_G.DECISION_FOR_THIS_TECHNIQUE,)),
    (_S.DECIDED, _E.PLAN, _S.PLANNED, _TO_PLAN),
    (_S.PLANNED, _E.PLAN, _S.PLANNED, _TO_PLAN),
    (_S.PLANNED, _E.COMPLETE_SIGNATURES, _S.SIGNED, (_G.THREE_DIFFERENT_SIGNERS,)),
    (_S.SIGNED, _E.PLAN, _S.PLANNED, _TO_PLAN),
    (_S.SIGNED, _E.WITHDRAW_PLAN, _S.PLANNED, _WHY),
    (_S.SIGNED, _E.START, _S.IN_PROCEDURE, _TO_START),
    (_S.IN_PROCEDURE, _E.ABORT, _S.SIGNED, _WHY),
    (_S.IN_PROCEDURE, _E.FINISH, _S.PERFORMED, (_G.COUNTS_BALANCE,)),
    (_S.PERFORMED, _E.VERIFY, _S.VERIFIED, (_G.VERIFICATION_ON_RECORD,)),
    (_S.PERFORMED, _E.RELEASE_UNVERIFIED, _S.FOLLOWED, _WHY),
    (_S.FOLLOWED, _E.VERIFY, _S.FOLLOWED, (_G.VERIFICATION_ON_RECORD,)),
    (_S.VERIFIED, _E.BEGIN_FOLLOW_UP, _S.FOLLOWED, ()),
    (_S.FOLLOWED, _E.CLOSE, _S.CLOSED, _WHY),
    *(
        (state, _E.ABANDON, _S.ABANDONED, _WHY)
        for state in (_S.REGISTERED, _S.INDICATED, _S.DECIDED, _S.PLANNED, _S.SIGNED)
    ),
)

TABLE = {(each.source, each.event): each for each in TRANSITIONS}
PATH = (
    _S.REGISTERED,
    _S.INDICATED,
    _S.DECIDED,
    _S.PLANNED,
    _S.SIGNED,
    _S.IN_PROCEDURE,
    _S.PERFORMED,
    _S.VERIFIED,
    _S.FOLLOWED,
    _S.CLOSED,
)
"""The usual way of a case, for pictures."""


def as_table() -> str:
    """Draw the table in the reader's language, one line a transition."""
    head = both("| from | event | to | needs |", "| 原状态 | 事件 | 新状态 | 须满足 |")
    lines = [str(head), "|---|---|---|---|"]
    for each in TRANSITIONS:
        guards = str(both("; ", "；")).join(str(guard.value) for guard in each.guards)
        lines.append(f"| {each.source.label} | {each.event.value} | {each.target.label} | {guards} |")
    return "\n".join(lines)
