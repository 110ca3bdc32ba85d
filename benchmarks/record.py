"""Time of every page of the record on the demonstration department: ``python -m benchmarks.record``.

Makes the department in a temporary folder, walks every kind of page as every role through the real server, and then
asks for each of them again: through the server (wall time, with the network of this machine) and through Django's test
client (processor time, with the questions put to the database). Prints the slowest; with a number it prints that many.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from clinic.config.visitor import Visitor
from clinic.running import command, served
from clinic.walk import ROLES, Walk, kind_of

AGAIN = 7
GOAL_MS = 200


def pages_of(address: str) -> dict[tuple[str, str], float]:
    """Return each page with the role that opened it, and the median wall time in milliseconds."""
    times: dict[tuple[str, str], float] = {}
    walk = Walk()
    for role in ROLES:
        visitor = Visitor(address).sign_in(role)

        def visit(path: str, visitor: Visitor = visitor, role: str = role) -> str:
            status, html = visitor.ask("GET", path)
            if status == 200:
                times[role, path] = median(_wall_ms(visitor, path) for _ in range(AGAIN))
            return html if status == 200 else ""

        walk.go(visit)
    return times


def _wall_ms(visitor: Visitor, path: str) -> float:
    begun = time.perf_counter()
    visitor.ask("GET", path)
    return (time.perf_counter() - begun) * 1e3


def work_of(pages: dict[tuple[str, str], float]) -> dict[tuple[str, str], tuple[float, int]]:
    """Return processor time in milliseconds (least of several) and number of questions of each page."""
    from trocar_clinic.config.prepare import load_django

    load_django()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from trocar_clinic.accounts.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    clients = {}
    for role in ROLES:
        clients[role] = Client()
        clients[role].force_login(
            User.objects.get(username=role), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
    found = {}
    for role, path in pages:
        with CaptureQueriesContext(connection) as asked:
            clients[role].get(path)
        questions = len(asked)  # counted now: the next request empties the log
        found[role, path] = (min(_cpu_ms(clients[role], path) for _ in range(AGAIN)), questions)
    return found


def _cpu_ms(client: object, path: str) -> float:
    begun = time.process_time()
    client.get(path)  # type: ignore[attr-defined]
    return (time.process_time() - begun) * 1e3


def main(shown: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "department"
        command(folder, "department", "demonstrate")
        with served(folder, TROCAR_REQUESTS_A_MINUTE="0") as address:
            wall = pages_of(address)
        os.environ["TROCAR_DATA"] = str(folder)
        work = work_of(wall)
    print(
        f"{len(wall)} pages; wall: median {median(wall.values()):.0f} ms, slowest {max(wall.values()):.0f} ms; "
        f"over {GOAL_MS} ms: {sum(each > GOAL_MS for each in wall.values())}"
    )
    print("wall ms   CPU ms   questions   role       page")
    for page in sorted(wall, key=lambda each: -wall[each])[:shown]:
        cpu, asked = work[page]
        print(f"{wall[page]:7.0f} {cpu:8.0f} {asked:11d}   {page[0]:9s}  {kind_of(page[1])}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
