"""Whether a model and its explanations survive the tests that could have failed them."""

import streamlit as st
from markupsafe import Markup

from mmcore.cards.read import Card
from mmcore.cards.report import Report, count, part
from pages.ui.models.report import interval, number_in
from pages.ui.models.words import figure_words, metric_words
from pages.ui.shell.template import html, show
from pages.ui.shell.text import counted, percent, t


def draw(card: Card) -> None:
    """Sums and controls on the left, tests of the explanations on the right."""
    left, right = st.columns(2, gap="medium")
    with left:
        show("models/checks", sums=_sums(card.test), control=[_shuffled(card), *_cross_validated(card)])
    with right:
        st.html(_faithfulness(card.faithfulness))


def _sums(test: Report) -> str:
    residual, share = number_in(test, "max_residual"), number_in(test, "residual_over_0.01")
    if residual is None or share is None:
        return t("screen.models.no_figures")
    return t(
        "screen.models.checks.residual", value=f"{residual:.4f}", share=f"{100 * share:.2f} %", limit="0.01"
    )


def _shuffled(card: Card) -> str:
    """The control: what is learnt from labels in random order."""
    control = part(card.report, "shuffled_labels")
    figure = interval(control, "metrics", "macro_auroc")
    if figure is None:
        return t("screen.models.checks.shuffled_none")
    values = {k: f"{v:.2f}" for k, v in vars(figure).items()}
    return t("screen.models.checks.shuffled", times=control.get("permutations", 1), **values)


def _cross_validated(card: Card) -> list[str]:
    cross = part(card.report, "cross_validation")
    area = interval(cross, "all", "metrics", "macro_auroc")
    if area is None:
        return []
    name = t("screen.models.checks.cross", folds=cross.get("folds", 5))
    return [f"{name}: {metric_words('macro_auroc', card.two_sided)} {figure_words(area)}"]


def _faithfulness(found: Report) -> Markup:
    """What the stored tests of the explanations found, modality by modality, in words."""
    names = part(found, "modalities")
    lead = t("screen.models.checks.faithfulness_none")
    if names:
        counts = {k: count(found, k) for k in ("n", "patients")}
        lead = t("screen.models.checks.of", **counts)
    return html("models/faithfulness", lead=lead, tested={name: _lines(found, name) for name in names})


def _lines(found: Report, name: str) -> list[str]:
    """All that was found of one modality."""
    tests = part(found, "modalities", name)
    lines = [*_badges(tests), *_deleted(tests), *_weights(found, name), *_source(found, name)]
    share = number_in(part(found, "inside_lungs", "share"), "value")
    if name == "image" and share is not None:
        n = count(part(found, "inside_lungs"), "n")
        lines.append(t("screen.models.checks.inside", value=counted(share), n=n))
    return lines


def _badges(tests: Report) -> list[str]:
    found = {c: number_in(part(tests, c), "value") for c in ("green", "amber", "grey")}
    shares = {c: counted(share) for c, share in found.items() if share is not None}
    n = count(tests, "n")
    return [t("screen.models.checks.badge", n=n, **shares)] if n and len(shares) == len(found) else []


def _deleted(tests: Report) -> list[str]:
    """Deletion against random, agreement of two methods."""
    lines = []
    beaten, agreement = interval(tests, "beats_random_deletion"), number_in(tests, "median_agreement")
    if beaten is not None:
        value = f"{counted(beaten.value)} ({counted(beaten.low)}–{counted(beaten.high)})"
        lines.append(t("screen.models.checks.beats", value=value, tested=count(tests, "tested")))
    if agreement is not None:
        lines.append(t("screen.models.checks.agree", value=f"{agreement:.2f}"))
    return lines


def _weights(found: Report, name: str) -> list[str]:
    """What is left of the maps when no trained weight is."""
    stages = part(found, "randomised", name)  # from the head down; the last has drawn all of them
    last = number_in(stages, [*stages][-1]) if stages else None
    return [] if last is None else [t("screen.models.checks.random", value=f"{last:.2f}".replace("-", "−"))]


def _source(found: Report, name: str) -> list[str]:
    """How well the source is read off the encodings."""
    shortcut = part(found, "shortcuts", name)
    accuracy, majority = number_in(shortcut, "accuracy"), number_in(shortcut, "majority")
    if accuracy is None or majority is None:
        return []
    return [t("screen.models.checks.source", value=percent(accuracy), majority=percent(majority))]
