"""What leaves the hospital names nobody, and keeps intervals."""

import csv
import io
import zipfile
from datetime import date
from typing import Any

from clinic.cases import a_signed_case
from trocar_clinic.patients.research import MOST_DAYS, models_of_patients, shift_of, write_export

SECRETS = ("示例患者", "P00001", "Z00001", "示例医师", "示例物理师", "1960-05-04", "2026-03-01")


def exported(house: Any, now: Any) -> dict[str, str]:
    case = a_signed_case(house, now)
    out = io.BytesIO()
    write_export(out)
    assert case.number
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def test_no_name_number_or_true_date_leaves(house: Any, now: Any) -> None:
    files = exported(house, now)
    shifted = shift_of(1).days != 0
    for name, text in files.items():
        found = [secret for secret in SECRETS if secret in text and (shifted or not secret.startswith(("19", "20")))]
        assert found == [], name


def test_intervals_stay_and_rows_can_be_joined(house: Any, now: Any) -> None:
    files = exported(house, now)
    (stay,) = csv.DictReader(io.StringIO(files["patients.admission.csv"]))
    (decision,) = csv.DictReader(io.StringIO(files["patients.decision.csv"]))
    (case,) = csv.DictReader(io.StringIO(files["patients.case.csv"]))
    days = date.fromisoformat(decision["held_on"]) - date.fromisoformat(stay["admitted_on"])
    assert days == date(2026, 3, 3) - date(2026, 3, 1)
    assert case["admission_key"] == stay["id_key"]


def test_every_kind_of_row_has_its_table_and_meanings(house: Any, now: Any) -> None:
    files = exported(house, now)
    assert {f"{each._meta.label_lower}.csv" for each in models_of_patients()} | {"dictionary.csv"} == set(files)
    told = {(row["table"], row["column"]) for row in csv.DictReader(io.StringIO(files["dictionary.csv"]))}
    heads = {
        (name.removesuffix(".csv"), head)
        for name, text in files.items()
        if name != "dictionary.csv"
        for head in text.splitlines()[0].split(",")
    }
    assert heads - told == {("patients.patient", "age")}


def test_shifts_differ_and_are_bounded() -> None:
    shifts = {shift_of(patient).days for patient in range(200)}
    assert len(shifts) > 50
    assert max(map(abs, shifts)) <= MOST_DAYS
