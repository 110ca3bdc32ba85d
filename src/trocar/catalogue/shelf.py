"""Where the folders of models stand: those that come with Trocar, and those that installed packages add."""

from collections.abc import Callable, Iterator
from importlib import metadata, resources
from importlib.resources.abc import Traversable

from trocar.errors import CatalogueError


def stand_up(name: str, *, marker: str, key: Callable[[str, str], str]) -> dict[str, Traversable]:
    """Return the folders of a shelf by key.

    A model is a folder ``<group>/<model>/`` that holds the marker file, below ``trocar/catalogue/<name>`` or below the
    resources of an importable package that an entry point of the group ``trocar.<name>`` names.

    Parameters
    ----------
    name
        Of the shelf, ``sources``.
    marker
        File that makes a folder a model.
    key
        From the names of group and model to the model's key.

    Raises
    ------
    CatalogueError
        Two folders have the same key.
    """
    shelf: dict[str, Traversable] = {}
    for group, folder in _models(name, marker):
        found = key(group.name, folder.name)
        if found in shelf:
            raise CatalogueError(
                "catalogue.key-twice",
                "two folders describe {key} in the catalogue: {first} and {second}; a key must be unique",
                key=found,
                first=str(shelf[found]),
                second=str(folder),
            )
        shelf[found] = folder
    return shelf


def _models(name: str, marker: str) -> Iterator[tuple[Traversable, Traversable]]:
    for root in _roots(name):
        for group in _folders(root):
            yield from ((group, folder) for folder in _folders(group) if (folder / marker).is_file())


def _roots(name: str) -> Iterator[Traversable]:
    yield resources.files("trocar.catalogue") / name
    for entry in metadata.entry_points(group=f"trocar.{name}"):
        yield resources.files(entry.load())


def _folders(root: Traversable) -> list[Traversable]:
    return sorted((each for each in root.iterdir() if each.is_dir()), key=lambda each: each.name)
