"""Names of metrics, groups and sets of modalities in the reader's language, and figures with their interval."""

from mmcore import words
from pages.ui.models.report import Interval
from pages.ui.shell.text import listed, t

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


def figure_words(figure: Interval | None) -> str:
    """0.84 (0.79 to 0.89), or a dash where there is none."""
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})" if figure else "–"
