"""Alerts: what a threshold would do before it is switched on, and the alerts that stand, to be acknowledged or snoozed."""

from collections.abc import Sequence

import streamlit as st

from mmcore.monitor import ward
from mmcore.monitor.ward import Alert, AlertStore, StoredStream, WardSettings
from pages.ui.shell.template import html, show
from pages.ui.shell.text import percent, t

SHOWN = 4


def draw_threshold(stored: StoredStream, settings: WardSettings) -> float | None:
    """The slider with the figures of its threshold, and the switch; returns the threshold in force, None while off."""
    table = ward.alert_figures(stored).table
    choices = [row["threshold"] for row in table]
    usual = ward.usual_threshold(stored)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(html("shell/part", words=t("screen.monitor.alerts")), width="stretch")
        on = st.toggle(
            t("screen.monitor.switch"),
            value=settings.threshold is not None,
            key=f"alerts_on_{stored.model.task}",
        )
    chosen = st.select_slider(
        t("screen.monitor.threshold"), choices, value=settings.threshold or usual, format_func=percent,
        key=f"threshold_{stored.model.task}",
    )  # fmt: skip
    row = ward.figures_at(stored, chosen)
    figures = {
        "sensitivity": _share(row["sensitivity"]),
        "precision": _share(row["precision"]),
        "burden": f"{row['alerts_per_100_patient_days']:.1f}",
    }
    source = t("screen.monitor.figures_from", n=f"{ward.alert_figures(stored).n:,}")
    show("monitor/threshold", figures=figures, label=stored.model.label, source=source)
    return chosen if on else None


def draw_list(
    store: AlertStore, alerts: Sequence[Alert], settings: WardSettings, names: dict[str, str]
) -> bool:
    """The latest alerts with their buttons; returns whether one was pressed."""
    pressed = False
    shown = sorted(
        (a for a in alerts if a.raised_hour <= settings.hour),
        key=lambda a: (a.state(settings.hour) != "open", -a.raised_hour),
    )
    if not shown:
        code = "no_alerts" if settings.threshold is not None else "alerts_off"
        show("shell/line", kind="quiet", words=t(f"screen.monitor.{code}"))
    for alert in shown[:SHOWN]:
        pressed |= _draw_alert(store, alert, settings, names.get(alert.stay, alert.stay))
    if len(shown) > SHOWN:
        more = t("screen.monitor.more_alerts", count=len(shown) - SHOWN)
        show("shell/line", kind="quiet", words=more)
    return pressed


def _draw_alert(store: AlertStore, alert: Alert, settings: WardSettings, bed: str) -> bool:
    """One alert with its buttons or what became of it; whether a button was pressed."""
    standing, risk = alert.state(settings.hour), percent(alert.risk)
    words = t("screen.monitor.alert", bed=bed, hour=f"{alert.raised_hour:.0f}", risk=risk)
    with st.container(horizontal=True, vertical_alignment="center", key=f"alert_{alert.number}", gap="small"):
        st.html(html("monitor/alert", standing=standing, words=words), width="stretch")
        if standing in ("open", "snoozed"):
            return _buttons(store, alert, settings, standing)
        _chip(t(f"screen.monitor.state.{standing}"))
    return False


def _chip(words: str) -> None:
    st.html(html("monitor/chip", words=words), width="content")


def _buttons(store: AlertStore, alert: Alert, settings: WardSettings, standing: str) -> bool:
    if st.button(t("screen.monitor.acknowledge"), key=f"acknowledge_{alert.number}"):
        store.acknowledge(alert.number)
        return True
    if standing == "snoozed":
        _chip(t("screen.monitor.snoozed_until", hour=f"{alert.snoozed_until_hour:.0f}"))
        return False
    if st.button(t("screen.monitor.snooze", hours=f"{ward.SNOOZE_HOURS:.0f}"), key=f"snooze_{alert.number}"):
        store.snooze(alert.number, settings.hour + ward.SNOOZE_HOURS)
        return True
    return False


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
