"""The full card on the Models page: its parts fold out one by one, and identifiers of the reports are put into words."""

import re

import streamlit as st

from mmcore import words
from mmcore.cards.read import Card
from pages.ui.models.words import PREFIXES
from pages.ui.shell.text import capital, t

_IDENTIFIER = re.compile(r"\b(?=\w*[_\d])[a-z]\w*\b")
_MODALITIES = re.compile(r"(?<=\| )(?:image|text|clinical|waveform)(?:\+\w+)*(?= [(|])")
_SECTIONS = ("label", "field", "task")  # where an identifier of a report may have a name


def draw(card: Card) -> None:
    """What comes before the first heading as it is, each further part folded up under its heading."""
    if not card.text:
        st.markdown(t("screen.models.no_card"))
        return
    st.caption(t("screen.models.card_language"))
    opening, *parts = re.split(r"^## ", in_words(card.text), flags=re.MULTILINE)
    st.markdown(re.sub(r"^# .*\n", "", opening))
    for place, section in enumerate(parts):
        title, _, body = section.partition("\n")
        with st.expander(title, expanded=place == 0):
            st.markdown(re.sub(r"^#+ (.*)$", r"**\1**", body, flags=re.MULTILINE))


def in_words(text: str) -> str:
    """The text of a card with identifiers in words: auroc_covid19, other_pneumonia, image+text; code spans stay."""
    pieces = re.split(r"(`[^`]*`|\]\([^)]*\))", text)
    return "".join(p if n % 2 else _told(p) for n, p in enumerate(pieces))


def _told(text: str) -> str:
    text = _MODALITIES.sub(lambda m: capital(", ".join(_say("modality", x) for x in m[0].split("+"))), text)
    return _IDENTIFIER.sub(lambda m: _name(m[0]), text)


def _name(identifier: str) -> str:
    known = next((s for s in _SECTIONS if words.known(f"{s}.{identifier}")), None)
    if known:
        return _say(known, identifier)
    prefix, _, label = identifier.partition("_")
    of_label = prefix in PREFIXES and not words.known(f"screen.models.metric.{identifier}")
    return (
        _say("screen.models.metric", prefix, label=label)
        if of_label
        else _say("screen.models.metric", identifier)
    )


def _say(section: str, name: str, **values: str) -> str:
    """In English, as the card is; a name without words of its own with blanks."""
    return words.say(f"{section}.{name}", **values)
