"""The command that this package adds to ``trocar``, told by name; Django is loaded when it is called."""

from trocar.cli.commands import Command

WORKSPACE = Command(
    name="workspace",
    module="trocar_workspace.command",
    attribute="workspace",
    help="Change a plan by hand in the browser, its dose at once. 计划工作台：在浏览器中修改计划，剂量即时更新",
)
