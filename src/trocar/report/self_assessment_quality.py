"""The fifth section of a self-assessment: figures, their charts, last year's archive, survival, the audit."""

from collections.abc import Iterator

from trocar.department.assessment import Compared, SelfAssessment
from trocar.department.indicators import IndicatorValue
from trocar.department.period import Period
from trocar.messages import Language
from trocar.report.department_charts import drawn, funnel_chart, run_chart, survival_chart
from trocar.report.document import Align, Block, Box, Column, Picture, Table, Text, Tone, say
from trocar.report.self_assessment_tables import Evidenced, audit_table, figure_table, survival_table


def quality_blocks(made: SelfAssessment, evidence: Evidenced, *, language: Language, pictures: str) -> Iterator[Block]:
    """Yield the figures of the period with everything that lets a reader judge them.

    Parameters
    ----------
    made
        The self-assessment.
    evidence
        Numbers the evidence as it is cited.
    language
        In which pictures are labelled.
    pictures
        ``svg`` or ``png``.
    """
    if made.figures:
        yield figure_table(
            made.figures,
            evidence,
            language=language,
            caption=say("self.table-figures", "Quality indicators of the norm"),
        )
    if made.beside:
        yield figure_table(
            made.beside,
            evidence,
            language=language,
            caption=say(
                "self.table-beside", "Beside the norm: objective response, late complications, consent, monitoring"
            ),
        )
    yield from _charts(made, language=language, pictures=pictures)
    if made.archive is not None:
        yield from _beside_the_archive(made, language=language)
    if made.audit:
        yield audit_table(made, language=language)


def _charts(made: SelfAssessment, *, language: Language, pictures: str) -> Iterator[Block]:

    charted = next(
        (each.value.count.definition for each in made.figures if each.value.count.definition.key == made.chart_of),
        None,
    )
    if charted is not None and made.chart is not None and made.chart.centre is not None:
        name = charted.words(language)
        yield Picture(
            data=drawn(run_chart(made.chart, name=name, language=language), suffix=pictures),
            suffix=pictures,
            name="run-chart",
            alternative=say("self.alt-run", "{name} month by month, with numerators and denominators", name=name),
            caption=say(
                "self.caption-run",
                "{name} by month of discharge; dashed: limits of chance (three sigma). {remarks}",
                name=name,
                remarks=made.chart.remarks or "",
            ),
        )
        if made.operators is not None and made.operators.points:
            yield Picture(
                data=drawn(funnel_chart(made.operators, name=name, language=language), suffix=pictures),
                suffix=pictures,
                width_percent=80,
                name="funnel",
                alternative=say("self.alt-funnel", "{name} by operator against the number of cases", name=name),
                caption=say(
                    "self.caption-funnel",
                    "{name} by operator; dashed: limits within which 99.8 % lie by chance. {hidden} operators "
                    "with few cases "
                    "are not shown.",
                    name=name,
                    hidden=made.operators_hidden,
                ),
            )
    if made.survival is not None:
        yield Picture(
            data=drawn(survival_chart(made.survival, language=language), suffix=pictures),
            suffix=pictures,
            width_percent=80,
            name="survival",
            alternative=say("self.alt-survival", "Kaplan–Meier curve with numbers at risk"),
            caption=say(
                "self.caption-survival",
                "Overall survival from the first procedure (Kaplan–Meier): {patients} patients, {deaths} "
                "deaths; strokes: last "
                "seen alive. Follow-up is still coming in.",
                patients=made.survival.patients,
                deaths=made.survival.deaths,
            ),
        )
        yield survival_table(made.survival)


def _beside_the_archive(made: SelfAssessment, *, language: Language) -> Iterator[Block]:
    """Yield the comparison with the archived self-assessment, and whether its figures still stand."""
    archive = made.archive
    assert archive is not None
    moved = [each for each in made.compared if each.has_moved]
    if moved:
        yield Box(
            title=say("self.archive-moved", "{n} archived figures are counted otherwise today", n=len(moved)),
            text=say(
                "self.archive-moved-text",
                "The record of the archived period was completed or corrected since; the archive itself is unchanged.",
            ),
            tone=Tone.ATTENTION,
        )
    parted = any(each.archived.period != archive.period for each in made.compared)
    days = (Column(head=say("self.column-archived-days", "Part of the period"), share=1.2),) if parted else ()
    yield Table(
        columns=(
            Column(head=say("self.column-indicator", "Indicator"), share=2.0),
            *days,
            Column(head=say("self.column-in-archive", "Archived"), align=Align.RIGHT, share=1.1),
            Column(head=say("self.column-recounted", "Counted anew"), align=Align.RIGHT, share=1.1),
            Column(head=say("self.column-this-period", "This period"), align=Align.RIGHT, share=1.1),
        ),
        rows=tuple(_compared_row(each, archive.period, parted=parted, language=language) for each in made.compared),
        strong_rows=tuple(place for place, each in enumerate(made.compared) if each.has_moved),
        caption=say(
            "self.table-archive",
            "Beside the archived self-assessment of {period} (values {digest}; {signers})",
            period=archive.period.text,
            digest=archive.content_hash[:12],
            signers=", ".join(archive.signers) or say("self.archive-unsigned", "not signed"),
        ),
        compact=True,
    )


def _compared_row(each: Compared, whole: Period, *, parted: bool, language: Language) -> tuple[Text, ...]:
    return (
        each.now.count.definition.words(language),
        *((_archived_days(each, whole),) if parted else ()),
        _share_words(each.archived.numerator, each.archived.denominator, is_share=each.now.is_share),
        _recounted(each.recounted, is_share=each.now.is_share),
        _share_words(each.now.count.numerator, each.now.count.denominator, is_share=each.now.is_share),
    )


def _archived_days(each: Compared, whole: Period) -> str:
    """Return the days of an archived figure; where definitions changed within the archive's period they are a part."""
    return each.archived.period.text if each.archived.period != whole else "—"


def _recounted(value: IndicatorValue | None, *, is_share: bool) -> Text:
    return "—" if value is None else _share_words(value.count.numerator, value.count.denominator, is_share=is_share)


def _share_words(numerator: float, denominator: int, *, is_share: bool) -> str:
    if not denominator:
        return "—"
    value = numerator / denominator
    return f"{numerator:g}/{denominator} ({100 * value:.1f} %)" if is_share else f"{value:.1f}"
