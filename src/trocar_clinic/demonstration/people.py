"""The people of the demonstration department, plainly made up."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from trocar_clinic.accounts.models import Role, User
from trocar_clinic.institution.access import open_account
from trocar_clinic.institution.models import (
    Authorisation,
    DosimeterReading,
    HealthCheck,
    RadiationCertificate,
    StaffMember,
    TrainingCertificate,
)
from trocar_clinic.institution.staff import Profession, Technique, Title
from trocar_clinic.records.actions import record

PASSWORD = "demonstration"


def next_year() -> date:
    """Return the end of next year, until when things of the demonstration hold."""
    return date(timezone.localdate().year + 1, 12, 31)


ROWS = (
    # account, name, role, profession, title, techniques in which it performs, plans
    ("admin", "示例管理员", Role.ADMINISTRATOR, Profession.OTHER, Title.NONE, (), False),
    ("affairs", "示例医务处员", Role.AFFAIRS, Profession.OTHER, Title.NONE, (), False),
    (
        "operator",
        "示例医师甲",
        Role.PHYSICIAN,
        Profession.PHYSICIAN,
        Title.ASSOCIATE,
        (Technique.SEED, Technique.ABLATION),
        True,
    ),
    ("ablator", "示例医师乙", Role.PHYSICIAN, Profession.PHYSICIAN, Title.INTERMEDIATE, (Technique.ABLATION,), True),
    ("ablator2", "示例医师丙", Role.PHYSICIAN, Profession.PHYSICIAN, Title.SENIOR, (Technique.ABLATION,), True),
    ("attending", "示例医师丁", Role.PHYSICIAN, Profession.PHYSICIAN, Title.INTERMEDIATE, (), False),
    ("physicist", "示例物理师", Role.PHYSICIST, Profession.PHYSICIST, Title.INTERMEDIATE, (), True),
    ("nurse", "示例护士甲", Role.NURSE, Profession.NURSE, Title.JUNIOR, (), False),
    ("nurse2", "示例护士乙", Role.NURSE, Profession.NURSE, Title.INTERMEDIATE, (), False),
    ("safety", "示例辐射安全员", Role.SAFETY, Profession.TECHNICIAN, Title.JUNIOR, (), False),
)


@dataclass(slots=True)
class Team:
    """Accounts and staff by account name."""

    accounts: dict[str, User] = field(default_factory=dict)
    staff: dict[str, StaffMember] = field(default_factory=dict)


def make(at: datetime) -> Team:
    """Open accounts and enter staff with what entitles them."""
    team = Team()
    hashed = make_password(PASSWORD)
    for name, display, role, *_ in ROWS:
        user = open_account(
            actor=team.accounts.get("admin"), at=at, name=name, display_name=display, password=None, roles={role}
        )
        user.password = hashed
        user.save(update_fields=["password"])
        team.accounts[name] = user
    for number, row in enumerate(ROWS):
        team.staff[row[0]] = _enter(team, number, *row, at=at)
    return team


def _enter(
    team: Team, number: int, name: str, display: str, role: Role, profession: Profession, title: Title,
    techniques: tuple[Technique, ...], plans: bool, *, at: datetime,
) -> StaffMember:  # fmt: skip
    actor, today = team.accounts["affairs"], at.date()
    is_physician = profession is Profession.PHYSICIAN
    person = record(
        StaffMember, actor=actor, at=at,
        values={
            "name": display, "staff_number": f"D{number + 1:03d}", "account": team.accounts[name], "profession": profession,
            "department": "介入治疗科" if role not in {Role.AFFAIRS, Role.ADMINISTRATOR} else "职能部门",
            "licence_number": f"示例{number + 1:011d}" if is_physician else "", "licence_scope": "医学影像和放射治疗专业" if is_physician else "",
            "registered_here_since": date(2015, 7, 1) if is_physician else None, "title": title,
            "title_since": date(2018, 12, 1) if title is not Title.NONE else None,
            "practising_since": date(2012, 7, 1) if is_physician else date(2016, 7, 1),
            "radiation_worker": role in {Role.PHYSICIAN, Role.PHYSICIST, Role.NURSE, Role.SAFETY},
        },
    )  # fmt: skip
    for technique in Technique if plans else ():
        _entitle(team, person, technique, performs=technique in techniques, at=at)
    if person.radiation_worker:
        values = {
            "person": person,
            "number": f"示例放{number + 1:04d}",
            "issued_on": date(2021, 6, 1),
            "expires_on": next_year(),
        }
        record(RadiationCertificate, actor=actor, at=at, values=values)
        checked = {
            "done_on": today - timedelta(days=200),
            "conclusion": HealthCheck.Conclusion.FIT,
            "hospital": "示例职业病防治院",
        }
        record(HealthCheck, actor=actor, at=at, values={"person": person, "next_due": next_year(), **checked})
        _wore(team, person, number)
    return person


def _wore(team: Team, person: StaffMember, number: int) -> None:
    """Enter what the dosimeter showed in each of the last four quarters."""
    today = timezone.localdate()
    for quarter in range(4):
        ended_on = today - timedelta(days=30 + 91 * quarter)
        values = {
            "person": person, "begun_on": ended_on - timedelta(days=90), "ended_on": ended_on,
            "hp10_msv": f"{0.05 + 0.02 * ((number + quarter) % 5):.3f}", "laboratory": "示例剂量监测机构",
        }  # fmt: skip
        record(DosimeterReading, actor=team.accounts["safety"], at=timezone.now(), values=values)


def _entitle(team: Team, person: StaffMember, technique: Technique, *, performs: bool, at: datetime) -> None:
    actor = team.accounts["affairs"]
    granted = {
        "person": person,
        "technique": technique,
        "granted_on": date(2022, 1, 1),
        "expires_on": next_year(),
        "granted_by": "医务处",
    }
    record(Authorisation, actor=actor, at=at, values={**granted, "act": Authorisation.Act.PLAN})
    if not performs:
        return
    record(Authorisation, actor=actor, at=at, values={**granted, "act": Authorisation.Act.PERFORM})
    certificate = {
        "person": person, "technique": technique, "number": f"示例培训{person.staff_number}{technique.value[:1].upper()}", "base": "示例省级培训基地",
        "begun_on": date(2019, 3, 1), "ended_on": date(2019, 8, 31), "cases": 30, "examination_passed": True, "issued_on": date(2019, 9, 10),
    }  # fmt: skip
    record(TrainingCertificate, actor=actor, at=at, values=certificate)
