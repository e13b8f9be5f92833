"""The scan with its evidence: what the browser needs to draw it, and what it shows in words."""

import base64
from collections.abc import Sequence

import numpy as np
import streamlit as st
from markupsafe import Markup
from PIL import Image
from streamlit.components.v2.types import ComponentRenderer

from mmcore.domain.prediction import Attribution
from mmcore.domain.scan import CtVolume, Scan
from pages.ui.draw.evidence import split_shown
from pages.ui.shell import resources
from pages.ui.shell.template import html, show
from pages.ui.shell.text import t

LONGEST_SIDE = 1024  # pixels sent to the browser
LONGEST_SIDE_PAINTED = 512  # of the small picture for painting
FULL_COLOUR = 99.5  # percentile of the evidence that gets the full colour
SMALL = 0.02  # of the strongest evidence: below, nothing speaks that way


def draw(
    scan: Scan | None,
    name: str,
    attribution: Attribution | None = None,
    lungs: np.ndarray | None = None,
    height: int = 470,
    doubt: str = "",
    marks: Sequence[Sequence[float]] = (),
    marking: bool = False,
    frontal: bool = True,
) -> Sequence[Sequence[float]]:
    """The viewer of a scan; `name` tells cases apart, so that zoom and window stay while one is looked at.

    doubt: why its map is greyed out. Rectangles are (top, left, bottom, right) in fractions of the picture: `marks` are
    drawn, and with `marking` the reader may draw others. frontal: a film or a slice of a patient, not an attached clip.
    Returns the rectangles that stand.
    """
    if scan is None:
        show("shell/line", kind="panel", words=t("screen.review.no_scan"))
        return marks
    grey = _grey(scan.pixels)
    rings = [] if lungs is None else lung_rings(lungs)
    words, edges = _said(scan, attribution, lungs) if frontal else (t("screen.viewer.alt_echo"), ())
    controls = html(
        "draw/viewer",
        legend=_legend(attribution, bool(doubt)),
        outlined=bool(rings),
        words=words,
        height=height,
        marking=marking,
        edges=edges,
    )
    data = {
        "name": name,
        "width": grey.shape[1],
        "height": grey.shape[0],
        "grey": _text_of(grey),
        "outline": rings,
        "map": _map(attribution, bool(doubt)),
        "marks": [list(r) for r in marks],
        "marking": marking,
        "html": controls,
    }
    drawn = _component()(data=data, key=f"viewer_{name}", on_marks_change=lambda: None).marks
    if doubt:
        show("shell/line", kind="warning", words=doubt)
    return marks if drawn is None else drawn


def draw_for_painting(
    scan: Scan,
    name: str,
    painted: Sequence[tuple[float, float, float, float]],
    controls: str,
    hollow: bool = False,
) -> tuple[float, float, float, float] | None:
    """The scan on which a drag marks a rectangle; the one just marked (top, left, bottom, right as fractions), else None.

    hollow: what is marked stays visible, and a click marks a place, a rectangle without extent.
    """
    grey = _grey(scan.pixels, LONGEST_SIDE_PAINTED)
    data = {"name": f"paint_{name}", "width": grey.shape[1], "height": grey.shape[0], "grey": _text_of(grey)}
    data |= {
        "outline": [],
        "map": None,
        "html": controls,
        "paint": True,
        "painted": [list(p) for p in painted],
    }
    data["hollow"] = hollow
    painting = _component()(data=data, key=f"paint_{name}", on_painted_change=lambda: None)
    fresh: tuple[float, float, float, float] | None = painting.painted
    return fresh


def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "viewer",
        html=html("shell/mount", id="viewer"),
        css=resources.asset("viewer.css"),
        js=resources.asset("viewer.js"),
    )


def _said(
    scan: Scan, attribution: Attribution | None, lungs: np.ndarray | None
) -> tuple[str, tuple[str, ...]]:
    """The picture in words, and the sides of the patient at its edges."""
    known, edges = sides(scan)
    words = alternative(attribution, lungs, ct=isinstance(scan, CtVolume))
    return f"{words} {t(f'screen.viewer.{known}')}", edges


def sides(scan: Scan) -> tuple[str, tuple[str, ...]]:
    """(how the sides are known, which side of the patient lies at the left and the right edge; () where nobody says)."""
    usual = ("right", "left")  # facing the reader
    if isinstance(scan, CtVolume):
        return _code_of_ct(scan), usual
    if scan.orientation is not None and scan.orientation[0] in ("L", "R"):
        return "side_stated", usual if scan.orientation[0] == "L" else usual[::-1]
    if scan.orientation is not None or scan.modality == "CT":
        return "side_unknown", ()
    return "side_assumed", usual


def _code_of_ct(scan: Scan) -> str:
    assumed = not scan.modality or any(n.code == "ct_orientation_assumed" for n in scan.notices)
    return "side_assumed_ct" if assumed else "ct_side"


