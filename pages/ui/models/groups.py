"""Figures of a model by group of patients as a forest plot, with what differs between groups in words."""

from html import escape

import streamlit as st

from mmcore.cards import read as cards
from pages.ui.models.words import capital, figure_words, forest, group_words, metric_words, part
from pages.ui.shell.text import t


def draw(card) -> None:
    """Choose a figure; see it for every group with its interval and count, small groups left out."""
    names = cards.metrics_of(card)
    if not names:
        st.html(f'<div class="quiet">{escape(t("screen.models.no_figures"))}</div>')
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
        st.html(_table(card, metric))
    with right:
        st.html(part("screen.models.fairness") + _differences(card))


def _table(card, metric: str) -> str:
    overall = card.test["metrics"][metric]
    everyone = {"n": card.test.get("n", 0), "patients": card.test.get("patients", 0)}
    lines = [_line(t("screen.models.group.everyone"), everyone, overall, overall["value"], "all")]
    shown = ""
    for grouping, name, group, figure in cards.group_rows(card, metric):
        if grouping != shown:
            shown = grouping
            title = escape(t(f"screen.models.grouping.{grouping}"))
            lines.append(f'<tr><th colspan="5" scope="rowgroup" class="between">{title}</th></tr>')
        lines.append(_line(group_words(grouping, name), group, figure, overall["value"]))
    heads = "".join(
        f"<th>{escape(t(f'screen.models.column.{c}'))}</th>"
        for c in ("group", "n", "patients", "interval", "figure")
    )
    return f'<table class="forests"><thead><tr>{heads}</tr></thead>{"".join(lines)}</table>'


def _line(name: str, group, figure, reference: float, kind: str = "") -> str:
    if figure:
        cells = f"<td>{forest(figure, reference)}</td><td class='num'>{escape(figure_words(figure))}</td>"
    else:
        few = group.get("patients", 0) < cards.FEWEST_PATIENTS
        reason = (
            t("screen.models.suppressed", least=cards.FEWEST_PATIENTS)
            if few
            else t("screen.models.one_sided")
        )
        cells = f'<td colspan="2" class="none">{escape(reason)}</td>'
    return (
        f'<tr class="{kind}"><th scope="row">{escape(name[:1].upper() + name[1:])}</th><td class="num">{group.get("n", 0):,}</td>'
        f'<td class="num">{group.get("patients", 0):,}</td>{cells}</tr>'
    )


def _differences(card) -> str:
    gaps = cards.fairness(card)
    told = []
    for gap in gaps:
        groups = card.test[gap["grouping"]]
        better, worse = (groups[gap[k]]["metrics"][gap["metric"]] for k in ("better", "worse"))
        told.append(
            t(
                "screen.models.gap",
                grouping=t(f"screen.models.grouping.{gap['grouping']}"),
                metric=metric_words(gap["metric"], card.two_sided),
                better=group_words(gap["grouping"], gap["better"]),
                worse=group_words(gap["grouping"], gap["worse"]),
                better_value=figure_words(better),
                worse_value=figure_words(worse),
            )
        )
    if not cards.sized(card):
        told.append(t("screen.models.gap_unknown"))
    elif not gaps:
        told.append(t("screen.models.gap_none", least=cards.FEWEST_PATIENTS))
    return "".join(f'<div class="{"warning" if gaps else "quiet"}">{escape(capital(s))}</div>' for s in told)
