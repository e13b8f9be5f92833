"""Published figures as log-odds: cumulative cut-offs as bands, and one ratio over three labels. Formulas: see each docstring."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

Points = tuple[tuple[float, float], ...]  # (value, log-odds), ascending


@dataclass(frozen=True)
class CutOff:
    """A printed cut-off: the likelihood ratios of a value beyond it and of one that is not; negative None where none is printed."""

    at: float
    positive: float
    negative: float | None = None


@dataclass(frozen=True)
class Shares:
    """Of the default setting: pneumonia among the others of a study (w), bacterial among other pneumonia (b), COVID-19 among
    pneumonia (q); each 0 to 1."""

    w: float = 0.0
    b: float = 0.8
    q: float = 0.5


def band_ratios(cut_offs: Sequence[CutOff]) -> tuple[list[float], list[float]]:
    """(cut-offs that part bands, ratio of each band from the lowest) of cumulative cut-offs, ascending, all with both ratios.

    f = (1 - LR-) / (LR+ - LR-) of those without the disease and s = LR+ f of those with it lie beyond a cut-off; a band holds the
    differences, from (1, 1) to (0, 0). Bands without a positive difference are merged with the next, and neighbours out of
    order with each other (pool adjacent violators), so that the ratio rises.
    """
    f = [1.0, *(_beyond(c) for c in cut_offs), 0.0]
    s = [1.0, *(c.positive * _beyond(c) for c in cut_offs), 0.0]
    bands: list[tuple[float, float, float]] = []  # (difference of s, of f, the cut-off at the lower end)
    starts = [float("-inf"), *(c.at for c in cut_offs)]
    for i, start in enumerate(starts):
        bands.append((s[i] - s[i + 1], f[i] - f[i + 1], start))
        while len(bands) > 1 and _merges(*bands[-2:]):
            (sa, fa, first), (sb, fb, _) = bands[-2:]
            bands[-2:] = [(sa + sb, fa + fb, first)]
    return [start for _, _, start in bands[1:]], [a / b for a, b, _ in bands]


def _beyond(cut_off: CutOff) -> float:
    negative = 1.0 if cut_off.negative is None else cut_off.negative
    return (1 - negative) / (cut_off.positive - negative)


def _merges(lower: tuple[float, float, float], upper: tuple[float, float, float]) -> bool:
    empty = min(lower[:2]) <= 0 or min(upper[:2]) <= 0
    return empty or lower[0] / lower[1] > upper[0] / upper[1]


def points_of(cut_offs: Sequence[CutOff], half_width: float, above: bool = True) -> Points:
    """The line through a field's bands: the middle of each closed band; an open band is flat up to its cut-off.

    A single cut-off runs from half a width before it to half a width beyond. above: whether higher values lie beyond.
    """
    if not above:
        flipped = [CutOff(-c.at, c.positive, c.negative) for c in cut_offs]
        return tuple((-x, y) for x, y in reversed(points_of(flipped, half_width)))
    ordered = sorted(cut_offs, key=lambda c: c.at)
    if len(ordered) == 1:
        only = ordered[0]
        low = 0.0 if only.negative is None else log(only.negative)
        return ((only.at - half_width, low), (only.at + half_width, log(only.positive)))
    starts, ratios = band_ratios(ordered)
    middles = [(a + b) / 2 for a, b in zip(starts, starts[1:], strict=False)]
    places = [starts[0], *middles, starts[-1]]
    if len(ratios) == 2:  # all but one cut-off merged away
        places = [starts[0] - half_width, starts[0] + half_width]
    return tuple((x, log(r)) for x, r in zip(places, ratios, strict=True))


def odds_ratio(relative_risk: float, p0: float) -> float:
    """OR = RR (1 - p0) / (1 - RR p0); p0 the risk of those without the finding. Approximate where the risk was adjusted."""
    return relative_risk * (1 - p0) / (1 - relative_risk * p0)


def three_labels(
    pneumonia: float, covid19: float | None, difference: float | None, shares: Shares
) -> tuple[float, float, float]:
    """Evidence for COVID-19, other pneumonia and none (0) from log-ratios, each for the question that its study asked.

    pneumonia: of any cause against none, 0 where nothing is known. covid19: against all others of a study, among whom w had
    pneumonia: e_c = ln LR + ln(w e^e_p + 1 - w). difference: e_c - e_p, with which pneumonia against none does not move:
    e_p = pneumonia - ln(q e^D + 1 - q).
    """
    if difference is not None:
        other = pneumonia - log(shares.q * exp(difference) + 1 - shares.q)
        return other + difference, other, 0.0
    if covid19 is not None:
        return covid19 + log(shares.w * exp(pneumonia) + 1 - shares.w), pneumonia, 0.0
    return pneumonia, pneumonia, 0.0


def against_bacterial(log_ratio: float, shares: Shares) -> float:
    """D = -ln(b V + 1 - b) of a ratio V of bacterial against viral pneumonia; supposes that COVID-19 behaves as viral."""
    return -log(shares.b * exp(log_ratio) + 1 - shares.b)
