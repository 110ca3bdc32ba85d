"""What a self-assessment says: standings of requirements, figures, sections, signatures; values only."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from trocar.department.indicators import ControlChart, IndicatorValue, Survival
from trocar.department.norms import Enforcement, NormPack, Requirement, Technique
from trocar.department.period import Period
from trocar.department.records import Device, Fact, Licence, StaffMember
from trocar.geometry.value import Value
from trocar.messages import Message


class Standing(Enum):
    """How a department stands with a requirement."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_SHOWN = "not_shown"
    NOT_APPLICABLE = "not_applicable"
    """It is asked of cases of which the period has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement(Value):
    """One requirement laid beside what is there.

    Parameters
    ----------
    norm
        Key of the norm.
    requirement
        What is asked.
    standing
        Met, not met, not shown, not applicable.
    said
        What was found.
    fact
        The statement it rests on; None for none.
    cases
        Procedures that do not fulfil it.
    """

    norm: str
    requirement: Requirement
    standing: Standing
    said: Message
    fact: Fact | None = None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure(Value):
    """An indicator, and that of the period of equal length before by the same definition; None without cases."""

    value: IndicatorValue
    before: IndicatorValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixRow(Value):
    """How many procedures and patients of one diagnosis at one site."""

    site: str
    diagnosis: str
    procedures: int
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExampleCase(Value):
    """One case without anything by which the person could be known: no key, no day, age in decades.

    Parameters
    ----------
    sex, age_from
        ``F``, ``M``, ``O``; first year of the decade of age, None where not recorded.
    site, diagnosis, modality
        As recorded.
    seeds, d90_gy, prescribed_gy, margin_mm
        As far as they apply and were recorded.
    before_mm, after_mm, after_days, category
        Sum of diameters before and at the last imaging, how many days after, RECIST category.
    """

    sex: str
    age_from: int | None
    site: str
    diagnosis: str
    modality: str
    seeds: int | None
    d90_gy: float | None
    prescribed_gy: float | None
    margin_mm: float | None
    before_mm: float
    after_mm: float
    after_days: int
    category: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AuditDomain(Value):
    """One domain of the periodic audit: its name, the indicators that speak of it, and whether it was audited."""

    name: str
    figures: tuple[IndicatorValue, ...]
    audited: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnprovenCase(Value):
    """A case without dose verification: its pseudonym, day, operator and the reason recorded."""

    case: str
    on: date
    operator: str
    site: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArchivedFigure(Value):
    """An indicator as an archived self-assessment printed it: its norm, key, days and counts."""

    pack: str
    key: str
    period: Period
    numerator: float
    denominator: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Archive(Value):
    """A self-assessment of an earlier period as it was archived.

    Parameters
    ----------
    period
        Its period.
    content_hash
        Hash of its values, as printed on it.
    figures
        Its indicators.
    signers
        Who signed it as what, as printed; empty where it was not signed.
    """

    period: Period
    content_hash: str
    figures: tuple[ArchivedFigure, ...]
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared(Value):
    """An indicator in the archive, counted anew for the archive's period, and now.

    Parameters
    ----------
    archived
        As it was printed.
    recounted
        The same definition over the same period by the record of today; None where the definition is not known.
    now
        The indicator of this period.
    """

    archived: ArchivedFigure
    recounted: IndicatorValue | None
    now: IndicatorValue

    @property
    def has_moved(self) -> bool:
        """Whether the record of today counts the archive's period otherwise than the archive."""
        then = self.recounted
        return then is not None and (then.count.numerator, then.count.denominator) != (
            self.archived.numerator,
            self.archived.denominator,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelfAssessment(Value):
    """Everything that is printed of one technique and period.

    Parameters
    ----------
    hospital, department, technique, period, as_of
        Whose, of what, of when; last day of the record.
    record_hash
        Content hash of the record all figures come from.
    norms
        Norms laid beside it.
    judgements
        Standing of every requirement.
    figures
        Indicators of the norms, one a stretch where definitions changed.
    beside
        Indicators beside the norm: objective response, late complications, consent, monitoring.
    changed_on
        Days within the period on which definitions changed.
    procedures, patients, procedures_ever, first_ever
        Counts of the period, of the whole record, and its first day; None without any.
    mix, modalities, examples, unproven, audit
        Disease mix, procedures of each modality, de-identified examples, cases without dose verification, domains of
        the audit.
    chart, chart_of
        Control chart by month and the key of its indicator; None without cases.
    operators, operators_hidden
        Funnel over operators, and those hidden because their counts are small.
    survival
        Kaplan–Meier; None without patients.
    staff, devices, licences, facts
        Rosters as printed.
    archive, compared
        The archived self-assessment of an earlier period, and the indicators laid beside it; None and empty without.
    """

    hospital: str
    department: str
    technique: Technique
    period: Period
    as_of: date
    record_hash: str
    norms: tuple[NormPack, ...]
    judgements: tuple[Judgement, ...]
    figures: tuple[Figure, ...]
    beside: tuple[Figure, ...]
    changed_on: tuple[date, ...]
    procedures: int
    patients: int
    procedures_ever: int
    first_ever: date | None
    mix: tuple[MixRow, ...]
    modalities: tuple[tuple[str, int], ...]
    examples: tuple[ExampleCase, ...]
    unproven: tuple[UnprovenCase, ...]
    audit: tuple[AuditDomain, ...]
    chart: ControlChart | None
    chart_of: str
    operators: ControlChart | None
    operators_hidden: int
    survival: Survival | None
    staff: tuple[StaffMember, ...]
    devices: tuple[Device, ...]
    licences: tuple[Licence, ...]
    facts: tuple[Fact, ...]
    archive: Archive | None = None
    compared: tuple[Compared, ...] = ()

    @property
    def demanded(self) -> tuple[Judgement, ...]:
        """Judgements of requirements that demand something; what is only recorded stands in an annex."""
        return tuple(each for each in self.judgements if each.requirement.enforcement is not Enforcement.RECORD)

    def standing(self, standing: Standing) -> tuple[Judgement, ...]:
        """Return the demanded requirements of one standing."""
        return tuple(each for each in self.demanded if each.standing is standing)
