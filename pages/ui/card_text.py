"""The full card on the Models page: its parts fold out one by one, and identifiers of the reports are put into words."""

import re

import streamlit as st

from mmcore.services import words
from pages.ui.card_words import PREFIXES, capital, metric_words, modalities_words
from pages.ui.text import t

_IDENTIFIER = re.compile(r"\b(?=\w*[_\d])[a-z]\w*\b")
_MODALITIES = re.compile(r"(?<=\| )(?:image|text|clinical|waveform)(?:\+\w+)*(?= [(|])")
_SECTIONS = ("label", "field", "task")  # where an identifier of a report may have a name


def draw(card) -> None:
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
    text = _MODALITIES.sub(lambda m: capital(modalities_words(m[0])), text)
    return _IDENTIFIER.sub(lambda m: _name(m[0]), text)


def _name(identifier: str) -> str:
    known = next((s for s in _SECTIONS if words.known(f"{s}.{identifier}")), None)
    if known:
        return t(f"{known}.{identifier}")
    is_metric = words.known(f"screen.models.metric.{identifier}") or identifier.startswith(
        tuple(f"{p}_" for p in PREFIXES)
    )
    return metric_words(identifier) if is_metric else identifier.replace("_", " ")
