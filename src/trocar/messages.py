"""What Trocar says to people, in English and Chinese: a stable code, a template and typed data.

Errors, findings and tolerated deviations all carry a `Message`. The English template stands where the message is
raised, so that the code reads; the Chinese text stands in ``locale/zh_Hans/<room>.toml`` under the same code.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType


class Language(Enum):
    """A language in which people are addressed."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing said to a person.

    Parameters
    ----------
    code
        Stable name, ``room.what-happened``; scripts and translations rely on it.
    template
        English text with `str.format` fields.
    data
        The values of the fields; a message, or a tuple of messages, is told in the language of the whole.

    Examples
    --------
    >>> m = Message(code="demo.gap", template="slices are {gap_mm:.1f} mm apart", data={"gap_mm": 5.0})
    >>> m.text()
    'slices are 5.0 mm apart'
    """

    code: str
    template: str
    data: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", MappingProxyType(dict(self.data)))

    def text(self, language: Language = Language.ENGLISH) -> str:
        """Return the sentence; English where a text has no Chinese form."""
        template = self.template
        if language is Language.CHINESE:
            template = chinese_templates().get(self.code, template)
        return template.format(**{name: _told(value, language) for name, value in self.data.items()})

    def __str__(self) -> str:
        return self.text()

    def __hash__(self) -> int:
        return hash((self.code, self.text()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.code, dict(self.data)) == (other.code, dict(other.data))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.code, self.template, dict(self.data)))


def _told(value: object, language: Language) -> object:
    """Return a value as it stands in a sentence: messages in its language, all else as it is."""
    if isinstance(value, Message):
        return value.text(language)
    if isinstance(value, tuple) and value and all(isinstance(each, Message) for each in value):
        return ("；" if language is Language.CHINESE else "; ").join(each.text(language) for each in value)
    return value


def _rebuild(code: str, template: str, data: dict[str, object]) -> Message:
    return Message(code=code, template=template, data=data)


@cache
def chinese_templates() -> Mapping[str, str]:
    """Return every Chinese template by code, from all files of the locale folder."""
    folder = resources.files("trocar") / "locale" / "zh_Hans"
    templates: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            templates.update(tomllib.loads(file.read_text(encoding="utf-8")))
    return MappingProxyType(templates)
