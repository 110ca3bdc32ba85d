"""What the report of a simulation shows of uncertain tissue: slices with lines of equal probability of death."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trocar.geometry.mesh import Mesh
from trocar.geometry.volume import Volume
from trocar.report.document import Block, Facts, Heading, Picture, Text, say
from trocar.report.mesh_slices import LESION, ZONE, paint_mesh_cut
from trocar.report.page_head import place_words
from trocar.report.pictures import Paper, slice_title
from trocar.report.planes import Cut, View, sampled
from trocar.report.slices import frame_slice, paint_image
from trocar.results.ablation_chance import AblationChance

LINES = ((0.05, "#ffe066"), (0.5, "#ff8c1a"), (0.95, "#06d6a0"))
"""Probability and colour of each line."""


def chance_blocks(
    chance: AblationChance, *, image: Volume, lesion: Mesh, zone: Mesh, paper: Paper
) -> tuple[Block, ...]:
    """Return the blocks on the probability of death."""
    caption = say(
        "ablation.caption-chance",
        "Probability of death over what is not known of the tissue, in slices through the tumour's middle: tumour in "
        "red, zone at nominal tissue dashed; between the outer and the inner line death is uncertain.",
    )
    data = chance_picture(chance, image=image, lesion=lesion, zone=zone, paper=paper)
    return (
        Heading(text=say("ablation.heading-chance", "How sure: tissue that might be otherwise")),
        Facts(rows=_rows(chance)),
        Picture(data=data, suffix="svg", alternative=caption, caption=caption, name="chance"),
    )


def _rows(chance: AblationChance) -> tuple[tuple[Text, Text], ...]:
    death, sure = chance.death, 100 * chance.sure
    volumes = f"{death.volume_cc(0.05):.1f} – {death.volume_cc(0.5):.1f} – {death.volume_cc(0.95):.1f} ml"
    rows: list[tuple[Text, Text]] = [
        (say("ablation.fact-samples", "Tissues tried"), f"{death.samples}"),
        (say("ablation.fact-volumes", "Zone: 5, 50 and 95 % of the tissues"), volumes),
        (
            say("ablation.fact-tumour-sure", "Tumour dead with at least {sure:.0f} %", sure=sure),
            f"{chance.tumour_sure_percent:.1f} %",
        ),
    ]
    if chance.margin_sure_percent is not None:
        rows.append(
            (
                say("ablation.fact-margin-sure", "Wanted margin dead with at least {sure:.0f} %", sure=sure),
                f"{chance.margin_sure_percent:.1f} %",
            )
        )
    least, place = 100 * chance.tumour_least, place_words(chance.tumour_least_lps_mm)
    told = say("ablation.least-sure-told", "{percent:.0f} % at {place} mm", percent=least, place=place)
    rows.append((say("ablation.fact-least-sure", "Least sure place of the tumour"), told))
    return tuple(rows)


def chance_picture(chance: AblationChance, *, image: Volume, lesion: Mesh, zone: Mesh, paper: Paper) -> bytes:
    """Return axial, coronal and sagittal slices with lines of equal probability."""
    tumour = np.asarray(lesion.vertices_lps_mm)
    middle = 0.5 * (tumour.min(axis=0) + tumour.max(axis=0))
    half = 0.5 * float(np.ptp(np.concatenate([tumour, np.asarray(zone.vertices_lps_mm)]), axis=0).max()) + 12.0

    def paint(figure: Figure) -> None:
        for axes, view in zip(figure.subplots(1, 3), (View.AXIAL, View.CORONAL, View.SAGITTAL), strict=True):
            cut = Cut(view=view, centre_lps_mm=middle, half_width_mm=half, half_height_mm=half)
            paint_image(axes, image, cut)
            across, along, values = sampled(chance.death.probability, cut, step_mm=1.0, outside=0.0)
            for level, colour in LINES:
                if values.min() < level < values.max():
                    axes.contour(across, along, values, levels=[level], colors=[colour], linewidths=1.2)
            paint_mesh_cut(axes, zone, cut, colour=ZONE, style="--")
            paint_mesh_cut(axes, lesion, cut, colour=LESION, style="-")
            frame_slice(axes, cut)
            axes.set_title(slice_title(cut, paper))
        handles = [Line2D([], [], color=colour, label=f"{100 * level:.0f} %") for level, colour in LINES]
        handles.append(Line2D([], [], color=LESION, label=paper.words("ablation.line-lesion", "tumour")))
        zone_words = paper.words("ablation.line-zone", "ablation zone")
        handles.append(Line2D([], [], color=ZONE, linestyle="--", label=zone_words))
        figure.legend(handles=handles, loc="outside lower center", ncols=5)

    return paper.drawn(paint, height_mm=72.0)
