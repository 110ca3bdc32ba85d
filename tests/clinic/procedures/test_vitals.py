"""Vital signs: what monitors send, what is refused, and which stretches are not covered."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from clinic.theatre import START, a_started_case
from trocar_clinic.errors import Refused
from trocar_clinic.procedures.actions import add_vitals
from trocar_clinic.procedures.monitors import samples_from_pcd01, samples_from_wfdb
from trocar_clinic.procedures.vitals import Channel, Sample, coverage

DATA = Path(__file__).parents[4] / "shared" / "data"
MINUTE = timedelta(minutes=1)

MESSAGE = "\r".join(
    [
        "MSH|^~\\&|M|F|R|F|20260305092000+0800||ORU^R01^ORU_R01|1|P|2.6",
        "PID|1||DEMO-1",
        "OBR|1||1|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||20260305092000.500+0800",
        "OBX|1|NM|147842^MDC_ECG_CARD_BEAT_RATE^MDC|1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F",
        "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1|97|262688^MDC_DIM_PERCENT^MDC|||||F",
        "OBX|3|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.1|121|266016^MDC_DIM_MMHG^MDC|||||F",
        "OBX|4|NM|150022^MDC_PRESS_BLD_NONINV_DIA^MDC|1.1|78|266016^MDC_DIM_MMHG^MDC|||||F",
    ]
)


def every(minutes: int, *, until: int = 60, value: float = 80.0) -> list[Sample]:
    return [Sample(at=START + n * MINUTE, value=value) for n in range(0, until + 1, minutes)]


def add(team: Any, procedure: Any, channel: Channel, samples: list[Sample]) -> None:
    add_vitals(procedure, actor=team.accounts["nurse"], at=timezone.now(), channels={channel: samples}, origin="typed")


def ended(procedure: Any) -> Any:
    procedure.ended_at = START + 60 * MINUTE
    return procedure


def test_five_channels_every_five_minutes_cover_the_procedure(house: Any) -> None:
    procedure = a_started_case(house)
    for channel in Channel:
        add(house, procedure, channel, every(5))
    assert all(each.whole and each.share == 1.0 for each in coverage(ended(procedure)))


def test_a_stretch_without_samples_is_a_gap_with_its_times(house: Any) -> None:
    procedure = a_started_case(house)
    add(house, procedure, Channel.SPO2, [each for each in every(5) if not 20 * MINUTE < each.at - START < 40 * MINUTE])
    found = {each.channel: each for each in coverage(ended(procedure))}
    assert found[Channel.SPO2].gaps == ((START + 20 * MINUTE, START + 40 * MINUTE),)
    assert found[Channel.SPO2].share == pytest.approx(2 / 3)
    assert found[Channel.ECG].share == 0.0


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (Sample(at=START - MINUTE, value=80.0), "procedures.outside-procedure"),
        (Sample(at=START + MINUTE, value=980.0), "procedures.not-plausible"),
        (Sample(at=START + MINUTE, value=80.0, second=120.0), "procedures.pressures-swapped"),
    ],
)
def test_wrong_clock_unit_or_order_is_refused_whole(house: Any, sample: Sample, code: str) -> None:
    procedure = a_started_case(house)
    with pytest.raises(Refused) as refused:
        add(house, procedure, Channel.PRESSURE, [Sample(at=START, value=120.0, second=80.0), sample])
    assert code in refused.value.codes
    assert not procedure.vitals.exists()


def test_a_pcd01_message_gives_its_numerics_with_their_time() -> None:
    found = samples_from_pcd01(MESSAGE)
    at = datetime.fromisoformat("2026-03-05T09:20:00.500+08:00")
    assert found[Channel.ECG] == [Sample(at=at, value=72.0)]
    assert found[Channel.PRESSURE] == [Sample(at=at, value=121.0, second=78.0)]
    assert set(found) == {Channel.ECG, Channel.SPO2, Channel.PRESSURE}


def test_several_messages_in_one_file_give_several_samples() -> None:
    later = MESSAGE.replace("092000.500", "092500.500")
    assert len(samples_from_pcd01(MESSAGE + "\n" + later)[Channel.ECG]) == 2


@pytest.mark.parametrize("text", ["", "hello", "MSA|AA|1", MESSAGE.replace("20260305092000.500+0800", "")])
def test_what_is_no_observation_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused):
        samples_from_pcd01(text)


def test_a_real_monitor_message_is_read() -> None:
    files = list((DATA / "hl7-pcd01").glob("*.hl7"))
    if not files:
        pytest.skip("no real monitor messages beside the checkout")
    found = samples_from_pcd01(files[0].read_text("utf-8"))
    assert found[Channel.ECG][0].value == 60.0
    assert found[Channel.ECG][0].at.year == 2021


def test_a_real_waveform_record_gives_pressure_and_respiration() -> None:
    folder = DATA / "vitals-wfdb"
    if not folder.is_dir():
        pytest.skip("no real waveforms beside the checkout")
    files = {each.name: each.read_bytes() for each in folder.glob("03700181.*")}
    found = samples_from_wfdb(files, begins_at=START)
    assert set(found) == {Channel.ECG, Channel.PRESSURE, Channel.RESPIRATION}
    assert len(found[Channel.RESPIRATION]) == 600
    pressures = [each.value for each in found[Channel.PRESSURE]]
    assert all(20.0 < each < 300.0 for each in pressures)


def test_signals_without_header_and_headers_without_signals_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        samples_from_wfdb({"a.dat": b"123"}, begins_at=START)
    assert refused.value.codes == ("procedures.no-header",)
    with pytest.raises(Refused) as refused:
        samples_from_wfdb({"a.hea": b"a 1 100 100\na.dat 16 200 12 0 0 0 0 ECG\n"}, begins_at=START)
    assert refused.value.codes == ("procedures.bad-record",)
