"""A self-assessment from a department's record: requirements judged, indicators counted, gaps named."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trocar.department.assessment import (
    Archive,
    ArchivedFigure,
    AuditDomain,
    Compared,
    ExampleCase,
    Figure,
    MixRow,
    SelfAssessment,
    UnprovenCase,
)
from trocar.department.indicators import ControlChart, IndicatorValue
from trocar.department.norms import NormPack, Technique
from trocar.department.period import Period
from trocar.department.records import DepartmentRecord, Fact, Patient, Procedure
from trocar.errors import DepartmentError
from trocar.rules.conditions import Case, cases_of
from trocar.rules.norm_choice import norms_on, stretches
from trocar.rules.norm_judging import judge_norm
from trocar.workflow.department_facts import facts_for
from trocar.workflow.indicators import (
    discharged_in,
    funnel_of,
    grouped,
    indicator_value,
    indicators_of,
    monthly_chart,
    survival_of,
)

CHARTED = {Technique.SEED_IMPLANT: "RSI-QI-03", Technique.ABLATION: "ABL-QI-03"}
"""The indicator that is drawn month by month and by operator."""

_ELSEWHERE = {
    Technique.SEED_IMPLANT: frozenset({"ablating_physician", "ablation_generator"}),
    Technique.ABLATION: frozenset({"implanting_physician", "planner", "physicist", "custodian", "planning_system"}),
}
"""Roles and kinds of devices that belong to the other technique; who does both stands in both."""

_EVERYWHERE = frozenset({"attending_physician"})

BESIDE = "trocar/beside_the_norm"
EXAMPLES = 3

AUDIT: Mapping[Technique, Mapping[str, tuple[str, ...]]] = {
    Technique.ABLATION: {
        "case_selection": ("ABL-QI-01",),
        "success_rate": ("ABL-QI-02", "ABL-QI-03"),
        "severe_complications": ("ABL-QI-04",),
        "deaths": ("ABL-QI-05",),
        "malpractice": (),
        "post_care": ("BESIDE-MONITORED",),
        "quality_of_life": ("ABL-QI-03B",),
        "follow_up": ("ABL-QI-06",),
        "record_quality": ("BESIDE-CONSENT",),
    },
    Technique.SEED_IMPLANT: {
        "case_selection": ("RSI-QI-01",),
        "success_rate": ("RSI-QI-05",),
        "severe_complications": ("RSI-QI-04", "BESIDE-LATE"),
        "deaths": ("RSI-QI-06",),
        "device_events": (),
        "post_care": ("RSI-QI-03",),
        "follow_up": ("RSI-QI-07",),
        "record_quality": ("BESIDE-CONSENT",),
    },
}
"""The domains of the periodic audit and the indicators that speak of each."""


def self_assessment(
    record: DepartmentRecord,
    *,
    technique: Technique,
    period: Period,
    norms: Sequence[NormPack],
    archive: Archive | None = None,
) -> SelfAssessment:
    """Return the self-assessment of one technique.

    Parameters
    ----------
    record
        The department's record.
    technique
        Seeds or ablation: each is filed by itself.
    period
        Discharges within it belong; requirements are judged on its last day.
    norms
        All that are known.
    archive
        The archived self-assessment of an earlier period, to be compared with; None for none.

    Raises
    ------
    DepartmentError
        The archive is not of an earlier period.
    RuleError
        No norm defines indicators for the period.
    """
    if archive is not None and archive.period.last >= period.first:
        raise DepartmentError(
            "department.archive-not-earlier",
            "the archived self-assessment ends on {archived}, not before this period begins on {first}; a year is "
            "compared with one before it",
            archived=archive.period.last.isoformat(),
            first=period.first.isoformat(),
        )
    inside = discharged_in(record, technique=technique, period=period)
    keys = {each.key for each in inside}
    cases = [each for each in cases_of(record) if each.procedure.key in keys]
    facts = facts_for(record, technique=technique, on=period.last)
    parts = stretches(norms, period=period, technique=technique, country=record.country, province=record.province)
    holding = norms_on(norms, day=period.last, technique=technique, country=record.country, province=record.province)
    beside = _beside(record, technique, period, norms)
    figures = tuple(
        Figure(value=each, before=_before(each, record, period, norms))
        for each in indicators_of(record, technique=technique, period=period, norms=norms)
    )
    chart, operators, hidden = _charts(record, technique, period, holding)
    everything = sorted(each.day for each in record.procedures if each.technique is technique)
    return SelfAssessment(
        hospital=record.hospital,
        department=record.department,
        technique=technique,
        period=period,
        as_of=record.as_of,
        record_hash=record.content_hash,
        norms=holding,
        judgements=tuple(each for norm in holding for each in judge_norm(norm, facts, cases)),
        figures=figures,
        beside=beside,
        changed_on=tuple(part.period.first for part in parts[1:]),
        procedures=len(inside),
        patients=len({each.patient for each in inside}),
        procedures_ever=len(everything),
        first_ever=everything[0] if everything else None,
        mix=_mix(inside),
        modalities=tuple(Counter(each.modality for each in inside).most_common()),
        examples=_examples(cases),
        unproven=_unproven(inside) if technique is Technique.SEED_IMPLANT else (),
        audit=_audit(technique, [each.value for each in (*figures, *beside)], facts),
        chart=chart,
        chart_of=CHARTED[technique],
        operators=operators,
        operators_hidden=hidden,
        survival=survival_of(record, technique=technique, period=period),
        staff=tuple(
            each
            for each in record.staff
            if each.roles - _ELSEWHERE[technique] - _EVERYWHERE or not each.roles & _ELSEWHERE[technique]
        ),
        devices=tuple(each for each in record.devices if each.kind not in _ELSEWHERE[technique]),
        licences=record.licences,
        facts=tuple(facts.values()),
        archive=archive,
        compared=() if archive is None else tuple(_compared(archive, figures, record, norms)),
    )


def archived(made: SelfAssessment, *, signers: Sequence[str] = ()) -> Archive:
    """Return what next year's self-assessment is compared with.

    Parameters
    ----------
    made
        The self-assessment that is archived.
    signers
        Who signed it as what.
    """
    return Archive(
        period=made.period,
        content_hash=made.content_hash,
        figures=tuple(
            ArchivedFigure(
                pack=count.pack,
                key=count.definition.key,
                period=count.period,
                numerator=count.numerator,
                denominator=count.denominator,
            )
            for count in (each.value.count for each in (*made.figures, *made.beside))
            if count.denominator
        ),
        signers=tuple(signers),
    )


def _compared(
    archive: Archive, figures: Iterable[Figure], record: DepartmentRecord, norms: Iterable[NormPack]
) -> Iterator[Compared]:
    """Yield the figures that the archive has too, by key, with the archive's days counted anew by its own norm."""
    now = {each.value.count.definition.key: each.value for each in figures if each.value.value is not None}
    by_key = {norm.key: norm for norm in norms}
    for each in archive.figures:
        if each.key not in now:
            continue
        norm = by_key.get(each.pack)
        definition = None if norm is None else next((one for one in norm.indicators if one.key == each.key), None)
        recounted = (
            None
            if norm is None or definition is None
            else indicator_value(definition, record, norm=norm, period=each.period)
        )
        yield Compared(archived=each, recounted=recounted, now=now[each.key])


