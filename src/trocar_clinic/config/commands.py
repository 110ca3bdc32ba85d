"""The commands that this package adds to ``trocar``, told by name; Django is loaded when one of them is called."""

from trocar.cli.commands import Command

SERVE = Command(
    name="serve",
    module="trocar_clinic.config.serve",
    attribute="serve",
    help="Open the department's record in the browser. 启动科室诊疗记录",
)
DEPARTMENT = Command(
    name="department",
    module="trocar_clinic.config.department",
    attribute="department",
    help="Look after the record: verify, back up, restore. 记录维护：核验、备份、恢复",
)
