"""Formulas of the documentation become MathML, and a labelled one can be cited."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def hook(repository: Path) -> ModuleType:
    pytest.importorskip("latex2mathml", reason="the tools of the documentation are not here: make docs")
    spec = importlib.util.spec_from_file_location("docs_equations", repository / "tools" / "docs_equations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_labelled_equation_has_an_address(hook: ModuleType) -> None:
    page = hook.on_page_content(r'<p>so</p><div class="arithmatex">\[ D = S_K \Lambda \tag{TG1} \]</div>')
    assert page.startswith("<p>so</p>")
    assert 'id="eq-TG1"' in page
    assert "(TG1)</a>" in page
    assert "tag" not in page
    assert "<msub><mi>S</mi><mi>K</mi></msub>" in page


def test_a_formula_within_a_line_stays_in_it(hook: ModuleType) -> None:
    page = hook.on_page_content(r'a <span class="arithmatex">\(x &lt; 1\)</span> b')
    assert page.startswith("a <math")
    assert 'display="inline"' in page
    assert "&#x0003C;" in page
    assert page.endswith("</math> b")


def test_a_page_without_formulas_is_left_alone(hook: ModuleType) -> None:
    assert hook.on_page_content("<p>plain $5</p>") == "<p>plain $5</p>"
