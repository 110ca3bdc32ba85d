"""A request as the library's command line reads it, so that anybody can make the same plan again from the file."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any


def toml_of(tables: Mapping[str, Any], *, within: str = "") -> str:
    """Return nested tables as TOML; entries that are None are left out.

    Examples
    --------
    >>> print(toml_of({"a": 1, "b": {"c": ["d", 2.5]}}).strip())
    "a" = 1
    <BLANKLINE>
    ["b"]
    "c" = ["d", 2.5]
    """
    plain = {key: value for key, value in tables.items() if not isinstance(value, Mapping) and value is not None}
    lines = [f"{_text(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        if isinstance(value, Mapping):
            name = f"{within}.{_text(key)}".lstrip(".")
            lines += ["", f"[{name}]", toml_of(value, within=name).rstrip("\n")]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
