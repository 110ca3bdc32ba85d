"""Run beside a served installation: brings the made-up patient's case as far as a story in the browser begins.

``python -m clinic.prepared decided FOLDER`` and ``... performed FOLDER``: files to upload go to the folder, what to open
is printed as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

from trocar_clinic.config.prepare import load_django


def main(step: str, folder: Path) -> None:
    load_django()
    from clinic.made_up import a_decided_case, performed, scan_after_implant
    from clinic.theatre import a_released_lot
    from trocar_clinic.accounts.models import User
    from trocar_clinic.custody.models import SeedLot
    from trocar_clinic.demonstration.people import Team
    from trocar_clinic.institution.models import StaffMember
    from trocar_clinic.planning.models import PlanVersion

    accounts = {each.username: each for each in User.objects.filter(is_machine=False)}
    staff = {each.account.username: each for each in StaffMember.objects.select_related("account")}
    team: Any = Team(accounts=accounts, staff=staff)
    if step == "decided":
        lot = a_released_lot(team, number="STORY")
        print(json.dumps({"case": a_decided_case(team).pk, "lot": str(lot)}))
        return
    plan = PlanVersion.objects.get(origin="trocar", case__admission__patient__number="MADE-UP-1")
    case = performed(team, plan, SeedLot.objects.get(lot_number="STORY"))
    for number, content in enumerate(scan_after_implant(plan)):
        (folder / f"{number:04d}.dcm").write_bytes(content)
    print(json.dumps({"case": case.pk, "seeds": plan.seeds}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
