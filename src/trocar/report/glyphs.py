"""The fonts of printed documents, and the proof that they hold every character of a text.

A character without a glyph would print as an empty box, in a patient's name most of all; here it is an error.
"""

import io
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from fontTools.ttLib import TTFont

from trocar.errors import ReportError

INVISIBLE = frozenset("\n\t\u200b\u00ad")
"""Characters that lay text out and need no glyph."""


@cache
def vendored_fonts() -> tuple[Path, ...]:
    """Return the font files that come with Trocar.

    Raises
    ------
    ReportError
        None is there: the installation is incomplete.
    """
    folder = Path(str(resources.files("trocar.report"))) / "fonts"
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in {".otf", ".ttf"})
    if not files:
        raise ReportError(
            "report.font-absent",
            "the font of printed documents is missing from {folder}; install Trocar again from a complete package",
            folder=str(folder),
        )
    return tuple(files)


@cache
def _characters(font: Path) -> frozenset[int]:
    try:
        with TTFont(io.BytesIO(font.read_bytes()), lazy=True) as table:
            return frozenset(table.getBestCmap() or {})
    except Exception as problem:
        raise ReportError(
            "report.font-unreadable",
            "the file {name} is not a font that can be used ({problem}); give an OpenType or TrueType file",
            name=font.name,
            problem=str(problem),
        ) from problem


def require_glyphs(texts: Iterable[str], *, fonts: tuple[Path, ...]) -> None:
    """Raise unless every character of the texts has a glyph in one of the fonts.

    Raises
    ------
    ReportError
        The first character without a glyph, with its code point.
    """
    known = frozenset().union(*(_characters(font) for font in fonts))
    for text in texts:
        for letter in text:
            if ord(letter) not in known and letter not in INVISIBLE:
                raise ReportError(
                    "report.glyph-missing",
                    "the character {letter} (U+{code_point:04X}) has no glyph in the document's fonts, so it would "
                    "print as an empty box; give a font that has it",
                    letter=letter,
                    code_point=ord(letter),
                )


def font_families(fonts: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the family names of font files, in order, each once."""
    names: list[str] = []
    for font in fonts:
        with TTFont(font, lazy=True) as table:
            names.append(str(table["name"].getBestFamilyName()))
    return tuple(dict.fromkeys(names))
