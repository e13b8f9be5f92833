"""Pictures of the monitor as inline SVG: risk over time, a small line of each vital sign; each with a text alternative."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mmcore.domain.stream import Stay, StreamRisk
from mmcore.domain.task import Field, StreamTask
from mmcore.monitor.ward import Alert
from mmcore.words import known as has_sentence
from pages.ui.shell.template import html
from pages.ui.shell.text import heading, number, percent, t

SIGNS = 8  # that are drawn of a task that names none
WIDE, HIGH = 860, 190
LEFT, BOTTOM, TOP, RIGHT = 44, 22, 10, 12
SPARK_TOP = 0.8


@dataclass(frozen=True)
class _Sign:
    """A vital sign up to now in words, and its line in a box of 200 by 46; band: top and height of the reference range."""

    latest: str
    out: bool
    unit: str
    hours: str
    alternative: str
    points: str
    band: tuple[float, float] | None


def chances(risks: Sequence[StreamRisk | None], hour: int) -> list[tuple[int, float]]:
    """(hour, probability) of what is known up to an hour."""
    return [(h, r.probability) for h, r in enumerate(risks[: hour + 1]) if r is not None]


def risk_chart(
    risks: Sequence[StreamRisk | None], hour: int, threshold: float | None, alerts: Sequence[Alert]
) -> Markup:
    """Risk by hour up to now, the threshold, alerts as marks; hours without any measurement are shaded."""
    known, hours = chances(risks, hour), len(risks) - 1
    top = _top(max([p for _, p in known] + [threshold or 0.0, 0.1]))
    return html(
        "monitor/risk",
        size=(WIDE, HIGH),
        box=(LEFT, TOP, WIDE - RIGHT, HIGH - BOTTOM),
        shares=[(_y(p, top), f"{100 * p:.0f} %") for p in (0.0, top / 2, top)],
        hours=[(_x(h, hours), h) for h in range(0, hours + 1, 6)],
        silent=[(_x(a, hours), _x(b, hours) - _x(a, hours)) for a, b in silent_hours(risks, hour)],
        limit=None if threshold is None else (_y(threshold, top), percent(threshold)),
        line=[(_x(h, hours), _y(p, top)) for h, p in known],
        marks=[(_x(a.raised_hour, hours), _y(a.risk, top) - 8) for a in alerts],
        alternative=_risk_words(known, len(alerts)),
    )


def _x(hour: float, hours: int) -> float:
    return LEFT + (WIDE - LEFT - RIGHT) * hour / hours


def _y(chance: float, top: float) -> float:
    return HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * min(chance / top, 1.0)


def _risk_words(known: Sequence[tuple[int, float]], alerts: int) -> str:
    """The chart in words, for who cannot see it."""
    if not known:
        return t("screen.monitor.risk_alt_none")
    first, last, most = known[0], known[-1], max(known, key=lambda point: point[1])
    return t(
        "screen.monitor.risk_alt",
        first=percent(first[1]),
        last=percent(last[1]),
        most=percent(most[1]),
        hour=most[0],
        now=last[0],
        count=alerts,
    )


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


def spark(risks: Sequence[StreamRisk | None], hour: int, threshold: float | None) -> Markup:
    """The risk of one bed by hour as thin bars on an axis from 0 to SPARK_TOP; decoration beside the figure."""
    known = dict(chances(risks, hour))
    bars = [known.get(h, 0.0) for h in range(len(risks))]
    return html("monitor/spark", bars=bars, threshold=threshold, top=SPARK_TOP)


def vitals(stay: Stay, task: StreamTask, hour: int) -> Markup:
    """Small lines of the chosen signs up to now, each with its latest value, unit and reference range shaded."""
    measured = [f.name for f in task.fields if f.name not in task.stream.admission]
    shown = task.shown or measured[:SIGNS]
    signs = {_sign_name(name): _sign(stay, task, name, hour) for name in shown}
    return html("monitor/signs", signs=signs)


def _sign_name(name: str) -> str:
    """What a series is called over its line, where there is little room."""
    code = f"screen.monitor.sign.{name}"
    return heading(code if has_sentence(code) else f"field.{name}")


def _sign(stay: Stay, task: StreamTask, name: str, hour: int) -> _Sign | None:
    """A series that the monitor draws; None where it has not been measured."""
    places = [i for i, f in enumerate(task.fields) if f.name in task.stream.merged.get(name, (name,))]
    item = task.fields[places[0]]
    chosen = (stay.minutes <= hour * 60) & np.isin(stay.parameters, places)
    minutes, values = stay.minutes[chosen], stay.values[chosen]
    if not len(values):
        return None
    points, band = _lines(item, minutes / 60 / task.stream.horizon_hours, values)
    lowest, highest, latest = (float(v) for v in (values.min(), values.max(), values[-1]))
    return _Sign(
        latest=number(latest),
        out=item.reference is not None and not item.reference[0] <= latest <= item.reference[1],
        unit=item.unit,
        hours=t("screen.monitor.ago", hours=f"{hour - minutes[-1] / 60:.0f}"),
        alternative=t("screen.monitor.sign_alt", low=number(lowest), high=number(highest), count=len(values)),
        points=points,
        band=band,
    )


def _lines(item: Field, shares: np.ndarray, values: np.ndarray) -> tuple[str, tuple[float, float] | None]:
    """The points of the line, and top and height of the reference range, None where there is none."""
    band = item.reference or (float(values.min()), float(values.max()))
    low, high = min(float(values.min()), band[0]), max(float(values.max()), band[1])
    pad = 0.08 * (high - low or 1.0)
    y = 44 - 42 * (np.array([*values, *band], float) - (low - pad)) / (high - low + 2 * pad)
    x = 2 + 196 * shares
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y[:-2], strict=True))
    return points, (float(y[-1]), max(float(y[-2] - y[-1]), 1.0)) if item.reference else None


def _top(most: float) -> float:
    return next(limit for limit in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if most <= limit * 0.98 or limit == 1.0)
