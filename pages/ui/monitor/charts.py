"""Pictures of the monitor as inline SVG: risk over time, a small line of each vital sign; each with a text alternative."""

from collections.abc import Sequence
from html import escape

from mmcore.domain.stream import Stay, StreamRisk
from mmcore.domain.task import Task
from mmcore.monitor.ward import Alert
from pages.ui.shell.text import heading, number, percent, t

HOURS = 48
WIDE, HIGH = 860, 190
LEFT, BOTTOM, TOP, RIGHT = 44, 22, 10, 12
SPARK_TOP = 0.8
_SHOWN = ("HR", "SBP", "RespRate", "SaO2", "Temp", "GCS", "Urine", "Lactate")
_EITHER = {"SBP": ("SysABP", "NISysABP")}


def chances(risks: Sequence[StreamRisk | None], hour: int) -> list[tuple[int, float]]:
    """(hour, probability) of what is known up to an hour."""
    return [(h, r.probability) for h, r in enumerate(risks[: hour + 1]) if r is not None]


def risk_chart(
    risks: Sequence[StreamRisk | None], hour: int, threshold: float | None, alerts: Sequence[Alert]
) -> str:
    """Risk by hour up to now, the threshold, alerts as marks; hours without any measurement are shaded."""
    known = chances(risks, hour)
    top = _top(max([p for _, p in known] + [threshold or 0.0, 0.1]))

    def x(h: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * h / HOURS

    def y(p: float) -> float:
        return HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * min(p / top, 1.0)

    parts = [
        f'<line x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y(p):.1f}" y2="{y(p):.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y(p) + 4:.1f}" class="end">{100 * p:.0f} %</text>'
        for p in (0.0, top / 2, top)
    ]
    parts += [
        f'<text x="{x(h):.1f}" y="{HIGH - 5}" class="mid">{t("screen.monitor.hour_short", hour=h)}</text>'
        for h in range(0, HOURS + 1, 6)
    ]
    parts += [
        f'<rect x="{x(a):.1f}" width="{x(b) - x(a):.1f}" y="{TOP}" height="{HIGH - BOTTOM - TOP}" class="silent"/>'
        for a, b in silent_hours(risks, hour)
    ]
    if threshold is not None:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y(threshold):.1f}" y2="{y(threshold):.1f}" class="limit"/>'
            f'<text x="{WIDE - RIGHT}" y="{y(threshold) - 5:.1f}" class="end limit-ink">'
            f"{escape(t('screen.monitor.threshold_line', p=percent(threshold)))}</text>"
        )
    if known:
        line = " ".join(f"{x(h):.1f},{y(p):.1f}" for h, p in known)
        area = f"{x(known[0][0]):.1f},{y(0):.1f} {line} {x(known[-1][0]):.1f},{y(0):.1f}"
        parts.append(f'<polygon points="{area}" class="area"/><polyline points="{line}" class="risk"/>')
        at_hour, p = known[-1]
        parts.append(f'<circle cx="{x(at_hour):.1f}" cy="{y(p):.1f}" r="4.5" class="now"/>')
    for alert in alerts:
        at = x(alert.raised_hour)
        parts.append(f'<path d="M{at:.1f} {y(alert.risk) - 8:.1f} l-6 -11 h12 z" class="mark"/>')
    told = t("screen.monitor.risk_alt_none")
    if known:
        first, last, most = known[0], known[-1], max(known, key=lambda point: point[1])
        told = t(
            "screen.monitor.risk_alt",
            first=percent(first[1]),
            last=percent(last[1]),
            most=percent(most[1]),
            hour=most[0],
            now=last[0],
            count=len(alerts),
        )
    return _svg(WIDE, HIGH, "".join(parts), told, "risk-chart")


