"""HTML stands in templates alone, which escape what is filled in; every template is used, and says nothing in one language."""

import ast
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from mmcore.paths import ROOT, TEMPLATES
from mmcore.words import table
from pages.ui.shell import text
from pages.ui.shell.template import html, marked

PAGES = [ROOT / "app.py", *sorted(ROOT.glob("pages/**/*.py"))]
SHEETS = sorted(TEMPLATES.glob("**/*.html.j2"))
TAG = re.compile(r"<[A-Za-z/!]")


def name_of(sheet: Path) -> str:
    """The name by which a screen asks for a template."""
    return str(sheet.relative_to(TEMPLATES)).removesuffix(".html.j2")


def asked_by_screen(source: str) -> list[str]:
    """Templates that a screen's source names in calls of `html` and `show`, in order; of Streamlit's own `st.html` only what is
    drawn within it counts."""
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and n.args and _draws(n.func)]
    places = sorted(calls, key=lambda n: (n.args[0].lineno, n.args[0].col_offset))
    return [name for n in places for name in _constants(n.args[0])]


def _draws(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in ("html", "show")
    ours = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return ours and function.value.id == "template" and function.attr in ("html", "show")


def _constants(name: ast.expr) -> list[str]:
    if isinstance(name, ast.IfExp):
        return [*_constants(name.body), *_constants(name.orelse)]
    assert isinstance(name, ast.Constant), f"{ast.unparse(name)} may be any template"
    return [name.value]


def asked_by_template(sheet: str) -> list[str]:
    """Templates that a template takes in."""
    return re.findall(r"""\b(?:from|import|include|extends)\s+["']([^"']+)\.html\.j2["']""", sheet)


def tags(source: str) -> list[str]:
    """String constants and parts of f-strings that hold an HTML tag and are no docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    docs = {
        id(n.body[0].value)
        for n in ast.walk(tree)
        if isinstance(n, documented) and n.body and isinstance(n.body[0], ast.Expr)
    }
    strings = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return [n.value for n in strings if id(n) not in docs and TAG.search(n.value)]


def spoken(sheet: str) -> str:
    """What a template says by itself: the text between its tags."""
    return re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", " ", sheet, flags=re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_screen_writes_a_tag(path: Path) -> None:
    assert tags(path.read_text(encoding="utf-8")) == []


def test_the_search_for_tags_finds_one_and_leaves_docstrings_and_smaller_than_alone() -> None:
    assert tags("'''A <b>.'''\nx = f'<b>{y}</b> < 3'") == ["<b>", "</b> < 3"]
    assert tags("limit = '< 0.1 %'") == []


def test_every_template_is_asked_for_and_every_one_asked_for_exists() -> None:
    screens = [p for p in PAGES if p != ROOT / "pages" / "ui" / "shell" / "template.py"]
    asked = {name for p in screens for name in asked_by_screen(p.read_text(encoding="utf-8"))}
    asked |= {name for s in SHEETS for name in asked_by_template(s.read_text(encoding="utf-8"))}
    assert asked == {name_of(s) for s in SHEETS}


def test_a_template_is_found_whatever_its_name_and_a_name_that_is_no_constant_is_not_let_pass() -> None:
    assert asked_by_screen("show(\n 'new_case/Step-2b'); template.html('v2/a.b', x=html('c'))") == [
        "new_case/Step-2b",
        "v2/a.b",
        "c",
    ]
    assert asked_by_screen("st.html(html('x' if narrow else 'y'))") == ["x", "y"]
    assert asked_by_template("{% include 'v2/a-b.html.j2' %}{%- from \"c.html.j2\" import d %}") == [
        "v2/a-b",
        "c",
    ]
    with pytest.raises(AssertionError, match="f'v2/{x}'"):
        asked_by_screen("show(f'v2/{x}')")


@pytest.mark.parametrize("sheet", SHEETS, ids=name_of)
def test_a_template_says_nothing_in_one_language_and_looks_up_only_sentences_that_exist(sheet: Path) -> None:
    source = sheet.read_text(encoding="utf-8")
    assert re.findall(r"[A-Za-z]{2,}[,.;]? +[a-z]{2,}", spoken(source)) == []
    codes = set(re.findall(r'\b(?:t|heading|marked)\("([a-z0-9_.]+)"', source))
    assert {c for c in codes if not c.endswith(".")} <= set(table("en"))


def test_only_our_own_style_sheets_go_in_unescaped() -> None:
    assert [name_of(s) for s in SHEETS if re.search(r"\|\s*safe|autoescape", s.read_text())] == [
        "shell/style"
    ]


def test_what_is_filled_in_is_escaped_and_what_a_template_made_is_not() -> None:
    line = html("shell/line", kind="quiet", words="<script>alert('x')</script>")
    assert line == '<div class="quiet">&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</div>'
    assert html("review/side", words="a & b", account=line) == f'<h2 class="part">a &amp; b</h2>{line}'


def test_a_note_is_shown_as_it_was_written_and_runs_nothing() -> None:
    runs = [("1. ", "<b>Cough</b>", "w", ""), ("\n  ", "fever", "w negated", "")]
    assert html("draw/note", alt='"a"', runs=runs, rest=" & more\n") == (
        '<div class="note" role="group" aria-label="&#34;a&#34;">1. <span class="w" style="">&lt;b&gt;Cough&lt;/b&gt;</span>'
        '\n  <span class="w negated" style="">fever</span> &amp; more\n</div>'
    )


def test_a_value_that_is_missing_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError, match="words"):
        html("shell/line", kind="quiet")


def test_a_sentence_takes_markup_as_a_value_and_escapes_the_others(monkeypatch) -> None:
    monkeypatch.setattr(text.state, "language", lambda: "en")
    bold = html("shell/chips", chips=["+0.71"])
    told = marked("screen.review.sum_alone", terms="<i>", total=bold, odds="1", label="covid19", p="60 %")
    assert "&lt;i&gt;" in told and bold in told and "COVID-19" in told


def test_no_sentence_holds_markup() -> None:
    assert [c for language in ("en", "zh") for c, s in table(language).items() if TAG.search(s)] == []
