"""The pictures of a document as files, with an index that says what each shows."""

import json
from pathlib import Path
from typing import Any

from trocar.messages import Language
from trocar.report.document import Document, Picture, Side, in_language

INDEX = "pictures.json"


def write_pictures(document: Document, folder: Path, *, language: Language) -> list[dict[str, Any]]:
    """Write the named pictures of a document into a folder, and return what its index says.

    Parameters
    ----------
    document
        Its blocks, pictures side by side included, are gone through in order.
    folder
        Made where it does not exist.
    language
        Of the words in the index.
    """
    folder.mkdir(exist_ok=True)
    index = []
    for picture in _pictures(document):
        file = f"{picture.name}.{picture.suffix}"
        (folder / file).write_bytes(picture.data)
        shows = {name: in_language(getattr(picture, name), language) for name in ("alternative", "caption")}
        index.append({"file": file, **shows})
    (folder / INDEX).write_text(json.dumps(index, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return index


def _pictures(document: Document) -> list[Picture]:
    blocks = [each for block in document.blocks for each in (block.pictures if isinstance(block, Side) else (block,))]
    return [each for each in blocks if isinstance(each, Picture) and each.name]
