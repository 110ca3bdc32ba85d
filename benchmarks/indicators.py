"""Indicators of a million cases in PostgreSQL: time, growth, query plans: ``python -m benchmarks.indicators``.

It makes a server of its own in a temporary folder (``PG_BIN``, by default Debian's), fills the register with made-up
rows by SQL alone (a fifth of the patients come twice), marks them as taking a record does, and times the overview of
every indicator of both techniques, over one year and over ten: in one pass over the marks, and indicator by indicator
over the conditions. Both must come to the same counts. It prints the plans of the pass.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

PG_BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))
SIZES = tuple(int(each) for each in sys.argv[1:]) or (10_000, 100_000, 1_000_000)
PORT = 54329

ROWS = """
INSERT INTO quality_registeredpatient (register_id, key, sex, born_year, died_on)
SELECT 1, 'P' || n, 'F', 1950, CASE WHEN n % 7 = 0 THEN date '2014-01-01' + (n %% 3600) + 400 END
FROM generate_series(1, {n}) n;
INSERT INTO quality_registeredprocedure (
  register_id, patient_id, key, among, that, alone, technique,
  "on", admitted_on, discharged_on, operator, device, site, route, modality,
  diagnosis, indication_items, indication_correct, planned_before, signed_by_three, consented_before, monitored, guided,
  verified_on, unverified_reason, best_response, lesions_planned, lesions_completed, treated,
  died_on, watched_until, last_contact_on, due_12_on, due_36_on, due_60_on)
SELECT
  1, p.id, 'S' || p.id || '-' || again, 0, 0, false,
  CASE WHEN p.id % 2 = 0 THEN 'seed_implant' ELSE 'ablation' END, d, d - 2, d + 3,
  'D' || p.id % 4, 'CT', (ARRAY['lung', 'liver', 'cervix', 'mediastinum'])[1 + p.id % 4], 'percutaneous', 'I-125',
  'C34', CASE WHEN p.id % 10 < 9 THEN ',1,2,4,7,8,' END, p.id % 20 > 0, p.id % 50 > 0, p.id % 8 > 0, true,
  p.id % 40 > 0, true,
  CASE WHEN p.id % 5 > 0 THEN d + 1 END, '', (ARRAY['', 'CR', 'PR', 'SD', 'PD'])[1 + p.id % 5], 1,
  (p.id % 30 > 0)::int, true,
  p.died_on, d + 300, d + 290, d + 365, d + 1096, d + 1826
FROM (
  SELECT id, died_on, date '2013-06-01' + ((id * 7919 + again * 211) % 3600)::int AS d, again
  FROM quality_registeredpatient, generate_series(0, 1) again WHERE again = 0 OR id % 5 = 0
) p;
INSERT INTO quality_registeredcomplication (procedure_id, kind, after_days, major)
SELECT id, CASE WHEN id % 3 = 0 THEN 'pneumothorax' ELSE 'bleeding' END, (id % 60)::int, id % 2 = 0
FROM quality_registeredprocedure WHERE id % 9 = 0;
UPDATE quality_registeredprocedure SET stay_days = 5;
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
    from django.core.management import call_command
    from django.db import connection

    from trocar_clinic.quality.marks import mark
    from trocar_clinic.quality.models import Register

    call_command("migrate", verbosity=0)
    for size in SIZES:
        fill(connection, size)
        begun = time.perf_counter()
        mark(Register.objects.get())
        print(f"{size:>9} cases: marked in {time.perf_counter() - begun:.1f} s", flush=True)
        connection.cursor().execute("VACUUM ANALYZE quality_registeredprocedure")
        for years in (1, 10):
            report(size, years)


def fill(connection: object, size: int) -> None:
    """Fill the register with so many made-up cases."""
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        for table in ("registeredcomplication", "registeredprocedure", "registeredpatient", "register"):
            cursor.execute(f"DELETE FROM quality_{table}")
        cursor.execute(
            "INSERT INTO records_storedfile (sha256, size, media_type, name, received_at) "
            "SELECT '0', 0, '', '', now() WHERE NOT EXISTS (SELECT FROM records_storedfile)"
        )
        cursor.execute(
            "INSERT INTO quality_register "
            "(id, taken_at, as_of, content_hash, record_id, is_current, definitions, audited, names) "
            "SELECT 1, now(), date '2023-06-30', 'x', id, true, '', '[]', '{}' FROM records_storedfile"
        )
        for statement in ROWS.format(n=round(size / 1.2)).replace("%%", "%").split(";\n"):
            if statement.strip():
                cursor.execute(statement)


def report(size: int, years: int) -> None:
    """Time the overview of both techniques over some years, in one pass and indicator by indicator."""
    from trocar.department.norms import Technique
    from trocar.department.period import Period
    from trocar_clinic.quality.models import Register
    from trocar_clinic.quality.queries import countings, values_of

    last = date(2023, 4, 30)
    year = Period(first=date(last.year - 1, 5, 1), last=last)
    for technique in Technique:
        found = countings(Register.objects.get(), technique=technique, period=year)
        if years > 1:
            found = tuple(replace(each, period=Period(first=date(2013, 6, 1), last=last)) for each in found)
        whole, valued = least(lambda found=found: values_of(found))
        singly, counted = least(lambda found=found: [each.value() for each in found], times=1)
        assert [each.count.numerator for _, each in valued] == [each.count.numerator for each in counted]
        assert [each.count.denominator for _, each in valued] == [each.count.denominator for each in counted]
        print(
            f"{size:>9} cases, {years:>2} years, {technique.value:>12}: overview of {len(found)} indicators "
            f"{whole:.3f} s; one by one {singly:.3f} s; slowest alone {slowest(found)}",
            flush=True,
        )
    if size == max(SIZES):
        plans(found[0])


def least(work: Callable[[], Any], *, times: int = 3) -> tuple[float, Any]:
    """Return the least time of some runs, and what came of the last."""
    runs, came = [], None
    for _ in range(times):
        begun = time.perf_counter()
        came = work()
        runs.append(time.perf_counter() - begun)
    return min(runs), came


def slowest(found: Sequence[Any]) -> str:
    """Return the slowest indicator counted by its conditions, with its time."""
    times = {each.definition.key: least(each.value, times=1)[0] for each in found}
    key = max(times, key=lambda each: times[each])
    return f"{key} {times[key]:.3f} s"


def plans(counting: Any) -> None:
    """Print the plans of the two queries of the pass."""
    from django.db.models import Count

    from trocar_clinic.quality.marks import BitOr

    inside = counting.rows.order_by()
    print(inside.values_list("alone", "among", "that").annotate(number=Count("*")).explain(analyze=True))
    several = inside.filter(alone=False).values_list("patient_id")
    print(several.annotate(bits_within=BitOr("among"), bits_hit=BitOr("that")).explain(analyze=True))


if __name__ == "__main__":
    main()
