"""The books of follow-up, complications and charges, and the deeds on a case that belong here."""

from trocar_clinic.accounts.models import CLINICAL, SEES_CASES, Role
from trocar_clinic.followup import actions
from trocar_clinic.followup.models import Charge, Complication, LesionMeasurement, PlannedVisit, PriceItem, Visit
from trocar_clinic.language import both
from trocar_clinic.patients.actions import can_step
from trocar_clinic.patients.forms import WhyForm
from trocar_clinic.patients.states import Event
from trocar_clinic.records.books import Book, Group, RowDeed, Section

PRICES = frozenset({Role.AFFAIRS, Role.ADMINISTRATOR})

DEEDS = {
    "cases": (
        RowDeed(
            name="begin-follow-up",
            title=both("Begin follow-up", "开始随访"),
            act=actions.begin,
            doers=CLINICAL,
            offered=lambda case: can_step(case, Event.BEGIN_FOLLOW_UP),
        ),
        RowDeed(
            name="follow-unverified",
            title=both("Follow up without verification", "未验证转随访"),
            act=actions.begin_unverified,
            doers=actions.DOCTORS,
            form=WhyForm,
            offered=lambda case: can_step(case, Event.RELEASE_UNVERIFIED),
            grave=True,
        ),
        RowDeed(
            name="close",
            title=both("Close the case", "结案"),
            act=actions.close,
            doers=actions.DOCTORS,
            form=WhyForm,
            offered=lambda case: can_step(case, Event.CLOSE),
            grave=True,
        ),
    ),
}

BOOKS = (
    Book(
        slug="planned-visits",
        model=PlannedVisit,
        section=Section.CASES,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        order=("due_on",),
        related=("case", "case__admission__patient"),
        columns=("due_on", "case", "what", "window_days", "done"),
        prefetch=("case__visits",),
        fields=("case", "due_on", "window_days", "purpose", "purpose_en"),
        facts=("patient", "telephone", "contact", "done", "late_from", "schedule"),
        search=("case__number__iexact", "purpose"),
    ),
    Book(
        slug="visits",
        model=Visit,
        section=Section.CASES,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        enter=actions.see,
        order=("-seen_on",),
        related=("case", "seen_by"),
        columns=(
            "seen_on",
            "case",
            "way",
            "alive",
            "kps",
            "pain",
            "local_control",
            "response",
            "criterion",
            "disagrees",
        ),
        prefetch=("measurements", "case__lesions", "case__visits__measurements"),
        fields=(
            "case",
            Group(title=both("Contact", "联系"), fields=("seen_on", "way", "seen_by", "alive")),
            Group(title=both("State", "一般情况"), fields=("kps", "pain", "quality_of_life", "relief")),
            Group(
                title=both("Effect", "疗效"),
                fields=("imaging", "new_lesion", "local_control", "response", "criterion"),
            ),
            Group(title=both("Further", "其他"), fields=("note", "scan")),
        ),
        facts=("computed_response", "computed_viable_response", "disagrees"),
        search=("case__number__iexact",),
        filters=("way", "response", "local_control", "relief"),
    ),
    Book(
        slug="measurements",
        model=LesionMeasurement,
        parent="visit",
        readers=SEES_CASES,
        writers=CLINICAL,
        related=("visit", "lesion"),
        columns=("lesion", "longest_mm", "viable_mm", "change_percent"),
        fields=("visit", "lesion", "longest_mm", "viable_mm"),
        facts=("change_percent",),
    ),
    Book(
        slug="complications",
        model=Complication,
        section=Section.CASES,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL,
        order=("-began_on",),
        related=("case",),
        columns=("began_on", "case", "term", "cause", "ctcae", "sir", "cirse", "days_after", "outcome"),
        fields=(
            "case",
            "term",
            "description",
            "cause",
            "began_on",
            "ended_on",
            "ctcae",
            "sir",
            "cirse",
            "treatment",
            "outcome",
        ),
        facts=("days_after", "is_severe"),
        search=("case__number__iexact", "description"),
        filters=("term", "cause", "ctcae"),
    ),
    Book(
        slug="charges",
        model=Charge,
        parent="case",
        readers=SEES_CASES,
        writers=CLINICAL | {Role.AFFAIRS},
        enter=actions.charge,
        order=("-charged_on",),
        related=("case", "item"),
        columns=("charged_on", "item", "quantity", "price_yuan", "sum_yuan"),
        fields=("case", "item", "charged_on", "quantity"),
        facts=("price_yuan", "sum_yuan"),
    ),
    Book(
        slug="prices",
        model=PriceItem,
        section=Section.HOUSE,
        writers=PRICES,
        order=("code", "-valid_from"),
        columns=("code", "name", "unit", "price_yuan", "document", "valid_from", "valid_until"),
        fields=("code", "name", "unit", "price_yuan", "document", "valid_from", "valid_until"),
        search=("code", "name"),
    ),
)
