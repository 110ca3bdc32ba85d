"""``trocar ablate outline``: a tumour or a zone grown from one click, corrected by strokes, kept in bounds."""

from collections.abc import Sequence
from dataclasses import replace as replaced
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from trocar.cli import options
from trocar.cli.folders import MARK, whole_folder
from trocar.cli.points import numbers_in
from trocar.cli.surroundings import Surroundings
from trocar.dicom.image import read_image
from trocar.dicom.rtstruct import read_structures
from trocar.dicom.rtstruct_writing import write_structures
from trocar.geometry.rasterise import mask_on_grid
from trocar.geometry.region import EndCap, region_from_contours
from trocar.imaging.grow import Grown, GrowRules, erased, grow_mass, painted
from trocar.plan.patient import Image
from trocar.plan.structures import Structure, StructureSet
from trocar.report.document import say
from trocar.workflow.ablation_intake import with_thickness

OUTLINING = say("cli.ablate-outlining", "Outlining from the click")


def outline(
    context: typer.Context,
    *,
    images: Annotated[Path, typer.Option("--images", exists=True, help="Folder of the CT. 影像文件夹")],
    name: Annotated[str, typer.Option("--name", help="Name of the new structure. 新结构名")],
    click: Annotated[str, typer.Option("--click", help="x,y,z in its middle, mm. 点击其中心")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for everything made. 输出文件夹")],
    structures: Annotated[
        Path | None,
        typer.Option("--structures", exists=True, dir_okay=False, help="Kept beside it. 已有结构", show_default=False),
    ] = None,
    within: Annotated[str, typer.Option("--within", help="Structure it may not leave. 限制在该结构内")] = "",
    add: Annotated[
        list[str] | None, typer.Option("--add", help="x,y,z,radius of a ball added; repeat. 添加球", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", help="x,y,z,radius of a ball taken away; repeat. 去除球", show_default=False),
    ] = None,
    reach_mm: Annotated[float, typer.Option("--reach", help="No farther from the click, mm. 最大半径")] = 60.0,
    neck_mm: Annotated[float, typer.Option("--neck", help="Thinner bridges are cut, mm. 切断的颈宽")] = 3.0,
    spreads: Annotated[float, typer.Option("--spreads", help="Spreads of grey still alike. 灰度范围")] = 3.0,
    blur_mm: Annotated[float, typer.Option("--blur", help="Blur before comparing, mm. 平滑")] = 1.0,
    replace: options.Replace = False,
    lang: options.Lang = None,
    as_json: options.AsJson = False,
) -> None:
    """Outline a tumour or an ablation zone from one click, with strokes and bounds. 半自动勾画肿瘤或消融区."""
    surroundings: Surroundings = context.obj
    speaker = surroundings.speaker(lang, as_json=as_json)
    with speaker.following() as told:
        told(OUTLINING, 0.0)
        image = read_image(images).value
        kept = None if structures is None else with_thickness(read_structures(structures, image=image).value, image)
        rules = GrowRules(blur_mm=blur_mm, spreads=spreads, neck_mm=neck_mm, most_radius_mm=reach_mm)
        bounds = None if not within else _bounds(kept, within, image)
        grown = grow_mass(image.volume, numbers_in(click, 3), rules, within=bounds)
        grown = _stroked(grown, add or (), remove or (), bounds)
        told(OUTLINING, 1.0)
        with whole_folder(out, replace=replace) as folder:
            write_structures(_with(kept, grown, name, image), folder / "RTSTRUCT.dcm", at=surroundings.now())
            (folder / MARK).write_text("{}", encoding="utf-8")
    speaker.give({"name": name, "volume_cc": grown.volume_cc, "tissue": list(grown.tissue)})
    speaker.say(
        say(
            "cli.ablate-outlined",
            "{name} holds {volume:.1f} ml; look at it before you use it: {folder}",
            name=name,
            volume=grown.volume_cc,
            folder=str(out / "RTSTRUCT.dcm"),
        )
    )


def _bounds(kept: StructureSet | None, within: str, image: Image) -> np.ndarray:
    structure = (kept or _empty(image)).named(within)
    region = region_from_contours(structure.closed_contours, end_cap=EndCap.HALF_SLICE, name=structure.name)
    return np.asarray(mask_on_grid(region, image.volume.grid))


def _stroked(grown: Grown, add: Sequence[str], remove: Sequence[str], bounds: np.ndarray | None) -> Grown:
    """Return the mass after balls were added and then taken away; bounds hold for what was added too."""
    for deed, strokes in ((painted, add), (erased, remove)):
        for stroke in strokes:
            numbers = numbers_in(stroke, 4)
            grown = deed(grown, centre_lps_mm=numbers[:3], radius_mm=float(numbers[3]))
    return grown if bounds is None else replaced(grown, mask_kji=grown.mask_kji & bounds)


def _with(kept: StructureSet | None, grown: Grown, name: str, image: Image) -> StructureSet:
    base = kept or _empty(image)
    others: tuple[Structure, ...] = tuple(each for each in base if each.name != name)
    number = max((each.number for each in others), default=0) + 1
    drawn = grown.structure(number=number, name=name, instance_uids=image.reference.instance_uids)
    return replaced(base, structures=(*others, drawn))


def _empty(image: Image) -> StructureSet:
    return StructureSet(
        label="OUTLINES",
        patient=image.patient,
        frame_uid=image.reference.frame_uid,
        structures=(),
        image=image.reference,
    )
