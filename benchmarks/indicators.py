"""Indicators of a million cases in PostgreSQL: time, growth, query plan: ``python -m benchmarks.indicators``.

It makes a server of its own in a temporary folder (``PG_BIN``, by default Debian's), fills the register with made-up
rows by SQL alone, counts every indicator of one year and of ten, and prints the plan of the slowest.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

PG_BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
SIZES = tuple(int(each) for each in sys.argv[1:]) or (10_000, 100_000, 1_000_000)
PORT = 54329

ROWS = """
INSERT INTO quality_registeredpatient (register_id, key, sex, born_year, died_on)
SELECT 1, 'P' || n, 'F', 1950, CASE WHEN n % 7 = 0 THEN date '2014-01-01' + (n %% 3600) + 400 END
FROM generate_series(1, {n}) n;
INSERT INTO quality_registeredprocedure (
  register_id, patient_id, key, technique, "on", admitted_on, discharged_on, operator, device, site, route, modality,
  diagnosis, indication_items, indication_correct, planned_before, signed_by_three, consented_before, monitored, guided,
  verified_on, unverified_reason, best_response, lesions_planned, lesions_completed, treated,
  died_on, watched_until, last_contact_on, due_12_on, due_36_on, due_60_on)
SELECT
  1, p.id, 'S' || p.id, CASE WHEN p.id % 2 = 0 THEN 'seed_implant' ELSE 'ablation' END, d, d - 2, d + 3,
  'D' || p.id % 4, 'CT', (ARRAY['lung', 'liver', 'cervix', 'mediastinum'])[1 + p.id % 4], 'percutaneous', 'I-125',
  'C34', CASE WHEN p.id % 10 < 9 THEN ',1,2,4,7,8,' END, p.id % 20 > 0, p.id % 50 > 0, p.id % 8 > 0, true,
  p.id % 40 > 0, true,
  CASE WHEN p.id % 5 > 0 THEN d + 1 END, '', (ARRAY['', 'CR', 'PR', 'SD', 'PD'])[1 + p.id % 5], 1,
  (p.id % 30 > 0)::int, true,
  p.died_on, d + 300, d + 290, d + 365, d + 1096, d + 1826
FROM (SELECT *, date '2013-06-01' + (id % 3600)::int AS d FROM quality_registeredpatient) p;
INSERT INTO quality_registeredcomplication (procedure_id, kind, after_days, major)
SELECT id, CASE WHEN id % 3 = 0 THEN 'pneumothorax' ELSE 'bleeding' END, (id % 60)::int, id % 2 = 0
FROM quality_registeredprocedure WHERE id % 9 = 0;
ANALYZE;
"""


def server(folder: Path) -> None:
    """Start a server in a folder."""
    data = folder / "data"
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        subprocess.run(["chown", "postgres", folder], check=True)
    subprocess.run(
        [*as_postgres, PG_BIN / "initdb", "-D", data, "-A", "trust", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    options = f"-p {PORT} -k {folder} -c shared_buffers=1GB -c work_mem=64MB -c fsync=off -c jit=off"
    log = folder / "log"
    subprocess.run(
        [*as_postgres, PG_BIN / "pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def stop(folder: Path) -> None:
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*as_postgres, PG_BIN / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"],
        check=False,
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="trocar-indicators-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server(folder)
        try:
            user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "postgres")
            os.environ |= {
                "TROCAR_DATABASE": f"postgresql://{user}@localhost:{PORT}/postgres",
                "TROCAR_DATA": str(folder / "trocar"),
                "DJANGO_SETTINGS_MODULE": "trocar_clinic.config.settings",
            }
            measure()
        finally:
            stop(folder)


def measure() -> None:
    import django

    django.setup()
    from django.db import connection

    from trocar_clinic.quality.models import Register, RegisteredComplication, RegisteredPatient, RegisteredProcedure
    from trocar_clinic.records.models import StoredFile

    with connection.schema_editor() as editor:
        for model in (StoredFile, Register, RegisteredPatient, RegisteredProcedure, RegisteredComplication):
            editor.create_model(model)
    for size in SIZES:
        fill(connection, size)
        for years in (1, 10):
            report(connection, size, years)


def fill(connection: object, size: int) -> None:
    """Fill the register with so many made-up cases."""
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("TRUNCATE quality_register, records_storedfile CASCADE")
        cursor.execute(
            "INSERT INTO records_storedfile (sha256, size, media_type, name, received_at) SELECT '0', 0, '', '', now()"
        )
        cursor.execute(
            "INSERT INTO quality_register (id, taken_at, as_of, content_hash, record_id, is_current) "
            "SELECT 1, now(), date '2023-06-30', 'x', id, true FROM records_storedfile"
        )
        for statement in ROWS.format(n=size).replace("%%", "%").split(";\n"):
            if statement.strip():
                cursor.execute(statement)


def report(connection: object, size: int, years: int) -> None:
    """Count every indicator of seeds over some years; print the sum, the slowest, and its plan."""
    from trocar.department.norms import Technique
    from trocar.department.period import Period
    from trocar_clinic.quality.models import Register
    from trocar_clinic.quality.queries import countings

    last = date(2023, 4, 30)
    period = Period(first=date(last.year - 1, 5, 1), last=last)
    found = countings(Register.objects.get(), technique=Technique.SEED_IMPLANT, period=period)
    if years > 1:
        from dataclasses import replace

        found = tuple(replace(each, period=Period(first=date(2013, 6, 1), last=last)) for each in found)
    times = {}
    for each in found:
        if each.definition.measure is None or each.definition.measure.mean_of:
            continue
        runs = []
        for _ in range(3):
            begun = time.perf_counter()
            each.counts()
            runs.append(time.perf_counter() - begun)
        times[each.definition.key] = min(runs)
    slowest = max(times, key=lambda key: times[key])
    whole = sum(times.values())
    print(f"{size:>9} cases, {years:>2} years: {len(times)} indicators {whole:.3f} s", end="; ")
    print(f"slowest {slowest} {times[slowest]:.3f} s", flush=True)
    if size == max(SIZES):
        counting = next(each for each in found if each.definition.key == slowest)
        print(counting.among.filter().explain(analyze=True, buffers=True))


if __name__ == "__main__":
    main()
