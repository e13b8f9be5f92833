"""Model cards as Markdown: templates of assets/cards, which hold the words around the figures of a report."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmcore.cards.tables import columns, groups
from mmcore.paths import CARDS


def markdown(name: str, /, **values: object) -> str:
    """The template of a name such as "case_model", filled in. Raises jinja2.UndefinedError where a figure is missing."""
    return _environment().get_template(f"{name}.md.j2").render(values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(CARDS),
        autoescape=False,  # a card is Markdown: escaped for HTML, "<" and "&" would be told wrong
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals |= {"columns": columns, "groups": groups}
    return made
