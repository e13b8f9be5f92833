"""The ECG on paper: 25 mm a second and 10 mm a millivolt, with its evidence beneath the traces, and in words."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import streamlit as st
from markupsafe import Markup

from mmcore.domain.case import LEADS, Waveform
from mmcore.domain.prediction import Attribution
from pages.ui.draw.evidence import split_shown
from pages.ui.shell.template import html, show
from pages.ui.shell.text import t

MM_PER_SECOND, MM_PER_MILLIVOLT = 25, 10
SECONDS = 10
ROW = {"3x4": 27, "12x1": 17}  # mm from one line of traces to the next
MOST_ROOM = 25  # mm of paper added for waves that reach beyond it
LEAST_DEPTH = 0.04  # of full colour; fainter evidence is not drawn
FULL_COLOUR = 99.0  # percentile of the evidence that gets the full colour
LAYOUTS, SHOWS = ("3x4", "12x1"), ("both", "for", "against", "off")
Marks = Sequence[Sequence[float]]
COLOURS = {1: "#2a7fd0", -1: "#e08a1e"}
DOUBTED = {1: "#8a929c", -1: "#8a929c"}  # of evidence that failed its test


@dataclass(frozen=True)
class _Place:
    """Where a trace lies: seconds from first to last, the middle and the height of its row in millimetres."""

    first: float
    last: float
    middle: float
    row: float


@dataclass(frozen=True)
class _Box:
    """A rectangle on the paper in millimetres; depth: 0 to 1 of its colour."""

    x: float
    y: float
    width: float
    height: float
    colour: str = ""
    depth: float = 0.0


@dataclass(frozen=True)
class _Strip:
    """One trace: its left end and middle in millimetres, the points of its line (None: not recorded), evidence and marks."""

    lead: str
    x: float
    middle: float
    points: str | None
    bands: tuple[_Box, ...]
    marks: tuple[_Box, ...]


def draw(
    waveform: Waveform | None,
    key: str,
    attribution: Attribution | None = None,
    doubt: str = "",
    marks: Marks | None = None,
) -> None:
    """The ECG with its switches; `key` tells cases apart. marks: drawn as frames where a student may mark; None elsewhere."""
    if waveform is None:
        show("shell/line", kind="panel", words=t("screen.ecg.none"))
        return
    usual = "3x4" if marks is None else "12x1"  # where all that is marked can be seen
    layout, ways = _switches(key, usual, evidence=attribution is not None)
    words = alternative(waveform, attribution)
    st.html(_picture(paper(waveform, attribution, layout, ways, marks or (), bool(doubt)), words))
    scale = t("screen.ecg.scale") + (" " + t("screen.ecg.quarter") if layout == "3x4" and attribution else "")
    legend = "" if attribution is None else _legend(attribution, bool(doubt))
    show("draw/ecg_below", legend=legend, doubt=doubt, words=words, scale=scale)


def _switches(key: str, usual: str, *, evidence: bool) -> tuple[str, str]:
    """The layout chosen and which evidence is shown."""
    with st.container(horizontal=True):
        layout = st.segmented_control(
            t("screen.ecg.layout"), LAYOUTS, default=usual, key=f"ecg_layout_{key}",
            format_func=lambda name: t(f"screen.ecg.layout_{name}"),
        ) or usual  # fmt: skip
        if not evidence:
            return layout, "off"
        ways = st.segmented_control(
            t("screen.viewer.evidence"), SHOWS, default="both", key=f"ecg_show_{key}",
            format_func=lambda name: t(f"screen.viewer.{name}"),
        ) or "both"  # fmt: skip
    return layout, ways


def preview(waveform: Waveform) -> None:
    """A recording as it was read from a file, on paper at once, with the order of its leads, its rate and its length."""
    seconds = waveform.samples.shape[1] / waveform.rate_hz
    read = {"leads": ", ".join(waveform.leads), "rate": f"{waveform.rate_hz:g}", "seconds": f"{seconds:.1f}"}
    words = t("screen.ecg.read", **read)
    st.html(_picture(paper(waveform, None, "3x4", "off"), words))
    show("draw/ecg_below", legend="", doubt="", words=words, scale=t("screen.ecg.scale"))


def _picture(svg: str, words: str) -> Markup:
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return html("draw/ecg_picture", source=source, words=words)


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
    ways: str,
    marks: Marks = (),
    doubtful: bool = False,
) -> Markup:
    """The picture as SVG in millimetres. marks: (top, left, bottom, right), shares of the twelve leads and the ten seconds."""
    width, height = SECONDS * MM_PER_SECOND + 4, (12 if layout == "12x1" else 4) * ROW[layout] + 4
    above, below = _room(waveform, layout, height)
    evidence = {} if attribution is None or ways == "off" else _by_lead(attribution, ways)
    colours = DOUBTED if doubtful else COLOURS
    drawn = []
    for lead, first, last, line in strips(layout):
        at = _Place(first, last, (line + 0.5) * ROW[layout] + 2, ROW[layout])
        drawn.append(
            _Strip(
                lead,
                2 + first * MM_PER_SECOND,
                at.middle,
                _points(waveform, lead, at),
                tuple(_bands(evidence[lead], at, colours)) if evidence else (),
                tuple(_frames(marks, lead, at)),
            )
        )
    return html("draw/ecg", top=-above, width=width, height=height + above + below, strips=drawn)


def _by_lead(attribution: Attribution, ways: str) -> dict[str, np.ndarray]:
    """lead -> its evidence over ten seconds, 1 is full colour, with what is switched off at 0."""
    limit = float(np.percentile(np.abs(attribution.values), FULL_COLOUR)) or 1.0
    low, high = (0 if ways == "for" else -np.inf), (0 if ways == "against" else np.inf)
    return dict(zip(LEADS, np.clip(attribution.values / limit, low, high), strict=True))


def _bands(values: np.ndarray, at: _Place, colours: Mapping[int, str]) -> Iterator[_Box]:
    """Bands behind a trace, the stronger the deeper; values (l,) over ten seconds, 1 is full colour."""
    step = SECONDS / len(values)
    for n, value in enumerate(values.tolist()):
        start, end = max(at.first, n * step), min(at.last, (n + 1) * step)
        if end > start and abs(value) >= LEAST_DEPTH:
            colour, depth = colours[1 if value > 0 else -1], 0.75 * min(1.0, abs(value))
            yield _box(start, end, at, 0.0, colour, depth)


def _frames(marks: Marks, lead: str, at: _Place) -> Iterator[_Box]:
    """The parts of the marks that lie on one trace."""
    place = (LEADS.index(lead) + 0.5) / len(LEADS)
    for top, left, bottom, right in marks:
        start, end = max(at.first, left * SECONDS), min(at.last, right * SECONDS)
        if top <= place <= bottom and end > start:
            yield _box(start, end, at, 0.4)


def _box(start: float, end: float, at: _Place, inset: float, colour: str = "", depth: float = 0.0) -> _Box:
    """From one second to another over the height of a trace, less the inset above and below."""
    x, y = 2 + start * MM_PER_SECOND, at.middle - at.row / 2 + inset
    return _Box(x, y, (end - start) * MM_PER_SECOND, at.row - 2 * inset, colour, depth)


def _points(waveform: Waveform, lead: str, at: _Place) -> str | None:
    """The line of a trace as SVG wants its points; None where the lead was not recorded."""
    if lead not in waveform.leads:
        return None
    stride = max(1, round(waveform.rate_hz / 250))
    row = waveform.samples[waveform.leads.index(lead)]
    row = row - np.nanmedian(row)
    places = np.arange(
        int(at.first * waveform.rate_hz), min(len(row), int(at.last * waveform.rate_hz)), stride
    )
    return " ".join(
        f"{2 + n / waveform.rate_hz * MM_PER_SECOND:.2f},{at.middle - float(row[n]) * MM_PER_MILLIVOLT:.2f}"
        for n in places
        if np.isfinite(row[n])
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


def _legend(attribution: Attribution, doubtful: bool) -> Markup:
    label = attribution.target.label
    words = t("screen.ecg.sum", label=label, **split_shown(attribution))
    pro = t("screen.viewer.legend_for", label=label)
    contra = t("screen.viewer.legend_against_alone", label=label)
    grey = t("screen.viewer.legend_doubtful", pro=pro, against=contra) if doubtful else ""
    colours = DOUBTED if doubtful else COLOURS
    return html("draw/ecg_legend", pro=pro, contra=contra, grey=grey, colours=colours, words=words)
