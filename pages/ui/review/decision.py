"""My decision: an estimate before the answer, agreement, or an override with a coded reason."""

import streamlit as st

from mmcore.cases.worklist import OVERRIDE_REASONS, Cases
from mmcore.domain.prediction import Prediction
from mmcore.domain.review import Review
from mmcore.domain.worklist import Decision
from pages.ui.review.answer import called
from pages.ui.shell import resources, state
from pages.ui.shell.template import html, show
from pages.ui.shell.text import day, heading, listed, percent, t

NONE, UNDECIDED, JOINED = (
    "none",
    "undecided",
    "+",
)  # labels of a decision: no label holds; left open; several hold


def draw_estimate(labels: tuple[str, ...], key: str) -> None:
    """The form of the setting that asks the clinician first."""
    show("shell/part", words=t("screen.estimate.title"), below=t("screen.estimate.lead"))
    label = st.radio(
        t("screen.estimate.label"),
        labels,
        index=None,
        format_func=lambda k: heading(f"label.{k}"),
        key=f"guess_{key}",
    )
    chance = st.slider(
        t("screen.estimate.probability"), 0, 100, 50, format="%d %%", key=f"guess_chance_{key}"
    )
    if st.button(t("screen.estimate.commit"), key=f"commit_{key}", type="primary", disabled=label is None):
        state.set_of_case(key, "estimate", {"label": label, "probability": chance / 100})
        st.rerun()


def draw(review: Review, key: str) -> None:
    """The bar at the bottom: agree, or override."""
    store = resources.store()
    answered = JOINED.join(called(review)) or NONE
    with st.container(horizontal=True, vertical_alignment="center", key="decision", gap="small"):
        st.html(html("review/decision_title"), width="content")
        if st.button(
            f"{t('screen.decision.agree')}: {_briefly(answered)}", key=f"agree_{key}", type="primary"
        ):
            _store(store, key, Decision("agree", answered, shown=shown_of(review, key)))
        with st.popover(t("screen.decision.override"), key=f"override_{key}"):
            _draw_override(review, key, store, answered)
        st.html(html("review/decision_latest", words=_latest(store, key)), width="stretch")


def shown_of(review: Review, key: str) -> dict[str, object]:
    """What the screen said when the decision was made."""
    prediction = review.prediction
    return {
        "probabilities": dict(prediction.probabilities),
        "prior_logits": dict(prediction.prior_logits),
        "model_version": prediction.model_version,
        "model_sha256": prediction.model_sha256,
        "gates": [{"code": g.code, "modality": str(g.modality)} for g in review.gates],
        "overruled": sorted(review.case.overruled),
        "left_out": sorted(review.case.left_out),
        "estimate": state.of_case(key, "estimate"),
    }


def label_words(label: str) -> str:
    """The label of a decision in words: one, several, none of them, or undecided."""
    if label == UNDECIDED:
        return t("screen.decision.undecided")
    return listed(t(f"label.{k}") for k in label.split(JOINED))


def _briefly(label: str) -> str:
    """The same for a button: the first of several and how many more."""
    first, *others = label.split(JOINED)
    if label == NONE:
        return t("screen.decision.none_called")
    return t("screen.decision.and_more", label=first, count=len(others)) if others else t(f"label.{first}")


def _draw_instead(prediction: Prediction, key: str, answered: str) -> str | None:
    """What holds instead: one of the other labels, or of independent labels any of them; None until chosen."""
    if prediction.exclusive:
        others = [k for k in prediction.labels if k != answered] + [UNDECIDED]
        return st.selectbox(
            t("screen.decision.instead"), others, index=None, format_func=label_words,
            key=f"instead_{key}", placeholder=t("screen.what_if.choose"),
        )  # fmt: skip
    present = st.multiselect(
        t("screen.decision.present"), prediction.labels, format_func=label_words,
        key=f"instead_{key}", placeholder=t("label.none"),
    )  # fmt: skip
    if st.checkbox(heading("screen.decision.undecided"), key=f"undecided_{key}"):
        return UNDECIDED
    return None if set(present) == set(answered.split(JOINED)) - {NONE} else JOINED.join(present) or NONE


def _draw_override(review: Review, key: str, store: Cases, answered: str) -> None:
    label = _draw_instead(review.prediction, key, answered)
    reason = st.selectbox(
        t("screen.decision.reason"),
        OVERRIDE_REASONS,
        index=None,
        format_func=lambda code: t(f"screen.decision.reasons.{code}"),
        key=f"reason_{key}",
        placeholder=t("screen.what_if.choose"),
    )
    comment = st.text_area(t("screen.decision.comment"), key=f"comment_{key}", height=80, max_chars=2000)
    if st.button(t("screen.decision.store"), key=f"store_{key}", type="primary"):
        if label is None or reason is None:
            show("shell/line", kind="warning", words=t("screen.decision.needs_reason"))
            return
        _store(store, key, Decision("override", label, reason, comment.strip(), shown_of(review, key)))


def _store(store: Cases, key: str, decision: Decision) -> None:
    store.decide(key, decision)
    st.toast(t("screen.decision.stored"))
    st.rerun(scope="app")


def _latest(store: Cases, key: str) -> str:
    decisions = store.decisions(key)
    parts = []
    if decisions:
        latest = decisions[0]
        label = label_words(latest.label) if latest.label else "–"
        action = t(f"screen.decision.actions.{latest.action}")
        parts.append(t("screen.decision.latest", action=action, day=day(latest.made), label=label))
        if latest.reason:
            parts.append(t(f"screen.decision.reasons.{latest.reason}"))
    estimate = state.of_case(key, "estimate")
    if estimate:
        parts.append(
            t("screen.decision.note_of_estimate", label=estimate["label"], p=percent(estimate["probability"]))
        )
    return " · ".join(parts)
