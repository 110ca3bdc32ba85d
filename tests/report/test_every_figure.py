"""Every figure of both documents, recomputed by SQL over the exported record: no line is shared with the counting."""

import json
import math
import re
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from demonstration import PERIOD, assessment, department
from trocar.department.assessment import SelfAssessment, Standing
from trocar.department.norms import Technique
from trocar.department.period import Period
from trocar.department.record_reading import record_to_text
from trocar.messages import Language
from trocar.report.docx import paragraphs_of
from trocar.report.self_assessment import self_assessment_document

SEEDS, ABLATIONS = Technique.SEED_IMPLANT, Technique.ABLATION
MONTH_DAYS = 30.4375
Z = 1.959963984540054
COLUMNS = (
    *(
        "key",
        "patient",
        "technique",
        "started_at",
        "discharged_on",
        "admitted_on",
        "operator",
        "device",
        "site",
        "route",
    ),
    *("modality", "diagnosis", "malignant", "histology", "indication_correct", "planned_at", "consented_at"),
    *("verified_on", "single_use_reused", "symptoms", "relieved"),
)
NAMES = {
    "started_at": "started",
    "discharged_on": "discharged",
    "admitted_on": "admitted",
    "indication_correct": "correct",
    "planned_at": "planned",
    "consented_at": "consented",
    "verified_on": "verified",
    "single_use_reused": "reused",
}
TABLES = f"""
CREATE TABLE pt (patient, died, seen);
CREATE TABLE pr ({", ".join(NAMES.get(each, each) for each in COLUMNS)}, day, items, signers, channels);
CREATE TABLE cp (key, kind, day, major);
CREATE TABLE rs (key, day, category);
CREATE TABLE ct (key, day);
CREATE TABLE ls (key, planned, treated, checked, complete);
"""
EMPTY = {"operator": "", "device": "", "site": "", "route": "", "modality": "", "diagnosis": ""}


@cache
def base() -> sqlite3.Connection:
    """Return the exported record as tables."""
    record = json.loads(record_to_text(department()))
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    _insert(db, "pt", [(each["key"], each.get("died_on"), each.get("last_seen_on")) for each in record["patients"]])
    for row in record["procedures"]:
        key, items = row["key"], row.get("indication_items")
        listed = None if items is None else f",{','.join(map(str, items))},"
        known = [row.get(each, EMPTY.get(each)) for each in COLUMNS]
        counts = (len(row.get("plan_signed_by", [])), len(row.get("channels", [])))
        _insert(db, "pr", [(*known, row["started_at"][:10], listed, *counts)])
        events = row.get("complications", [])
        _insert(db, "cp", [(key, each["kind"], each["on"], each["major"]) for each in events])
        _insert(db, "rs", [(key, each["on"], each["category"]) for each in row.get("responses", [])])
        _insert(db, "ct", [(key, day) for day in row.get("contacts", [])])
        for each in row.get("lesions", []):
            done = (each.get("planned", True), each.get("treated", True))
            _insert(db, "ls", [(key, *done, each.get("checked_on"), each.get("complete"))])
    return db


def _insert(db: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)


def _complication(kinds: str = "", days: str = "<= 30") -> str:
    chosen = f"AND kind IN ({kinds})" if kinds else ""
    late = f"julianday(cp.day) - julianday(p.day) {days}"
    return f"EXISTS (SELECT 1 FROM cp WHERE cp.key = p.key AND major {chosen} AND {late})"


def _response(categories: str) -> str:
    """SQL: the best category is among some, best first."""
    better = {"CR": 0, "PR": 1, "SD": 2, "PD": 3}
    rank = "CASE category " + " ".join(f"WHEN '{name}' THEN {place}" for name, place in better.items()) + " END"
    worst = max(better[each] for each in categories.split())
    return f"(SELECT min({rank}) FROM rs WHERE rs.key = p.key) <= {worst}"


