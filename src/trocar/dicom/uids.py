"""UIDs that follow from what they name: writing the same thing twice gives the same files."""

import hashlib
import uuid

from pydicom.uid import UID

IMPLEMENTATION_CLASS_UID = UID("2.25.283745719461937459017340129384756102938")
IMPLEMENTATION_VERSION_NAME = "TROCAR"


def derived_uid(*parts: str) -> str:
    """Return the UID under 2.25 that belongs to a list of texts, such as content hash, kind of object and number.

    Parameters
    ----------
    *parts
        What distinguishes the thing; other parts, other UID.

    Examples
    --------
    >>> derived_uid("a", "b") == derived_uid("a", "b") != derived_uid("ab")
    True
    """
    digest = hashlib.sha256(b"".join(f"{len(part.encode())}:{part}".encode() for part in parts)).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"