def _before(
    value: IndicatorValue, record: DepartmentRecord, period: Period, norms: Iterable[NormPack]
) -> IndicatorValue | None:
    """Return the same indicator, by the same definition, over the period of equal length before."""
    norm = next(each for each in norms if each.key == value.count.pack)
    earlier = indicator_value(value.count.definition, record, norm=norm, period=period.year_before)
    return earlier if earlier.value is not None else None


def _beside(
    record: DepartmentRecord, technique: Technique, period: Period, norms: Iterable[NormPack]
) -> tuple[Figure, ...]:
    norm = next((each for each in norms if each.key == BESIDE), None)
    if norm is None:
        return ()
    mine = _of_technique(record, technique)
    return tuple(
        Figure(
            value=indicator_value(definition, mine, norm=norm, period=period),
            before=_before(indicator_value(definition, mine, norm=norm, period=period), mine, period, [norm]),
        )
        for definition in norm.indicators
    )


def _of_technique(record: DepartmentRecord, technique: Technique) -> DepartmentRecord:
    return replace(record, procedures=tuple(each for each in record.procedures if each.technique is technique))


def _charts(
    record: DepartmentRecord, technique: Technique, period: Period, norms: Iterable[NormPack]
) -> tuple[ControlChart | None, ControlChart | None, int]:
    names = {each.key: each.name for each in record.staff}
    for norm in norms:
        for definition in norm.indicators:
            if definition.key == CHARTED[technique]:
                chart = monthly_chart(definition, record, norm=norm, period=period)
                groups = grouped(
                    definition,
                    record,
                    norm=norm,
                    period=period,
                    by=lambda each: names.get(each.operator, each.operator),
                )
                operators, hidden = funnel_of(groups)
                return chart, operators, hidden
    return None, None, 0


