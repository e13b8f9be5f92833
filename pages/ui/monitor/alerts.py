"""Alerts: what a threshold would do before it is switched on, and the alerts that stand, to be acknowledged or snoozed."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from mmcore.monitor import ward
from mmcore.monitor.ward import Alert, AlertStore, WardSettings
from pages.ui.shell.text import percent, t

SHOWN = 4


def draw_threshold(stored, settings: WardSettings) -> float | None:
    """The slider with the figures of its threshold, and the switch; returns the threshold in force, None while off."""
    table = ward.alert_figures(stored).table
    choices = [row["threshold"] for row in table]
    usual = ward.usual_threshold(stored)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<h2 class="part">{escape(t("screen.monitor.alerts"))}</h2>', width="stretch")
        on = st.toggle(t("screen.monitor.switch"), value=settings.threshold is not None, key="alerts_on")
    chosen = st.select_slider(
        t("screen.monitor.threshold"), choices, value=settings.threshold or usual, format_func=percent, key="threshold"
    )  # fmt: skip
    row = ward.figures_at(stored, chosen)
    figures = [
        ("sensitivity", _share(row["sensitivity"])),
        ("precision", _share(row["precision"])),
        ("burden", f"{row['alerts_per_100_patient_days']:.1f}"),
    ]
    cells = "".join(
        f"<div><b>{value}</b><span>{escape(t(f'screen.monitor.{name}'))}</span></div>"
        for name, value in figures
    )
    source = t("screen.monitor.figures_from", n=f"{ward.alert_figures(stored).n:,}")
    st.html(f'<div class="figures">{cells}</div><div class="quiet">{escape(source)}</div>')
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
        st.html(f'<div class="quiet">{escape(t(f"screen.monitor.{code}"))}</div>')
    for alert in shown[:SHOWN]:
        standing = alert.state(settings.hour)
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"alert_{alert.number}", gap="small"
        ):
            words = t(
                "screen.monitor.alert",
                bed=names.get(alert.stay, alert.stay),
                hour=f"{alert.raised_hour:.0f}",
                risk=percent(alert.risk),
            )
            st.html(f'<span class="alert-line {standing}">{escape(words)}</span>', width="stretch")
            if standing in ("open", "snoozed"):
                pressed |= _buttons(store, alert, settings, standing)
            else:
                st.html(
                    f'<span class="chip">{escape(t(f"screen.monitor.state.{standing}"))}</span>',
                    width="content",
                )
    if len(shown) > SHOWN:
        st.html(
            f'<div class="quiet">{escape(t("screen.monitor.more_alerts", count=len(shown) - SHOWN))}</div>'
        )
    return pressed


def _buttons(store: AlertStore, alert: Alert, settings: WardSettings, standing: str) -> bool:
    if st.button(t("screen.monitor.acknowledge"), key=f"acknowledge_{alert.number}"):
        store.acknowledge(alert.number)
        return True
    if standing == "snoozed":
        until = t("screen.monitor.snoozed_until", hour=f"{alert.snoozed_until_hour:.0f}")
        st.html(f'<span class="chip">{escape(until)}</span>', width="content")
        return False
    if st.button(t("screen.monitor.snooze", hours=f"{ward.SNOOZE_HOURS:.0f}"), key=f"snooze_{alert.number}"):
        store.snooze(alert.number, settings.hour + ward.SNOOZE_HOURS)
        return True
    return False


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
