"""One bed of the ward: its risk over time, what moved it, its signs, NEWS2 beside it."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmcore.domain.task import Task
from mmcore.monitor import ward
from mmcore.monitor.ward import Alert, Bed, WardSettings
from pages.ui.draw.evidence import bar_html
from pages.ui.monitor.beds import bed_name, news2_words, who
from pages.ui.monitor.charts import HOURS, risk_chart, vitals
from pages.ui.shell import picture, state
from pages.ui.shell.text import heading, listed, percent, signed, t, told

SHOWN_MOVES = 7
SINCE = ("alert", "six_hours", "admission")


def draw_head(bed: Bed, task: Task, settings: WardSettings, alerts: Sequence[Alert]) -> None:
    """Who it is, the risk now in words and as a line, and what there is to say."""
    hour = int(settings.hour)
    risk, warning = bed.risks[hour], bed.warnings[hour]
    chance = percent(risk.probability) if risk else t("screen.monitor.no_risk")
    words = t("screen.monitor.risk_now", hour=hour)
    kind = f'<span class="chip">{escape(t("screen.monitor.synthetic"))}</span>' if bed.synthetic else ""
    st.html(
        f'<div class="bed-title"><div><h2>{escape(bed_name(bed))}</h2><span class="quiet">{escape(who(bed.stay, task))}</span> {kind}'
        f'</div><div class="big"><span class="quiet">{escape(words)}</span> <b>{chance}</b></div></div>'
    )
    raised = [a for a in alerts if a.raised_hour <= hour]
    picture.draw(risk_chart(bed.risks, hour, settings.threshold, raised), f"risk_{bed.key}")
    st.html(f'<div class="quiet numbers">{escape(_news2(warning))}</div>')
    for notice in ward.notices_of(bed, hour):
        if (
            notice.code.startswith("stream_")
            or "corrected" in notice.values
            or notice.code == "value_out_of_range"
        ):
            st.html(f'<div class="warning">{escape(told(notice))}</div>')


def draw_consent(bed: Bed, settings: WardSettings) -> bool:
    """A button that agrees to the corrections proposed for a bed, or takes that back; whether it was pressed."""
    if not ward.offers_corrections(bed, settings.hour):
        return False
    label = "take_back" if bed.key in settings.agreed else "agree"
    return st.button(t(f"screen.monitor.{label}"), key=f"ward_{label}_{bed.key}")


def _news2(warning) -> str:
    if not warning.points:
        return t("screen.monitor.news2_none")
    words = t(
        "screen.monitor.news2",
        points=news2_words(warning),
        response=t(f"screen.monitor.response.{warning.response}"),
    )
    unknown = listed(t(f"screen.monitor.news2_sign.{name}") for name in warning.unknown)
    return f"{words} {t('screen.monitor.news2_unknown', signs=unknown)}" if unknown else words


def draw_moves(stored, bed: Bed, settings: WardSettings, alerts: Sequence[Alert]) -> None:
    """Bars of the parameters that moved the risk since the last alert, some hours ago or admission; they add up."""
    hour = int(settings.hour)
    st.html(f'<h2 class="part">{escape(t("screen.monitor.moved"))}</h2>')
    raised = [a.raised_hour for a in alerts if a.raised_hour < hour]
    choices = [s for s in SINCE if s != "alert" or raised]
    chosen = st.segmented_control(
        t("screen.monitor.since"), choices, default=choices[0], format_func=lambda s: t(f"screen.monitor.since_{s}"),
        key=f"since_{bed.key}_{bool(raised)}", label_visibility="collapsed", required=True,
    )  # fmt: skip
    if bed.risks[hour] is None:
        st.html(f'<div class="quiet">{escape(t("screen.monitor.nothing_moved"))}</div>')
        return
    since = {"alert": max(raised, default=0.0), "six_hours": float(max(hour - 6, 0)), "admission": None}[
        str(chosen)
    ]
    changes = _remembered(stored, bed, since, hour)
    st.html(_bars(changes, bed, since, hour))


def _remembered(stored, bed: Bed, since: float | None, hour: int) -> dict[str, float]:
    kept = state.ward_memory(f"bed:{bed.key}")
    which = since, hour, len(bed.stay.minutes)  # a correction agreed to adds measurements
    if which not in kept:
        kept[which] = ward.shift(stored, bed, since, hour)
    return kept[which]


def _bars(changes: dict[str, float], bed: Bed, since: float | None, hour: int) -> str:
    named = sorted(((n, v) for n, v in changes.items() if n), key=lambda item: -abs(item[1]))
    shown = [(n, v) for n, v in named[:SHOWN_MOVES] if abs(v) >= 0.005]
    rest = sum(v for n, v in named if (n, v) not in shown) + changes[""]
    rows = [(heading(f"field.{n}"), v) for n, v in shown] + [(t("screen.monitor.rest"), rest)]
    reach = max(abs(v) for _, v in rows) * 1.05 or 1.0
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{bar_html(0.0, v, -reach, reach, "for" if v > 0 else "against")}</td>'
        f'<td class="value {"for" if v > 0 else "against"}">{signed(v)}</td></tr>'
        for name, v in rows
    )
    now = bed.risks[hour]
    before = bed.risks[int(since)] if since is not None else None
    total = sum(v for _, v in rows)
    start = now.logit - total
    words = t(
        "screen.monitor.moves_sum",
        start=signed(start),
        change=signed(total),
        end=signed(now.logit),
        p=percent(now.probability),
        q=percent(before.probability) if before else t("screen.monitor.average"),
    )
    widths = "<colgroup><col style='width:46%'><col><col style='width:4.4em'></colgroup>"
    return (
        f'<table class="account">{widths}{lines}</table><div class="quiet numbers">{escape(words)}</div>'
        f'<div class="legend"><span><i class="swatch" style="background:var(--for)"></i>{escape(t("screen.monitor.raises"))}</span>'
        f'<span><i class="swatch" style="background:var(--against)"></i>{escape(t("screen.monitor.lowers"))}</span></div>'
    )


def draw_signs(bed: Bed, task: Task, settings: WardSettings) -> None:
    """Eight signs and values over time."""
    st.html(f'<h2 class="part">{escape(t("screen.monitor.signs"))}</h2>')
    picture.draw(f'<div class="signs">{vitals(bed.stay, task, int(settings.hour))}</div>', f"signs_{bed.key}")
    st.html(f'<div class="quiet">{escape(t("screen.monitor.signs_how", hours=HOURS))}</div>')


def draw(stored, task: Task, bed: Bed, settings: WardSettings, alerts: Sequence[Alert]) -> bool:
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
