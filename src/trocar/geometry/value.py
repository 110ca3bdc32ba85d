"""Values: immutable, compared and named by the hash of their content."""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import numpy as np


class Value:
    """Base of frozen dataclasses that are equal when their content is.

    Subclasses are declared ``@dataclass(frozen=True, slots=True, kw_only=True, eq=False)``; their arrays pass through
    `frozen_array` in ``__post_init__``.
    """

    __slots__ = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 of type and content, in hexadecimal."""
        digest = hashlib.sha256()
        _feed(digest, self)
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Value) and type(self) is type(other) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return int(self.content_hash[:15], 16)


def frozen_array(values: Any, dtype: Any) -> np.ndarray:
    """Return a read-only, C-contiguous array; copied unless nobody else could write to it.

    Parameters
    ----------
    values
        Anything `numpy.asarray` accepts.
    dtype
        Type of the elements.
    """
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.flags.writeable or (array.base is not None and _writeable(array.base)):
        array = array.copy() if np.may_share_memory(array, values) or array.base is not None else array
        array.flags.writeable = False
    return array


def frozen_without_copy(array: np.ndarray) -> np.ndarray:
    """Return ``array`` itself made read-only: for a large array whose maker hands it over and keeps no other view."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _writeable(base: object) -> bool:
    return isinstance(base, np.ndarray) and bool(base.flags.writeable)


def _feed(digest: Any, item: object) -> None:  # noqa: PLR0912 - one branch a type of content
    if is_dataclass(item) and not isinstance(item, type):
        digest.update(b"D" + type(item).__qualname__.encode())
        for each in fields(item):
            digest.update(b"." + each.name.encode())
            _feed(digest, getattr(item, each.name))
    elif isinstance(item, np.ndarray):
        digest.update(f"A{item.dtype.str}{item.shape}".encode())
        digest.update(np.ascontiguousarray(item).data if item.size else b"")
    elif isinstance(item, Enum):
        digest.update(f"E{type(item).__qualname__}.{item.name}".encode())
    elif isinstance(item, bool | np.bool_):
        digest.update(b"T" if item else b"F")
    elif isinstance(item, int | np.integer):
        digest.update(f"I{int(item)};".encode())
    elif isinstance(item, float | np.floating):
        digest.update(b"R" + struct.pack("<d", float(item)))
    elif isinstance(item, complex | np.complexfloating):
        digest.update(b"Z" + struct.pack("<dd", item.real, item.imag))
    elif isinstance(item, str):
        data = item.encode("utf-8", "surrogatepass")
        digest.update(f"S{len(data)}:".encode() + data)
    elif isinstance(item, bytes):
        digest.update(f"B{len(item)}:".encode() + item)
    elif item is None:
        digest.update(b"N")
    elif isinstance(item, datetime | date):
        digest.update(f"d{item.isoformat()};".encode())
    elif isinstance(item, tuple | list):
        digest.update(f"L{len(item)}:".encode())
        for each_item in item:
            _feed(digest, each_item)
    elif isinstance(item, Mapping):
        digest.update(f"M{len(item)}:".encode())
        for key in sorted(item, key=str):
            _feed(digest, key)
            _feed(digest, item[key])
    elif isinstance(item, frozenset):
        digest.update(b"U")
        _feed(digest, tuple(sorted(item, key=str)))
    else:
        raise TypeError(f"cannot hash the content of {type(item).__qualname__}")
