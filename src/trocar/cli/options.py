"""Options that several commands share, with their help in both languages."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from trocar.dose.tg43 import Formalism
from trocar.errors import UsageError
from trocar.geometry.region import EndCap
from trocar.messages import Language

Lang = Annotated[
    Language | None,
    typer.Option(
        "--lang", help="Language of what is said and printed; else that of the surroundings. 语言", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; everything else on stderr. 输出 JSON")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="Folder for the results; appears whole or not at all. 输出文件夹", show_default=False
    ),
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a folder that Trocar wrote earlier. 替换旧结果")]
SourceKey = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="Catalogue key of the source, where the file does not say; see `trocar sources`. 源型号",
        show_default=False,
    ),
]
ImplantAt = Annotated[
    datetime | None,
    typer.Option(
        "--implant-at",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        help="When the seeds were implanted; strengths are decayed to then. 植入时间",
        show_default=False,
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
        help="Dose delivered until then. 截止时间",
        show_default=False,
    ),
]
DoseFile = Annotated[
    Path | None,
    typer.Option("--dose", exists=True, dir_okay=False, help="RT Dose of the plan. 剂量文件", show_default=False),
]
StructureFile = Annotated[
    Path | None,
    typer.Option("--structures", exists=True, dir_okay=False, help="RT Structure Set. 结构文件", show_default=False),
]
ImageFolder = Annotated[
    Path | None,
    typer.Option("--images", exists=True, help="Folder of the CT or MR series. 影像文件夹", show_default=False),
]
PatientId = Annotated[
    str | None, typer.Option("--patient", help="Patient ID, where a folder holds several. 患者编号", show_default=False)
]
PlanLabel = Annotated[
    str | None, typer.Option("--plan", help="Plan label, where a folder holds several. 计划名", show_default=False)
]
Alone = Annotated[
    bool, typer.Option("--alone", help="Use only the files given; look for nothing beside them. 仅用所给文件")
]
Fonts = Annotated[
    list[Path] | None,
    typer.Option(
        "--font", exists=True, dir_okay=False, help="Further font for rare characters. 附加字体", show_default=False
    ),
]

Choice = TypeVar("Choice")
FORMALISMS = {"2d": Formalism.LINE_2D, "1d": Formalism.LINE_1D, "point": Formalism.POINT_1D}
END_CAPS = {"half-slice": EndCap.HALF_SLICE, "none": EndCap.NONE, "rounded": EndCap.ROUNDED}

FormalismName = Annotated[
    str, typer.Option("--formalism", help="2d, 1d (line source) or point. 公式：二维、一维、点源")
]
EndCapName = Annotated[
    str, typer.Option("--end-cap", help="What closes structures at their ends: half-slice, none, rounded. 端面处理")
]


def formalism_named(name: str) -> Formalism:
    """Return a formalism by its short name."""
    return _named(name, FORMALISMS, option="--formalism")


def end_cap_named(name: str) -> EndCap:
    """Return an end cap by its short name."""
    return _named(name, END_CAPS, option="--end-cap")


def _named(name: str, choices: dict[str, Choice], *, option: str) -> Choice:
    if name not in choices:
        raise UsageError(
            "cli.no-such-choice",
            "{option} is {given}; it can be: {choices}",
            option=option,
            given=name,
            choices=", ".join(choices),
        )
    return choices[name]
