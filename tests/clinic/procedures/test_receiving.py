"""A monitor's message goes to the procedure it is connected to, or nowhere; and is answered as HL7 wants."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinic.cases import a_signed_case
from clinic.theatre import START, a_started_case, consented, finished, implanted, start_values, timed_out
from trocar_clinic.errors import Refused
from trocar_clinic.institution.models import Equipment, Room
from trocar_clinic.procedures import actions
from trocar_clinic.procedures.acknowledging import answer_to
from trocar_clinic.procedures.connections import MonitorConnection, MonitorMessage
from trocar_clinic.procedures.models import Procedure
from trocar_clinic.procedures.receiving import receive
from trocar_clinic.procedures.vitals import Channel, coverage, standing_streams
from trocar_clinic.records.actions import correct

DATA = Path(__file__).parents[4] / "shared" / "data"
EUI = "0009FBFFFF000021"
AT = START + timedelta(minutes=20)


def message(
    *,
    at: datetime = AT,
    device: str = EUI,
    patient: str = "",
    born: str = "",
    pulse: float = 72,
    kind: str = "ORU^R01^ORU_R01",
    control: str = "M1",
    acknowledge: str = "|",
) -> str:
    when = f"{at:%Y%m%d%H%M%S%z}"
    return "\r".join(
        [
            f"MSH|^~\\&|PM^{EUI}|W|TROCAR|W|{when}||{kind}|{control}|P|2.6|||{acknowledge}",
            f"PID|1||{patient}||Wang^One||{born}|M",
            f"OBR|1||{device}^^{device}^EUI-64|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||{when}",
            f"OBX|1|NM|149514^MDC_PULS_RATE^MDC|1.1|{pulse}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F",
            "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1|97|262688^MDC_DIM_PERCENT^MDC|||||F",
        ]
    )


def got(text: str) -> MonitorMessage:
    return receive(text, sender="10.0.0.7", at=timezone.now())


@pytest.fixture
def procedure(house: Any) -> Procedure:
    return a_started_case(house)


@pytest.fixture
def connected(house: Any, procedure: Procedure) -> MonitorConnection:
    return connect(house, procedure)


def connect(team: Any, procedure: Procedure, *, at: datetime = START) -> MonitorConnection:
    monitor = Equipment.objects.get(kind=Equipment.Kind.MONITOR)
    return actions.connect_monitor(
        procedure, actor=team.accounts["nurse"], at=timezone.now(), monitor=monitor, connected_at=at
    )


def test_a_message_of_the_connected_monitor_goes_to_its_procedure(connected: MonitorConnection) -> None:
    row = got(message())
    assert (row.verdict, row.connection, row.why_en) == ("taken", connected, "")
    live = {each.channel: each.values() for each in standing_streams(connected.procedure)}
    assert live == {Channel.PULSE: [72.0], Channel.SPO2: [97.0]}


@pytest.mark.parametrize("field", ["number", "admission"])
def test_the_right_patient_by_either_number_is_taken(connected: MonitorConnection, field: str) -> None:
    stay = connected.procedure.case.admission
    number = stay.patient.number if field == "number" else stay.number
    assert got(message(patient=f"{number}^^^W^MR", born=f"{stay.patient.birth_date:%Y%m%d}")).verdict == "taken"


@pytest.mark.parametrize("patient", ["X99^^^W^MR", "X99^^^W^MR~Y1^^^W^VN"])
def test_another_patient_is_refused_and_nothing_is_kept_of_the_values(
    connected: MonitorConnection, patient: str
) -> None:
    row = got(message(patient=patient))
    assert (row.verdict, row.code, row.samples, row.connection) == ("refused", "procedures.wrong-patient", {}, None)
    assert standing_streams(connected.procedure) == []


def test_two_patients_in_one_message_are_refused_though_one_is_right(house: Any, connected: MonitorConnection) -> None:
    other = a_signed_case(house, timezone.now())
    ours = connected.procedure.case.patient.number
    row = got(message(patient=f"{ours}^^^W^MR~{other.patient.number}^^^W^MR"))
    assert row.code == "procedures.wrong-patient"


def test_another_birth_date_is_another_patient(connected: MonitorConnection) -> None:
    ours = connected.procedure.case.patient.number
    assert got(message(patient=ours, born="19710108")).code == "procedures.wrong-patient"


@pytest.mark.parametrize("device", ["0009FBFFFF999999", ""])
def test_an_unknown_monitor_is_refused(connected: MonitorConnection, device: str) -> None:
    assert got(message(device=device)).code == "procedures.unknown-monitor"


def test_a_monitor_that_nobody_connected_is_refused(procedure: Procedure) -> None:
    row = got(message())
    assert (row.verdict, row.code) == ("refused", "procedures.not-connected")


def test_what_was_measured_before_the_monitor_was_connected_is_refused(house: Any, procedure: Procedure) -> None:
    connect(house, procedure, at=AT + timedelta(minutes=1))
    assert got(message()).code == "procedures.not-connected"


def test_a_message_sent_twice_counts_once(connected: MonitorConnection) -> None:
    assert got(message()).pk == got(message()).pk
    assert MonitorMessage.objects.count() == 1


def test_a_message_refused_before_is_judged_anew_when_it_comes_again(house: Any, procedure: Procedure) -> None:
    assert got(message()).verdict == "refused"
    connect(house, procedure)
    assert got(message()).verdict == "taken"


def test_one_impossible_value_is_left_out_and_told_the_others_are_taken(connected: MonitorConnection) -> None:
    row = got(message(pulse=8388607))
    assert (row.verdict, list(row.samples), row.code) == ("taken", ["SPO2"], "procedures.not-plausible")


def test_a_time_that_has_not_come_is_refused(connected: MonitorConnection) -> None:
    assert got(message(at=timezone.now() + timedelta(hours=2))).verdict == "refused"


@pytest.mark.parametrize(
    "text", ["", "hello", "PID|1", "MSH|", "MSH|^~\\&|a\r" * 2, "\x00\x01", "MSH|^~\\&|" + "|" * 500]
)
def test_what_is_no_message_is_kept_as_unreadable(db: None, text: str) -> None:
    row = got(text)
    assert row.verdict == "unreadable"
    assert answer_to(text, row, at=timezone.now()) is not None


def test_other_kinds_of_messages_are_rejected(connected: MonitorConnection) -> None:
    row = got(message(kind="ADT^A01"))
    assert (row.verdict, row.code) == ("unreadable", "procedures.other-message")


def test_at_the_end_what_the_monitor_sent_becomes_vital_signs_and_it_is_free(
    house: Any, connected: MonitorConnection
) -> None:
    from clinic.theatre import a_released_lot

    procedure = connected.procedure
    for minute in range(0, 61, 4):
        got(message(at=START + timedelta(minutes=minute), control=f"M{minute}"))
    implanted(house, procedure, a_released_lot(house), 37)
    finished(house, Procedure.objects.get(pk=procedure.pk))
    procedure = Procedure.objects.get(pk=procedure.pk)
    whole = {each.channel for each in coverage(procedure) if each.whole}
    assert whole == {Channel.PULSE, Channel.SPO2}
    assert {each.origin for each in procedure.vitals.all()} == {"mllp"}
    assert procedure.connections.get().disconnected_at == procedure.ended_at
    assert got(message(control="late")).code == "procedures.not-connected"


def test_a_monitor_is_connected_to_one_patient_at_a_time(house: Any, connected: MonitorConnection) -> None:
    case = a_signed_case(house, timezone.now())
    consented(house, case, at=START - timedelta(hours=20))
    timed_out(house, case, at=START - timedelta(minutes=10))
    second = actions.start(case, actor=house.accounts["nurse"], at=timezone.now(), **start_values(house, case))
    with pytest.raises(ValidationError):
        connect(house, second)


def test_a_monitor_of_another_room_is_not_connected(house: Any, procedure: Procedure) -> None:
    monitor = Equipment.objects.get(kind=Equipment.Kind.MONITOR)
    room = Room.objects.exclude(pk=procedure.room_id).first()
    correct(monitor, actor=house.accounts["affairs"], at=timezone.now(), version=1, values={"room": room}, why="移机")
    with pytest.raises(Refused, match="monitor-elsewhere"):
        connect(house, procedure)


def test_messages_can_be_added_and_never_changed(connected: MonitorConnection) -> None:
    got(message())
    for statement in ("UPDATE procedures_monitormessage SET code = 'x'", "DELETE FROM procedures_monitormessage"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_real_message_of_a_monitor_is_matched_by_its_identifier(house: Any, procedure: Procedure) -> None:
    if not DATA.is_dir():
        pytest.skip("the real data are not here: ../shared/data beside the checkout is absent")
    monitor = Equipment.objects.get(kind=Equipment.Kind.MONITOR)
    correct(
        monitor, actor=house.accounts["affairs"], at=timezone.now(), version=1,
        values={"hl7_identifier": "0009fbFFFF9b42b3"}, why="实机",
    )  # fmt: skip
    connect(house, procedure)
    text = (DATA / "hl7-pcd01" / "philips_intellivue_mx500_numerics.hl7").read_text()
    row = got(text)
    assert (row.monitor, row.verdict, row.code) == (monitor, "refused", "procedures.not-connected")  # of 2021


# The answer


def fields(answer: str | None, segment: str) -> list[str]:
    assert answer is not None
    return next(each for each in answer.split("\r") if each.startswith(segment)).split("|")


@pytest.mark.parametrize(
    ("asked", "taken", "refused"),
    [("|", "AA", "AE"), ("AL|NE", "CA", "CE"), ("NE|NE", None, None), ("ER|NE", None, "CE"), ("SU|NE", "CA", None)],
)
def test_the_answer_is_in_the_mode_that_the_sender_asks_for(
    connected: MonitorConnection, asked: str, taken: str | None, refused: str | None
) -> None:
    for text, code in ((message(acknowledge=asked), taken), (message(acknowledge=asked, patient="X9"), refused)):
        answer = answer_to(text, got(text), at=timezone.now())
        assert (answer and fields(answer, "MSA")[1:3]) == (code and [code, "M1"])


def test_an_answer_goes_back_to_the_sender_and_says_why(connected: MonitorConnection) -> None:
    text = message(patient="X9")
    answer = answer_to(text, got(text), at=timezone.now())
    assert fields(answer, "MSH")[2:6] == ["TROCAR", "W", f"PM^{EUI}", "W"]
    assert fields(answer, "MSH")[8] == "ACK^R01^ACK"
    assert fields(answer, "ERR")[3:5] == ["204^Unknown key identifier^HL70357", "E"]
    assert "another patient" in fields(answer, "ERR")[8]


def test_a_message_that_could_not_be_kept_is_asked_for_again(db: None) -> None:
    assert fields(answer_to(message(), None, at=timezone.now()), "MSA")[1] == "AE"


def test_no_name_of_a_patient_is_in_the_answer_or_readable_in_the_table(connected: MonitorConnection) -> None:
    text = message(patient="X9")
    row = got(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content, why_en, why_zh FROM procedures_monitormessage WHERE id = %s", [row.pk])
        stored = " ".join(cursor.fetchone())
    assert "Wang" not in stored
    assert "Wang" not in str(answer_to(text, row, at=timezone.now()))
    assert "Wang" in MonitorMessage.objects.get(pk=row.pk).content
