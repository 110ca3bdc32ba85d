"""What a department did: patients, procedures, lesions, complications, responses; staff, devices, licences, facts.

Keys are pseudonyms: a record holds no name of a patient, no date of birth, no identity number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any

from trocar.department.norms import Technique
from trocar.department.words import word
from trocar.errors import DepartmentError
from trocar.geometry.value import Value
from trocar.messages import Message


class Response(Enum):
    """RECIST 1.1 category."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    PD = "PD"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Complication(Value):
    """One unwanted event.

    Parameters
    ----------
    kind
        ``pneumothorax``, ``bleeding``, ``infection``, ``nerve_injury``, ``skin_ulcer``, ``radiation_pneumonitis``, ...
    on
        Day it began.
    major
        Whether it raised the nursing level, prolonged the stay, needed treatment, disabled or killed.
    grades
        Scheme to grade, such as ``CTCAE 5.0`` to ``3``; kept beside each other, never converted.
    """

    kind: str
    on: date
    major: bool
    grades: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "grades", MappingProxyType(dict(self.grades)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment(Value):
    """How a tumour had answered at a visit, with what was measured.

    Parameters
    ----------
    on
        Day of the imaging.
    category
        RECIST category.
    sum_mm, baseline_mm
        Sums of diameters then and before; None where not recorded.
    """

    on: date
    category: Response
    sum_mm: float | None = None
    baseline_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesion(Value):
    """One target.

    Parameters
    ----------
    key
        Pseudonym.
    site
        Organ or region.
    diameter_mm
        Largest diameter before; None where not recorded.
    planned, treated
        Whether it was to be treated, and was, as planned.
    checked_on
        Day of the contrast-enhanced check; None for none.
    complete
        Whether that check showed complete ablation; None where not judged.
    """

    key: str
    site: str
    diameter_mm: float | None
    planned: bool = True
    treated: bool = True
    checked_on: date | None = None
    complete: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patient(Value):
    """One person, by a pseudonym.

    Parameters
    ----------
    key
        Pseudonym.
    sex
        ``F``, ``M`` or ``O``.
    born_year
        Year of birth; None where not recorded.
    died_on
        Day of death; None while alive or unknown.
    last_seen_on
        Last day on which the person was known to be alive.
    """

    key: str
    sex: str
    born_year: int | None = None
    died_on: date | None = None
    last_seen_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Procedure(Value):
    """One implantation or ablation, as far as it was recorded; None or empty where it was not.

    Parameters
    ----------
    key, patient
        Pseudonyms.
    technique
        Which of the two.
    started_at, discharged_on
        Begin of the procedure; day of discharge.
    admitted_on
        Day of admission.
    operator, device
        Keys of staff and of the guiding device.
    site, route, modality
        Organ or region; ``percutaneous``, ``endobronchial``, ``open``; ``I-125``, ``RFA``, ``MWA``, ``CRYO``.
    diagnosis, malignant, histology
        As coded; whether malignant; whether histology was there before.
    indication_items
        Numbers of the fulfilled items of the indication rule; None where not recorded.
    indication_correct
        Where a norm has no such rule: the reviewer's word.
    planned_at, plan_signed_by
        When the plan was finished; the roles that signed it.
    consented_at
        When consent was signed.
    channels
        What was monitored from begin to end.
    verified_on, unverified_reason
        Day of the dose verification after implantation; why there is none.
    d90_gy, prescribed_gy
        Of the verification.
    margin_mm
        Least ablative margin.
    seeds_taken, seeds_implanted, seeds_returned
        Counts.
    single_use_reused
        Whether a single-use device was used again.
    symptoms, relieved
        Whether there were symptoms; whether they were relieved.
    lesions, complications, responses, contacts
        In order of time; contacts are the days on which follow-up succeeded.
    """

    key: str
    patient: str
    technique: Technique
    started_at: datetime
    discharged_on: date | None
    admitted_on: date | None = None
    operator: str = ""
    device: str = ""
    site: str = ""
    route: str = ""
    modality: str = ""
    diagnosis: str = ""
    malignant: bool | None = None
    histology: bool | None = None
    indication_items: frozenset[int] | None = None
    indication_correct: bool | None = None
    planned_at: datetime | None = None
    plan_signed_by: frozenset[str] = frozenset()
    consented_at: datetime | None = None
    channels: frozenset[str] = frozenset()
    verified_on: date | None = None
    unverified_reason: str = ""
    d90_gy: float | None = None
    prescribed_gy: float | None = None
    margin_mm: float | None = None
    seeds_taken: int | None = None
    seeds_implanted: int | None = None
    seeds_returned: int | None = None
    single_use_reused: bool | None = None
    symptoms: bool | None = None
    relieved: bool | None = None
    lesions: tuple[Lesion, ...] = ()
    complications: tuple[Complication, ...] = ()
    responses: tuple[Assessment, ...] = ()
    contacts: tuple[date, ...] = ()

    @property
    def day(self) -> date:
        """Day of the procedure."""
        return self.started_at.date()

    @property
    def best_response(self) -> Assessment | None:
        """The best category reached, the earliest of its kind; None without any."""
        order = list(Response)
        return min(self.responses, key=lambda each: (order.index(each.category), each.on), default=None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StaffMember(Value):
    """One member of the staff.

    Parameters
    ----------
    key, name
        Key; name as printed in the roster of the self-assessment.
    roles
        ``implanting_physician``, ``ablating_physician``, ``attending_physician``, ``planner``, ``physicist``,
        ``nurse``, ``custodian``.
    title
        ``attending``, ``associate_chief``, ``chief``, or another word.
    registration, registered_here
        Number of the practice certificate; whether registered at this hospital.
    years
        Of related clinical work; None where not recorded.
    certificate, certificate_until
        Number of the training certificate and its last day; empty and None for none.
    """

    key: str
    name: str
    roles: frozenset[str]
    title: str = ""
    registration: str = ""
    registered_here: bool | None = None
    years: float | None = None
    certificate: str = ""
    certificate_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Device(Value):
    """One device.

    Parameters
    ----------
    key, kind, model
        Key; ``CT``, ``ultrasound``, ``MRI``, ``endoscope``, ``DSA``, ``planning_system``, ``ablation_generator``, ...;
        maker and model.
    registration
        Number of the registration certificate.
    guides, archived
        Whether it guides procedures; whether its images reach the image management system, None where not tested.
    tested_on, test_due_on
        Last and next test.
    """

    key: str
    kind: str
    model: str = ""
    registration: str = ""
    guides: bool = False
    archived: bool | None = None
    tested_on: date | None = None
    test_due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Licence(Value):
    """One licence: what for, number, scope, days."""

    kind: str
    number: str = ""
    scope: str = ""
    issued_on: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence(Value):
    """What shows a fact: a register, a file with its hash, a date."""

    title: str
    on: date | None = None
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fact(Value):
    """One statement about the department with what shows it.

    Parameters
    ----------
    name
        As requirements ask for it, such as ``beds.tumour``.
    value
        Number, word, list or mapping.
    evidence
        What shows it; None for a mere claim.
    """

    name: str
    value: Any
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepartmentRecord(Value):
    """Everything that indicators and self-assessments are computed from.

    Parameters
    ----------
    hospital, department
        Names as printed.
    country, province
        Where it is: they choose the norms.
    as_of
        Last day on which the record was complete.
    patients, procedures, staff, devices, licences, facts
        What there is.

    Raises
    ------
    DepartmentError
        A key twice, a procedure of an unknown patient, a death, a discharge or an event before it, or anything after
        ``as_of``.
    """

    hospital: str
    department: str
    country: str
    province: str
    as_of: date
    patients: tuple[Patient, ...]
    procedures: tuple[Procedure, ...]
    staff: tuple[StaffMember, ...] = ()
    devices: tuple[Device, ...] = ()
    licences: tuple[Licence, ...] = ()
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        for what, keys in (
            ("patient", [each.key for each in self.patients]),
            ("procedure", [each.key for each in self.procedures]),
            ("staff", [each.key for each in self.staff]),
            ("device", [each.key for each in self.devices]),
            ("fact", [each.name for each in self.facts]),
        ):
            _require_once(what, keys)
        people = self.patient_by_key
        for procedure in self.procedures:
            _require_possible(procedure, people.get(procedure.patient), as_of=self.as_of)

    @property
    def patient_by_key(self) -> Mapping[str, Patient]:
        """Patients by their pseudonyms."""
        return {each.key: each for each in self.patients}

    @property
    def fact_by_name(self) -> Mapping[str, Fact]:
        """Facts by name."""
        return {each.name: each for each in self.facts}


def _require_once(what: str, keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise DepartmentError(
                "department.key-twice",
                "the record holds the {what} {key} twice; each key stands once, so that nothing is counted twice",
                what=word(what),
                key=key,
            )
        seen.add(key)


def _require_possible(procedure: Procedure, patient: Patient | None, *, as_of: date) -> None:
    if patient is None:
        raise DepartmentError(
            "department.patient-unknown",
            "procedure {key} is of patient {patient}, of whom the record knows nothing; export both together",
            key=procedure.key,
            patient=procedure.patient,
        )
    after: list[tuple[Message | str, date | None]] = [
        (word("discharge"), procedure.discharged_on),
        (word("death"), patient.died_on),
        *((word(each.kind), each.on) for each in procedure.complications),
        *((word("response"), each.on) for each in procedure.responses),
        (word("verification"), procedure.verified_on),
    ]
    for what, day in after:
        if day is not None and day < procedure.day:
            raise DepartmentError(
                "department.before-procedure",
                "procedure {key} of {day} is followed by {what} on {early}, before it; one of the two days is wrong",
                key=procedure.key,
                day=procedure.day.isoformat(),
                what=what,
                early=day.isoformat(),
            )
    for what, day in [*after, (word("procedure"), procedure.day)]:
        if day is not None and day > as_of:
            raise DepartmentError(
                "department.after-record",
                "procedure {key} has {what} on {late}, after the record's last day {as_of}",
                key=procedure.key,
                what=what,
                late=day.isoformat(),
                as_of=as_of.isoformat(),
            )
