"""The answer: label, calibrated probability, what cannot be excluded, pre-test probability, operating point."""

from bisect import insort
from collections.abc import Mapping

import streamlit as st

from mmcore.domain.prediction import Prediction
from mmcore.domain.review import Review
from pages.ui.shell import state
from pages.ui.shell.template import show
from pages.ui.shell.text import listed, percent, t

STATES = {
    (True, False): "present",
    (False, True): "absent",
    (True, True): "open",
    (False, False): "neither",
}
CONFIDENCES = (0.8, 0.9, 0.95)
STEPS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
    0.95,
)


def draw(review: Review, confidence: float, other_prior: bool) -> None:
    """Label, probability, what cannot be excluded at the chosen confidence, and a bar for each label with its operating point."""
    prediction = review.prediction
    chances = prediction.probabilities
    ranked = sorted(prediction.labels, key=lambda k: -chances[k])
    top, above = ranked[0], called(review)
    tag = "" if prediction.exclusive else t(f"screen.review.{'called' if top in above else 'not_called'}")
    show(
        "review/answer",
        ranked=ranked,
        called={top, *above},
        chances=chances,
        points=review.operating_point,
        tag=tag,
        set=set_words(prediction, confidence, other_prior),
        point=_point_words(review, top),
    )


def called(review: Review) -> tuple[str, ...]:
    """Of independent labels those at or above their operating point, likeliest first; of exclusive ones the likeliest."""
    prediction = review.prediction
    chances = prediction.probabilities
    ranked = sorted(prediction.labels, key=lambda k: -chances[k])
    if prediction.exclusive:
        return tuple(ranked[:1])
    return tuple(k for k in ranked if chances[k] >= review.operating_point.get(k, 0.5))


def set_words(prediction: Prediction, confidence: float, other_prior: bool) -> str:
    """What cannot be excluded, in words: labels, or for independent labels each one's presence or absence."""
    possible, at = prediction.possible(confidence), percent(confidence)
    if prediction.exclusive:
        labels = [t(f"label.{k}") for k, (present, _) in possible.items() if present]
        count = "none" if not labels else "one" if len(labels) == 1 else "cannot"
        told = t(f"screen.review.set_{count}", labels=listed(labels), confidence=at)
    else:
        told = t("screen.review.set_states", parts=_states(possible), confidence=at)
    return f"{told} {t('screen.review.set_prior')}" if other_prior else told


def _states(possible: Mapping[str, tuple[bool, bool]]) -> str:
    """Independent labels by what is settled of them: present, excluded, open."""
    named = {
        code: [t(f"label.{k}") for k, state in possible.items() if state == way]
        for way, code in STATES.items()
    }
    if len(named["open"]) == len(possible) > 1:
        return t("screen.review.state_all_open")
    return "; ".join(
        t(f"screen.review.state_{code}", labels=listed(names)) for code, names in named.items() if names
    )


def draw_prior(review: Review, key: str, *, second: bool = False) -> None:
    """The slider of the pre-test probability: only the prior changes. second: of the question shown beside the first."""
    labels = review.prediction.labels
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key=f"prior_row{'_second' * second}"
    ):
        label = st.selectbox(
            t("screen.review.prior_of"),
            labels,
            index=labels.index(_first_asked(review, key)),
            format_func=lambda k: t(f"label.{k}"),
            key=f"prior_label_{key}",
            width=200,
            help=t("screen.review.prior_help"),
        )
        usual = review.default_prior[label]
        options = list(STEPS)
        if usual not in options:
            insort(options, usual)
        chosen = (state.of_case(key, "prior") or {}).get(label, usual)
        if chosen not in options:
            insort(options, chosen)
        slider = f"prior_{key}_{label}_{state.of_case(key, 'prior_round', 0)}"
        st.select_slider(
            t("screen.review.prior", label=label),
            options,
            value=chosen,
            format_func=lambda p: (
                percent(p) + (f" ({t('screen.review.prior_default')})" if p == usual else "")
            ),
            key=slider,
            label_visibility="collapsed",
            on_change=_set_prior,
            args=(key, label, usual, slider),
        )
        st.button(
            t("screen.review.prior_reset"),
            key=f"prior_reset_{key}",
            type="tertiary",
            disabled=not state.of_case(key, "prior"),
            on_click=_reset_prior,
            args=(key,),
        )
        if not second:
            draw_confidence(review.prediction.confidence)


def _first_asked(review: Review, key: str) -> str:
    """The label whose pre-test probability is offered first: the likeliest when the case was opened."""
    first = state.of_case(key, "prior_first") or max(
        review.prediction.labels, key=lambda k: review.prediction.probabilities[k]
    )
    state.set_of_case(key, "prior_first", first)
    return first


def draw_confidence(stored: float) -> None:
    """The confidence at which labels are excluded; it holds for every case of the session."""
    options = CONFIDENCES if stored in CONFIDENCES else tuple(sorted((*CONFIDENCES, stored)))
    chosen = state.confidence(stored)
    st.selectbox(
        t("screen.review.confidence"),
        options,
        index=options.index(chosen if chosen in options else stored),
        format_func=percent,
        key="set_confidence",
        width=104,
        on_change=lambda: state.set_confidence(state.widget("set_confidence")),
    )


def _reset_prior(key: str) -> None:
    state.set_of_case(key, "prior", None)
    state.set_of_case(key, "prior_round", state.of_case(key, "prior_round", 0) + 1)


def _set_prior(key: str, label: str, usual: float, slider: str) -> None:
    chosen = state.widget(slider)
    state.set_of_case(key, "prior", None if chosen == usual else {label: chosen})


def _point_words(review: Review, label: str) -> str:
    threshold = review.operating_point.get(label)
    if threshold is None:
        return ""
    called = review.prediction.probabilities[label] >= threshold
    words = t("screen.review.called" if called else "screen.review.not_called")
    told = t("screen.review.point_words", label=label, threshold=percent(threshold), called=words)
    also = also_called(review, label)
    return f"{told} {t('screen.review.also_called', labels=listed(also))}" if also else told


def also_called(review: Review, label: str) -> list[str]:
    """Labels that exclude the likeliest one and yet reach their own operating point, in words with their probability."""
    chances, points = review.prediction.probabilities, review.operating_point
    if not review.prediction.exclusive:
        return []
    above = [k for k in review.prediction.labels if k != label and chances[k] >= points.get(k, 1.0)]
    return [f"{t(f'label.{k}')} {percent(chances[k])}" for k in sorted(above, key=lambda k: -chances[k])]
