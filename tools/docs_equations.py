r"""MkDocs hook: LaTeX becomes MathML while the pages are built, which browsers draw without any script.

An equation is labelled by ``\tag{TG1}`` and then has the address ``#eq-TG1``, under which docstrings cite it.
"""

import html
import re
from typing import Any

from latex2mathml.converter import convert

ARITHMATEX = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)
TAG = re.compile(r"\\tag\{([^}]*)\}")


def on_page_content(content: str, **_: Any) -> str:
    """Replace every formula of a page."""
    return ARITHMATEX.sub(_equation, content)


def _equation(found: re.Match[str]) -> str:
    latex = html.unescape(found[2]).strip()[2:-2].strip()  # \( \) or \[ \]
    label = TAG.search(latex)
    mathml = convert(TAG.sub("", latex), display="block" if found[1] == "div" else "inline")
    if found[1] == "span":
        return mathml
    if label is None:
        return f'<div class="equation">{mathml}</div>'
    anchor = f'<a class="label" href="#eq-{label[1]}">({label[1]})</a>'
    return f'<div class="equation" id="eq-{label[1]}">{mathml}{anchor}</div>'
