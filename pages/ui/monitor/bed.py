"""One bed of the ward: its risk over time, what moved it, its signs, NEWS2 beside it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from mmcore.domain.notice import Notice
from mmcore.domain.stream import StreamRisk
from mmcore.domain.task import StreamTask
from mmcore.guidelines.news2 import News2
from mmcore.monitor import ward
from mmcore.monitor.ward import Alert, Bed, StoredStream, WardSettings
from pages.ui.draw.evidence import bar_html
from pages.ui.monitor.beds import bed_name, news2_words, who
from pages.ui.monitor.charts import risk_chart, vitals
from pages.ui.shell import picture, state
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, listed, percent, signed, t, told

SHOWN_MOVES = 7
SINCE = ("alert", "six_hours", "admission")


def draw_head(bed: Bed, task: StreamTask, settings: WardSettings, alerts: Sequence[Alert]) -> None:
    """Who it is, the risk now in words and as a line, and what there is to say."""
    hour = int(settings.hour)
    risk, warning = bed.risks[hour], bed.warnings[hour]
    chance = percent(risk.probability) if risk else t("screen.monitor.no_risk")
    show(
        "monitor/bed_title",
        name=bed_name(bed),
        who=who(bed.stay, task),
        synthetic=bed.synthetic,
        words=t("screen.monitor.risk_now", hour=hour, label=task.labels[0]),
        chance=chance,
    )
    raised = [a for a in alerts if a.raised_hour <= hour]
    picture.draw(risk_chart(bed.risks, hour, settings.threshold, raised), f"risk_{bed.key}")
    if task.signs:
        show("monitor/numbers", words=_news2(warning))
    for notice in ward.notices_of(bed, hour):
        if _is_told(notice):
            show("shell/line", kind="warning", words=told(notice))


def _is_told(notice: Notice) -> bool:
    """Whether a notice is of the stream, of a correction or of a value out of range."""
    code = notice.code
    return code.startswith("stream_") or "corrected" in notice.values or code == "value_out_of_range"


def draw_consent(bed: Bed, settings: WardSettings) -> bool:
    """A button that agrees to the corrections proposed for a bed, or takes that back; whether it was pressed."""
    if not ward.offers_corrections(bed, settings.hour):
        return False
    label = "take_back" if bed.key in settings.agreed else "agree"
    return st.button(t(f"screen.monitor.{label}"), key=f"ward_{label}_{bed.key}")


def _news2(warning: News2) -> str:
    if not warning.points:
        return t("screen.monitor.news2_none")
    words = t(
        "screen.monitor.news2",
        points=news2_words(warning),
        response=t(f"screen.monitor.response.{warning.response}"),
    )
    unknown = listed(t(f"screen.monitor.news2_sign.{name}") for name in warning.unknown)
    return f"{words} {t('screen.monitor.news2_unknown', signs=unknown)}" if unknown else words


def draw_moves(stored: StoredStream, bed: Bed, settings: WardSettings, alerts: Sequence[Alert]) -> None:
    """Bars of the parameters that moved the risk since the last alert, some hours ago or admission; they add up."""
    hour = int(settings.hour)
    show("shell/part", words=t("screen.monitor.moved"))
    since = _chosen_start(bed, hour, [a.raised_hour for a in alerts if a.raised_hour < hour])
    now, before = bed.risks[hour], bed.risks[int(since)] if since is not None else None
    if now is None:
        show("shell/line", kind="quiet", words=t("screen.monitor.nothing_moved"))
        return
    _draw_rows(_rows(_remembered(stored, bed, since, hour)), now, before)


def _draw_rows(rows: Sequence[tuple[str, float]], now: StreamRisk, before: StreamRisk | None) -> None:
    total, reach = sum(v for _, v in rows), max(abs(v) for _, v in rows) * 1.05 or 1.0
    lines = [(name, v, bar_html(0.0, v, -reach, reach, _way(v)), _way(v)) for name, v in rows]
    show("monitor/moves", lines=lines, sum=_sum_words(total, now, before))


def _chosen_start(bed: Bed, hour: int, raised: Sequence[float]) -> float | None:
    """The hour since which the reader asks what moved: of the last alert, six hours ago, or None: of the admission."""
    choices = SINCE if raised else SINCE[1:]
    chosen = st.segmented_control(
        t("screen.monitor.since"), choices, default=choices[0], format_func=lambda s: t(f"screen.monitor.since_{s}"),
        key=f"since_{bed.key}_{bool(raised)}", label_visibility="collapsed", required=True,
    )  # fmt: skip
    starts = {"alert": max(raised, default=0.0), "six_hours": float(max(hour - 6, 0)), "admission": None}
    return starts[chosen]


def _remembered(stored: StoredStream, bed: Bed, since: float | None, hour: int) -> dict[str, float]:
    kept = state.memory(f"ward:{stored.model.task}:{bed.key}")
    which = since, hour, len(bed.stay.minutes)  # a correction agreed to adds measurements
    found = kept.get(which)
    if not isinstance(found, dict):
        found = kept[which] = ward.shift(stored, bed, since, hour)
    return found


def _rows(changes: Mapping[str, float]) -> list[tuple[str, float]]:
    """What moved the risk most in words, with its change of the log-odds; the rest in one row."""
    named = sorted(((n, v) for n, v in changes.items() if n), key=lambda item: -abs(item[1]))
    shown = [(n, v) for n, v in named[:SHOWN_MOVES] if abs(v) >= 0.005]
    rest = sum(v for n, v in named if (n, v) not in shown) + changes[""]
    return [*((heading(f"field.{n}"), v) for n, v in shown), (t("screen.monitor.rest"), rest)]


def _way(change: float) -> str:
    return "for" if change > 0 else "against"


def _sum_words(total: float, now: StreamRisk, before: StreamRisk | None) -> str:
    """From where to where the log-odds and the risk moved."""
    return t(
        "screen.monitor.moves_sum",
        start=signed(now.logit - total),
        change=signed(total),
        end=signed(now.logit),
        p=percent(now.probability),
        q=percent(before.probability) if before else t("screen.monitor.average"),
    )


def draw_signs(bed: Bed, task: StreamTask, settings: WardSettings) -> None:
    """Eight signs and values over time."""
    show("shell/part", words=t("screen.monitor.signs"))
    picture.draw(vitals(bed.stay, task, int(settings.hour)), f"signs_{bed.key}")
    show(
        "shell/line",
        kind="quiet",
        words=t("screen.monitor.signs_how", hours=f"{task.stream.horizon_hours:g}"),
    )


def draw(
    stored: StoredStream, task: StreamTask, bed: Bed, settings: WardSettings, alerts: Sequence[Alert]
) -> bool:
    """The whole account of one bed; whether the user agreed to its corrections, or took that back."""
    of_bed = [a for a in alerts if a.stay == bed.key]
    with st.container(key="panel_bed"):
        draw_head(bed, task, settings, of_bed)
        pressed = draw_consent(bed, settings)
    moves, signs = st.columns((0.44, 0.56), gap="small")
    with moves, st.container(key="panel_moves"):
        draw_moves(stored, bed, settings, of_bed)
    with signs, st.container(key="panel_signs"):
        draw_signs(bed, task, settings)
    return pressed