def silent_hours(risks: Sequence[StreamRisk | None], hour: int) -> list[tuple[float, float]]:
    """(from, to) hours in which nothing had been measured for so long that it is said."""
    found: list[tuple[float, float]] = []
    for h, risk in enumerate(risks[: hour + 1]):
        if risk is None or not any(n.code == "stream_silent" for n in risk.notices):
            continue
        start = h - (risk.silent_minutes or 0.0) / 60
        if found and found[-1][0] >= start - 0.01:
            found[-1] = (found[-1][0], float(h))
        else:
            found.append((start, float(h)))
    return found


def spark(risks: Sequence[StreamRisk | None], hour: int, threshold: float | None) -> str:
    """The risk of one bed by hour as thin bars on an axis from 0 to SPARK_TOP; decoration beside the figure."""
    known, bars = dict(chances(risks, hour)), []
    for h in range(HOURS + 1):
        over = ' class="over"' if threshold is not None and known.get(h, 0.0) >= threshold else ""
        bars.append(f'<i{over} style="height:{100 * min(known.get(h, 0.0) / SPARK_TOP, 1):.0f}%"></i>')
    limit = "" if threshold is None else f'<b style="bottom:{100 * min(threshold / SPARK_TOP, 1):.0f}%"></b>'
    return f'<div class="bars-line" aria-hidden="true">{"".join(bars)}{limit}</div>'


def vitals(stay: Stay, task: Task, hour: int) -> str:
    """Small lines of the chosen signs up to now, each with its latest value, unit and reference range shaded."""
    return "".join(_vital(stay, task, name, hour) for name in _SHOWN)


def _vital(stay: Stay, task: Task, name: str, hour: int) -> str:
    places = [i for i, f in enumerate(task.fields) if f.name in _EITHER.get(name, (name,))]
    item = task.fields[places[0]]
    chosen = (stay.minutes <= hour * 60) & [p in places for p in stay.parameters]
    minutes, values = stay.minutes[chosen], stay.values[chosen]
    title = escape(heading(f"screen.monitor.sign.{name}"))
    if not len(values):
        words = escape(t("screen.monitor.not_measured"))
        return f'<div class="sign"><b>{title}</b><span class="none">{words}</span></div>'
    low, high = float(values.min()), float(values.max())
    band = item.reference or (low, high)
    low, high = min(low, band[0]), max(high, band[1])
    pad = 0.08 * (high - low or 1.0)
    low, high = low - pad, high + pad

    def y(v: float) -> float:
        return 44 - 42 * (v - low) / (high - low)

    points = " ".join(
        f"{2 + 196 * m / 60 / HOURS:.1f},{y(v):.1f}" for m, v in zip(minutes, values, strict=True)
    )
    shade = ""
    if item.reference:
        shade = f'<rect x="0" width="200" y="{y(band[1]):.1f}" height="{max(y(band[0]) - y(band[1]), 1):.1f}" class="band"/>'
    latest, out = float(values[-1]), bool(item.reference) and not band[0] <= values[-1] <= band[1]
    hours = t("screen.monitor.ago", hours=f"{hour - minutes[-1] / 60:.0f}")
    label = t(
        "screen.monitor.sign_alt",
        low=number(float(values.min())),
        high=number(float(values.max())),
        count=len(values),
    )
    picture = _svg(200, 46, f'{shade}<polyline points="{points}" class="vital"/>', label, "vital-chart")
    tone = ' class="out"' if out else ""
    shown = f"<span{tone}>{number(latest)}</span> <small>{escape(item.unit)} · {escape(hours)}</small>"
    return f'<div class="sign"><b>{title}</b><span>{shown}</span>{picture}</div>'


def _top(most: float) -> float:
    return next(limit for limit in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if most <= limit * 0.98 or limit == 1.0)


def _svg(width: int, height: int, inner: str, told: str, kind: str) -> str:
    stretched = ' preserveAspectRatio="none"' if kind == "vital-chart" else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" class="{kind}" role="img" aria-label="{escape(told)}"{stretched}>'
        f"{inner}</svg>"
    )