ITEMS = " + ".join(f"(items LIKE '%,{each},%')" for each in (1, 2, 3))
OTHERS = " + ".join(f"(items LIKE '%,{each},%')" for each in range(4, 10))
DIED_EARLY = "t.died IS NOT NULL AND julianday(t.died) - julianday(p.day) <= 30"
DUE = "date(p.day, '+12 months')"
REACHED = f"{DUE} <= :as_of"
IS_DUE = f"{REACHED} AND (t.died IS NULL OR t.died >= {DUE})"
FOLLOWED = (
    f"EXISTS (SELECT 1 FROM (SELECT key, day FROM ct UNION ALL SELECT key, day FROM rs) d WHERE d.key = p.key "
    f"AND julianday(d.day) >= julianday({DUE}) - 61)"
)
WATCHED = (
    "max(coalesce(t.seen, ''), coalesce((SELECT max(day) FROM ct WHERE ct.key = p.key), ''), "
    "coalesce((SELECT max(day) FROM rs WHERE rs.key = p.key), ''))"
)
ALIVE = f"CASE WHEN t.died IS NOT NULL THEN t.died >= {DUE} ELSE {WATCHED} >= {DUE} END"
COMPLETE = (
    "EXISTS (SELECT 1 FROM ls WHERE ls.key = p.key AND treated) AND NOT EXISTS "
    "(SELECT 1 FROM ls WHERE ls.key = p.key AND treated AND NOT coalesce(complete AND "
    "julianday(checked) - julianday(p.day) <= 31, 0))"
)
PUNCTURE = "'infection','bleeding','pneumothorax','nerve_injury'"
RADIATION = (
    "'skin_ulcer','radiation_pneumonitis','radiation_myelitis','radiation_cystitis','radiation_enteritis','brain_necrosis',"
    "'oesophageal_perforation'"
)
PELVIS = "'cervix','pelvis','prostate','rectum','bladder'"
THORAX = "'lung','mediastinum','chest_wall','pleura','oesophagus'"
SITES = {
    "RSI-QI-04B3": ("radiation_pneumonitis", THORAX),
    "RSI-QI-04B4": ("radiation_myelitis", "'spine','mediastinum','neck','paravertebral'"),
    "RSI-QI-04B5": ("radiation_cystitis", PELVIS),
    "RSI-QI-04B6": ("radiation_enteritis", f"{PELVIS},'abdomen','retroperitoneum','pancreas'"),
    "RSI-QI-04B7": ("brain_necrosis", "'brain'"),
    "RSI-QI-04B8": ("oesophageal_perforation", "'mediastinum','oesophagus'"),
}
ANY, ALL, EACH = "max", "min", "each"
"""A patient counts who has one such procedure, whose procedures all are such; or procedures count."""

QUERIES: dict[str, tuple[str, str, str]] = {
    "RSI-QI-01": (ALL, "1", f"coalesce({ITEMS} >= 2 AND {OTHERS} >= 3, 0)"),
    "RSI-QI-02": (ALL, "1", "coalesce(planned < started, 0)"),
    "RSI-QI-03": (ALL, "1", "verified IS NOT NULL"),
    "RSI-QI-04": (ANY, "1", _complication()),
    "RSI-QI-04A": (ANY, "1", _complication(PUNCTURE)),
    "RSI-QI-04A2": (ANY, "1", _complication("'infection'")),
    "RSI-QI-04A3": (ANY, "1", _complication("'bleeding'")),
    "RSI-QI-04A4": (ANY, "1", _complication("'pneumothorax'")),
    "RSI-QI-04A5": (ANY, "1", _complication("'nerve_injury'")),
    "RSI-QI-04B": (ANY, "1", _complication(RADIATION)),
    "RSI-QI-04B2": (ANY, "1", _complication("'skin_ulcer'")),
    **{key: (ANY, f"site IN ({sites})", _complication(f"'{kind}'")) for key, (kind, sites) in SITES.items()},
    "RSI-QI-05": (ANY, "1", f"coalesce({_response('CR PR SD')}, 0)"),
    "RSI-QI-06": (ANY, "1", DIED_EARLY),
    "RSI-QI-07": (ALL, IS_DUE, FOLLOWED),
    "RSI-QI-08": (ALL, REACHED, ALIVE),
    "ABL-QI-01": (EACH, "1", "coalesce(correct, 0)"),
    "ABL-QI-03": (EACH, "1", COMPLETE),
    "ABL-QI-03B": (EACH, "symptoms", "coalesce(relieved, 0)"),
    "ABL-QI-05": (ANY, "1", DIED_EARLY),
    "ABL-QI-06": (ALL, IS_DUE, FOLLOWED),
    "ABL-QI-07": (ALL, REACHED, ALIVE),
    "ABL-QI-08B": (EACH, "site = 'thyroid' AND malignant = 0", "0"),
    "BESIDE-ORR": (ANY, "1", f"coalesce({_response('CR PR')}, 0)"),
    "BESIDE-ORR-ASSESSED": (ANY, "EXISTS (SELECT 1 FROM rs WHERE rs.key = p.key)", _response("CR PR")),
    "BESIDE-DCR": (ANY, "EXISTS (SELECT 1 FROM rs WHERE rs.key = p.key)", _response("CR PR SD")),
    "BESIDE-LATE": (ANY, "1", _complication(days="> 30")),
    "BESIDE-CONSENT": (EACH, "1", "coalesce(consented < started, 0)"),
    "BESIDE-MONITORED": (EACH, "1", "channels = 5"),
}
WHOLE = {
    "RSI-QI-09": "SELECT sum(julianday(discharged) - julianday(admitted)), count(admitted) FROM pr p WHERE {within}",
    "ABL-QI-02": "SELECT sum(ls.treated AND ls.planned), sum(ls.planned) FROM ls JOIN pr p USING (key) WHERE {within}",
    "ABL-QI-04": "SELECT (SELECT count(*) FROM {early}), (SELECT count(*) FROM pr p WHERE {within})",
    "ABL-QI-04D": "SELECT (SELECT count(*) FROM {early} AND kind = 'infection'), "
    "(SELECT count(*) FROM pr p WHERE {within})",
}
EARLY = "cp JOIN pr p USING (key) WHERE {within} AND major AND julianday(cp.day) - julianday(p.day) <= 30"
JOINED = "FROM pr p JOIN pt t USING (patient)"
WITHIN = "p.technique = :technique AND p.discharged BETWEEN :first AND :last"


