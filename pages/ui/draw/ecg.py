"""The ECG on paper: 25 mm a second and 10 mm a millivolt, with its evidence beneath the traces, and in words."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from math import ceil

import numpy as np
import streamlit as st

from mmcore.domain.case import LEADS, Waveform
from mmcore.domain.prediction import Attribution
from pages.ui.draw.evidence import split_shown
from pages.ui.shell.text import t

MM_PER_SECOND, MM_PER_MILLIVOLT = 25, 10
SECONDS = 10
ROW = {"3x4": 27, "12x1": 17}  # mm from one line of traces to the next
MOST_ROOM = 25  # mm of paper added for waves that reach beyond it
FULL_COLOUR = 99.0  # percentile of the evidence that gets the full colour
LAYOUTS, SHOWS = ("3x4", "12x1"), ("both", "for", "against", "off")
Marks = Sequence[Sequence[float]]
COLOURS = {1: "#2a7fd0", -1: "#e08a1e"}
DOUBTED = {1: "#8a929c", -1: "#8a929c"}  # of evidence that failed its test


def draw(
    waveform: Waveform | None,
    key: str,
    attribution: Attribution | None = None,
    doubt: str = "",
    marks: Marks | None = None,
) -> None:
    """The ECG with its switches; `key` tells cases apart. marks: drawn as frames where a student may mark; None elsewhere."""
    if waveform is None:
        st.html(f'<div class="panel quiet">{t("screen.ecg.none")}</div>')
        return
    usual = "3x4" if marks is None else "12x1"  # where all that is marked can be seen
    with st.container(horizontal=True):
        layout = st.segmented_control(
            t("screen.ecg.layout"), LAYOUTS, default=usual, key=f"ecg_layout_{key}",
            format_func=lambda name: t(f"screen.ecg.layout_{name}"),
        ) or usual  # fmt: skip
        show = "off"
        if attribution is not None:
            show = st.segmented_control(
                t("screen.viewer.evidence"), SHOWS, default="both", key=f"ecg_show_{key}",
                format_func=lambda name: t(f"screen.viewer.{name}"),
            ) or "both"  # fmt: skip
    words = alternative(waveform, attribution)
    st.html(_picture(paper(waveform, attribution, layout, show, marks or (), bool(doubt)), words))
    legend = "" if attribution is None else _legend(attribution, bool(doubt))
    doubted = f'<div class="warning">{escape(doubt)}</div>' if doubt else ""
    scale = t("screen.ecg.scale") + (" " + t("screen.ecg.quarter") if layout == "3x4" and attribution else "")
    st.html(f'{legend}{doubted}<p class="quiet">{escape(words)} {escape(scale)}</p>')


def preview(waveform: Waveform) -> None:
    """A recording as it was read from a file, on paper at once, with the order of its leads, its rate and its length."""
    seconds = waveform.samples.shape[1] / waveform.rate_hz
    read = {"leads": ", ".join(waveform.leads), "rate": f"{waveform.rate_hz:g}", "seconds": f"{seconds:.1f}"}
    words = t("screen.ecg.read", **read)
    st.html(_picture(paper(waveform, None, "3x4", "off"), words))
    st.html(f'<p class="quiet">{escape(words)} {escape(t("screen.ecg.scale"))}</p>')


def _picture(svg: str, words: str) -> str:
    """The paper as a picture, since markup of its own would be cleaned away."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return f'<img class="ecg" alt="{escape(words)}" src="{source}" style="width:100%;border-radius:6px">'


def alternative(waveform: Waveform, attribution: Attribution | None) -> str:
    """The picture in words: which leads speak most, either way."""
    if attribution is None:
        return t("screen.ecg.alt", leads=len(waveform.leads))
    by_lead = attribution.values.sum(1)
    ranked = np.argsort(by_lead)
    pro = ", ".join(LEADS[n] for n in ranked[::-1][:3] if by_lead[n] > 0) or t("screen.note.nobody")
    contra = ", ".join(LEADS[n] for n in ranked[:3] if by_lead[n] < 0) or t("screen.note.nobody")
    return t("screen.ecg.alt_evidence", label=attribution.target.label, leads=pro, others=contra)


