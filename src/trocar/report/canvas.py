"""The paper that pictures are drawn on: sizes in mm, the vendored font, SVG out, the same bytes each time."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from trocar.errors import ReportError
from trocar.report.glyphs import font_families, vendored_fonts

MM_PER_INCH = 25.4
INK = "#1c2733"
QUIET = "#5b6875"
LINE = "#c9d1d9"
ACCENT = "#0b4f6c"
STRUCTURE_COLOURS = ("#e63946", "#4c9f38", "#8e7dbe", "#a5673f", "#6b7a5c", "#ff8fab", "#2d6a4f", "#46517d")
"""Taken in order, targets first: seen on grey and on white, and unlike the colours of isodose lines."""

RASTER_DPI = 220


def draw(
    paint: Callable[[Figure], None], *, width_mm: float, height_mm: float, extra_fonts: tuple[Path, ...] = ()
) -> bytes:
    """Return a picture as SVG.

    Parameters
    ----------
    paint
        Draws on the empty figure.
    width_mm, height_mm
        Size on paper.
    extra_fonts
        Font files for characters that the vendored font lacks.

    Raises
    ------
    ReportError
        A label has a character without a glyph.
    """
    return _saved(paint, width_mm=width_mm, height_mm=height_mm, extra_fonts=extra_fonts, suffix="svg")


def draw_png(
    paint: Callable[[Figure], None], *, width_mm: float, height_mm: float, extra_fonts: tuple[Path, ...] = ()
) -> bytes:
    """Return the same picture as PNG, for people and pages that want pixels."""
    return _saved(paint, width_mm=width_mm, height_mm=height_mm, extra_fonts=extra_fonts, suffix="png")


def _saved(
    paint: Callable[[Figure], None], *, width_mm: float, height_mm: float, extra_fonts: tuple[Path, ...], suffix: str
) -> bytes:
    with _style(extra_fonts), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing from")
        figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), layout="constrained")
        file = io.BytesIO()
        metadata: dict[str, Any] = {"Date": None} if suffix == "svg" else {}
        try:
            paint(figure)
            figure.savefig(file, format=suffix, dpi=RASTER_DPI, metadata=metadata)
        except UserWarning as problem:
            raise ReportError(
                "report.glyph-missing-in-picture",
                "a label of a picture has a character without a glyph ({problem}); give a font that has it",
                problem=str(problem),
            ) from problem
        return file.getvalue()


@contextmanager
def _style(extra_fonts: tuple[Path, ...]) -> Iterator[None]:
    fonts = (*vendored_fonts(), *extra_fonts)
    known = {Path(entry.fname) for entry in font_manager.fontManager.ttflist}
    for font in fonts:
        if font not in known:
            font_manager.fontManager.addfont(font)
    settings = {
        "font.family": list(font_families(fonts)),
        "font.size": 8.0,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8.0,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "text.color": INK,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "grid.color": LINE,
        "grid.linewidth": 0.4,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "lines.linewidth": 1.3,
        "svg.fonttype": "path",
        "svg.hashsalt": "trocar",
        "figure.dpi": RASTER_DPI,
    }
    with mpl.rc_context(settings):
        yield