def _given(technique: Technique, period: Period) -> dict[str, str]:
    return {
        "technique": technique.value,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "as_of": department().as_of.isoformat(),
    }


def recounted(key: str, technique: Technique, period: Period) -> tuple[float, int]:
    """Return numerator and denominator of an indicator by SQL."""
    if key in WHOLE:
        n, of = (
            base()
            .execute(WHOLE[key].format(within=WITHIN, early=EARLY.format(within=WITHIN)), _given(technique, period))
            .fetchone()
        )
        return float(n or 0), of or 0
    unit, among, that = QUERIES[key]
    rows = f"SELECT p.patient, ({that}) AS ok FROM pr p JOIN pt t USING (patient) WHERE {WITHIN} AND ({among})"
    if unit != EACH:
        rows = f"SELECT patient, {unit}(ok) AS ok FROM ({rows}) GROUP BY patient"
    n, of = base().execute(f"SELECT coalesce(sum(ok), 0), count(*) FROM ({rows})", _given(technique, period)).fetchone()
    return float(n), of


@pytest.mark.parametrize("technique", list(Technique))
def test_every_indicator_of_the_document_is_what_sql_counts(technique: Technique) -> None:
    made = assessment(technique)
    unknown = [
        each.value.count.definition.key
        for each in (*made.figures, *made.beside)
        if each.value.count.definition.measure is not None and each.value.count.definition.key not in {*QUERIES, *WHOLE}
    ]
    assert unknown == [], "an indicator without a query of its own"
    for figure in (*made.figures, *made.beside):
        for value in filter(None, (figure.value, figure.before)):
            count = value.count
            if count.definition.measure is None:
                continue
            assert (count.numerator, count.denominator) == recounted(count.definition.key, technique, count.period), (
                count.definition.key,
                count.period.text,
            )


def _wilson(n: float, of: int) -> tuple[float, float]:
    share, square = n / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(middle - half, 0.0), min(middle + half, 1.0)


@cache
def _text(technique: Technique) -> tuple[str, ...]:
    document = self_assessment_document(assessment(technique), language=Language.CHINESE, at=datetime(2023, 7, 3, 9))
    return paragraphs_of(document, Language.CHINESE)


