"""Writers that are killed in the middle of saving, again and again; run as a program by the test beside it.

Each child writes deeds of two rows and tells each that was committed; the parent kills it after a moment.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 20.0


def write_until_killed(told: Path) -> None:
    from django.utils import timezone

    from trocar_clinic.accounts.models import User
    from trocar_clinic.institution.models import Maintenance, Ward
    from trocar_clinic.records.deed import deed

    actor = User.objects.get(username="affairs")
    device = _device()
    with told.open("a") as out:
        while True:
            mark = f"{os.getpid()}-{time.monotonic_ns()}"
            with deed("test.two_rows", actor=actor, at=timezone.now()):
                Ward(name=mark, beds=1).save()
                Maintenance(equipment=device, kind="repair", begun_on="2024-01-01", done=mark, done_by="x").save()
            out.write(f"{mark}\n")
            out.flush()


def _device() -> Any:
    from trocar_clinic.institution.models import Equipment

    return Equipment.objects.order_by("pk").first()


def main(told: Path, times: int, seed: int) -> None:
    from trocar_clinic.config.prepare import load_django

    load_django()
    moments = random.Random(seed)
    for _ in range(times):
        child = os.fork()
        if child == 0:
            write_until_killed(told)
        before, until = told.stat().st_size, time.monotonic() + PATIENCE_S
        while told.stat().st_size == before and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
