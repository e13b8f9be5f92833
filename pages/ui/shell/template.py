"""Every piece of HTML on the screens: templates of assets/templates, in which whatever is filled in is escaped."""

from functools import cache

import streamlit as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mmcore.paths import TEMPLATES
from pages.ui.shell.text import day, heading, listed, number, percent, signed, t, told

_WORDS = (t, heading, told, percent, signed, number, listed, day)  # what a template may call


def html(name: str, /, **values: object) -> Markup:
    """The template of a name such as "review/answer", filled in: text is escaped, what a template made stays as it is.

    Raises jinja2.UndefinedError where a value is missing.
    """
    return Markup(_environment().get_template(f"{name}.html.j2").render(values))


def show(name: str, /, **values: object) -> None:
    """The same, on the screen."""
    st.html(html(name, **values))


def marked(code: str, /, **values: object) -> Markup:
    """The sentence of a code that holds markup, or takes some as a value; other values are escaped, the sentence is not."""
    return Markup(t(code, **{k: escape(v) if isinstance(v, str) else v for k, v in values.items()}))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {f.__name__: f for f in (*_WORDS, marked)}
    return made