@pytest.mark.parametrize("technique", list(Technique))
def test_every_printed_share_and_interval_follows_from_the_recounted_pair(technique: Technique) -> None:
    made, printed = assessment(technique), 0
    for figure in (*made.figures, *made.beside):
        count = figure.value.count
        measure = count.definition.measure
        if measure is None or not count.denominator:
            continue
        n, of = recounted(count.definition.key, technique, count.period)
        name = count.definition.name_zh
        row = next(each for each in _text(technique) if re.match(rf"{re.escape(name)}†?　", each))
        assert f"　{n:g}/{of}　" in row
        if measure.mean_of:
            assert f"　{n / of:.1f}　" in row
        else:
            assert f"　{100 * n / of:.1f} %　" in row
            if not measure.episodes:
                low, high = _wilson(n, of)
                assert f"　{100 * low:.1f}–{100 * high:.1f} %　" in row, name
        printed += 1
    assert printed > 12


@pytest.mark.parametrize("technique", list(Technique))
def test_no_fraction_is_printed_that_was_not_recounted(technique: Technique) -> None:
    made = assessment(technique)
    known: set[str] = set()
    for figure in (*made.figures, *made.beside):
        for value in filter(None, (figure.value, figure.before)):
            if value.count.definition.measure is not None:
                n, of = recounted(value.count.definition.key, technique, value.count.period)
                known.add(f"{n:g}/{of}")
    printed = set(re.findall(r"(?<![\d/])\d+/\d+(?![\d/])", "\n".join(_text(technique))))
    assert len(printed) > 12
    assert printed <= known


@pytest.mark.parametrize("technique", list(Technique))
def test_counts_mix_and_modalities_are_what_sql_counts(technique: Technique) -> None:
    made, given = assessment(technique), _given(technique, PERIOD)
    one = base().execute(f"SELECT count(*), count(DISTINCT patient) FROM pr p WHERE {WITHIN}", given).fetchone()
    assert (made.procedures, made.patients) == one
    ever = base().execute("SELECT count(*), min(day) FROM pr WHERE technique = :technique", given).fetchone()
    assert (made.procedures_ever, str(made.first_ever)) == ever
    mix = base().execute(
        f"SELECT site, diagnosis, count(*), count(DISTINCT patient) FROM pr p WHERE {WITHIN} GROUP BY site, diagnosis",
        given,
    )
    assert {(each.site, each.diagnosis, each.procedures, each.patients) for each in made.mix} == set(mix)
    modalities = base().execute(f"SELECT modality, count(*) FROM pr p WHERE {WITHIN} GROUP BY modality", given)
    assert dict(made.modalities) == dict(modalities)
    shares = [row for row in _text(technique) if row.endswith(" %") and "　" in row and "合计" not in row]
    for each in made.mix:
        assert any(f"{100 * each.procedures / one[0]:.1f} %" in row and each.diagnosis in row for row in shares)


def test_the_unverified_are_those_that_sql_names() -> None:
    names = base().execute(f"SELECT key FROM pr p WHERE {WITHIN} AND verified IS NULL", _given(SEEDS, PERIOD))
    assert {each.case for each in assessment(SEEDS).unproven} == {name for (name,) in names}


@pytest.mark.parametrize("technique", list(Technique))
def test_the_points_of_the_charts_are_what_sql_counts(technique: Technique) -> None:
    made = assessment(technique)
    assert made.chart is not None
    assert made.operators is not None
    unit, _, that = QUERIES[made.chart_of]
    counted = "count(*)" if unit == EACH else "count(DISTINCT p.patient)"
    rows = base().execute(
        f"SELECT substr(p.discharged, 1, 7), sum({that}), {counted} {JOINED} WHERE {WITHIN} GROUP BY 1",
        _given(technique, PERIOD),
    )
    assert {(each.label, each.numerator, each.denominator) for each in made.chart.points} == set(rows)
    names = {each.key: each.name for each in department().staff}
    rows = base().execute(
        f"SELECT p.operator, sum({that}), {counted} {JOINED} WHERE {WITHIN} GROUP BY 1",
        _given(technique, PERIOD),
    )
    assert {(each.label, each.numerator, each.denominator) for each in made.operators.points} == {
        (names[operator], n, of) for operator, n, of in rows
    }


