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
    sources = "\n".join(p.read_text(encoding="utf-8") for p in PAGES)
    sheets = "\n".join(s.read_text(encoding="utf-8") for s in SHEETS)
    asked = set(re.findall(r'\b(?:html|show)\(\s*"([a-z_]+/[a-z_]+)"', sources))
    asked |= set(re.findall(r'(?:from|import|include) "([a-z_/]+)\.html\.j2"', sheets))
    assert asked == {name_of(s) for s in SHEETS}


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
