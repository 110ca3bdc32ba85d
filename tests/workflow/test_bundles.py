import csv
import io
import json
from datetime import datetime

import pytest

from demonstration import PERIOD, department
from trocar.department.norms import Technique
from trocar.errors import DepartmentError
from trocar.workflow.bundles import new_key, opened_bundle, pooled, public_key_of, signed_bundle
from trocar.workflow.indicators import indicators_of, shipped_norms
from trocar.workflow.research_table import VARIABLES, research_table

AT = datetime(2023, 7, 1, 9)
KEY = new_key()


@pytest.fixture(scope="module")
def bundle() -> bytes:
    values = [
        value
        for technique in Technique
        for value in indicators_of(department(), technique=technique, period=PERIOD, norms=shipped_norms())
    ]
    return signed_bundle(values, site="A", made_at=AT, private_pem=KEY)


def test_a_bundle_opens_with_its_key_and_says_the_counts(bundle: bytes) -> None:
    payload = opened_bundle(bundle, public_pem=public_key_of(KEY))
    entry = next(each for each in payload["indicators"] if each["key"] == "RSI-QI-03")
    assert (entry["numerator"], entry["denominator"]) == (165, 203)
    assert entry["pack"] == "cn_nhc/seed_implantation_2022"


def test_a_bundle_holds_no_case_no_person_and_no_small_cell(bundle: bytes) -> None:
    text = bundle.decode()
    people = [each.key for each in department().patients] + [each.key for each in department().procedures]
    assert not [key for key in people if f'"{key}"' in text]
    assert not [each.name for each in department().staff if each.name in text]
    for entry in json.loads(text)["payload"]["indicators"]:
        if not entry["hidden"]:
            rest = entry["denominator"] - entry["numerator"]
            assert entry["numerator"] == 0 or entry["numerator"] >= 5
            assert rest <= 0 or rest >= 5


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"numerator":165', b'"numerator":190'),
        lambda data: data.replace(b'"site":"A"', b'"site":"B"'),
    ],
)
def test_a_changed_bundle_is_refused(bundle: bytes, change: object) -> None:
    with pytest.raises(DepartmentError) as caught:
        opened_bundle(change(bundle), public_pem=public_key_of(KEY))  # type: ignore[operator]
    assert caught.value.code == "bundle.signature-wrong"


def test_a_bundle_of_another_key_and_what_is_none_are_refused(bundle: bytes) -> None:
    with pytest.raises(DepartmentError) as caught:
        opened_bundle(bundle, public_pem=public_key_of(new_key()))
    assert caught.value.code == "bundle.signature-wrong"
    with pytest.raises(DepartmentError) as caught:
        opened_bundle(b"{}", public_pem=None)
    assert caught.value.code == "bundle.unreadable"
    with pytest.raises(DepartmentError) as caught:
        signed_bundle([], site="A", made_at=AT, private_pem=b"no key")
    assert caught.value.code == "bundle.no-key"


def test_sites_are_pooled_by_definition_and_hidden_cells_are_not_added(bundle: bytes) -> None:
    one = opened_bundle(bundle, public_pem=None)
    two = json.loads(json.dumps(one)) | {"site": "B"}
    for entry in two["indicators"]:
        if entry["key"] == "RSI-QI-03":
            entry.update(numerator=90, denominator=97)
        if entry["key"] == "RSI-QI-01":
            entry.update(numerator=None, denominator=None, hidden=True)
    found = {each.key: each for each in pooled([one, two])}
    assert (found["RSI-QI-03"].numerator, found["RSI-QI-03"].denominator, found["RSI-QI-03"].sites) == (255, 300, 2)
    assert found["RSI-QI-01"].hidden == 1
    assert found["RSI-QI-01"].denominator == 203
    with pytest.raises(DepartmentError) as caught:
        pooled([one, one])
    assert caught.value.code == "bundle.site-twice"


def test_the_research_table_is_explained_and_names_nobody() -> None:
    table, dictionary = research_table(department(), seed=1)
    rows = list(csv.DictReader(io.StringIO(table)))
    explained = [row["name"] for row in csv.DictReader(io.StringIO(dictionary))]
    assert list(rows[0]) == explained == [each.name for each in VARIABLES]
    assert len(rows) == len(department().procedures)
    cells = {cell for row in rows for cell in row.values()}
    keys = {each.key for each in (*department().patients, *department().procedures, *department().staff)}
    assert not cells & keys
    assert not [cell for cell in cells if cell.count("-") == 2], "no day"
    assert table != research_table(department(), seed=2)[0], "the order tells nothing about the order of cases"
