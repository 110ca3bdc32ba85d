"""Every message the source can say, found by reading the source: code, English template, fields given to it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

SOURCE = Path(__file__).parents[1] / "src"
CODE = re.compile(r"[a-z][a-z_]*\.[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One place in the source that names a message."""

    code: str
    template: str
    given: frozenset[str] | None
    """Names of the values given there; None where they cannot be read off the source."""
    where: str


def said_in(source: str, *, name: str) -> Iterator[Said]:
    """Yield every call that gives a code and an English template, as two first arguments or by keyword."""
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        keywords = {each.arg: each.value for each in call.keywords}
        by_keyword = _text(keywords.get("code")), _text(keywords.get("template"))
        by_place = tuple(_text(each) for each in [*call.args[:2], None, None][:2])
        given = _keys(keywords.get("data")) if by_keyword[0] else _names(keywords)
        for code, template in (by_keyword, by_place):
            if code and template and CODE.fullmatch(code):
                yield Said(code=code, template=template, given=given, where=f"{name}:{call.lineno}")


def everything_said() -> list[Said]:
    """Return every message of every file under src."""
    return [each for file in _files() for each in said_in(file.read_text("utf-8"), name=str(file.relative_to(SOURCE)))]


def texts_in_source() -> set[str]:
    """Return every string constant under src: a code that is none of them is said nowhere."""
    trees = (ast.parse(file.read_text("utf-8")) for file in _files())
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def unreadable_raises(error_names: set[str]) -> list[str]:
    """Return the places that raise an error of the tree without writing out its code and template, or a message's."""
    return [
        f"{file.relative_to(SOURCE)}:{node.lineno}"
        for file in _files()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and _name(node.func) in error_names
        and not (len(node.args) == 2 and (all(map(_text, node.args)) or all(map(_of_a_message, node.args))))
    ]


def fields_of(template: str) -> frozenset[str]:
    """Return the names of a template's `str.format` fields."""
    return frozenset(re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(template) if name is not None)


def _files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _of_a_message(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in {"code", "template"}


def _names(keywords: dict[str | None, ast.expr]) -> frozenset[str] | None:
    return None if None in keywords else frozenset(name for name in keywords if name)


def _keys(data: ast.expr | None) -> frozenset[str] | None:
    if data is None:
        return frozenset()
    if not isinstance(data, ast.Dict):
        return None
    keys = [_text(key) for key in data.keys if key is not None]
    return frozenset(key for key in keys if key) if len(keys) == len(data.keys) and all(keys) else None
