"""What DICOM has no attribute for, in one private element of ours: group 300B, creator TROCAR, JSON in plain ASCII.

A system that drops private elements loses only this; the object stays readable by the rules for foreign ones.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

from trocar.dicom.attributes import Attributes

GROUP = 0x300B
CREATOR = "TROCAR"
_FACTS = 0x01


def write_private(dataset: Dataset, facts: Mapping[str, object]) -> None:
    """Add facts, made of numbers, texts, lists and mappings, to an object to be written."""
    block = dataset.private_block(GROUP, CREATOR, create=True)
    block.add_new(_FACTS, "UT", json.dumps(facts, sort_keys=True, ensure_ascii=True))


def read_private(attributes: Attributes) -> Mapping[str, Any]:
    """Return the facts Trocar added to an object; empty where it was written by another system.

    A text that does not parse is noted and counts as absent.
    """
    for block in range(0x10, 0x100):
        if _text(attributes.dataset, block) == CREATOR:
            break
    else:
        return {}
    text = _text(attributes.dataset, (block << 8) + _FACTS)
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        attributes.noted.note(
            "rt.private-unreadable",
            "Trocar's own private element was changed by another system and cannot be read; it was ignored",
            where=attributes.file,
        )
        return {}
    return facts


def note_private_invalid(attributes: Attributes, fact: str) -> None:
    """Note that one of Trocar's private facts does not hold what it should."""
    attributes.noted.note(
        "rt.private-invalid",
        "Trocar's own private element does not hold a usable {fact}; it was ignored",
        where=attributes.file,
        fact=fact,
    )


def _text(dataset: Dataset, element: int) -> str:
    found: Any = dataset.get_item((GROUP, element))
    value = None if found is None else found.value
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip(" \0")
    return value if isinstance(value, str) else ""
