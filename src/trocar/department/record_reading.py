"""A department's record as JSON, and back: the form in which it is exported, checked and counted elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from trocar.department.records import DepartmentRecord
from trocar.errors import DepartmentError

SCHEMA = "trocar.department-record/1"


def record_from_text(text: str) -> DepartmentRecord:
    """Return a record from its JSON.

    Raises
    ------
    DepartmentError
        Not JSON, of another schema, a field unknown, missing or of another type, or a record that contradicts itself.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as problem:
        raise DepartmentError(
            "department.not-json",
            "the record is not JSON (line {line}: {reason}); export it again",
            line=problem.lineno,
            reason=problem.msg,
        ) from problem
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise DepartmentError(
            "department.schema-unknown",
            "the record does not say that it is of the form {schema}; export it with this version",
            schema=SCHEMA,
        )
    record: DepartmentRecord = value_from_data(DepartmentRecord, data, where="record")
    return record


def record_to_text(record: DepartmentRecord) -> str:
    """Return a record as JSON; fields that were not recorded are left out.

    Examples
    --------
    >>> from datetime import date
    >>> empty = DepartmentRecord(hospital="H", department="D", country="CN", province="", as_of=date(2023, 1, 1),
    ...                          patients=(), procedures=())
    >>> record_from_text(record_to_text(empty)) == empty
    True
    """
    return json.dumps({"schema": SCHEMA, **data_from_value(record)}, ensure_ascii=False, indent=1) + "\n"


def data_from_value(value: Any) -> Any:  # noqa: PLR0911 - one return a kind of value
    """Return a value as JSON can hold it; what has its default is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: data_from_value(getattr(value, each.name))
            for each in fields(value)
            if each.default is MISSING or getattr(value, each.name) != each.default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): data_from_value(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(data_from_value(item) for item in value)
    if isinstance(value, tuple | list):
        return [data_from_value(item) for item in value]
    return value


def value_from_data(kind: Any, data: Any, *, where: str) -> Any:
    """Return a frozen value of a dataclass from plain data.

    Parameters
    ----------
    kind
        The dataclass.
    data
        A mapping of its fields.
    where
        How the place is named in an error.

    Raises
    ------
    DepartmentError
        A field is unknown, missing or of another type.
    """
    if not isinstance(data, Mapping):
        raise _wrong(where, data, "a group of fields")
    hints = get_type_hints(kind)
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise DepartmentError(
            "department.field-unknown",
            "{where} has the field {field}, which is not known here; there are: {fields}",
            where=where,
            field=unknown[0],
            fields=", ".join(hints),
        )
    for each in fields(kind):
        if each.default is MISSING and each.default_factory is MISSING and each.name not in data:
            raise DepartmentError(
                "department.field-missing", "{where} lacks the field {field}", where=where, field=each.name
            )
    return kind(**{name: _read(hints[name], item, where=f"{where}.{name}") for name, item in data.items()})


def _read(hint: Any, item: Any, *, where: str) -> Any:  # noqa: PLR0911, PLR0912 - one return a kind of field
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return item
    if origin in (Union, UnionType):
        if item is None:
            return None
        return _read(next(each for each in inner if each is not type(None)), item, where=where)
    if origin in (tuple, frozenset):
        if not isinstance(item, list | tuple):
            raise _wrong(where, item, "a list")
        return origin(_read(inner[0], each, where=f"{where}[{place}]") for place, each in enumerate(item))
    if origin is not None:
        if not isinstance(item, Mapping):
            raise _wrong(where, item, "a group of fields")
        return {str(key): _read(inner[1], each, where=f"{where}.{key}") for key, each in item.items()}
    if is_dataclass(hint):
        return value_from_data(hint, item, where=where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(item)
        except ValueError as problem:
            raise _wrong(where, item, ", ".join(str(each.value) for each in hint)) from problem
    if hint in (date, datetime):
        return _read_day(hint, item, where=where)
    if hint is float and isinstance(item, int) and not isinstance(item, bool):
        return float(item)
    if type(item) is not hint:
        raise _wrong(where, item, hint.__name__)
    return item


def _read_day(hint: type[date], item: Any, *, where: str) -> date:
    if type(item) is hint:
        return item  # YAML has read it already
    try:
        return hint.fromisoformat(item)
    except (TypeError, ValueError) as problem:
        raise _wrong(where, item, "2023-05-31" if hint is date else "2023-05-31T09:30") from problem


def _wrong(where: str, item: Any, allowed: str) -> DepartmentError:
    return DepartmentError(
        "department.field-wrong",
        "{where} is {given}; it can be: {allowed}",
        where=where,
        given=repr(item),
        allowed=allowed,
    )