def _watched(technique: Technique) -> Iterator[tuple[float, bool]]:
    """Yield months and death of each patient from the first procedure of the period."""
    rows = base().execute(
        f"SELECT p.patient, p.day, t.died, {WATCHED} {JOINED} WHERE {WITHIN} ORDER BY p.started DESC",
        _given(technique, PERIOD),
    )
    first = {patient: (day, died, seen) for patient, day, died, seen in rows}
    for day, died, seen in first.values():
        until = min(date.fromisoformat(died or seen or day), department().as_of)
        yield (until - date.fromisoformat(day)).days / MONTH_DAYS, died is not None


@pytest.mark.parametrize("technique", list(Technique))
def test_survival_is_the_product_over_the_deaths(technique: Technique) -> None:
    survival = assessment(technique).survival
    assert survival is not None
    watched = list(_watched(technique))
    assert (survival.patients, survival.deaths) == (len(watched), sum(died for _, died in watched))
    for step in survival.table:
        share = 1.0
        for month in sorted({at for at, died in watched if died and at <= step.months}):
            at_risk = sum(at >= month for at, _ in watched)
            share *= 1.0 - sum(died and at == month for at, died in watched) / at_risk
        assert step.survival == pytest.approx(share, abs=1e-9)
        assert step.at_risk == sum(at >= step.months for at, _ in watched)


CONDITIONS = {
    "CON-02": "coalesce(consented < started, 0)",
    "RSI-TEC-01": QUERIES["RSI-QI-01"][2],
    "RSI-TEC-02": "signers = 3",
    "RSI-TEC-03": QUERIES["RSI-QI-02"][2],
    "RSI-TEC-04": "channels = 5",
    "RSI-TEC-05": "verified IS NOT NULL",
    "RSI-TEC-06": "EXISTS (SELECT 1 FROM rs WHERE rs.key = p.key)",
    "DEV-01": "coalesce(reused = 0, 0)",
    "ABL-ORG-08": "channels = 5",
    "ABL-TEC-04": "route <> 'percutaneous' OR device <> ''",
    "ABL-TEC-08": "coalesce(reused = 0, 0)",
}
CONCERNED = {"ABL-TEC-09": "site = 'thyroid'"}
"""Requirements on some cases only, and which these are."""


@pytest.mark.parametrize("technique", list(Technique))
def test_requirements_counted_case_by_case_are_what_sql_counts(technique: Technique) -> None:
    judged = {
        each.requirement.key: each
        for each in assessment(technique).judgements
        if each.said.code.startswith("rules.cases-fulfil")
    }
    idle = [each.requirement.key for each in assessment(technique).standing(Standing.NOT_APPLICABLE)]
    assert set(judged) <= set(CONDITIONS), "a requirement without a query of its own"
    assert len(judged) + len(idle) >= 6
    for key in idle:
        (concerned,) = (
            base()
            .execute(f"SELECT count(*) FROM pr p WHERE {WITHIN} AND {CONCERNED[key]}", _given(technique, PERIOD))
            .fetchone()
        )
        assert concerned == 0, key
    for key, each in judged.items():
        n, of = (
            base()
            .execute(f"SELECT sum({CONDITIONS[key]}), count(*) FROM pr p WHERE {WITHIN}", _given(technique, PERIOD))
            .fetchone()
        )
        assert (each.said.data["n"], each.said.data["of"]) == (n, of), key


def test_example_cases_are_in_the_record_as_printed() -> None:
    record: list[Any] = json.loads(record_to_text(department()))["procedures"]
    for technique in Technique:
        for example in assessment(technique).examples:
            assert any(
                row.get("site") == example.site
                and row.get("diagnosis") == example.diagnosis
                and row.get("seeds_implanted") == example.seeds
                and row.get("d90_gy") == example.d90_gy
                and row.get("margin_mm") == example.margin_mm
                and (last := row["responses"][-1])["sum_mm"] == example.after_mm
                and last["baseline_mm"] == example.before_mm
                and last["category"] == example.category
                and date.fromisoformat(last["on"]) - date.fromisoformat(row["started_at"][:10])
                == timedelta(days=example.after_days)
                for row in record
                if row.get("responses") and row["technique"] == technique.value
            )


def test_steps_of_survival_never_rise() -> None:
    for technique in Technique:
        survival: Any = assessment(technique).survival
        assert all(one >= two for one, two in pairwise(survival.survival))


def test_the_document_is_of_the_record_that_was_recounted() -> None:
    made: SelfAssessment = assessment(SEEDS)
    assert made.record_hash == department().content_hash