def strips(layout: str) -> list[tuple[str, float, float, int]]:
    """(lead, first second, last second, line) of every trace: 3 lines of 4 leads for 2.5 s with II below, or 12 lines."""
    if layout == "12x1":
        return [(lead, 0.0, float(SECONDS), line) for line, lead in enumerate(LEADS)]
    part = SECONDS / 4
    found = [(lead, part * (n // 3), part * (n // 3 + 1), n % 3) for n, lead in enumerate(LEADS)]
    return [*found, ("II", 0.0, float(SECONDS), 3)]


def paper(
    waveform: Waveform,
    attribution: Attribution | None,
    layout: str,
    show: str,
    marks: Marks = (),
    doubtful: bool = False,
) -> str:
    """The picture as SVG in millimetres. marks: (top, left, bottom, right), shares of the twelve leads and the ten seconds."""
    lines = 12 if layout == "12x1" else 4
    width, height = SECONDS * MM_PER_SECOND + 4, lines * ROW[layout] + 4
    above, below = _room(waveform, layout, height)
    parts = [f'<g transform="translate(0 {-above})">{_grid(width, height + above + below)}</g>']
    limit, colours = 1.0, DOUBTED if doubtful else COLOURS
    if attribution is not None:
        limit = float(np.percentile(np.abs(attribution.values), FULL_COLOUR)) or 1.0
    for lead, first, last, line in strips(layout):
        middle = (line + 0.5) * ROW[layout] + 2
        if attribution is not None and show != "off":
            values = _shown(attribution.values[LEADS.index(lead)] / limit, show)
            parts.append(_cells(values, first, last, middle, ROW[layout], colours))
        parts.append(_trace(waveform, lead, first, last, middle))
        parts += [_frame(mark, lead, first, last, middle, ROW[layout]) for mark in marks]
    return f'<svg viewBox="0 {-above} {width} {height + above + below}" xmlns="http://www.w3.org/2000/svg" style="width:100%;background:#fff8f6">{"".join(parts)}</svg>'


def _grid(width: float, height: float) -> str:
    fine = "".join(f"M{x} 0V{height}" for x in range(0, int(width) + 1)) + "".join(
        f"M0 {y}H{width}" for y in range(0, int(height) + 1)
    )
    bold = "".join(f"M{x} 0V{height}" for x in range(2, int(width) + 1, 5)) + "".join(
        f"M0 {y}H{width}" for y in range(2, int(height) + 1, 5)
    )
    return (
        f'<path d="{fine}" stroke="#f6d5cf" stroke-width="0.08" fill="none"></path>'
        f'<path d="{bold}" stroke="#eab0a6" stroke-width="0.14" fill="none"></path>'
    )


def _shown(values: np.ndarray, show: str) -> np.ndarray:
    """The evidence of one lead with what is switched off at 0."""
    return np.clip(values, -np.inf if show != "for" else 0, np.inf if show != "against" else 0)


def _cells(
    values: np.ndarray, first: float, last: float, middle: float, row: float, colours: Mapping[int, str]
) -> str:
    """Bands behind a trace, the stronger the deeper; values (l,) over ten seconds, 1 is full colour."""
    step = SECONDS / len(values)
    found = []
    for n, value in enumerate(values):
        start, end = max(first, n * step), min(last, (n + 1) * step)
        sign = 1 if value > 0 else -1
        if end <= start or abs(value) < 0.04:
            continue
        depth = 0.75 * min(1.0, abs(float(value)))
        found.append(
            f'<rect x="{2 + start * MM_PER_SECOND:.1f}" y="{middle - row / 2:.1f}" width="{(end - start) * MM_PER_SECOND:.2f}" '
            f'height="{row:.1f}" fill="{colours[sign]}" fill-opacity="{depth:.2f}"></rect>'
        )
    return "".join(found)


def _frame(mark: Sequence[float], lead: str, first: float, last: float, middle: float, row: float) -> str:
    """The part of a mark that lies on one trace; "" where none does."""
    top, left, bottom, right = mark
    place = (LEADS.index(lead) + 0.5) / len(LEADS)
    start, end = max(first, left * SECONDS), min(last, right * SECONDS)
    if not top <= place <= bottom or end <= start:
        return ""
    return (
        f'<rect class="mark" x="{2 + start * MM_PER_SECOND:.1f}" y="{middle - row / 2 + 0.4:.1f}" '
        f'width="{(end - start) * MM_PER_SECOND:.2f}" height="{row - 0.8:.1f}" fill="none" stroke="#111" '
        'stroke-width="0.7" stroke-dasharray="2 1"></rect>'
    )


def _trace(waveform: Waveform, lead: str, first: float, last: float, middle: float) -> str:
    x0 = 2 + first * MM_PER_SECOND
    halo = 'stroke="#fff8f6" stroke-width="1" paint-order="stroke" font-family="sans-serif"'
    label = f'<text x="{x0 + 0.8:.1f}" y="{middle - 7:.1f}" font-size="4.4" fill="#222" {halo}>{lead}</text>'
    if lead not in waveform.leads:
        return label
    stride = max(1, round(waveform.rate_hz / 250))
    row = waveform.samples[waveform.leads.index(lead)]
    row = row - np.nanmedian(row)
    places = np.arange(int(first * waveform.rate_hz), min(len(row), int(last * waveform.rate_hz)), stride)
    points = " ".join(
        f"{2 + n / waveform.rate_hz * MM_PER_SECOND:.2f},{middle - float(row[n]) * MM_PER_MILLIVOLT:.2f}"
        for n in places
        if np.isfinite(row[n])
    )
    tick = f'<path d="M{x0:.1f} {middle - 3:.1f}v6" stroke="#333" stroke-width="0.2"></path>'
    return (
        f'{tick}<polyline points="{points}" fill="none" stroke="#111" stroke-width="0.28"></polyline>{label}'
    )


def _room(waveform: Waveform, layout: str, height: int) -> tuple[int, int]:
    """Millimetres of paper wanted above and below the lines so that no wave is cut off, in large squares."""
    above = below = 0.0
    for lead, first, last, line in strips(layout):
        if lead in waveform.leads:
            row = waveform.samples[waveform.leads.index(lead)]
            part = (row - np.nanmedian(row))[int(first * waveform.rate_hz) : int(last * waveform.rate_hz)]
            part = part[np.isfinite(part)] * MM_PER_MILLIVOLT
            middle = (line + 0.5) * ROW[layout] + 2
            above = max(above, float(part.max(initial=0.0)) - middle)
            below = max(below, middle - float(part.min(initial=0.0)) - height)
    up, down = (min(MOST_ROOM, 5 * ceil((mm + 1) / 5)) if mm > 0 else 0 for mm in (above, below))
    return up, down


def _legend(attribution: Attribution, doubtful: bool) -> str:
    label = attribution.target.label
    words = escape(t("screen.ecg.sum", label=label, **split_shown(attribution)))
    pro = t("screen.viewer.legend_for", label=label)
    contra = t("screen.viewer.legend_against_alone", label=label)
    if doubtful:  # both ways are the same grey
        grey = escape(t("screen.viewer.legend_doubtful", pro=pro, against=contra))
        return f'<div class="quiet"><span style="color:{DOUBTED[1]}">■</span> {grey} · {words}</div>'
    return (
        f'<div class="quiet"><span style="color:{COLOURS[1]}">■</span> {escape(pro)} '
        f'<span style="color:{COLOURS[-1]}">■</span> {escape(contra)} · {words}</div>'
    )
