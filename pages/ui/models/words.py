"""Names of metrics, groups and sets of modalities in the reader's language, and figures with their interval."""

from collections.abc import Mapping
from html import escape

from mmcore import words
from pages.ui.shell.text import heading, listed, t

PREFIXES = ("auroc", "auprc", "sensitivity", "specificity", "f1")


def metric_words(name: str, two_sided: bool = False) -> str:
    """auroc_covid19 -> AUROC of COVID-19. two_sided: the answer is yes or no, so that its AUROC is no mean."""
    if two_sided and name == "macro_auroc":
        return t("screen.models.metric.only_auroc")
    if words.known(f"screen.models.metric.{name}"):
        return t(f"screen.models.metric.{name}")
    prefix, _, label = name.partition("_")
    return t(f"screen.models.metric.{prefix}", label=label) if prefix in PREFIXES else name.replace("_", " ")


def modalities_words(names: str) -> str:
    """image+text -> Scan, note."""
    return listed(t(f"modality.{m}") for m in names.split("+")) if names else "–"


def group_words(grouping: str, name: str) -> str:
    """A group's name: women, 60 to under 75 years, a view, a source, a set of modalities."""
    if name == "unknown":
        return t("screen.models.group.unknown")
    if grouping == "by_sex":
        return t(f"choice.sex.{name}")
    if grouping == "by_age_band":
        return band_words(name)
    if grouping == "by_modalities":
        return modalities_words(name)
    return t(f"screen.models.source.{name}") if words.known(f"screen.models.source.{name}") else name


def band_words(band: str) -> str:
    """60_75 -> 60 to under 75 years."""
    low, _, high = band.partition("_")
    kind = "oldest" if int(high) >= 120 else "youngest" if low == "0" else "band"
    return t(f"screen.models.group.{kind}", low=low, high=high)


def figure_words(figure: Mapping | None, digits: int = 2) -> str:
    """0.84 (0.79 to 0.89), or a dash where there is none."""
    if not figure:
        return "–"
    value, low, high = (f"{figure[k]:.{digits}f}" for k in ("value", "low", "high"))
    return f"{value} ({low}–{high})"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def part(code: str) -> str:
    """A heading of a part of the card, as HTML."""
    return f'<h2 class="part">{escape(heading(code))}</h2>'


def quiet(*sentences: str) -> str:
    """Sentences as one quiet paragraph, as HTML."""
    return f'<div class="quiet"><p>{escape(" ".join(s for s in sentences if s))}</p></div>'


def forest(figure: Mapping | None, reference: float | None, tone: str = "") -> str:
    """An interval on an axis from 0 to 1 with its value as a dot, and a line at the reference; as HTML."""
    if not figure:
        return '<div class="forest" aria-hidden="true"></div>'
    low, high, value = (min(max(figure[k], 0.0), 1.0) for k in ("low", "high", "value"))
    line = "" if reference is None else f'<u style="left:{100 * reference:.1f}%"></u>'
    return (
        f'<div class="forest {tone}" aria-hidden="true">{line}'
        f'<i style="left:{100 * low:.1f}%;width:{max(100 * (high - low), 0.4):.1f}%"></i>'
        f'<b style="left:{100 * value:.1f}%"></b></div>'
    )
