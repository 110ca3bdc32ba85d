"""Which model of the catalogue a source of a plan is: by its name, if the name fits one model only; else ask."""

import re
from functools import cache

from trocar.catalogue.sources import Source, TableStatus, load_source, source_keys
from trocar.dicom.attributes import Attributes
from trocar.errors import ChoiceNeeded, RefusedObject

_NAMING = ("SourceModelID", "SourceDescription", "SourceIsotopeName")
_SYMBOLS = "Am|Au|Co|Cs|I|Ir|P|Pd|Ra|Rn|Ru|Sr|Ta|Tm|Y|Yb"
_NUCLIDE = re.compile(
    rf"(?<![A-Za-z0-9])(?:({_SYMBOLS})[-\s]?(\d{{2,3}})|(\d{{2,3}})[-\s]?({_SYMBOLS}))(?![A-Za-z0-9])", re.IGNORECASE
)
_NAMES_OF_ELEMENTS = {
    "iodine": "I",
    "palladium": "Pd",
    "caesium": "Cs",
    "cesium": "Cs",
    "iridium": "Ir",
    "碘": "I",
    "钯": "Pd",
    "铯": "Cs",
    "铱": "Ir",
}
_HALF_LIFE_WITHIN = 0.02
_SHORTEST_NAME = 4


def choose_source(item: Attributes, *, number: int, asked: str | None) -> Source:
    """Return the model of a source.

    Parameters
    ----------
    item
        Item of the Source Sequence.
    number
        Its number, for messages.
    asked
        Key of the catalogue that the user gave; it decides, unless its nuclide is another.

    Raises
    ------
    ChoiceNeeded
        The file names no model of the catalogue, or several.
    RefusedObject
        The model asked for is of another nuclide.
    CatalogueError
        The catalogue has no such key.
    """
    nuclide = _stated_nuclide(item)
    named = _named_models(item, nuclide)
    if asked is not None:
        return _asked(item, load_source(asked), nuclide, named, number)
    if len(named) == 1:
        return named[0]
    trusted = [source for source in named if source.status is not TableStatus.NOT_CONSENSUS]
    if len(trusted) == 1 and len({source.model for source in named}) == 1:
        item.noted.note(
            "rtplan.data-set-chosen",
            "the catalogue has {n} data sets for the model of source {number}; {key}, the one that is not marked as a "
            "candidate, is used",
            where=item.file,
            n=len(named),
            number=number,
            key=trusted[0].key,
        )
        return trusted[0]
    candidates = named or _candidates(item, nuclide)
    raise ChoiceNeeded(
        "rtplan.source-model-unknown",
        "{where}: which model source {number} is cannot be told from {stated}; say it by source_model: {candidates}",
        where=item.where,
        number=number,
        stated=_stated(item),
        candidates=", ".join(source.key for source in candidates) or "-",
    )


def _asked(item: Attributes, source: Source, nuclide: str | None, named: tuple[Source, ...], number: int) -> Source:
    if nuclide is not None and nuclide != source.nuclide.name:
        raise RefusedObject(
            "rtplan.nuclide-differs",
            "{where}: source {number} is {nuclide}, but {key} is {other}; give a model of {nuclide}",
            where=item.where,
            number=number,
            nuclide=nuclide,
            key=source.key,
            other=source.nuclide.name,
        )
    if named and source not in named:
        item.noted.note(
            "rtplan.other-model-asked",
            "the plan names source {number} {stated}, but {key} was asked for and is used",
            where=item.file,
            number=number,
            stated=_stated(item),
            key=source.key,
        )
    return source


def _named_models(item: Attributes, nuclide: str | None) -> tuple[Source, ...]:
    """Return the models whose names stand in the item; of names one in the other, the longest counts."""
    texts = [text for text in (item.text_or(each, "").strip() for each in _NAMING) if text]
    for text in texts:
        if text in source_keys():
            return (load_source(text),)
    found: dict[str, tuple[str, Source]] = {}
    for source in _sources(nuclide):
        names = [name for name in (source.key, source.model, *source.aliases) if _stands_in(name, texts)]
        if names:
            found[source.key] = (max((_plain(name) for name in names), key=len), source)
    return tuple(
        source
        for name, source in found.values()
        if not any(name != longer and name in longer for longer, _ in found.values())
    )


def _stands_in(name: str, texts: list[str]) -> bool:
    """Say whether a name stands in one of the texts as whole words, or is one of them, blind to punctuation."""
    if any(_plain(name) == _plain(text) for text in texts):
        return True
    return len(_plain(name)) >= _SHORTEST_NAME and any(_pattern(name).search(text) for text in texts)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    words = r"[\W_]*".join(map(re.escape, re.findall(r"[^\W_]+", name)))
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])", re.IGNORECASE)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _sources(nuclide: str | None) -> list[Source]:
    sources = (load_source(key) for key in source_keys())
    return [source for source in sources if nuclide in (None, source.nuclide.name)]


def _candidates(item: Attributes, nuclide: str | None) -> list[Source]:
    """Return the models that may be meant, those of the maker named first."""
    sources = _sources(nuclide)
    half_life_d = item.number_or_none("SourceIsotopeHalfLife")
    if nuclide is None and half_life_d is not None:
        near = [each for each in sources if abs(half_life_d / each.nuclide.half_life_d - 1) < _HALF_LIFE_WITHIN]
        sources = near or sources
    maker = {word.casefold() for word in re.findall(r"[^\W_]{3,}", item.text_or("SourceManufacturer", ""))}

    def is_of_another_maker(source: Source) -> bool:
        return maker.isdisjoint(word.casefold() for word in re.findall(r"[^\W_]{3,}", source.manufacturer))

    return sorted(sources, key=is_of_another_maker)


def _stated_nuclide(item: Attributes) -> str | None:
    """Return the name of the nuclide that the isotope name states, None where it states none."""
    text = item.text_or("SourceIsotopeName", "")
    for name, symbol in _NAMES_OF_ELEMENTS.items():
        text = re.sub(name, symbol, text, flags=re.IGNORECASE)
    found = _NUCLIDE.search(text)
    if not found:
        return None
    symbol, mass = (found[1], found[2]) if found[1] else (found[4], found[3])
    return f"{symbol.capitalize()}-{mass}"


def _stated(item: Attributes) -> str:
    """Return what the item says of the model, for a message."""
    stated = [item.text_or(each, "").strip() for each in ("SourceManufacturer", *_NAMING)]
    return ", ".join(f"'{text}'" for text in stated if text) or "-"
