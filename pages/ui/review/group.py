"""How well the model did for patients like the one on screen, in words beside the prediction."""

from collections.abc import Mapping
from math import isnan

from markupsafe import Markup

from mmcore.cards import read as cards
from mmcore.cards.report import count, figure
from mmcore.domain.review import Review
from pages.ui.models.words import modalities_words
from pages.ui.shell.template import html
from pages.ui.shell.text import t


def words_of(card: cards.Card | None, review: Review) -> Markup:
    """Sentences on this patient's sex and age, view and inputs, and on hospitals never seen; "" without stored figures."""
    if card is None or not card.test.get("metrics"):
        return Markup()
    prediction = review.prediction
    used = "+".join(str(m) for m, e in prediction.evidence.items() if e is not None)
    view = review.case.scan.view if review.case.scan else None
    found = cards.group_of_patient(card, review.case.values, used, view)
    told = [
        _sentence(grouping, name, count(group, "patients"), figure(group, "macro_auroc"))
        for grouping, name, group in found
    ]
    return html("review/group", words=" ".join([*told, _source(card)]))


def _sentence(grouping: str, name: str, patients: int, figure: Mapping[str, float] | None) -> str:
    """figure: value, low and high of the group's AUROC, NaN where it could not be worked out."""
    kind = {"by_modalities": "inputs", "by_view": "view"}.get(grouping, "patient")
    who = modalities_words(name) if kind == "inputs" else name if kind == "view" else _people(grouping, name)
    if patients < cards.FEWEST:
        few = "few" if kind == "patient" else f"few_{kind}"
        return t(f"screen.models.here.{few}", group=who, patients=patients)
    if not figure or isnan(figure["low"]):
        return t("screen.models.here.one_sided", group=who)
    values = {k: f"{figure[k]:.2f}" for k in ("value", "low", "high")}
    return t(f"screen.models.here.{kind}", group=who, patients=patients, **values)


def _people(grouping: str, name: str) -> str:
    """Women of 60 to under 75."""
    sex, _, band = name.partition(" ") if grouping == "by_sex_and_age" else (name, "", "")
    if grouping == "by_age_band":
        sex, band = "", name
    who = t(f"screen.models.here.{ {'F': 'women', 'M': 'men'}.get(sex, 'patients') }")
    if not band:
        return who
    low, _, high = band.partition("_")
    kind = "of_oldest" if int(high) >= 120 else "of_youngest" if low == "0" else "of_band"
    return t(f"screen.models.here.{kind}", who=who, low=low, high=high)


def _source(card: cards.Card) -> str:
    """That the hospital is unknown, and what the model does on hospitals never seen."""
    away = next((f.figure for f in cards.headline(card) if f.code == "away"), None)
    values = {k: f"{away[k]:.2f}" for k in ("value", "low", "high")} if away else {}
    return t("screen.models.here.source", away=t("screen.models.here.away", **values) if away else "")
