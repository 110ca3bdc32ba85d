"""Both languages stand side by side in the code: what is said in English is said in Chinese on the same line."""

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language

CHINESE, ENGLISH = "zh-hans", "en"


def _chosen(english: str, chinese: str) -> str:
    return chinese if (get_language() or ENGLISH).startswith("zh") else english


both: Any = lazy(_chosen, str)
"""``both("Patient", "患者")``: one text, told in the language of whoever reads it."""


def is_chinese() -> bool:
    """Say whether the reader is addressed in Chinese."""
    return _chosen("", "zh") == "zh"


def _filled(english: str, chinese: str, data: dict[str, Any]) -> str:
    return _chosen(english, chinese).format(**data)


filled: Any = lazy(_filled, str)
"""A text of both languages with `str.format` fields."""