def alternative(attribution: Attribution | None, lungs: np.ndarray | None, *, ct: bool = False) -> str:
    """The picture in words: where the strongest evidence lies."""
    if attribution is None:
        return t("screen.viewer.alt_plain")
    inside = None if lungs is None else attribution.share_inside(lungs)
    tail = "" if inside is None else " " + t("screen.viewer.in_lungs", share=f"{100 * inside:.0f} %")
    return t("screen.viewer.alt_ct" if ct else "screen.viewer.alt", evidence=_strongest(attribution)) + tail


def _strongest(attribution: Attribution) -> str:
    """Where the strongest evidence for the label lies and where that against it, unless one of them is a trifle."""
    label = attribution.target.label
    pro, contra = (strongest_place(sign * attribution.values, attribution.region) for sign in (1, -1))
    limit = SMALL * float(np.abs(attribution.values).max())
    for_speaks, against_speaks = (float((sign * attribution.values).max()) > limit for sign in (1, -1))
    if for_speaks and against_speaks:
        return t("screen.viewer.alt_evidence", label=label, place=pro, other=contra)
    if for_speaks:
        return t("screen.viewer.alt_one_for", label=label, place=pro)
    return t("screen.viewer.alt_one_against", label=label, place=contra)


def strongest_place(values: np.ndarray, region: tuple[float, float, float, float] | None) -> str:
    """Where the largest value of a map (h, w) lies on the whole picture, in thirds, in words."""
    top, left, bottom, right = region or (0.0, 0.0, 1.0, 1.0)
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    y = top + (bottom - top) * (row + 0.5) / values.shape[0]
    x = left + (right - left) * (column + 0.5) / values.shape[1]
    height = t(f"screen.viewer.place.{('upper', 'middle', 'lower')[min(2, int(3 * y))]}")
    if 0.45 < x < 0.55:
        return t("screen.viewer.place.words_centre", height=height)
    return t(
        "screen.viewer.place.words",
        height=height,
        side=t(f"screen.viewer.place.{'left' if x < 0.5 else 'right'}"),
    )


def lung_rings(lungs: np.ndarray) -> list[list[tuple[float, float]]]:
    """Each lung of a mask (H, W) as one ring of (x, y) in fractions of the picture: its outermost edges row by row."""
    rings = []
    middle = lungs.shape[1] // 2
    for part, offset in ((lungs[:, :middle], 0), (lungs[:, middle:], middle)):
        rows = np.flatnonzero(part.any(axis=1))
        if len(rows) < 3:
            continue
        first = _smooth(part[rows].argmax(axis=1).astype(float))
        last = _smooth(part.shape[1] - part[rows, ::-1].argmax(axis=1).astype(float))
        ys = (rows + 0.5) / lungs.shape[0]
        there = [
            (round((offset + x) / lungs.shape[1], 4), round(y, 4)) for x, y in zip(first, ys, strict=True)
        ]
        back = [(round((offset + x) / lungs.shape[1], 4), round(y, 4)) for x, y in zip(last, ys, strict=True)]
        rings.append(there + back[::-1])
    return rings


def _smooth(edge: np.ndarray) -> np.ndarray:
    """A moving mean over five rows."""
    smooth: np.ndarray = np.convolve(np.pad(edge, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return smooth


def _grey(pixels: np.ndarray, longest: int = LONGEST_SIDE) -> np.ndarray:
    grey: np.ndarray = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    shrink = longest / max(grey.shape)
    if shrink >= 1:
        return grey
    size = (round(grey.shape[1] * shrink), round(grey.shape[0] * shrink))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS))


def _map(attribution: Attribution | None, doubtful: bool) -> dict[str, object] | None:
    if attribution is None:
        return None
    size = np.abs(attribution.values)
    limit = float(np.percentile(size, FULL_COLOUR)) or 1.0
    values = np.round(np.clip(attribution.values / limit, -1, 1) * 127).astype(np.int8)
    height, width = values.shape
    region = list(attribution.region or (0.0, 0.0, 1.0, 1.0))
    shown = {"values": _text_of(values), "region": region, "doubtful": doubtful}
    return {"width": width, "height": height} | shown


def _text_of(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _legend(attribution: Attribution | None, doubtful: bool) -> Markup:
    if attribution is None:
        return Markup()
    values, contrast = split_shown(attribution), attribution.target
    if contrast.against is None:
        against = t("screen.viewer.legend_against_alone", label=contrast.label)
        words = t("screen.viewer.sum_alone", label=contrast.label, **values)
    else:
        against = t("screen.viewer.legend_against", label=contrast.against)
        words = t("screen.viewer.sum", label=contrast.label, against=contrast.against, **values)
    pro = t("screen.viewer.legend_for", label=contrast.label)
    grey = t("screen.viewer.legend_doubtful", pro=pro, against=against) if doubtful else ""
    return html("draw/viewer_legend", pro=pro, contra=against, grey=grey, words=words)
