"""Similar cases: the nearest in evidence, why they are alike, and what was decided or is known of them."""

from collections.abc import Callable

import streamlit as st

from mmcore.cases import similar
from mmcore.cases.similar import Beside, Neighbour
from mmcore.domain.review import Review
from mmcore.domain.worklist import CaseSummary
from pages.ui.draw.evidence import contrast_words
from pages.ui.review.decision import label_words
from pages.ui.shell import frame, resources, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import heading, percent, signed, t
from pages.ui.worklist.table import title_of

TONES = {"same": "for", "opposite": "against", "silent": "", "one": ""}


def draw(key: str, review: Review, score: Callable[[CaseSummary], None]) -> None:
    """The nearest cases under the same model; `score` works out the evidence of a case that nobody has opened with it."""
    prediction = review.prediction
    store = resources.store()
    waiting = similar.not_scored(store, prediction.task, prediction.model_sha256)
    waiting = tuple(row for row in waiting if row.key != key and not state.of_case(row.key, "unusable"))
    found = similar.similar_cases(store, key, prediction)
    if found:
        lead = t("screen.similar.lead", contrast=contrast_words(prediction.contrast))
        show("shell/line", kind="quiet", words=lead)
    elif not waiting:
        show("shell/line", kind="quiet", words=t("screen.similar.none"))
    for neighbour in found:
        _draw_one(neighbour)
    if waiting:
        _offer(waiting, key, score)


def _draw_one(neighbour: Neighbour) -> None:
    who, why, what = st.columns([0.24, 0.5, 0.26], gap="medium", vertical_alignment="top")
    with who:
        target = state.address(case=neighbour.summary.key)
        st.page_link(frame.path("review"), label=title_of(neighbour.summary), query_params=target)
        distance = t(f"screen.similar.closeness.{neighbour.closeness}", distance=f"{neighbour.distance:.2f}")
        show("shell/line", kind="quiet", words=distance)
    why.html(html("review/beside", lines=[_beside(b) for b in neighbour.beside]))
    what.html(html("shell/lines", lines=outcome_words(neighbour)))


def _beside(beside: Beside) -> tuple[str, str, str]:
    """One modality of both cases: its classes, in words, and both numbers."""
    numbers = " · ".join("–" if x is None else signed(x) for x in (beside.here, beside.there))
    words = heading(f"screen.similar.kind.{beside.kind}", modality=beside.modality)
    return f"{TONES[beside.kind]}-ink" if TONES[beside.kind] else "quiet", words, numbers


def outcome_words(neighbour: Neighbour) -> list[str]:
    """What the model said, what was decided and what is known; an undecided case keeps its answer where the estimate comes first."""
    summary, decision = neighbour.summary, neighbour.decision
    told = _answer_words(summary)
    if decision is not None:
        decided = label_words(decision.label or str(summary.top_label))
        told.append(t(f"screen.similar.decided_{decision.action}", label=decided))
    if summary.story.get("truth"):
        hidden = t("screen.similar.truth_hidden")
        truth = t("screen.review.truth", label=str(summary.story["truth"]))
        told.append(hidden if summary.state == "new" else truth)
    return told


def _answer_words(summary: CaseSummary) -> list[str]:
    if not summary.top_label or (summary.state == "new" and state.estimate_first()):
        return []
    chance = percent(summary.top_probability or 0.0)
    return [t("screen.similar.answer", label=summary.top_label, chance=chance)]


def _offer(waiting: tuple[CaseSummary, ...], key: str, score: Callable[[CaseSummary], None]) -> None:
    show("shell/line", kind="quiet", words=t("screen.similar.waiting", count=len(waiting)))
    if st.button(t("screen.similar.work_out"), key=f"similar_{key}"):
        bar = st.progress(0.0)
        for done, row in enumerate(waiting):
            bar.progress(done / len(waiting), t("screen.worklist.scoring", done=done + 1, all=len(waiting)))
            score(row)
        st.rerun()