def _mix(procedures: Iterable[Procedure]) -> tuple[MixRow, ...]:
    number: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in procedures:
        number[each.site, each.diagnosis] += 1
        people[each.site, each.diagnosis].add(each.patient)
    return tuple(
        MixRow(site=site, diagnosis=diagnosis, procedures=count, patients=len(people[site, diagnosis]))
        for (site, diagnosis), count in sorted(number.items(), key=lambda item: (-item[1], item[0]))
    )


def _examples(cases: Iterable[Case]) -> tuple[ExampleCase, ...]:
    """Return cases with measured diameters, one a site, and not the best alone: the median of each site's change."""
    by_site: dict[str, list[ExampleCase]] = defaultdict(list)
    for case in cases:
        example = _example(case.procedure, case.patient)
        if example is not None:
            by_site[example.site].append(example)
    largest = sorted(by_site.values(), key=lambda found: (-len(found), found[0].site))[:EXAMPLES]
    return tuple(sorted(found, key=lambda each: each.after_mm / each.before_mm)[len(found) // 2] for found in largest)


def _example(procedure: Procedure, patient: Patient) -> ExampleCase | None:
    measured = [each for each in procedure.responses if each.sum_mm is not None and each.baseline_mm]
    proven = procedure.technique is not Technique.SEED_IMPLANT or procedure.d90_gy is not None
    if not measured or not procedure.malignant or not proven:
        return None
    last = measured[-1]
    age = None if patient.born_year is None else procedure.day.year - patient.born_year
    return ExampleCase(
        sex=patient.sex,
        age_from=None if age is None else 10 * (age // 10),
        site=procedure.site,
        diagnosis=procedure.diagnosis,
        modality=procedure.modality,
        seeds=procedure.seeds_implanted,
        d90_gy=procedure.d90_gy,
        prescribed_gy=procedure.prescribed_gy,
        margin_mm=procedure.margin_mm,
        before_mm=last.baseline_mm or 0.0,
        after_mm=last.sum_mm or 0.0,
        after_days=(last.on - procedure.day).days,
        category=last.category.value,
    )


def _unproven(procedures: Iterable[Procedure]) -> tuple[UnprovenCase, ...]:
    return tuple(
        UnprovenCase(case=each.key, on=each.day, operator=each.operator, site=each.site, reason=each.unverified_reason)
        for each in procedures
        if each.verified_on is None
    )


def _audit(
    technique: Technique, values: Sequence[IndicatorValue], facts: Mapping[str, Fact]
) -> tuple[AuditDomain, ...]:
    audited = audited_domains(facts)
    return audit_of(technique, values, audited=audited)


def audited_domains(facts: Mapping[str, Fact]) -> frozenset[str]:
    """Return the domains that something shows to have been audited."""
    fact = facts.get("audit.domains")
    return frozenset(fact.value) if fact is not None and fact.evidence is not None else frozenset()


def audit_of(
    technique: Technique, values: Sequence[IndicatorValue], *, audited: frozenset[str]
) -> tuple[AuditDomain, ...]:
    """Return the domains of the periodic audit with the figures that speak of each."""
    return tuple(
        AuditDomain(
            name=name,
            figures=tuple(each for each in values if each.count.definition.key in keys),
            audited=name in audited,
        )
        for name, keys in AUDIT[technique].items()
    )
