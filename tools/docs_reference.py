"""MkDocs hook: one reference page a room of the library, made from its docstrings, so that no room is forgotten."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

LIBRARY = Path(__file__).parents[1] / "src" / "trocar"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a generated page for every module on the floor and every room."""
    floor = [path for path in LIBRARY.glob("*.py") if path.stem != "__init__"]
    rooms = [path.parent for path in LIBRARY.glob("*/__init__.py")]
    for place in sorted([*floor, *rooms], key=lambda each: each.stem):
        page = File.generated(config, f"reference/{place.stem}.md", content=_page(place))
        files.append(page)
    return files


def _page(place: Path) -> str:
    name = f"trocar.{place.stem}"
    lines = ["---", f"title: {name}", "---", "", f"::: {name}", "    options:", "      heading_level: 1", ""]
    for module in _modules_within(place, name):
        lines += [f"::: {module}", ""]
    return "\n".join(lines)


def _modules_within(place: Path, name: str) -> list[str]:
    if not place.is_dir():
        return []
    inside = (path.relative_to(place).with_suffix("").parts for path in sorted(place.rglob("*.py")))
    return [".".join([name, *parts]) for parts in inside if not any(_is_internal(part) for part in parts)]


def _is_internal(part: str) -> bool:
    return part.startswith(("_", "kernel"))
