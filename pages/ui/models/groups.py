"""Figures of a model by group of patients as a forest plot, with what differs between groups in words."""

from dataclasses import dataclass

import streamlit as st

from mmcore.cards import read as cards
from mmcore.cards.read import Card
from mmcore.cards.report import Report, count
from pages.ui.models.report import Interval, interval
from pages.ui.models.words import figure_words, group_words, metric_words
from pages.ui.shell.template import show
from pages.ui.shell.text import capital, heading, t


@dataclass(frozen=True)
class _Line:
    """A group of patients: its counts and its figure in words, or why it has none."""

    name: str
    n: int
    patients: int
    figure: Interval | None
    words: str


def draw(card: Card) -> None:
    """Choose a figure; see it for every group with its interval and count, small groups left out."""
    names = cards.metrics_of(card)
    if not names:
        show("shell/line", kind="quiet", words=t("screen.models.no_figures"))
        return
    left, right = st.columns((0.64, 0.36), gap="medium")
    with left:
        metric = st.selectbox(
            t("screen.models.metric_choice"),
            names,
            format_func=lambda n: capital(metric_words(n, card.two_sided)),
            key=f"card_metric_{card.task}",
            width=340,
        )
        _draw_table(card, metric)
    with right:
        show(
            "models/differences", tone="warning" if cards.fairness(card) else "quiet", told=_differences(card)
        )


def _draw_table(card: Card, metric: str) -> None:
    everyone = _line(
        heading("screen.models.group.everyone"), card.test, interval(card.test, "metrics", metric)
    )
    sections: dict[str, list[_Line]] = {}
    for grouping, name, group, figure in cards.group_rows(card, metric):
        line = _line(capital(group_words(grouping, name)), group, interval(figure or {}))
        sections.setdefault(grouping, []).append(line)
    show("models/groups", everyone=everyone, sections=sections)


def _line(name: str, group: Report, figure: Interval | None) -> _Line:
    patients = count(group, "patients")
    few = t("screen.models.suppressed", least=cards.FEWEST)
    missing = few if patients < cards.FEWEST else t("screen.models.one_sided")
    return _Line(name, count(group, "n"), patients, figure, figure_words(figure) if figure else missing)


def _differences(card: Card) -> list[str]:
    """The widest gaps in words, and whether the groups were large enough to find any."""
    gaps = cards.fairness(card)
    told = [_gap_words(card, gap) for gap in gaps]
    if not cards.sized(card):
        told.append(heading("screen.models.gap_unknown"))
    elif not gaps:
        told.append(heading("screen.models.gap_none", least=cards.FEWEST))
    return told


def _gap_words(card: Card, gap: cards.Gap) -> str:
    grouping, metric = gap["grouping"], gap["metric"]
    sides = gap["better"], gap["worse"]
    better, worse = (figure_words(interval(card.test, grouping, k, "metrics", metric)) for k in sides)
    return heading(
        "screen.models.gap",
        grouping=t(f"screen.models.grouping.{grouping}"),
        metric=metric_words(metric, card.two_sided),
        better=group_words(grouping, gap["better"]),
        worse=group_words(grouping, gap["worse"]),
        better_value=better,
        worse_value=worse,
    )
