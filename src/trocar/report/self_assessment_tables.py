"""The tables of a self-assessment, and the list of evidence that they cite."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trocar.department.assessment import ExampleCase, Figure, Judgement, SelfAssessment
from trocar.department.indicators import IndicatorValue, Survival
from trocar.department.records import Fact
from trocar.department.words import word
from trocar.messages import Language
from trocar.plan.goals import Confidence
from trocar.report.document import Align, Column, Table, Text, say
from trocar.results.findings import UNVERIFIED

SHOWN_HASH = 12
NOTHING = "—"


@dataclass
class Evidenced:
    """The numbered evidence of a document: each piece once, in the order in which it is first cited.

    Parameters
    ----------
    record_hash
        Content hash of the record.
    """

    record_hash: str
    rows: list[tuple[Text, Text, Text]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def of_judgement(self, judgement: Judgement) -> str:
        """Return the number of what shows a judgement; empty where nothing does."""
        if judgement.fact is not None:
            return self.of_fact(judgement.fact)
        return (
            ""
            if not judgement.said.code.startswith("rules.cases-fulfil")
            else self._cite(
                f"cases {judgement.requirement.key}",
                say("self.evidence-cases", "Cases of the period, condition {key}", key=judgement.requirement.key),
                say("self.evidence-missed", "not fulfilled by {n} cases", n=len(judgement.cases)),
                judgement.content_hash,
            )
        )

    def of_fact(self, fact: Fact) -> str:
        """Return the number of the evidence of a fact; empty where it has none."""
        shown = fact.evidence
        if shown is None:
            return ""
        return self._cite(
            f"{shown.title} {shown.on}",
            word(shown.title),
            NOTHING if shown.on is None else shown.on.isoformat(),
            shown.sha256 or fact.content_hash,
        )

    def of_value(self, value: IndicatorValue) -> str:
        """Return the number of the list of cases behind an indicator."""
        count = value.count
        return self._cite(
            f"{count.pack} {count.definition.key} {count.period.text}",
            say("self.evidence-query", "Query {key} of {pack}", key=count.definition.key, pack=count.pack),
            say(
                "self.evidence-counted",
                "{fraction}; {period}; not recorded {unknown}; left out {excluded}",
                fraction=value.fraction_text,
                period=count.period.text,
                unknown=len(count.unknown),
                excluded=len(count.excluded),
            ),
            count.content_hash,
        )

    def of_record(self) -> str:
        """Return the number of the record itself."""
        return self._cite("record", say("self.evidence-record", "The department's record"), NOTHING, self.record_hash)

    def _cite(self, key: str, title: Text, detail: Text, digest: str) -> str:
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers) + 1
            self.rows.append((title, detail, digest[:SHOWN_HASH]))
        return f"[{self.numbers[key]}]"

    def table(self) -> Table:
        """Return the list of evidence."""
        return Table(
            columns=(
                Column(head=say("self.column-number", "No."), share=0.3),
                Column(head=say("self.column-evidence", "Evidence"), share=1.6),
                Column(head=say("self.column-detail", "Day or count"), share=1.7),
                Column(head="SHA-256", share=0.7),
            ),
            rows=tuple((f"[{place}]", *row) for place, row in enumerate(self.rows, start=1)),
            compact=True,
        )


def figure_table(figures: Sequence[Figure], evidence: Evidenced, *, language: Language, caption: Text) -> Table:
    """Return indicators with numerator, denominator, value, interval and the period before."""
    return Table(
        columns=(
            Column(head=say("self.column-indicator", "Indicator"), share=2.0),
            Column(head="n/N", align=Align.RIGHT, share=0.75),
            Column(head=say("self.column-value", "Value"), align=Align.RIGHT, share=0.7),
            Column(head=say("self.column-interval", "95 % interval"), align=Align.RIGHT, share=1.0),
            Column(head=say("self.column-before", "Before"), align=Align.RIGHT, share=1.1),
            Column(head=say("self.column-number", "No."), align=Align.RIGHT, share=0.4),
        ),
        rows=tuple(_figure_row(each, evidence, language) for each in figures),
        caption=caption,
        compact=len(figures) > 12,
    )


def _figure_row(figure: Figure, evidence: Evidenced, language: Language) -> tuple[Text, ...]:
    value, before = figure.value, figure.before
    definition = value.count.definition
    mark = UNVERIFIED if definition.confidence is Confidence.MEMORY_UNVERIFIED else ""
    return (
        f"{definition.words(language)}{mark}",
        value.fraction_text,
        value.value_text,
        value.interval_text,
        NOTHING if before is None else f"{before.fraction_text} ({before.value_text})",
        evidence.of_value(value),
    )


def definition_table(made: SelfAssessment, *, language: Language) -> Table:
    """Return what each indicator counts."""
    chinese = language is Language.CHINESE
    values = [figure.value.count for figure in (*made.figures, *made.beside)]
    definitions = {count.definition.key: count.definition for count in values}
    return Table(
        columns=(
            Column(head=say("self.column-indicator", "Indicator"), share=1.3),
            Column(head=say("self.column-numerator", "Numerator"), share=1.6),
            Column(head=say("self.column-denominator", "Denominator"), share=1.3),
        ),
        rows=tuple(
            (
                f"{each.code} {each.words(language)}".strip(),
                each.numerator_zh if chinese else each.numerator,
                each.denominator_zh if chinese else each.denominator,
            )
            for each in definitions.values()
        ),
        compact=True,
    )


def licence_table(made: SelfAssessment) -> Table:
    """Return the licences with number, scope and last day; one that ended within the period is set in bold."""
    return Table(
        columns=(
            Column(head=say("self.column-licence", "Licence"), share=1.3),
            Column(head=say("self.column-licence-number", "Number"), share=1),
            Column(head=say("self.column-scope", "Scope"), share=1.4),
            Column(head=say("self.column-until", "Valid until"), share=0.8),
        ),
        rows=tuple(
            (
                each.kind,
                each.number or NOTHING,
                each.scope or NOTHING,
                NOTHING
                if each.valid_until is None
                else each.valid_until.isoformat()
                if each.valid_until >= made.period.last
                else say("self.ended", "{day} (ended)", day=each.valid_until.isoformat()),
            )
            for each in made.licences
        ),
        strong_rows=tuple(
            place
            for place, each in enumerate(made.licences)
            if each.valid_until is None or each.valid_until < made.period.last
        ),
    )


def device_table(made: SelfAssessment) -> Table:
    """Return the devices with registration, archive and tests; what is overdue or not archived is set in bold."""
    yes, no = say("words.yes", "yes"), say("words.no", "no")
    last = made.period.last
    rows, strong = [], []
    for place, each in enumerate(made.devices):
        overdue = each.test_due_on is not None and each.test_due_on < last
        due = NOTHING if each.test_due_on is None else each.test_due_on.isoformat()
        archived = NOTHING if not each.guides else yes if each.archived else no
        rows.append(
            (
                word(each.kind),
                each.model or NOTHING,
                each.registration or NOTHING,
                archived,
                say("self.overdue", "{day} (overdue)", day=due) if overdue else due,
            )
        )
        if overdue or (each.guides and not each.archived):
            strong.append(place)
    return Table(
        columns=(
            Column(head=say("self.column-device", "Device"), share=0.9),
            Column(head=say("self.column-model", "Model"), share=1.2),
            Column(head=say("self.column-registration", "Registration"), share=1.2),
            Column(head=say("self.column-archived", "Images archived"), align=Align.CENTRE, share=0.7),
            Column(head=say("self.column-test-due", "Next test"), share=1),
        ),
        rows=tuple(rows),
        strong_rows=tuple(strong),
    )


def staff_table(made: SelfAssessment) -> Table:
    """Return the staff by name with role, title, years and certificate."""
    return Table(
        columns=(
            Column(head=say("self.column-name", "Name"), share=1),
            Column(head=say("self.column-role", "Role"), share=1.5),
            Column(head=say("self.column-title", "Title"), share=0.9),
            Column(head=say("self.column-years", "Years"), align=Align.RIGHT, share=0.5),
            Column(head=say("self.column-certificate", "Training certificate, until"), share=1.5),
        ),
        rows=tuple(
            (
                each.name,
                tuple_words(sorted(each.roles)),
                word(each.title) if each.title else NOTHING,
                NOTHING if each.years is None else f"{each.years:g}",
                NOTHING
                if not each.certificate
                else f"{each.certificate}, {NOTHING if each.certificate_until is None else each.certificate_until}",
            )
            for each in made.staff
        ),
    )


def tuple_words(codes: Sequence[str]) -> Text:
    """Return codes in words, separated."""
    return say(
        "self.list",
        "{items}",
        items=tuple(say("words.item", "{item}", item=word(code)) for code in codes),
    )


def mix_table(made: SelfAssessment) -> Table:
    """Return the disease mix."""
    rows: list[tuple[Text, ...]] = [
        (
            word(each.site),
            each.diagnosis,
            str(each.procedures),
            str(each.patients),
            f"{100 * each.procedures / made.procedures:.1f} %",
        )
        for each in made.mix
    ]
    rows.append((say("self.sum", "Sum"), "", str(made.procedures), str(made.patients), "100.0 %"))
    return Table(
        columns=(
            Column(head=say("self.column-site", "Site"), share=0.8),
            Column(head=say("self.column-diagnosis", "Diagnosis"), share=1.6),
            Column(head=say("self.column-procedures", "Procedures"), align=Align.RIGHT, share=0.7),
            Column(head=say("self.column-patients", "Patients"), align=Align.RIGHT, share=0.7),
            Column(head=say("self.column-share", "Share"), align=Align.RIGHT, share=0.6),
        ),
        rows=tuple(rows),
        caption=say(
            "self.table-mix", "Disease mix; a patient with several diagnoses is counted in each and once in the sum"
        ),
        strong_rows=(len(rows) - 1,),
    )


def modality_sentence(made: SelfAssessment) -> Text:
    """Return how many procedures were done with which modality."""
    return say(
        "self.modalities",
        "By modality: {items}.",
        items=tuple(
            say("self.modality", "{name} {n} procedures", name=word(name) if name else NOTHING, n=n)
            for name, n in made.modalities
        ),
    )


def example_table(made: SelfAssessment) -> Table:
    """Return the example cases."""
    return Table(
        columns=(
            Column(head=say("self.column-person", "Person"), share=0.9),
            Column(head=say("self.column-diagnosis", "Diagnosis"), share=1.2),
            Column(head=say("self.column-treatment", "Treatment"), share=1.6),
            Column(head=say("self.column-course", "Course"), share=1.6),
        ),
        rows=tuple((_person(each), each.diagnosis, _treatment(each), _course(each)) for each in made.examples),
        caption=say("self.table-examples", "Example cases"),
    )


def _person(each: ExampleCase) -> Text:
    age = NOTHING if each.age_from is None else f"{each.age_from}–{each.age_from + 9}"
    return say("self.person", "{sex}, {age} years", sex=word(each.sex), age=age)


def _treatment(each: ExampleCase) -> Text:
    if each.seeds is not None:
        return say(
            "self.treatment-seeds",
            "{seeds} seeds {modality}; D90 {d90} Gy of {prescribed} Gy",
            seeds=each.seeds,
            modality=each.modality,
            d90=NOTHING if each.d90_gy is None else f"{each.d90_gy:g}",
            prescribed=NOTHING if each.prescribed_gy is None else f"{each.prescribed_gy:g}",
        )
    margin = NOTHING if each.margin_mm is None else f"{each.margin_mm:g} mm"
    return say(
        "self.treatment-ablation", "{modality}; least margin {margin}", modality=word(each.modality), margin=margin
    )


def _course(each: ExampleCase) -> Text:
    return say(
        "self.course",
        "{before:g} mm before, {after:g} mm after {days} days: {category}",
        before=each.before_mm,
        after=each.after_mm,
        days=each.after_days,
        category=each.category,
    )


def survival_table(survival: Survival) -> Table:
    """Return survival at fixed times with numbers at risk."""
    return Table(
        columns=(
            Column(head=say("self.column-months", "Months"), align=Align.RIGHT, share=0.6),
            Column(head=say("self.column-survival", "Survival"), align=Align.RIGHT, share=0.8),
            Column(head=say("self.column-interval", "95 % interval"), align=Align.RIGHT, share=1),
            Column(head=say("self.column-at-risk", "At risk"), align=Align.RIGHT, share=0.6),
        ),
        rows=tuple(
            (
                f"{step.months:g}",
                f"{100 * step.survival:.1f} %",
                f"{100 * step.low:.1f}–{100 * step.high:.1f} %",
                str(step.at_risk),
            )
            for step in survival.table
        ),
        compact=True,
    )


def audit_table(made: SelfAssessment, *, language: Language) -> Table:
    """Return the domains of the periodic audit with the figures that speak of each."""
    yes, no = say("self.audited", "audited"), say("self.not-audited", "not audited")
    return Table(
        columns=(
            Column(head=say("self.column-domain", "Domain"), share=0.9),
            Column(head=say("self.column-audited", "In the last audit"), share=0.7),
            Column(head=say("self.column-figures", "Figures of this period"), share=2),
        ),
        rows=tuple(
            (word(each.name), yes if each.audited else no, _audit_figures(each.figures, language))
            for each in made.audit
        ),
        caption=say("self.table-audit", "Periodic audit of ability"),
        strong_rows=tuple(place for place, each in enumerate(made.audit) if not each.audited),
    )


def _audit_figures(figures: Sequence[IndicatorValue], language: Language) -> Text:
    if not figures:
        return say("self.no-figure", "no figure is recorded")
    return say(
        "self.list",
        "{items}",
        items=tuple(
            say(
                "self.audit-figure",
                "{name} {fraction} ({value})",
                name=each.count.definition.words(language),
                fraction=each.fraction_text,
                value=each.value_text,
            )
            if each.value is not None
            else say(
                "self.audit-figure-none",
                "{name}: {reason}",
                name=each.count.definition.words(language),
                reason=each.reason or NOTHING,
            )
            for each in figures
        ),
    )


def case_rows(made: SelfAssessment) -> tuple[tuple[Text, ...], ...]:
    """Return the implants without dose verification."""
    names = {each.key: each.name for each in made.staff}
    return tuple(
        (
            each.case,
            each.on.isoformat(),
            names.get(each.operator, each.operator),
            word(each.site),
            each.reason or NOTHING,
        )
        for each in made.unproven
    )
