"""The temperature of an ablation as a strip of frames for paper and as a film, and the report of a simulation."""

import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from trocar.geometry.volume import Volume
from trocar.report.ablation import MarginCase, verification_report
from trocar.report.canvas import INK
from trocar.report.document import Align, Block, Column, Document, Heading, Paragraph, Picture, Table, say
from trocar.report.mesh_slices import LESION, paint_mesh_cut
from trocar.report.pictures import Paper
from trocar.report.planes import Cut, View
from trocar.results.ablation_margin import AblationMargin
from trocar.results.ablation_outcome import AblationOutcome
from trocar.results.tissue_death import DeathModel
from trocar.units import celsius_from_kelvin

HALF_MM = 34.0
FRAMES_A_ROW = 3
LINES_C = (-40.0, -20.0, 0.0, 43.0, 54.0, 60.0, 100.0)
MODELS = {
    DeathModel.CEM43_240: say("ablation.model-cem43", "240 equivalent minutes at 43 °C"),
    DeathModel.ARRHENIUS: say("ablation.model-arrhenius", "Arrhenius integral of 1"),
    DeathModel.THREE_STATE: say("ablation.model-three-state", "three-state model, viability under 0.8"),
    DeathModel.ABOVE_54_C: say("ablation.model-54", "54 °C reached"),
    DeathModel.ABOVE_50_C: say("ablation.model-50", "50 °C reached"),
    DeathModel.BELOW_MINUS_20_C: say("ablation.model-20", "−20 °C reached"),
    DeathModel.BELOW_MINUS_40_C: say("ablation.model-40", "−40 °C reached"),
    DeathModel.ICE: say("ablation.model-ice", "frozen at some moment"),
}


def simulation_report(
    case: MarginCase,
    outcome: AblationOutcome,
    *,
    paper: Paper,
    made_at: datetime,
    further: tuple[Block, ...] = (),
) -> Document:
    """Return the report of a simulated ablation: the margin it would leave, temperatures, models of death."""
    heat = (*heat_blocks(outcome, case.margin, paper=paper), *further)
    told = verification_report(case, paper=paper, made_at=made_at, between=heat)
    return Document(
        title=say("ablation.report-simulation", "Simulation of an ablation"),
        subtitle=told.subtitle,
        running_head=told.running_head,
        blocks=told.blocks,
        made_at=made_at,
    )


def heat_blocks(outcome: AblationOutcome, margin: AblationMargin, *, paper: Paper) -> tuple[Block, ...]:
    """Return temperatures as a strip, and the zone by every model of death."""
    return (
        Heading(text=say("ablation.heading-temperature", "Temperature and death")),
        Picture(
            data=temperature_strip(outcome, margin, paper=paper),
            suffix="svg",
            alternative=say("ablation.caption-strip", STRIP),
            caption=say("ablation.caption-strip", STRIP),
            name="temperature",
        ),
        _models(outcome),
        _band(outcome),
    )


STRIP = "Temperature in the axial plane through the tumour's middle as time goes on; tumour in red, lines in °C."


def temperature_strip(outcome: AblationOutcome, margin: AblationMargin, *, paper: Paper) -> bytes:
    """Return the frames in rows of three, large enough to read their lines."""
    count = len(outcome.temperatures)
    rows = -(-count // FRAMES_A_ROW)

    def paint(figure: Figure) -> None:
        panels = figure.subplots(rows, min(count, FRAMES_A_ROW), squeeze=False).ravel()
        norm = _norm(outcome)
        for axes, temperature in zip(panels, outcome.temperatures, strict=False):
            _paint(axes, temperature.volume, margin, norm)
            axes.set_title(f"{(temperature.at_s or 0.0) / 60:.1f} min")
        for axes in panels[count:]:
            axes.set_axis_off()
        figure.colorbar(ScalarMappable(norm=norm, cmap="inferno"), ax=list(panels), shrink=0.8, label="°C")

    return paper.drawn(paint, height_mm=4.0 + 45.0 * rows)


def temperature_film(outcome: AblationOutcome, margin: AblationMargin) -> bytes:
    """Return the same frames as an animated GIF."""
    norm = _norm(outcome)
    figure = Figure(figsize=(3.6, 3.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    writer = PillowWriter(fps=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.gif"
        with writer.saving(figure, str(path), 110):
            for temperature in outcome.temperatures:
                figure.clear()
                axes = figure.subplots()
                _paint(axes, temperature.volume, margin, norm)
                axes.set_title(f"{(temperature.at_s or 0.0) / 60:.1f} min")
                figure.colorbar(ScalarMappable(norm=norm, cmap="inferno"), ax=axes, shrink=0.8, label="°C")
                writer.grab_frame()
        return path.read_bytes()


def _norm(outcome: AblationOutcome) -> Normalize:
    extremes = celsius_from_kelvin(np.asarray(outcome.extreme.volume.values_kji))
    return Normalize(min(37.0, float(extremes.min())), max(37.0, min(float(extremes.max()), 110.0)))


def _paint(axes: Axes, volume: Volume, margin: AblationMargin, norm: Normalize) -> None:
    points = np.asarray(margin.surface.vertices_lps_mm)
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    cut = Cut(view=View.AXIAL, centre_lps_mm=middle, half_width_mm=HALF_MM, half_height_mm=HALF_MM)
    across, along, places = cut.points(1.0)
    values = celsius_from_kelvin(volume.sample(places, outside=310.15))
    axes.pcolormesh(across, along, values, cmap="inferno", norm=norm, shading="nearest", rasterized=True)
    levels = [line for line in LINES_C if values.min() < line < values.max()]
    if levels:
        lines = axes.contour(across, along, values, levels=levels, colors="white", linewidths=0.6)
        axes.clabel(lines, fmt="%g", fontsize=5)
    paint_mesh_cut(axes, margin.surface, cut, colour=LESION, style="-")
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.tick_params(colors=INK)


def _band(outcome: AblationOutcome) -> Paragraph:
    least, most = outcome.band_cc
    return Paragraph(
        text=say(
            "ablation.band-told",
            "By the models of death together the zone holds {least:.1f} to {most:.1f} ml on the same temperatures; the "
            "report follows the chosen one ({chosen:.1f} ml).",
            least=least,
            most=most,
            chosen=outcome.zone.volume_cc,
        ),
        small=True,
    )


def _models(outcome: AblationOutcome) -> Table:
    rows = tuple(
        (
            MODELS[model],
            f"{zone.volume_cc:.1f}",
            say("ablation.model-chosen", "chosen") if model is outcome.chosen else "",
        )
        for model, zone in outcome.deaths.items()
    )
    columns = (
        Column(head=say("ablation.column-death", "what counts as dead")),
        Column(head=say("ablation.column-volume", "zone, ml"), align=Align.RIGHT),
        Column(head=say("ablation.column-choice", "choice")),
    )
    return Table(columns=columns, rows=rows)
